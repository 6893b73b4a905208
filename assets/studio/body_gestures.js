// What a pointer does on the bodies: mouse, pen and fingers alike. A gesture tries while it moves, and is one step at its end.

import { handleAt } from "./body_handles.js";
import { add, minus, times, unit } from "./space.js";

const still = 4; // px that a click may wander
const quarter = 0.0085; // rad a pixel turns the view
const stepOfTurn = Math.PI / 12;
const radii = { mouse: 12, pen: 17, touch: 26 };

const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const mid = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

// ── the view ──

function orbiting(editor, start) {
  let last = start;
  let begun = false;
  return {
    cursor: "grabbing",
    move(at) {
      begun ||= gap(at, start) > still;
      if (!begun) return;
      editor.free();
      editor.view.orbit(-(at[0] - last[0]) * quarter, (at[1] - last[1]) * quarter);
      last = at;
      editor.moved();
    },
    up: () => begun || editor.select(null),
    cancel() {},
  };
}

function panning(editor, start, tapped = () => {}) {
  let last = start;
  let begun = false;
  return {
    cursor: "grabbing",
    move(at) {
      begun ||= gap(at, start) > still;
      if (!begun) return;
      editor.view.pan(at[0] - last[0], at[1] - last[1]);
      last = at;
      editor.moved();
    },
    up: () => begun || tapped(),
    cancel() {},
  };
}

// ── the figure ──

/** A drag that begins after a few pixels: `edit(from, to, event)` says what is asked of the server. */
function trying(editor, start, index, label, edit, { cursor = "grabbing", end = () => {} } = {}) {
  let begun = false;
  let doc = null;
  const { work, store } = editor;
  const { failures } = work;
  work.clear();
  const stop = () => {
    end();
    editor.paint();
  };
  return {
    cursor,
    move(at, event) {
      begun ||= gap(at, start) > still;
      if (!begun) return;
      if (!work.settling) doc ??= store.doc;
      if ((doc && doc !== store.doc) || failures !== work.failures) return; // undone, changed by a command, or refused: it is over
      work.live(label, edit(start, at, event), { index });
      editor.paint();
    },
    async up() {
      if (begun) await editor.studio.guarded(() => work.settle());
      stop();
    },
    cancel() {
      if (begun) work.cancel();
      stop();
    },
  };
}

/** A joint is pulled in the plane of the view; Shift keeps to the way across or up. */
function pulling(editor, start, { index, joint }) {
  const { work, studio } = editor;
  const from = editor.view.project(work.jointsOf(index)[work.info.at[joint]]);
  const pins = [...(editor.pins[index] ?? [])].filter((name) => name !== joint);
  const edit = (begin, at, event) => {
    let by = minus([...at, 0], [...begin, 0]);
    if (event.shiftKey) by = Math.abs(by[0]) > Math.abs(by[1]) ? [by[0], 0, 0] : [0, by[1], 0];
    const to = [from[0] + by[0], from[1] + by[1]];
    editor.pull = { index, joint, to };
    return ({ factor }) => ({ kind: "drag", joint, to: to.map((c) => c * factor - 0.5), pins });
  };
  return trying(editor, start, index, studio.words.steps.joint, edit, { end: () => (editor.pull = null) });
}

/** A ring is turned; Shift in steps of 15 degrees. */
function turning(editor, start, ring) {
  const { view, store, selected, studio } = editor;
  const [cx, cy] = ring.center;
  let [last, total] = [Math.atan2(start[1] - cy, start[0] - cx), 0];
  // On a ring seen from the side the pointer goes along it, wherever it was taken hold of.
  const before = ring.path[(ring.step + 47) % 48];
  const after = ring.path[(ring.step + 1) % 48];
  const along = unit([after[0] - before[0], after[1] - before[1], 0], [1, 0, 0]);
  const angleOf = (at) => {
    if (ring.ring !== "view") return ((at[0] - start[0]) * along[0] + (at[1] - start[1]) * along[1]) / (ring.radius * view.camera.focal / ring.center[2]);
    const now = Math.atan2(at[1] - cy, at[0] - cx);
    total += Math.atan2(Math.sin(now - last), Math.cos(now - last));
    last = now;
    return total;
  };
  editor.turning = ring.ring;
  const edit = (_, at, event) => {
    const free = angleOf(at);
    const angle = event.shiftKey ? Math.round(free / stepOfTurn) * stepOfTurn : free;
    return { kind: "turn", joint: selected, axis: ring.axis, angle };
  };
  return trying(editor, start, store.active, studio.words.steps.turn, edit, { end: () => (editor.turning = null) });
}

/** A whole figure, in the plane of the view; with Shift over the floor, up being away. */
function carrying(editor, start, { index }) {
  const { view, work, studio } = editor;
  const camera = view.camera;
  const joints = work.jointsOf(index);
  const depth = joints ? view.project(joints[0], camera)[2] : 3;
  const level = unit([camera.R[2][0], 0, camera.R[2][2]], [-camera.R[1][0], 0, -camera.R[1][2]]);
  const edit = (from, at, event) => {
    const scale = depth / camera.focal;
    const by = event.shiftKey
      ? add(times(camera.R[0], (at[0] - from[0]) * scale), level, -(at[1] - from[1]) * scale * 2)
      : minus(view.point(at, depth, camera), view.point(from, depth, camera));
    return { kind: "move", by };
  };
  return trying(editor, start, index, studio.words.steps.figure, edit);
}

function gestureAt(editor, place, event) {
  if (event.button === 1 || editor.space) return panning(editor, place);
  const found = handleAt(editor, place, radii[event.pointerType] ?? radii.mouse);
  if (event.button === 2) return panning(editor, place, () => found?.kind === "joint" && editor.pin(found.joint, found.index));
  if (found?.kind === "ring") return turning(editor, place, found);
  if (found?.kind === "tag") {
    if (found.index !== editor.store.active) editor.select(null, found.index);
    return carrying(editor, place, found);
  }
  if (found) {
    editor.select(found.joint, found.index);
    return pulling(editor, place, found);
  }
  return orbiting(editor, place);
}

// ── pointers ──

/** Listen to everything that points at the canvas. */
export function listen(editor) {
  const { front } = editor;
  const pointers = new Map();
  let [gesture, pinch, held] = [null, null, null];
  const at = (event) => {
    const rect = front.getBoundingClientRect();
    return [event.clientX - rect.left, event.clientY - rect.top];
  };
  const drop = () => {
    const had = gesture;
    gesture = null;
    clearTimeout(held);
    had?.cancel();
    return Boolean(had);
  };
  const hoverAt = (place, radius) => {
    const found = place && handleAt(editor, place, radius);
    const same = found?.kind === editor.hover?.kind && found?.joint === editor.hover?.joint && found?.ring === editor.hover?.ring && found?.index === editor.hover?.index;
    editor.hover = found;
    front.style.cursor = editor.space || found ? "grab" : "";
    if (!same) editor.paint();
  };
  editor.cancelGesture = drop;

  front.addEventListener("pointerdown", (event) => {
    front.focus({ preventScroll: true });
    front.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    if (pointers.size === 2) {
      drop();
      const [a, b] = [...pointers.values()];
      pinch = { center: mid(a, b), span: gap(a, b) };
      return;
    }
    if (pointers.size > 2 || pinch) return;
    editor.dispatchEvent(new CustomEvent("touched"));
    const place = at(event);
    gesture = gestureAt(editor, place, event);
    front.style.cursor = gesture.cursor;
    if (event.pointerType === "mouse") return;
    held = setTimeout(() => {
      const found = handleAt(editor, place, radii[event.pointerType]);
      drop();
      if (found?.kind === "joint") editor.pin(found.joint, found.index);
    }, 550);
  });
  front.addEventListener("pointermove", (event) => {
    const place = at(event);
    if (pointers.has(event.pointerId)) {
      if (gap(place, pointers.get(event.pointerId)) > 1.5) clearTimeout(held);
      pointers.set(event.pointerId, place);
    }
    if (pinch) {
      const [a, b] = [...pointers.values()];
      if (!b) return;
      editor.view.zoom(gap(a, b) / Math.max(pinch.span, 1), mid(a, b));
      editor.view.pan(mid(a, b)[0] - pinch.center[0], mid(a, b)[1] - pinch.center[1]);
      pinch = { center: mid(a, b), span: gap(a, b) };
      editor.moved();
    } else if (gesture) gesture.move(place, event);
    else if (event.pointerType !== "touch") hoverAt(place, radii[event.pointerType]);
  });
  for (const type of ["pointerup", "pointercancel"]) front.addEventListener(type, (event) => {
    pointers.delete(event.pointerId);
    clearTimeout(held);
    if (pinch) {
      if (pointers.size === 0) pinch = null;
      return;
    }
    const ended = gesture;
    gesture = null;
    front.style.cursor = "";
    if (type === "pointercancel") ended?.cancel();
    else ended?.up();
  });
  front.addEventListener("lostpointercapture", (event) => {
    if (!pointers.delete(event.pointerId)) return; // let go of in the usual way
    if (pointers.size === 0) pinch = null;
    drop();
  });
  front.addEventListener("pointerleave", () => gesture || hoverAt(null));
  front.addEventListener("contextmenu", (event) => event.preventDefault());
  front.addEventListener("dblclick", (event) => {
    const found = handleAt(editor, at(event));
    if (found?.kind === "joint") editor.doubled?.(found) || editor.focus(found.joint, found.index);
    else if (!found) editor.fit();
  });
  front.addEventListener("wheel", (event) => {
    event.preventDefault();
    editor.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), at(event));
  }, { passive: false });
}
