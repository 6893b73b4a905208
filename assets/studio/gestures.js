// What a pointer does from press to release. Each maker returns {move(place, event), up(), cancel()};
// places are screen pixels within the canvas. A gesture previews while it moves and commits once, at its end.

import { boxOf, marked, present, rotated, scaled, shifted } from "./figure.js";
import { dragged, limbDragged, symmetric } from "./kinematics.js";
import { keyOf } from "./store.js";

const words = (editor) => editor.words.steps;
const moved = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]) > 1e-6;

/** The person with new points; whatever moved is the artist's now. */
function withArtistPoints(person, points, always = []) {
  const changed = points.flatMap((p, i) => (moved(p, person.points[i]) && present(person, i) ? [i] : []));
  return { ...marked(person, [...new Set([...changed, ...always])]), points };
}

/** Move the view; `tapped` is called when it did not move at all. */
export function pan(editor, start, tapped = () => {}) {
  let last = start;
  let still = true;
  return {
    cursor: "grabbing",
    move(at) {
      still &&= Math.hypot(at[0] - start[0], at[1] - start[1]) < 5;
      editor.view.pan(at[0] - last[0], at[1] - last[1]);
      last = at;
      editor.paintAll();
    },
    up: () => still && tapped(),
    cancel() {},
  };
}

/** A drag that only begins after a few pixels, so that a click never nudges. */
function preview(editor, start, label, change) {
  const { store, view } = editor;
  const before = store.doc;
  const from = view.toDocument(start);
  let begun = false;
  return {
    cursor: "grabbing",
    move(at, event) {
      begun ||= Math.hypot(at[0] - start[0], at[1] - start[1]) > 3;
      // Undo, or any command, under the drag changes the document: the drag is over then.
      if (begun && store.doc === before) store.preview(change(before, from, view.toDocument(at), event));
    },
    up: () => store.settle(label),
    cancel: () => store.drop(),
  };
}

export function joint(editor, start, { person: p, joint: i }) {
  const { store } = editor;
  return preview(editor, start, words(editor).joint, (doc, from, to, event) => {
    const person = doc.people[p];
    const skeleton = store.skeletonOf(person);
    const target = [person.points[i][0] + to[0] - from[0], person.points[i][1] + to[1] - from[1]];
    let points = dragged(person, skeleton, i, target, editor.lock !== event.altKey);
    if (editor.symmetric) points = symmetric(person, skeleton, points);
    return store.withPerson(p, withArtistPoints(person, points, [i]), doc);
  });
}

export function limb(editor, start, { person: p, bone }) {
  const { store } = editor;
  return preview(editor, start, words(editor).limb, (doc, from, to, event) => {
    const person = doc.people[p];
    const skeleton = store.skeletonOf(person);
    let points = limbDragged(person, skeleton, bone, from, to, editor.lock !== event.altKey);
    if (editor.symmetric) points = symmetric(person, skeleton, points);
    return store.withPerson(p, withArtistPoints(person, points), doc);
  });
}

/** Everything selected moves together. */
export function selection(editor, start) {
  return preview(editor, start, words(editor).move, (doc, from, to) =>
    changePicked(editor.store, doc, (person, joints) => shifted(person, to[0] - from[0], to[1] - from[1], joints)),
  );
}

/** A whole figure, missing joints and all. */
export function figure(editor, start, p) {
  return preview(editor, start, words(editor).figure, (doc, from, to) =>
    editor.store.withPerson(p, shifted(doc.people[p], to[0] - from[0], to[1] - from[1]), doc),
  );
}

function changePicked(store, doc, change) {
  return store.picked.reduce((result, [p, joints]) => {
    const person = result.people[p];
    const next = change(person, joints);
    return store.withPerson(p, withArtistPoints(person, next.points), result);
  }, doc);
}

/** Where a selected part hangs on its figure, so that turning it does not tear it off; null when it is no single part. */
function pivotOf(store) {
  const [[p, joints] = []] = store.picked;
  if (store.picked.length !== 1) return null;
  const person = store.doc.people[p];
  const skeleton = store.skeletonOf(person);
  const chosen = new Set(joints);
  const roots = joints.filter((i) => !chosen.has(skeleton.parent[i]));
  if (roots.length !== 1) return null;
  const parent = skeleton.parent[roots[0]];
  return person.points[parent >= 0 && present(person, parent) ? parent : roots[0]];
}

/** A handle of the selection's frame: corners keep proportions unless Shift, sides stretch, the knob turns. */
export function transform(editor, start, handle, frame) {
  const { store, view } = editor;
  if (handle === "move") return selection(editor, start);
  const [x0, y0, x1, y1] = frame.box;
  const middle = view.toDocument([(x0 + x1) / 2, (y0 + y1) / 2]);
  if (handle === "rotate") {
    const pivot = pivotOf(store) ?? middle;
    return preview(editor, start, words(editor).rotate, (doc, from, to, event) => {
      let turn = Math.atan2(to[1] - pivot[1], to[0] - pivot[0]) - Math.atan2(from[1] - pivot[1], from[0] - pivot[0]);
      if (event.shiftKey) turn = Math.round(turn / (Math.PI / 12)) * (Math.PI / 12);
      return changePicked(store, doc, (person, joints) => rotated(person, turn, pivot, joints));
    });
  }
  const opposite = [handle.includes("w") ? x1 : handle.includes("e") ? x0 : (x0 + x1) / 2, handle.includes("n") ? y1 : handle.includes("s") ? y0 : (y0 + y1) / 2];
  return preview(editor, start, words(editor).scale, (doc, from, to, event) => {
    const anchor = event.altKey ? middle : view.toDocument(opposite);
    const ratio = (axis) => (Math.abs(from[axis] - anchor[axis]) < 1e-6 ? 1 : (to[axis] - anchor[axis]) / (from[axis] - anchor[axis]));
    let [fx, fy] = [/[we]/.test(handle) ? ratio(0) : 1, /[ns]/.test(handle) ? ratio(1) : 1];
    if (handle.length === 2 && !event.shiftKey) fx = fy = Math.abs(fx - 1) > Math.abs(fy - 1) ? fx : fy;
    return changePicked(store, doc, (person, joints) => scaled(person, fx, fy, anchor, joints));
  });
}

/** A rubber band; what it holds is selected, added to the selection with Shift. */
export function marquee(editor, start, event, only) {
  const { store, view } = editor;
  const kept = event.shiftKey ? new Set(store.selected) : new Set();
  return {
    cursor: "crosshair",
    move(at) {
      editor.band = [Math.min(start[0], at[0]), Math.min(start[1], at[1]), Math.max(start[0], at[0]), Math.max(start[1], at[1])];
      const inside = ([x, y]) => x >= editor.band[0] && y >= editor.band[1] && x <= editor.band[2] && y <= editor.band[3];
      store.selected = new Set(kept);
      store.doc.people.forEach((person, p) =>
        person.points.forEach((point, i) => {
          if (only && !(p === store.active && only.has(i))) return;
          if (present(person, i) && inside(view.toScreen(point))) store.selected.add(keyOf(p, i));
        }),
      );
      editor.paint();
    },
    up() {
      if (!editor.band) store.selected = kept;
      const people = store.picked.map(([p]) => p);
      if (people.length === 1) [store.active] = people;
      editor.band = null;
      store.emit("select");
    },
    cancel() {
      editor.band = null;
      store.selected = kept;
      store.emit("select");
    },
  };
}

/** A line drawn around joints; what it holds is selected, added to the selection with Shift. */
export function lasso(editor, start, event, only) {
  const { store, view } = editor;
  const band = marquee(editor, start, event, only);
  const kept = event.shiftKey ? new Set(store.selected) : new Set();
  return {
    ...band,
    move(at) {
      editor.loop ??= [start];
      const last = editor.loop.at(-1);
      if (Math.hypot(at[0] - last[0], at[1] - last[1]) < 3) return;
      editor.loop.push(at);
      store.selected = new Set(kept);
      store.doc.people.forEach((person, p) =>
        person.points.forEach((point, i) => {
          if (only && !(p === store.active && only.has(i))) return;
          if (present(person, i) && within(editor.loop, view.toScreen(point))) store.selected.add(keyOf(p, i));
        }),
      );
      editor.band = loopBox(editor.loop); // so that it ends as a frame does
      editor.paint();
    },
    up() {
      editor.loop = null;
      band.up();
    },
    cancel() {
      editor.loop = null;
      band.cancel();
    },
  };
}

/** Whether a place lies within a closed line: rays to the right cross it an odd number of times. */
function within(loop, [x, y]) {
  let inside = false;
  loop.forEach(([x1, y1], k) => {
    const [x0, y0] = loop[(k || loop.length) - 1];
    if (y1 > y !== y0 > y && x < ((x0 - x1) * (y - y1)) / (y0 - y1) + x1) inside = !inside;
  });
  return inside;
}

const loopBox = (loop) => [0, 1].map((axis) => Math.min(...loop.map((p) => p[axis]))).concat([0, 1].map((axis) => Math.max(...loop.map((p) => p[axis]))));

/** A box on the drawing that says where to look for a person. */
export function box(editor, start) {
  const edges = (place) => editor.view.toDocument(place).map((v) => v + 0.5); // a box goes by the pixels' edges
  const from = edges(start);
  const [w, h] = editor.store.doc.size;
  const clamp = ([x, y]) => [Math.min(w, Math.max(0, x)), Math.min(h, Math.max(0, y))];
  return {
    cursor: "crosshair",
    move(at) {
      const [a, b] = [clamp(from), clamp(edges(at))];
      editor.drawnBox = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
      editor.paint();
    },
    up() {
      const drawn = editor.drawnBox;
      editor.drawnBox = null;
      if (drawn && Math.min(drawn[2] - drawn[0], drawn[3] - drawn[1]) >= 8) editor.addBox(drawn);
      else editor.paint();
    },
    cancel() {
      editor.drawnBox = null;
      editor.paint();
    },
  };
}

/** A reference picture moved under the pose. */
export function reference(editor, start, index) {
  return preview(editor, start, words(editor).reference, (doc, from, to) => {
    const references = [...doc.references];
    const one = references[index];
    references[index] = { ...one, x: one.x + to[0] - from[0], y: one.y + to[1] - from[1] };
    return { ...doc, references };
  });
}

export const documentBox = (doc) => {
  const boxes = doc.people.map((person) => boxOf(person)).filter(Boolean);
  const [w, h] = doc.size;
  return boxes.reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])], [0, 0, w - 1, h - 1]);
};
