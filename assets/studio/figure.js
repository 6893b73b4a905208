// Verbs on one person (plain JSON of the document). Each returns a new person; nothing is changed in place.

export const present = (person, i) => person.states[i] !== "missing";

export const copyOf = (person) => ({
  ...person,
  points: person.points.map((p) => [p[0], p[1]]),
  scores: [...person.scores],
  states: [...person.states],
  sources: [...person.sources],
  hidden_bones: person.hidden_bones.map((bone) => [...bone]),
  front: [...person.front],
});

export function makePerson(skeleton, { points, scores, states, sources, name = "" } = {}) {
  const n = skeleton.joints.length;
  return {
    skeleton: skeleton.name,
    name,
    points: points ?? Array.from({ length: n }, () => [0, 0]),
    scores: scores ?? Array(n).fill(0),
    states: states ?? Array(n).fill("missing"),
    sources: sources ?? Array(n).fill("artist"),
    hidden_bones: [],
    front: [],
    body: null, // that stands for the figure in space
  };
}

/** Box [x0, y0, x1, y1] around the joints that are present (or the given ones); null when there are none. */
export function boxOf(person, joints = null) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  [...(joints ?? person.points.keys())].forEach((i) => {
    if (!present(person, i)) return;
    const [x, y] = person.points[i];
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  });
  return box[0] <= box[2] ? box : null;
}

/** Mean of places [[x, y], …], at least one. */
export const meanOf = (places) => [0, 1].map((axis) => places.reduce((sum, p) => sum + p[axis], 0) / places.length);

export const centerOf = (box) => [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];

/** The person with `change(point, index)` applied to the given joints (all when null). */
export function withPoints(person, change, joints = null) {
  const copy = { ...person, points: [...person.points] };
  for (const i of joints ?? person.points.keys()) copy.points[i] = change(person.points[i], i);
  return copy;
}

export const shifted = (person, dx, dy, joints = null) => withPoints(person, ([x, y]) => [x + dx, y + dy], joints);

export function rotated(person, angle, [cx, cy], joints = null) {
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  return withPoints(person, ([x, y]) => [cx + (x - cx) * c - (y - cy) * s, cy + (x - cx) * s + (y - cy) * c], joints);
}

export const scaled = (person, fx, fy, [cx, cy], joints = null) =>
  withPoints(person, ([x, y]) => [cx + (x - cx) * fx, cy + (y - cy) * fy], joints);

const otherSide = (group) =>
  group.startsWith("left_") ? `right_${group.slice(5)}` : group.startsWith("right_") ? `left_${group.slice(6)}` : group;

/** Left and right exchanged; every place stays taken. */
export function swapped(person, skeleton) {
  const take = (values) => skeleton.swap.map((i) => values[i]);
  const name = (joint) => skeleton.joints[skeleton.swap[skeleton.at[joint]]];
  const known = new Set(skeleton.bones.map((bone) => bone.join()));
  const flipBone = ([a, b]) => (known.has([name(a), name(b)].join()) ? [name(a), name(b)] : [name(b), name(a)]);
  return {
    ...person,
    points: take(person.points),
    scores: take(person.scores),
    states: take(person.states),
    sources: take(person.sources),
    hidden_bones: person.hidden_bones.map(flipBone),
    front: person.front.map(otherSide),
  };
}

/** Flipped about a vertical line, sides exchanged, as a mirror shows the figure. */
export function mirrored(person, skeleton, axisX = null) {
  const box = boxOf(person);
  const x0 = axisX ?? (box ? centerOf(box)[0] : 0);
  return swapped(scaled(person, -1, 1, [x0, 0]), skeleton);
}

/** The same figure on another skeleton: joints by name, the derived ones by rule, the rest missing. */
export function converted(person, from, to, { rules, wholebody, floor }) {
  if (from.name === to.name) return copyOf(person);
  const result = { ...makePerson(to, { name: person.name }), body: person.body ?? null };
  to.joints.forEach((joint, k) => {
    const sets = joint in from.at ? [[joint]] : (rules[joint] ?? []);
    const parts = sets.find((names) => names.every((name) => name in from.at));
    if (!parts) return;
    const where = parts.map((name) => from.at[name]);
    result.points[k] = meanOf(where.map((i) => person.points[i]));
    result.scores[k] = Math.min(...where.map((i) => person.scores[i]));
    const order = ["visible", "hidden", "missing"];
    result.states[k] = order[Math.max(...where.map((i) => order.indexOf(person.states[i])))];
    result.sources[k] = person.sources[where[0]];
    // The published rule for a derived neck on whole-body points.
    if (parts.length > 1 && from.name === wholebody && result.scores[k] <= floor) {
      result.scores[k] = 0;
      result.states[k] = "missing";
    }
  });
  const bones = new Set(to.bones.map((bone) => bone.join()));
  const turned = person.hidden_bones.map(([a, b]) => (bones.has([a, b].join()) ? [a, b] : [b, a])); // tables name either end first
  result.hidden_bones = turned.filter((bone) => bones.has(bone.join()));
  result.front = person.front.filter((group) => group in to.groupIndices);
  return result;
}

/** The given joints put visible at their new places by the artist. */
export function marked(person, joints, source = "artist") {
  const copy = copyOf(person);
  for (const i of joints) {
    copy.sources[i] = source;
    if (copy.states[i] === "missing") copy.states[i] = "visible";
    if (source === "artist") copy.scores[i] = 1;
  }
  return copy;
}

/** The state of the given joints set. */
export function withState(person, joints, state) {
  const copy = copyOf(person);
  for (const i of joints) copy.states[i] = state;
  return copy;
}

/** The figure's own axis, as [point, unit direction]: hips to neck, else straight up through its middle. */
export function axisOf(person, skeleton) {
  const mean = (...names) => {
    const found = names.map((name) => skeleton.at[name]).filter((i) => i !== undefined && present(person, i));
    return found.length < names.length ? null : meanOf(found.map((i) => person.points[i]));
  };
  const low = mean("left_hip", "right_hip") ?? mean("mid_hip");
  const high = mean("left_shoulder", "right_shoulder") ?? mean("neck");
  const length = low && high ? Math.hypot(high[0] - low[0], high[1] - low[1]) : 0;
  if (length > 1) return [low, [(high[0] - low[0]) / length, (high[1] - low[1]) / length]];
  const box = boxOf(person) ?? [0, 0, 0, 0];
  return [low ?? high ?? centerOf(box), [0, -1]];
}

/** Reflect a place over an axis [point, unit direction]. */
export function reflect([x, y], [[ax, ay], [ux, uy]]) {
  const along = (x - ax) * ux + (y - ay) * uy;
  return [2 * (ax + along * ux) - x, 2 * (ay + along * uy) - y];
}

/** The given joints of one side copied to the other side over the figure's own axis. */
export function mirroredToOtherSide(person, skeleton, joints, source = "mirror") {
  const axis = axisOf(person, skeleton);
  const copy = copyOf(person);
  for (const i of joints) {
    const twin = skeleton.swap[i];
    if (twin === i || !present(person, i)) continue;
    copy.points[twin] = reflect(person.points[i], axis);
    copy.states[twin] = person.states[i];
    copy.scores[twin] = person.scores[i];
    copy.sources[twin] = source;
  }
  return copy;
}

/** What of a figure a body is fitted to. */
export const drawn = (person) => ({ skeleton: person.skeleton, points: person.points, here: person.states.map((state) => state !== "missing") });

/** Whether two of those are the same but for what nobody sees. */
export function sameDrawing(a, b) {
  const near = (p, q) => Math.abs(p[0] - q[0]) + Math.abs(p[1] - q[1]) < 1e-3;
  return a.skeleton === b.skeleton && a.points.every((p, i) => a.here[i] === b.here[i] && (!a.here[i] || near(p, b.points[i])));
}
