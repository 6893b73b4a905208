// The pose library: reading it, and fitting a pose to a figure, to a part of it, or to the canvas.

import { boxOf, centerOf, converted, copyOf, makePerson, marked, meanOf, mirrored, present, withPoints } from "./figure.js";

const letters = { v: "visible", h: "hidden", m: "missing" };

export class Library {
  constructor(studio) {
    this.studio = studio;
    this.ready = this.poses = []; // those of the library, and with them the artist's own
  }

  async load(url) {
    const response = await fetch(url);
    this.ready = (await response.json()).poses.map((pose) => this.#read(pose));
    this.poses = this.ready;
  }

  /** The artist's own poses after the ready ones. */
  withOwn(poses) {
    this.poses = [...this.ready, ...poses.map((pose) => ({ ...this.#read(pose), own: true }))];
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

  /** Poses of a kind (null: all; "own": the artist's) that have every word in title or tags. */
  search(words, kind = null) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    return this.poses.filter((pose) => (!kind || pose.kind === kind || (kind === "own" && pose.own)) && wanted.every((word) => pose.text.includes(word)));
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
    const half = (scale * (box[2] - box[0])) / 2 + 0.02 * w;
    const inside = (x) => Math.min(Math.max(x, half), Math.max(half, w - 1 - half));
    const taken = store.doc.people.map((other) => boxOf(other)).filter(Boolean).map((other) => centerOf(other)[0]);
    const clear = (x) => Math.min(w, ...taken.map((other) => Math.abs(other - x)));
    const shares = taken.length ? [0.5, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.1, 0.9] : [0.5];
    const middle = shares.map((share) => inside(share * (w - 1))).sort((p, q) => clear(q) - clear(p))[0];
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
    if (!seen.length) return null;
    const hold = joints ? holdOf(skeleton, seen) : seen.filter((i) => skeleton.torsoIndices.includes(i));
    const [from, to] = [model, target].map((person) => meanOf((hold.length ? hold : seen).map((i) => person.points[i])));
    const fitted = (i) => [0, 1].map((axis) => to[axis] + (model.points[i][axis] - from[axis]) * scale);
    return this.#blended(target, common, fitted, blend, joints ? null : model.states);
  }

  /** A hand pose on a figure's hand, on the side of the selection, else the side it is drawn for. */
  #handApplied(pose, target, skeleton, joints, { flip, blend }) {
    const sides = ["left", "right"].filter((side) => joints?.some((i) => skeleton.joints[i].startsWith(`${side}_`)));
    const [whole, to] = this.whole(target, skeleton);
    return this.handOn(whole, to, sides.length === 1 ? sides[0] : sideOfHand(pose), pose, { flip, blend });
  }

  /** The figure on a skeleton that has hands and face, keeping its points. */
  whole(person, skeleton) {
    if (skeleton.groupIndices.left_hand && skeleton.groupIndices.face) return [person, skeleton];
    const { store } = this.studio;
    const to = store.skeletons[{ openpose18: "openpose130", openpose25: "openpose137" }[skeleton.name] ?? "wholebody133"];
    return [converted(person, skeleton, to, store.derived), to];
  }

  /** A hand pose laid along the forearm, at the forearm's scale; null without a wrist. */
  handOn(target, skeleton, side, pose, { flip = false, blend = 1 } = {}) {
    const group = skeleton.groupIndices[`${side}_hand`];
    if (!group) return null;
    const hand = this.studio.store.skeletons.hand21;
    const model = flip !== (sideOfHand(pose) !== side) ? withPoints(pose.person, ([x, y]) => [-x, y]) : pose.person;
    const at = (name) => (present(target, skeleton.at[name]) ? target.points[skeleton.at[name]] : null);
    const [wrist, elbow] = [at(`${side}_wrist`) ?? at(`${side}_hand_root`), at(`${side}_elbow`)];
    if (!wrist) return null;
    const [root, knuckle] = [model.points[hand.at.root], model.points[hand.at.middle_1]];
    const bone = offset(root, knuckle);
    const forearm = elbow ? Math.hypot(...offset(elbow, wrist)) : spanOf(target, skeleton, [...target.points.keys()]) * 0.05;
    const along = elbow ? offset(elbow, wrist) : bone;
    const share = (forearm * 0.38) / Math.hypot(...along); // a palm is about 0.38 of a forearm
    const fit = similarity([root, knuckle], [wrist, [wrist[0] + along[0] * share, wrist[1] + along[1] * share]]);
    const fitted = (i) => fit.apply(model.points[group.indexOf(i)]);
    const here = group.every((i) => present(target, i));
    return this.#blended(target, group, fitted, here ? blend : 1, null);
  }

  /** A face on a figure: that of the library's head, of any pose and side, which fits its eyes, ears and nose best. */
  faceOn(target, skeleton) {
    const group = skeleton.groupIndices.face;
    const head = ["nose", "left_eye", "right_eye", "left_ear", "right_ear"].map((name) => skeleton.at[name]).filter((i) => present(target, i));
    if (!group || head.length < 2) return null;
    let best = null;
    for (const pose of this.ready.filter(({ kind }) => kind === "person")) {
      for (const flip of [false, true]) {
        const model = this.on(pose, skeleton, flip);
        const fit = similarity(head.map((i) => model.points[i]), head.map((i) => target.points[i]));
        // Two points fit any head: then the one at ease is taken.
        const error = head.length > 2 ? fit.error : Number(pose.id !== "at-ease");
        if (!best || error < best.error - 1e-9) best = { error, fit, model };
      }
    }
    const there = group.filter((i) => present(best.model, i));
    const result = this.#blended(target, there, (i) => best.fit.apply(best.model.points[i]), 1, null);
    for (const i of there) result.states[i] = best.model.states[i];
    return result;
  }

  /** Where a missing joint would be if the figure stood at ease like this; null with fewer than two joints to go by. */
  likely(person, skeleton, joint) {
    const model = this.on(this.byId(skeleton.name === "ap10k17" ? "dog-standing" : "at-ease"), skeleton, false);
    const here = [...person.points.keys()].filter((i) => present(person, i) && present(model, i));
    if (here.length < 2) return null;
    return similarity(here.map((i) => model.points[i]), here.map((i) => person.points[i])).apply(model.points[joint]);
  }

  /**
   * The target with joints part of the way to where `fitted` puts them. A bone is blended by angle and length about its
   * upper joint: by places alone a limb that swings over would shrink half way.
   */
  #blended(target, joints, fitted, blend, states) {
    const skeleton = this.studio.store.skeletonOf(target);
    const result = marked(copyOf(target), joints);
    const chosen = new Set(joints);
    for (const i of skeleton.parentsFirst(joints)) {
      const parent = skeleton.parent[i];
      const weight = present(target, i) ? blend : 1;
      const hangs = parent >= 0 && chosen.has(parent) && present(target, parent) && present(target, i);
      result.points[i] = hangs
        ? swung(result.points[parent], offset(target.points[parent], target.points[i]), offset(fitted(parent), fitted(i)), weight)
        : between(target.points[i], fitted(i), weight);
      if (states && blend > 0.5) result.states[i] = states[i];
    }
    return result;
  }

  // ── on the document ──

  add(person) {
    const { store } = this.studio;
    const people = [...store.doc.people, person];
    store.commit(this.studio.words.steps.add, { ...store.doc, people });
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
    this.add({ ...this.placed(pose, sideOfHand(pose) !== side), name: this.studio.words.pose[`${side}Hand`] });
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

/** Where a part hangs on its figure: the first of its joints whose parent is not of the part. */
function holdOf(skeleton, joints) {
  const chosen = new Set(joints);
  return joints.filter((i) => !chosen.has(skeleton.parent[i])).slice(0, 1);
}

const sideOfHand = (pose) => (pose.tags.includes("left") ? "left" : "right");
const offset = (a, b) => [b[0] - a[0], b[1] - a[1]];
const between = (a, b, weight) => [a[0] + (b[0] - a[0]) * weight, a[1] + (b[1] - a[1]) * weight];

/** `from` plus a bone between two bones (as offsets): the shorter way round, and between their lengths. */
function swung(from, a, b, weight) {
  const turn = Math.atan2(a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]);
  const angle = Math.atan2(a[1], a[0]) + turn * weight;
  const length = Math.hypot(...a) * (1 - weight) + Math.hypot(...b) * weight;
  return [from[0] + length * Math.cos(angle), from[1] + length * Math.sin(angle)];
}

/** The turn, scale and shift that bring places nearest to others (least squares), and the error left, by their extent. */
function similarity(places, goals) {
  const [from, to] = [meanOf(places), meanOf(goals)];
  let [dot, cross, size, extent] = [0, 0, 1e-9, 1e-9];
  places.forEach((p, i) => {
    const [a, b] = [offset(from, p), offset(to, goals[i])];
    dot += a[0] * b[0] + a[1] * b[1];
    cross += a[0] * b[1] - a[1] * b[0];
    size += a[0] ** 2 + a[1] ** 2;
    extent += b[0] ** 2 + b[1] ** 2;
  });
  const [c, s] = [dot / size, cross / size];
  const apply = (p) => {
    const [x, y] = offset(from, p);
    return [to[0] + x * c - y * s, to[1] + x * s + y * c];
  };
  const error = places.reduce((sum, p, i) => sum + Math.hypot(...offset(apply(p), goals[i])) ** 2, 0) / extent;
  return { apply, error };
}
