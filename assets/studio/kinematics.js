// What a drag does to a figure: bones keep their length, limbs bend, what hangs on a joint goes along.
// All functions take the figure as it was when the drag began and return new points.

import { firstOf } from "./anatomy.js";
import { axisOf, meanOf, present, reflect } from "./figure.js";

const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const angleOf = (from, to) => Math.atan2(to[1] - from[1], to[0] - from[0]);

/** The point `radius` from `center` in the direction of `to`. */
function onCircle(center, to, radius) {
  const angle = angleOf(center, to);
  return [center[0] + radius * Math.cos(angle), center[1] + radius * Math.sin(angle)];
}

function turnAbout(points, joints, center, angle) {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  for (const i of joints) {
    const dx = points[i][0] - center[0];
    const dy = points[i][1] - center[1];
    points[i] = [center[0] + dx * c - dy * s, center[1] + dx * s + dy * c];
  }
}

function carry(points, joints, dx, dy) {
  for (const i of joints) points[i] = [points[i][0] + dx, points[i][1] + dy];
}

/** What has nothing to turn about goes along with the joint as one piece. */
function follow(points, piece, joint, target) {
  carry(points, piece, target[0] - points[joint][0], target[1] - points[joint][1]);
}

/**
 * FABRIK (Aristidou and Lasenby 2011): the chain `places` with its first point fixed reaches for `target`;
 * out of reach it stretches straight towards it. Lengths hold exactly: the last pass lays them out.
 */
export function reach(places, target, rounds = 16) {
  const chain = places.map((p) => [...p]);
  const lengths = chain.slice(1).map((p, i) => distance(p, chain[i]));
  const base = [...chain[0]];
  for (let round = 0; round < rounds; round++) {
    chain[chain.length - 1] = [...target];
    for (let i = chain.length - 2; i >= 0; i--) chain[i] = onCircle(chain[i + 1], chain[i], lengths[i]);
    chain[0] = [...base];
    for (let i = 1; i < chain.length; i++) chain[i] = onCircle(chain[i - 1], chain[i], lengths[i - 1]);
    if (distance(chain[chain.length - 1], target) < 0.01) break;
  }
  return chain;
}

/** Joint `joint` goes to `target`; with `lock`, bone lengths hold. Returns points. */
export function dragged(person, skeleton, joint, target, lock = true) {
  const points = person.points.map((p) => [p[0], p[1]]);
  if (!lock || !present(person, joint)) {
    points[joint] = [...target];
    return points;
  }
  const name = skeleton.joints[joint];
  const chain = skeleton.chainIndices.find((c) => c.includes(joint));
  if (skeleton.torsoIndices.includes(joint)) dragTorso(person, skeleton, points, joint, target);
  else if (chain && chain.indexOf(joint) > 0) dragChain(person, skeleton, points, chain, joint, target);
  else if (name.startsWith("face_") || name.endsWith("_pupil")) points[joint] = [...target];
  else if (isHead(skeleton, joint)) dragHead(person, skeleton, points, joint, target);
  else if (isFoot(skeleton, joint)) turnGroup(person, skeleton, points, joint, target, skeleton.parent[joint]);
  else dragBranch(person, skeleton, points, joint, target);
  return points;
}

const isFoot = (skeleton, joint) => /(toe|heel)$/.test(skeleton.joints[joint]);
const isHead = (skeleton, joint) => (skeleton.groupIndices.head ?? []).includes(joint);

/** A limb or finger: the part of the chain that is there bends; what hangs below turns with the last bone. */
function dragChain(person, skeleton, points, chain, joint, target) {
  const links = chain.slice(0, chain.indexOf(joint) + 1).filter((i) => i === joint || present(person, i));
  if (links.length < 2) return follow(points, [joint, ...skeleton.below(joint)], joint, target);
  const solved = reach(links.map((i) => points[i]), target);
  const before = links.map((i) => [...points[i]]);
  const last = links.length - 1;
  const turn = angleOf(solved[last - 1], solved[last]) - angleOf(before[last - 1], before[last]);
  const moving = skeleton.below(joint);
  links.forEach((i, k) => (points[i] = solved[k]));
  carry(points, moving, solved[last][0] - before[last][0], solved[last][1] - before[last][1]);
  turnAbout(points, moving, solved[last], turn);
}

/** Shoulders, hips and neck are one block: it leans about the hips, or swings below the shoulders. */
function dragTorso(person, skeleton, points, joint, target) {
  const upper = /shoulder|neck/.test(skeleton.joints[joint]);
  const here = (i) => i >= 0 && present(person, i);
  const hips = [firstOf(skeleton, "left_hip"), firstOf(skeleton, "right_hip")].filter(here);
  const shoulders = [firstOf(skeleton, "left_shoulder"), firstOf(skeleton, "right_shoulder")].filter(here);
  const pivots = upper ? hips : shoulders;
  if (skeleton.name === "ap10k17") return dragSpine(person, skeleton, points, joint, target);
  const pivot = pivots.length ? meanOf(pivots.map((i) => points[i])) : null;
  if (!pivot || distance(pivot, points[joint]) < 1) return follow(points, [...points.keys()], joint, target);
  const turn = angleOf(pivot, target) - angleOf(pivot, points[joint]);
  const before = points.map((p) => [...p]);
  turnAbout(points, skeleton.torsoIndices, pivot, turn);
  for (const i of skeleton.torsoIndices) {
    const hanging = skeleton.below(i);
    const dx = points[i][0] - before[i][0];
    const dy = points[i][1] - before[i][1];
    const leansAlong = upper && !/hip/.test(skeleton.joints[i]);
    if (leansAlong) turnAbout(points, hanging, pivot, turn);
    else carry(points, hanging, dx, dy);
  }
  const head = skeleton.neckless.flatMap((i) => [i, ...skeleton.below(i)]);
  if (upper) turnAbout(points, head, pivot, turn);
  else if (shoulders.length) {
    const top = meanOf(shoulders.map((i) => points[i]));
    const was = meanOf(shoulders.map((i) => before[i]));
    carry(points, head, top[0] - was[0], top[1] - was[1]);
  }
}

/** An animal's spine turns about its other end; the legs keep their stance, the head goes along. */
function dragSpine(person, skeleton, points, joint, target) {
  const other = skeleton.torsoIndices.find((i) => i !== joint);
  if (!present(person, other)) return follow(points, [joint, ...skeleton.below(joint)], joint, target);
  const before = [...points[joint]];
  points[joint] = onCircle(points[other], target, distance(points[other], points[joint]));
  carry(points, skeleton.below(joint), points[joint][0] - before[0], points[joint][1] - before[1]);
}

/** The nose swings the head about the neck; eyes and ears turn it about the nose. */
function dragHead(person, skeleton, points, joint, target) {
  const nose = firstOf(skeleton, "nose", "head");
  const head = [...new Set([...skeleton.groupIndices.head, ...(skeleton.groupIndices.face ?? [])])];
  const neck = neckOf(person, skeleton);
  const center = joint === nose ? neck : points[nose];
  const held = center && (joint === nose || present(person, nose)) && distance(center, points[joint]) >= 0.5;
  if (!held) return follow(points, head, joint, target);
  const turn = angleOf(center, target) - angleOf(center, points[joint]);
  turnAbout(points, head, center, turn);
}

/** Where the neck is: its own joint, or between the shoulders; null when neither is there. */
function neckOf(person, skeleton) {
  const own = firstOf(skeleton, "neck");
  if (own >= 0 && present(person, own)) return person.points[own];
  const shoulders = [firstOf(skeleton, "left_shoulder"), firstOf(skeleton, "right_shoulder")];
  return shoulders.every((i) => i >= 0 && present(person, i)) ? meanOf(shoulders.map((i) => person.points[i])) : null;
}

/** All joints that share the parent turn with it as one piece (a foot about its ankle). */
function turnGroup(person, skeleton, points, joint, target, parent) {
  const held = parent >= 0 && present(person, parent) && distance(points[parent], points[joint]) >= 0.5;
  if (!held) return follow(points, parent < 0 ? [joint] : skeleton.below(parent), joint, target);
  const turn = angleOf(points[parent], target) - angleOf(points[parent], points[joint]);
  turnAbout(points, skeleton.below(parent), points[parent], turn);
}

/** Any other joint: at its parent's distance, carrying what hangs on it; without a parent, carrying all. */
function dragBranch(person, skeleton, points, joint, target) {
  const parent = skeleton.parent[joint];
  const before = [...points[joint]];
  if (parent >= 0 && present(person, parent)) {
    points[joint] = onCircle(points[parent], target, distance(points[parent], points[joint]));
    const below = skeleton.below(joint);
    carry(points, below, points[joint][0] - before[0], points[joint][1] - before[1]);
    const isFinger = !skeleton.torsoIndices.includes(parent);
    if (isFinger) turnAbout(points, below, points[joint], angleOf(points[parent], points[joint]) - angleOf(points[parent], before));
  } else follow(points, [joint, ...skeleton.below(joint)], joint, target);
}

/** A limb segment taken hold of at `from` and pulled to `to`: turns about its upper joint, or moves freely. */
export function limbDragged(person, skeleton, [a, b], from, to, lock = true) {
  const link = skeleton.link(a, b);
  if (!lock) {
    const points = person.points.map((p) => [p[0], p[1]]);
    carry(points, [a, b], to[0] - from[0], to[1] - from[1]);
    return points;
  }
  if (!link) return dragged(person, skeleton, b, add(person.points[b], from, to), true);
  const [parent, child] = link;
  // Head and foot are one piece each: their lines turn them whole.
  if (isHead(skeleton, parent) || isFoot(skeleton, child)) return dragged(person, skeleton, child, add(person.points[child], from, to), true);
  const points = person.points.map((p) => [p[0], p[1]]);
  const pivot = points[parent];
  const turn = angleOf(pivot, to) - angleOf(pivot, from);
  turnAbout(points, [child, ...skeleton.below(child)], pivot, turn);
  return points;
}

/** What one side did, done by the other: directions are reflected over the figure's axis, the other side's lengths hold. */
export function symmetric(person, skeleton, points) {
  const axis = axisOf(person, skeleton);
  const result = points.map((p) => [...p]);
  const changed = points.map((p, i) => distance(p, person.points[i]) > 1e-6);
  for (const i of skeleton.parentsFirst([...points.keys()])) {
    const twin = skeleton.swap[i];
    if (twin === i || !changed[i] || changed[twin]) continue;
    const [parent, hold] = [skeleton.parent[i], skeleton.parent[twin]];
    const length = hold >= 0 ? distance(person.points[twin], person.points[hold]) : 0;
    if (parent < 0 || !length || !present(person, hold)) result[twin] = reflect(points[i], axis);
    else result[twin] = onCircle(result[hold], add(result[hold], reflect(points[parent], axis), reflect(points[i], axis)), length);
  }
  return result;
}

/** A believable place for a joint that has none: as its twin's bone, mirrored; else straight on from its limb; else null. */
export function guessed(person, skeleton, joint) {
  const twin = skeleton.swap[joint];
  const parent = skeleton.parent[joint];
  const here = (i) => i >= 0 && present(person, i);
  if (twin !== joint && here(twin)) {
    const axis = axisOf(person, skeleton);
    const mirrored = reflect(person.points[twin], axis);
    const hold = skeleton.parent[twin];
    return here(parent) && here(hold) ? add(person.points[parent], reflect(person.points[hold], axis), mirrored) : mirrored;
  }
  const above = parent >= 0 ? skeleton.parent[parent] : -1;
  return here(parent) && here(above) ? add(person.points[parent], person.points[above], person.points[parent]) : null;
}

const add = (p, from, to) => [p[0] + to[0] - from[0], p[1] + to[1] - from[1]];
