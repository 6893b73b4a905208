// What is taken hold of in space: joints, the rings of the selected one, and each figure's tag; where they are, and what is hit.

import { across, add, cross, dot, length, minus, times, unit } from "./space.js";

const highest = 52; // px from the top: the bar of views is above
const plain = ["pelvis", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle", "right_ankle", "left_foot", "right_foot", "spine1", "spine2", "spine3",
  "neck", "head", "left_collar", "right_collar", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist"];
const quiet = new Set(["left_hip", "right_hip", "spine1", "spine2", "left_collar", "right_collar", "neck"]); // smaller: taken hold of less often
const ofHead = ["jaw", "left_eye", "right_eye"];
const roomy = 96; // px from which a hand or head shows its own joints
const ringSize = { view: 62, twist: 44, bend: 44 }; // px
// The bone that a joint turns, where it has more than one, or none of its own.
const boneTo = { pelvis: "spine1", spine3: "neck", left_wrist: "left_hand_middle_1", right_wrist: "right_hand_middle_1" };

export const isQuiet = (name) => quiet.has(name);

const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** All that is painted and hit for one figure: {index, joints, places} or null. */
export function figureAt(editor, index, camera) {
  const joints = editor.work.jointsOf(index);
  return joints && { index, joints, places: joints.map((p) => editor.view.project(p, camera)) };
}

/** Names of the joints of a figure that have handles at this zoom. */
export function handleJoints(editor, index) {
  const figure = index >= 0 && editor.work.info && figureAt(editor, index, editor.view.camera);
  return figure ? handlesOf(editor, figure) : [];
}

export function handlesOf(editor, { index, places }) {
  const { at, joints } = editor.work.info;
  const chosen = index === editor.store.active ? editor.selected : null;
  const names = [...plain];
  for (const side of ["left", "right"]) {
    const hand = joints.filter((name) => name.startsWith(`${side}_hand_`));
    const span = Math.max(...hand.map((name) => gap(places[at[name]], places[at[`${side}_wrist`]])));
    if (span > roomy * 0.75 || (span > roomy * 0.45 && (chosen === `${side}_wrist` || hand.includes(chosen)))) names.push(...hand);
  }
  if (gap(places[at.head], places[at.jaw]) > roomy * 0.3 || ofHead.includes(chosen)) names.push(...ofHead);
  return names;
}

// How thick a body is about its bones, m, by the joint at their lower end.
const thick = [[/^spine|^pelvis/, 0.12], [/hip|collar/, 0.1], [/head|eye|jaw/, 0.09], [/knee/, 0.075], [/ankle|neck|shoulder/, 0.055], [/elbow|wrist|foot/, 0.042]];
const thickness = (name) => thick.find(([which]) => which.test(name))?.[1] ?? 0.012;

/** Names of the joints that a figure's own body, or another's, stands before. */
export function covered(editor, figures, figure) {
  const { parents, joints, at } = editor.work.info;
  const { focal } = editor.view.camera;
  const hidden = new Set();
  for (const name of handlesOf(editor, figure)) {
    const place = figure.places[at[name]];
    for (const other of figures) {
      const before = parents.some((parent, i) => {
        if (parent < 0 || /_hand_/.test(joints[i])) return false;
        const own = other === figure && (i === at[name] || parent === at[name] || parents[at[name]] === i || parents[at[name]] === parent);
        if (own) return false;
        const [a, b] = [other.places[parent], other.places[i]];
        const [dx, dy] = [b[0] - a[0], b[1] - a[1]];
        const t = Math.min(1, Math.max(0, ((place[0] - a[0]) * dx + (place[1] - a[1]) * dy) / Math.max(dx * dx + dy * dy, 1e-6)));
        const depth = a[2] + (b[2] - a[2]) * t;
        const radius = thickness(joints[i]);
        return depth + radius < place[2] && gap(place, [a[0] + dx * t, a[1] + dy * t]) < (radius * focal) / depth;
      });
      if (before) hidden.add(name);
    }
  }
  return hidden;
}

/** The direction of the bone that a joint turns, in the world. */
export function boneOf({ joints, parents, at }, name, places) {
  const i = at[name];
  const child = boneTo[name] ? at[boneTo[name]] : parents.indexOf(i);
  const [from, to] = child >= 0 && joints[child] ? [places[i], places[child]] : [places[Math.max(0, parents[i])], places[i]];
  return unit(minus(to, from));
}

/** The rings of the selected joint: {name: {axis, center, path: [[x, y, front]…]}}. */
export function ringsOf(editor) {
  const { work, view, selected, store } = editor;
  const joints = work.jointsOf(store.active);
  if (!selected || !joints || !work.info || !editor.handles) return {};
  const camera = view.camera;
  const center = joints[work.info.at[selected]];
  const [x, y, depth] = view.project(center, camera);
  if (depth <= 0.02) return {};
  const forward = camera.R[2];
  const bone = boneOf(work.info, selected, joints);
  const side = cross(bone, forward);
  const axes = { view: forward, twist: bone, ...(length(side) > 0.15 && { bend: unit(side) }) };
  const rings = {};
  for (const [name, axis] of Object.entries(axes)) {
    const [u, v] = name === "view" ? [camera.R[0], camera.R[1]] : across(axis);
    const radius = (ringSize[name] * depth) / camera.focal;
    const path = Array.from({ length: 49 }, (_, k) => {
      const angle = (k / 48) * 2 * Math.PI;
      const arm = add(times(u, Math.cos(angle)), v, Math.sin(angle));
      const place = name === "view" ? [x + ringSize.view * Math.cos(angle), y + ringSize.view * Math.sin(angle)] : view.project(add(center, arm, radius), camera);
      return [place[0], place[1], dot(arm, forward) <= 0.05];
    });
    rings[name] = { axis, center: [x, y, depth], radius, path };
  }
  return rings;
}

/** A figure's tag above its head: [x, y, w, h]. */
export function tagOf(editor, figure, label) {
  const { at } = editor.work.info;
  const [x, , depth] = figure.places[at.head];
  const top = Math.min(...figure.places.map((p) => p[1]));
  const head = (0.17 * editor.view.camera.focal) / Math.max(depth, 0.1);
  const y = top - head - 34;
  const width = 34 + label.length * 6.6;
  const { width: w, height } = editor.view;
  const left = y < highest - 8 ? x + head * 0.8 : x - width / 2; // beside the head, not on the face
  return [Math.min(Math.max(6, left), Math.max(6, w - width - 6)), Math.min(Math.max(highest, y), height - 30), width, 24];
}

/** What lies under a place: {kind: "ring" | "joint" | "tag", …} or null. */
export function handleAt(editor, place, radius = 12) {
  const { work, store, view } = editor;
  if (!work.info || !editor.handles) return null;
  const camera = view.camera;
  let best = null;
  for (const index of work.standing) {
    const figure = figureAt(editor, index, camera);
    if (!figure) continue;
    const active = index === store.active;
    const behind = covered(editor, [figure], figure);
    for (const name of handlesOf(editor, figure)) {
      const at = figure.places[work.info.at[name]];
      if (at[2] <= 0) continue;
      const away = gap(at, place);
      const rank = away + (active ? 0 : 4) + (quiet.has(name) ? 2.5 : 0) + (name === "pelvis" ? 0.5 : 0) + (behind.has(name) ? 3 : 0);
      if (away <= radius && (!best || rank < best.rank)) best = { kind: "joint", index, joint: name, rank, away };
    }
  }
  if (best && best.away <= 7) return best;
  const ring = ringAt(ringsOf(editor), place, radius * 0.75);
  if (ring && (!best || ring.away < best.away)) return ring;
  return best ?? tagAt(editor, place);
}

function ringAt(rings, place, radius) {
  let best = null;
  for (const [name, ring] of Object.entries(rings)) {
    ring.path.forEach((p, k) => {
      const away = gap(p, place) + (p[2] ? 0 : 4);
      if (away <= radius && (!best || away < best.away)) best = { kind: "ring", ring: name, step: k, away, ...ring };
    });
  }
  return best;
}

function tagAt(editor, [x, y]) {
  for (const [index, tag] of (editor.tags ?? []).toReversed()) {
    if (x >= tag[0] && x <= tag[0] + tag[2] && y >= tag[1] - 2 && y <= tag[1] + tag[3] + 2) return { kind: "tag", index };
  }
  return null;
}
