// The pose library: reading it, and fitting a pose to a figure, to a part of it, or to the canvas.

import { boxOf, centerOf, converted, copyOf, makePerson, marked, mirrored, present, withPoints } from "./figure.js";

const letters = { v: "visible", h: "hidden", m: "missing" };

export class Library {
  constructor(studio) {
    this.studio = studio;
    this.poses = [];
  }

  async load(url) {
    const response = await fetch(url);
    this.poses = (await response.json()).poses.map((pose) => this.#read(pose));
  }

  #read(pose) {
    const skeleton = this.studio.store.skeletons[pose.skeleton];
    const person = makePerson(skeleton, {
      points: pose.points,
      scores: pose.points.map(() => 1),
      states: [...pose.states].map((letter) => letters[letter]),
      name: "",
    });
    return { ...pose, person, text: `${pose.title} ${pose.tags.join(" ")} ${pose.kind}`.toLowerCase() };
  }

  /** Poses of a kind (null: all) that have every word in title or tags. */
  search(words, kind = null) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return this.poses.filter((pose) => (!kind || pose.kind === kind) && wanted.every((word) => pose.text.includes(word)));
  }

  byId(id) {
    return this.poses.find((pose) => pose.id === id);
  }

  // ── fitting ──

  /** The pose's person, mirrored when asked, put on `skeleton`. */
  on(pose, skeleton, flip) {
    const from = this.studio.store.skeletons[pose.skeleton];
    const person = flip ? mirrored(pose.person, from) : pose.person;
    return converted(person, from, skeleton, this.studio.store.derived);
  }

  /** A new figure of this pose at four fifths of the canvas' height: in the middle, or beside the figure that stands there. */
  placed(pose, flip = false, skeletonName = pose.skeleton) {
    const { store } = this.studio;
    const skeleton = store.skeletons[skeletonName];
    const person = this.on(pose, skeleton, flip);
    const [w, h] = store.doc.size;
    const box = boxOf(person);
    const room = pose.kind === "hand" ? 0.3 : 0.8;
    const scale = Math.min((w * room) / Math.max(box[2] - box[0], 1), (h * room) / Math.max(box[3] - box[1], 1));
    const [cx, cy] = centerOf(box);
    const taken = store.doc.people.map((other) => boxOf(other)).filter(Boolean).map((other) => centerOf(other)[0]);
    const free = (x) => taken.every((other) => Math.abs(other - x) > w * 0.12);
    const middle = [0.5, 0.75, 0.25, 0.62, 0.38].map((share) => share * (w - 1)).find(free) ?? (w - 1) / 2;
    return withPoints(person, ([x, y]) => [(x - cx) * scale + middle, (y - cy) * scale + (h - 1) / 2]);
  }

  /** The figure taken into the pose: whole, or only `joints`; `blend` 0 … 1 goes part of the way. Null when nothing fits. */
  applied(pose, target, joints = null, { flip = false, blend = 1 } = {}) {
    const skeleton = this.studio.store.skeletonOf(target);
    if (pose.kind === "hand" && skeleton.name !== "hand21") return this.#handApplied(pose, target, skeleton, joints, { flip, blend });
    const model = this.on(pose, skeleton, flip);
    const common = (joints ?? [...target.points.keys()]).filter((i) => present(model, i));
    if (common.length < 2) return null;
    const seen = common.filter((i) => present(target, i));
    const scale = spanOf(target, skeleton, seen) / spanOf(model, skeleton, seen) || 1;
    const anchor = anchorsOf(skeleton, joints ? seen : seen.filter((i) => skeleton.torsoIndices.includes(i)), joints !== null);
    const from = meanOf(model, anchor.length ? anchor : seen);
    const to = meanOf(target, anchor.length ? anchor : seen);
    if (!from || !to) return null;
    const fitted = (i) => [0, 1].map((axis) => to[axis] + (model.points[i][axis] - from[axis]) * scale);
    return this.#blended(target, common, fitted, blend, joints ? null : model.states);
  }

  /** A hand pose on a figure's hand: laid along the forearm at the forearm's scale. */
  #handApplied(pose, target, skeleton, joints, { flip, blend }) {
    const right = joints?.some((i) => /^right_/.test(skeleton.joints[i])) ?? false;
    return this.handOn(target, skeleton, right ? "right" : "left", pose, { flip, blend });
  }

  handOn(target, skeleton, side, pose, { flip = false, blend = 1 } = {}) {
    const group = skeleton.groupIndices[`${side}_hand`];
    if (!group) return null;
    const hand = this.studio.store.skeletons.hand21;
    const drawnSide = pose.tags.includes("left") ? "left" : "right";
    const model = flip !== (drawnSide !== side) ? withPoints(pose.person, ([x, y]) => [-x, y]) : pose.person;
    const at = (name) => (present(target, skeleton.at[name]) ? target.points[skeleton.at[name]] : null);
    const [wrist, elbow] = [at(`${side}_wrist`) ?? at(`${side}_hand_root`), at(`${side}_elbow`)];
    if (!wrist) return null;
    const [root, knuckle] = [model.points[hand.at.root], model.points[hand.at.middle_1]];
    const palm = Math.hypot(knuckle[0] - root[0], knuckle[1] - root[1]);
    const forearm = elbow ? Math.hypot(wrist[0] - elbow[0], wrist[1] - elbow[1]) : spanOf(target, skeleton, [...target.points.keys()]) * 0.05;
    const scale = (forearm * 0.38) / palm; // a palm is about 0.38 of a forearm
    const turn = elbow ? Math.atan2(wrist[1] - elbow[1], wrist[0] - elbow[0]) - Math.atan2(knuckle[1] - root[1], knuckle[0] - root[0]) : 0;
    const [c, s] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
    const fitted = (i) => {
      const [x, y] = model.points[group.indexOf(i)];
      return [wrist[0] + (x - root[0]) * c - (y - root[1]) * s, wrist[1] + (x - root[0]) * s + (y - root[1]) * c];
    };
    const here = group.every((i) => present(target, i));
    return this.#blended(target, group, fitted, here ? blend : 1, null);
  }

  /** A face on a figure, by its eyes (and nose): the frontal face of the pose at ease, turned and scaled to them. */
  faceOn(target, skeleton) {
    const group = skeleton.groupIndices.face;
    const model = this.on(this.byId("at-ease"), skeleton, false);
    const eyes = ["left_eye", "right_eye"].map((name) => skeleton.at[name]);
    if (!group || eyes.some((i) => !present(target, i) || !present(model, i))) return null;
    const [a, b] = eyes.map((i) => model.points[i]);
    const [p, q] = eyes.map((i) => target.points[i]);
    const length = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1;
    const scale = Math.hypot(q[0] - p[0], q[1] - p[1]) / length;
    const turn = Math.atan2(q[1] - p[1], q[0] - p[0]) - Math.atan2(b[1] - a[1], b[0] - a[0]);
    const [c, s] = [Math.cos(turn) * scale, Math.sin(turn) * scale];
    const fitted = (i) => {
      const [x, y] = [model.points[i][0] - a[0], model.points[i][1] - a[1]];
      return [p[0] + x * c - y * s, p[1] + x * s + y * c];
    };
    return this.#blended(target, group.filter((i) => present(model, i)), fitted, 1, null);
  }

  #blended(target, joints, fitted, blend, states) {
    const result = marked(copyOf(target), joints);
    for (const i of joints) {
      const goal = fitted(i);
      const old = target.points[i];
      const weight = present(target, i) ? blend : 1;
      result.points[i] = [old[0] + (goal[0] - old[0]) * weight, old[1] + (goal[1] - old[1]) * weight];
      if (states && blend > 0.5) result.states[i] = states[i];
    }
    return result;
  }

  // ── on the document ──

  add(person, label) {
    const { store } = this.studio;
    const people = [...store.doc.people, person];
    store.commit(label ?? this.studio.words.steps.add, { ...store.doc, people });
    store.activate(people.length - 1);
  }

  /** A default person (17 points), whole person (133) or animal on the canvas. */
  addDefault(kind) {
    const standing = this.byId("at-ease");
    if (kind === "animal") this.add(this.placed(this.poses.find((pose) => pose.kind === "animal")));
    else this.add(this.placed(standing, false, kind === "whole" ? standing.skeleton : "coco17"));
    this.studio.goTo("pose");
  }

  /** A hand on its own, palm or back to the artist. */
  addHand(side, face) {
    const pose = this.handPose(face);
    const drawn = pose.tags.includes("left") ? "left" : "right";
    this.add({ ...this.placed(pose, drawn !== side), name: this.studio.words.pose[`${side}Hand`] });
    this.studio.goTo("pose");
  }

  handPose(face) {
    return this.byId(`default-${face}`) ?? this.poses.find((pose) => pose.kind === "hand" && pose.tags.includes(face));
  }
}

/** Sum of the lengths of the bones between these joints, px: how large a figure is whatever its pose. */
function spanOf(person, skeleton, joints) {
  const wanted = new Set(joints);
  return skeleton.boneIndices
    .filter(([a, b]) => wanted.has(a) && wanted.has(b))
    .reduce((sum, [a, b]) => sum + Math.hypot(person.points[a][0] - person.points[b][0], person.points[a][1] - person.points[b][1]), 0);
}

/** Where a part hangs on: the chosen joints whose parent is not chosen; for a whole figure, all of them. */
function anchorsOf(skeleton, joints, part) {
  if (!part) return joints;
  const chosen = new Set(joints);
  return joints.filter((i) => !chosen.has(skeleton.parent[i])).slice(0, 1);
}

function meanOf(person, joints) {
  if (!joints.length) return null;
  return [0, 1].map((axis) => joints.reduce((sum, i) => sum + person.points[i][axis], 0) / joints.length);
}
