// What lies under the pointer: a handle, a person's tag, a joint, a limb, or nothing.

import { reachableMissing } from "./paint.js";
import { boxOf, present } from "./figure.js";

const small = 96; // a hand or face that is smaller on screen (px) is taken as one piece
const partGroups = ["left_hand", "right_hand", "face"];

const near = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

function toSegment(p, a, b) {
  const dx = b[0] - a[0];
  const dy = b[1] - a[1];
  const length2 = dx * dx + dy * dy;
  const t = length2 ? Math.min(1, Math.max(0, ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length2)) : 0;
  return near(p, [a[0] + t * dx, a[1] + t * dy]);
}

/** Joints of hands and face that act as one piece at this zoom: index → group name. */
export function gathered(person, skeleton, view, split = false) {
  const groups = new Map();
  if (split) return groups;
  for (const name of partGroups) {
    const joints = skeleton.groupIndices[name];
    if (!joints || joints.length === skeleton.joints.length) continue;
    const box = boxOf(person, joints);
    if (!box || Math.max(box[2] - box[0], box[3] - box[1]) * view.scale >= small) continue;
    for (const i of joints) groups.set(i, name);
  }
  return groups;
}

/** The nearest joint within `radius` screen px: {person, joint, group} or null. The active person wins ties. */
export function jointAt(doc, store, view, at, { radius = 11, only = null, split = false } = {}) {
  let best = null;
  doc.people.forEach((person, p) => {
    const skeleton = store.skeletonOf(person);
    const groups = gathered(person, skeleton, view, split);
    const active = p === store.active;
    const ghosts = active ? new Set(reachableMissing(person, skeleton, doc.size)) : new Set();
    person.points.forEach((point, i) => {
      if (only && !(active && only.has(i))) return;
      if (!present(person, i) && !ghosts.has(i)) return;
      const group = groups.get(i) ?? null;
      const penalty = (active ? 0 : 3) + (present(person, i) ? 0 : 2) + (group ? 2 : 0);
      const distance = near(view.toScreen(point), at) + penalty;
      if (distance <= radius + penalty && (!best || distance < best.distance)) best = { person: p, joint: i, group, distance };
    });
  });
  return best;
}

/** The nearest limb within `radius` screen px: {person, bone: [a, b]} or null. */
export function boneAt(doc, store, view, at, { radius = 6, only = null } = {}) {
  let best = null;
  doc.people.forEach((person, p) => {
    const skeleton = store.skeletonOf(person);
    const groups = gathered(person, skeleton, view);
    const hidden = new Set(person.hidden_bones.map((bone) => bone.join()));
    skeleton.boneIndices.forEach(([a, b], i) => {
      if (!present(person, a) || !present(person, b) || hidden.has(skeleton.bones[i].join())) return;
      if (groups.has(b) || /^face_/.test(skeleton.joints[b])) return;
      if (only && !(p === store.active && only.has(a) && only.has(b))) return;
      const distance = toSegment(at, view.toScreen(person.points[a]), view.toScreen(person.points[b])) + (p === store.active ? 0 : 2);
      if (distance <= radius && (!best || distance < best.distance)) best = { person: p, bone: [a, b], distance };
    });
  });
  return best;
}

/** Where the selection's frame is on screen: {box, handles: {name: [x, y]}} or null when fewer than three joints are in it. */
export function frameOf(doc, store, view) {
  const places = store.picked.flatMap(([p, joints]) => {
    const person = doc.people[p];
    return person ? joints.filter((i) => present(person, i)).map((i) => view.toScreen(person.points[i])) : [];
  });
  if (places.length < 3) return null; // a bone is dragged by itself
  const pad = 14;
  const xs = places.map((p) => p[0]);
  const ys = places.map((p) => p[1]);
  const [x0, y0, x1, y1] = [Math.min(...xs) - pad, Math.min(...ys) - pad, Math.max(...xs) + pad, Math.max(...ys) + pad];
  const [cx, cy] = [(x0 + x1) / 2, (y0 + y1) / 2];
  const handles = { nw: [x0, y0], ne: [x1, y0], se: [x1, y1], sw: [x0, y1], };
  if (Math.min(x1 - x0, y1 - y0) > 64) Object.assign(handles, { n: [cx, y0], e: [x1, cy], s: [cx, y1], w: [x0, cy] });
  // Below, where no figure's tag is in the way; above when there is no room.
  handles.rotate = [cx, y1 + 26 < view.height - 14 ? y1 + 26 : y0 - 26];
  handles.move = [x0 - 24 > 14 ? x0 - 24 : x1 + 24, cy];
  handles.flip = [x1 + 24 < view.width - 14 ? x1 + 24 : x0 - 24, y0];
  return { box: [x0, y0, x1, y1], handles };
}

export function handleAt(frame, at, radius = 10) {
  if (!frame) return null;
  const found = Object.entries(frame.handles).filter(([, place]) => near(place, at) <= radius);
  return found.sort((a, b) => near(a[1], at) - near(b[1], at))[0]?.[0] ?? null;
}

/** Screen rectangle [x, y, w, h] of a person's tag, by which the whole figure is taken hold of. */
export function tagOf(person, skeleton, view, label) {
  const box = boxOf(person);
  if (!box) return null;
  const trunk = boxOf(person, skeleton.torsoIndices) ?? box; // stays put while an arm moves
  const [x, top] = view.toScreen([(trunk[0] + trunk[2]) / 2, box[1]]);
  const y = top - 0.07 * (box[3] - box[1]) * view.scale; // above the crown, not on the forehead
  const width = 34 + label.length * 6.6;
  const left = Math.min(Math.max(6, x - width / 2), Math.max(6, view.width - width - 6));
  return [left, Math.min(Math.max(6, y - 46), view.height - 30), width, 24];
}

/** Index of the person whose tag is under the pointer, front first, or -1. */
export function tagAt(tags, at) {
  for (let p = tags.length - 1; p >= 0; p--) {
    const tag = tags[p];
    if (tag && at[0] >= tag[0] && at[0] <= tag[0] + tag[2] && at[1] >= tag[1] - 2 && at[1] <= tag[1] + tag[3] + 2) return p;
  }
  return -1;
}
