// Step three's canvas: the server's picture of the bodies below, the handles above, the pointer.

import { colorOf, paintBackdrop } from "./body_backdrop.js";
import { listen } from "./body_gestures.js";
import { handleJoints } from "./body_handles.js";
import { Pace } from "./body_pace.js";
import { paintHandles } from "./body_paint.js";
import { BodyView, headingOf } from "./body_view.js";
import { h } from "./dom.js";
import { bounds } from "./space.js";

const rest = 120; // ms without a movement until the large picture is asked for
const pondering = 500; // ms that an edit under way is left alone before that

export class BodyEditor extends EventTarget {
  constructor(studio, work) {
    super();
    this.studio = studio;
    this.work = work;
    this.store = studio.store;
    this.words = studio.words.body;
    this.view = new BodyView();
    this.pace = new Pace();
    this.look = { light: null, ground: true, shadows: true, layers: null, colors: {} };
    this.bones = false; // the skeleton drawn over the figure
    this.handles = true;
    this.solid = 0.85; // how much a figure covers of its drawing
    this.selected = null; // the name of a joint of the active figure
    this.hover = null;
    this.pins = []; // by person: a Set of joints held in place
    this.painters = []; // of others, over the handles
    this.frame = null; // the last picture: {image, factor, size, camera, seen}
    this.back = h("canvas");
    this.front = h("canvas", { tabIndex: 0, ariaLabel: this.words.canvas });
    this.element = h("div.surface.bodies", { hidden: true }, this.back, this.front);
    work.viewFor = (moving) => this.told(moving);
    work.addEventListener("tried", ({ detail }) => {
      clearTimeout(this.restTimer);
      this.restTimer = setTimeout(() => this.refresh(), pondering);
      this.pace.note(detail.took, detail.picture.side);
      this.#show(detail.answer, detail.picture);
    });
    work.addEventListener("dropped", () => this.refresh());
    work.addEventListener("pointed", () => this.refresh(true));
    this.store.addEventListener("change", () => this.#changed());
    for (const type of ["select", "preview"]) this.store.addEventListener(type, () => this.paint());
    listen(this);
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Come to the step: the drawing's own view, or the last one. */
  open() {
    const first = this.element.hidden;
    this.element.hidden = false;
    this.resized();
    if (first) this.#arrive();
  }

  close() {
    this.element.hidden = true;
    clearTimeout(this.restTimer);
  }

  #arrive() {
    const { doc } = this.store;
    const camera = this.work.cameraOf();
    if (camera && (!this.view.aimed || this.view.drawn)) this.follow();
    else if (this.view.drawn && !camera) this.view.free([0, 0.9, 0]);
    if (this.knownSize !== String(doc.size)) this.view.aimed = Boolean(camera);
    this.knownSize = String(doc.size);
    this.refresh();
  }

  #changed() {
    const { people } = this.store.doc;
    if (people.length !== this.pins.length) this.pins = people.map(() => new Set()); // they are of no other figures
    if (!people[this.store.active]?.body) this.selected = null;
    if (!this.isOpen) return;
    const camera = this.work.cameraOf();
    if (camera && (this.view.drawn ? this.view.drawn !== camera : !this.view.aimed)) this.follow();
    if (!camera && this.view.drawn) this.view.free([0, 0.9, 0]);
    if (!camera && !people.length) this.view.aimed = false; // who comes next is seen as drawn
    this.paint();
    this.refresh(!this.work.settling); // what an edit made is on the canvas already, small
  }

  resized() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    this.ratio = Math.min(window.devicePixelRatio || 1, 2);
    const same = this.view.width === clientWidth && this.view.height === clientHeight;
    const follow = this.view.drawn && this.view.width <= 1;
    this.view.resize(clientWidth, clientHeight);
    if (follow) this.follow();
    for (const canvas of [this.back, this.front]) {
      canvas.width = Math.round(clientWidth * this.ratio);
      canvas.height = Math.round(clientHeight * this.ratio);
      canvas.getContext("2d").setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    }
    this.paint();
    if (!same) this.refresh();
  }

  // ── views ──

  /** Points that stand for the active figure (or all): its joints in space. */
  points(index = null) {
    const some = index === null ? this.work.standing : [index];
    return some.flatMap((i) => this.work.jointsOf(i) ?? []);
  }

  /** The way the active figure faces. */
  get heading() {
    const joints = this.work.jointsOf(this.store.active);
    const { at } = this.work.info ?? {};
    if (!joints || !at) return 0;
    return headingOf(["hip", "shoulder"].map((name) => [joints[at[`left_${name}`]], joints[at[`right_${name}`]]]));
  }

  /** Through the drawing's own camera. */
  follow() {
    const camera = this.work.cameraOf();
    if (!camera) return;
    this.view.follow(camera);
    this.view.aimed = true;
    this.moved();
  }

  ready(name) {
    this.view.ready(name, this.points(), this.heading, this.store.doc.size);
    this.moved();
  }

  fit() {
    if (this.view.drawn) return this.follow();
    this.view.fit(this.points(), this.store.doc.size);
    return this.moved();
  }

  /** The selected joint, or any other, in the middle, with what is about it. */
  focus(joint = this.selected, index = this.store.active) {
    const joints = this.work.jointsOf(index);
    if (!joints) return;
    if (!joint) return this.view.fit(this.points(index)), this.moved();
    const far = /hand_|wrist|eye|jaw|foot|ankle/.test(joint) ? 0.16 : /head|neck/.test(joint) ? 0.28 : 0.5;
    // A wrist is gone to for its hand.
    const middle = joint.endsWith("_wrist") ? `${joint.split("_")[0]}_hand_middle_1` : joint;
    this.view.focus(joints[this.work.info.at[middle]], far);
    return this.moved();
  }

  zoom(factor, place) {
    this.view.zoom(factor, place);
    this.moved();
  }

  /** Turn freely from where the drawing's camera stands, about the middle of what is posed. */
  free() {
    const points = this.points(this.work.active >= 0 ? this.work.active : null);
    this.view.free(points.length ? bounds(points).middle : [0, 0.9, 0]);
  }

  /** The view has moved: the old picture goes along until the new one is there. */
  moved() {
    this.paint();
    this.refresh(true);
    this.dispatchEvent(new CustomEvent("viewed"));
  }

  // ── pictures ──

  /** What the server is told of this view, and the picture it is to be. */
  told(moving) {
    const side = moving ? this.pace.moving : this.pace.rest;
    const picture = { ...this.view.picture(side, moving ? 1 : this.ratio), side, seen: this.view.camera, over: Boolean(this.view.drawn) };
    const { light, layers, ...look } = this.look;
    // Over the drawing the figure stands by itself; else on the studio's floor.
    const place = picture.over ? { ground: false, shadows: look.shadows, transparent: true } : { background: this.floor };
    const view = { camera: picture.camera, look: { ...look, ...place, ...(light && { light }), ...(layers && { layers }) }, ghosts: [], moving };
    return { view, picture };
  }

  /** The colour that a figure stands before. */
  get floor() {
    return colorOf(this, "--studio-floor");
  }

  /** Ask for a new picture: a small one now when something moves, and the large one when it rests. */
  refresh(moving = false) {
    if (!this.isOpen || this.view.width <= 1) return;
    clearTimeout(this.restTimer);
    this.wanted = moving ? "moving" : "rest";
    this.#ask();
  }

  /** One picture is on its way at a time; an edit under way brings its own, until it pauses. */
  async #ask() {
    if (this.asking || this.work.edit?.running || !this.wanted) return;
    const { work } = this;
    const moving = this.wanted === "moving";
    this.wanted = null;
    const { bodies } = work;
    if (!bodies.length) return this.#show(null);
    this.asking = true;
    try {
      await work.load();
      const { view, picture } = this.told(moving);
      const began = performance.now();
      const answer = await work.ask("body_view", { ...view, bodies });
      if (moving) this.pace.note(performance.now() - began, picture.side);
      bodies.forEach((body, i) => work.joints.set(body, answer.joints[i]));
      if (work.bodies.every((body, i) => body === bodies[i])) await this.#show(answer, picture); // else it is of before
      this.lost = false;
    } catch (error) {
      if (!this.lost) work.complain(error); // once, until it is well again
      this.lost = true;
    }
    this.asking = false;
    if (this.wanted) return this.#ask();
    if (moving && !this.lost) this.restTimer = setTimeout(() => this.refresh(), rest);
  }

  async #show(answer, picture) {
    this.note = answer?.note ?? "";
    if (answer?.image) {
      const image = new Image();
      image.src = answer.image;
      await image.decode();
      this.frame = { ...picture, image };
      this.shown = (this.shown ?? 0) + 1;
    } else this.frame = null;
    if (!this.view.aimed && this.points().length) {
      this.view.aimed = true;
      return this.ready("front");
    }
    this.paint();
    this.dispatchEvent(new CustomEvent("shown"));
  }

  // ── painting ──

  paint() {
    if (!this.isOpen) return;
    this.painting ??= requestAnimationFrame(() => {
      this.painting = null;
      paintBackdrop(this, this.back.getContext("2d"));
      this.#paintFront();
      this.painted = (this.painted ?? 0) + 1;
    });
  }

  #paintFront() {
    const ctx = this.front.getContext("2d");
    ctx.clearRect(0, 0, this.view.width, this.view.height);
    paintHandles(this, ctx);
    for (const paint of this.painters) paint(ctx);
  }

  // ── joints ──

  /** Select a joint of a person by name, or nothing. */
  select(joint, index = this.store.active) {
    this.selected = joint;
    if (index !== this.store.active) this.store.activate(index);
    this.store.emit("select");
    this.studio.status(joint ? this.studio.words.jointName(joint) : "");
    this.paint();
  }

  /** Walk through the joints that have handles. */
  step(by) {
    const names = handleJoints(this, this.work.active);
    if (!names.length) return;
    const now = names.indexOf(this.selected);
    this.select(names[(now < 0 ? (by > 0 ? 0 : names.length - 1) : now + by + names.length) % names.length]);
  }

  /** Hold a joint in place while others are dragged, or let it go. */
  pin(joint = this.selected, index = this.store.active) {
    const pins = this.pins[index];
    if (!pins || !joint) return;
    if (!pins.delete(joint)) pins.add(joint);
    this.studio.status(`${this.studio.words.jointName(joint)} · ${pins.has(joint) ? this.words.pinned : this.words.unpinned}`);
    this.dispatchEvent(new CustomEvent("pins"));
    this.paint();
  }

  unpin() {
    this.pins[this.store.active]?.clear();
    this.dispatchEvent(new CustomEvent("pins"));
    this.paint();
  }
}
