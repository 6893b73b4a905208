// What keys and buttons do to a body: each is one edit of the active figure, one step of undo.

import { times } from "./space.js";

const pause = 350; // ms: nudges closer together are one step
const centimetre = 0.01;
const degree = Math.PI / 180;
const looking = 5 * degree; // that an arrow key turns the view
const apart = 0.65; // metres between a figure and its copy

/** The smallest part that a joint belongs to: left_arm, trunk, … */
export function partOf({ parts }, joint) {
  const names = Object.keys(parts).filter((name) => parts[name].includes(joint) && name !== "all");
  return names.sort((a, b) => parts[a].length - parts[b].length)[0] ?? "all";
}

export class BodyVerbs {
  constructor(studio, work, editor) {
    Object.assign(this, { studio, work, editor, store: studio.store, steps: studio.words.steps });
    this.words = studio.words.body;
  }

  #once(label, edit) {
    this.finish();
    return this.studio.guarded(() => this.work.once(label, edit));
  }

  mirror() {
    return this.#once(this.steps.mirror, { kind: "mirror" });
  }

  /** The selected limb as in a figure that stands; the whole figure when nothing is selected. */
  reset() {
    const { selected } = this.editor;
    return this.#once(this.steps.reset, { kind: "reset", part: selected ? partOf(this.work.info, selected) : "all" });
  }

  otherSide() {
    const { selected } = this.editor;
    const part = selected && partOf(this.work.info, selected);
    if (!/^(left|right)_/.test(part ?? "")) return this.studio.toast(this.words.selectLimb);
    return this.#once(this.steps.otherSide, { kind: "copy", part });
  }

  /** The active figure once more, beside itself. */
  async duplicate(index = this.work.active) {
    const { store, work } = this;
    const person = store.doc.people[index];
    if (!person?.body) return;
    await this.studio.guarded(async () => {
      await work.settle();
      const [camera, { skeleton }] = [work.cameraOf(), person];
      const edit = { kind: "move", by: times(this.editor.view.camera.R[0], apart) };
      const was = camera && (await work.seen(person.body, skeleton, camera));
      const answer = await work.ask("body_edit", { bodies: [person.body], index: 0, edit, view: null, drawing: camera && { camera, skeleton } });
      const people = [...store.doc.people, work.moved(person, answer.body, was, answer.points)];
      store.commit(this.steps.duplicate, { ...store.doc, people });
      store.activate(people.length - 1);
      this.include();
    });
  }

  /** As soon as it is known where the active figure stands: a free view steps back until it shows all. */
  include() {
    const { editor, work, store } = this;
    const look = () => {
      const joints = work.jointsOf(store.active);
      if (!joints) return;
      editor.removeEventListener("shown", look);
      const { view } = editor;
      const shown = ([x, y]) => x > 0 && x < view.width && y > 0 && y < view.height;
      if (!view.drawn && !joints.every((joint) => shown(view.project(joint)))) editor.fit();
    };
    editor.addEventListener("shown", look);
  }

  remove(index = this.store.active) {
    if (!this.store.doc.people[index]) return;
    this.work.cancel();
    this.editor.selected = null;
    this.store.remove(this.steps.delete, [index]);
  }

  /** This view becomes the drawing's. */
  drawFrom() {
    const { editor, work, store, studio } = this;
    if (editor.view.drawn || !work.standing.length) return;
    const camera = editor.view.drawingCamera(store.doc.size, editor.view.sheet(store.doc.size));
    studio.guarded(async () => {
      await work.drawFrom(camera);
      editor.follow();
      studio.toast(this.words.drawnFrom, [{ label: studio.words.commands.undo, undoes: true, run: () => store.undo() }]);
    });
  }

  // ── by keys ──

  /** Arrows: the selected joint a centimetre in the plane of the view, or, with none selected, the view. */
  arrow([dx, dy], { shiftKey, altKey }) {
    const { editor, work } = this;
    const joints = work.jointsOf(work.active);
    if (!editor.selected || !joints) {
      editor.free();
      editor.view.orbit(-dx * looking * (shiftKey ? 3 : 1), -dy * looking * (shiftKey ? 3 : 1));
      return editor.moved();
    }
    const far = centimetre * (shiftKey ? 5 : altKey ? 0.2 : 1);
    const joint = editor.selected;
    if (this.nudging?.joint !== joint || this.nudging.turn !== undefined) {
      this.finish();
      const [x, y, depth] = editor.view.project(joints[work.info.at[joint]]);
      const pins = [...(editor.pins[work.active] ?? [])].filter((name) => name !== joint);
      this.nudging = { joint, x, y, by: [0, 0], scale: editor.view.camera.focal / depth, pins };
    }
    const { nudging } = this;
    nudging.by = [nudging.by[0] + dx * far, nudging.by[1] + dy * far];
    const to = [nudging.x + nudging.by[0] * nudging.scale, nudging.y + nudging.by[1] * nudging.scale];
    work.live(this.steps.nudge, ({ factor }) => ({ kind: "drag", joint, to: to.map((c) => c * factor - 0.5), pins: nudging.pins }));
    return this.#soon();
  }

  /** Turn the selected joint in the plane of the view. */
  turn(sign, steps = 1) {
    const { editor, work } = this;
    const joint = editor.selected;
    if (!joint || work.active < 0) return;
    if (this.nudging?.joint !== joint || this.nudging.turn === undefined) {
      this.finish();
      this.nudging = { joint, turn: 0, axis: editor.view.camera.R[2] };
    }
    const { nudging } = this;
    nudging.turn += sign * steps * 5 * degree;
    work.live(this.steps.turn, { kind: "turn", joint, axis: nudging.axis, angle: nudging.turn });
    this.#soon();
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.finish(), pause);
  }

  /** Make a step of what keys have been trying. */
  finish() {
    clearTimeout(this.timer);
    if (!this.nudging) return;
    this.nudging = null;
    this.studio.guarded(() => this.work.settle());
  }

  /** Give up what keys or sliders are trying; whether there was anything. */
  cancel() {
    const had = Boolean(this.nudging);
    clearTimeout(this.timer);
    this.nudging = null;
    if (had) this.work.cancel();
    return had;
  }

  // ── the lens ──

  /** Another focal length (by the longer side): of the free view, or of the drawing's camera, the figures standing up anew in it. */
  lens(fold, done) {
    const { editor, work, store } = this;
    const { view } = editor;
    if (!view.drawn) {
      view.setLens(fold, store.doc.size);
      return editor.moved();
    }
    if (!done) return undefined;
    const camera = work.cameraOf();
    const joints = editor.points();
    if (!camera || !joints.length) return undefined;
    // The camera steps back as the lens grows longer, so that the figures keep their size.
    const focal = fold * Math.max(...camera.size);
    const [, , forward] = camera.T_camera_world;
    const depth = joints.reduce((sum, p) => sum + p[0] * forward[0] + p[1] * forward[1] + p[2] * forward[2] + forward[3], 0) / joints.length;
    const T = camera.T_camera_world.map((row) => [...row]);
    T[2][3] += depth * (focal / camera.focal - 1);
    const indices = work.standing;
    return this.studio.guarded(() => work.stand(indices, { camera: { ...camera, focal, T_camera_world: T }, label: this.steps.lens }));
  }
}

