// The live body of the Pose step: it follows the joint that is dragged, the latest place first, and goes into the drag's own step.

import { canStand } from "./body_work.js";
import { drawn, sameDrawing } from "./figure.js";
import { LiveInset } from "./live_inset.js";
import { LiveOverlay } from "./live_overlay.js";
import { Refusal } from "./server.js";
import { bounds } from "./space.js";
import { emptyDocument } from "./store.js";
import { freshKey } from "./vault.js";

const rest = 140; // ms without a change until the fine pictures are asked for
const patience = 60; // ms until a gesture under way is looked at again

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class LiveBody {
  constructor(studio) {
    this.studio = studio;
    this.store = studio.store;
    this.work = studio.body.work;
    this.words = studio.words.live;
    this.coarse = null; // pictures in haste: "now" they are shown, "late" finer ones are due
    this.held = null; // {index, drawing, body, camera}: the body that is shown, and the drawing it stands for
    this.inset = new LiveInset(studio);
    this.element = this.inset.element;
    this.overlay = new LiveOverlay(studio.editor);
    this.inset.addEventListener("seen", () => this.look());
    this.inset.addEventListener("over", () => this.#layOver(!this.overlay.on));
    this.overlay.addEventListener("seen", () => this.look());
    this.inset.addEventListener("open", () => this.#enter());
    this.inset.addEventListener("close", () => this.toggle(false));
    this.work.offer = (person, camera) => this.#offer(person, camera);
    studio.editor.front.addEventListener("pointermove", (event) => this.inset.giveWay(event, Boolean(this.store.draft)));
    for (const type of ["change", "preview", "select"]) this.store.addEventListener(type, () => this.refresh());
    this.store.addEventListener("stepped", () => (this.seen = this.store.doc)); // undo brings back what was, and no more
    this.#layOver(this.overlay.on);
  }

  get isOpen() {
    return Boolean(this.studio.editor.liveBody);
  }

  get isShown() {
    return this.isOpen && this.studio.step === "pose";
  }

  toggle(open = !this.isOpen) {
    this.studio.editor.liveBody = open; // where the tool bar reads it
    this.seen = this.store.doc;
    if (!open) this.#giveUp();
    this.studio.refresh();
  }

  /** Come or go with the step; called whenever the page is refreshed. */
  render() {
    const shown = this.isShown;
    if (this.element.hidden === !shown) return;
    this.element.hidden = !shown;
    if (shown) this.look();
    else {
      this.#giveUp();
      this.overlay.hide();
    }
  }

  // ── what there is to do ──

  /** Make true what is shown; one thing is asked of the server at a time. */
  refresh() {
    if (!this.isShown) return;
    this.#wait();
    this.running ??= this.#run().finally(() => (this.running = null));
  }

  /** Show it anew: looked at from elsewhere, or in another light. */
  look() {
    this.stale = true;
    this.refresh();
  }

  async #run() {
    try {
      if (!this.work.info) this.inset.say(this.words.preparing);
      await this.work.load();
      while (this.isShown && (await this.#next()));
      if (this.isShown) this.#settled();
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      if (this.isShown) this.inset.say(error instanceof Refusal ? error.message : this.studio.words.failed);
    }
  }

  /** The one thing that is most wanted; whether there was any. */
  async #next() {
    const { store, work } = this;
    const index = store.active;
    const person = store.shown.people[index];
    if (!person || !canStand(person)) return this.#nobody(person);
    const drawing = drawn(person);
    this.#adopt(person, index, drawing);
    const { held } = this;
    if (held && sameDrawing(held.drawing, drawing)) return this.stale || this.coarse === "late" ? this.#see(person) : false;
    if (this.refused && sameDrawing(this.refused, drawing)) return false;
    const camera = held?.camera ?? work.cameraOf();
    const start = held?.body ?? person.body;
    try {
      if (start && camera) await this.#follow(person, index, drawing, start, camera);
      else await this.#lift(person, index, drawing, camera);
      this.refused = null;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.refused = drawing; // the last body stays, until the drawing is another
      this.inset.say(error.message);
    }
    return true;
  }

  #nobody(person) {
    this.held = null;
    this.inset.image.hidden = true;
    this.overlay.hide();
    this.inset.say(person ? this.studio.words.body.cannotStand : this.words.nobody);
    return false;
  }

  /** What the document knows of the figure comes before what is known here. */
  #adopt(person, index, drawing) {
    const { store, work, held } = this;
    const camera = work.cameraOf();
    if (held && (held.index !== index || (camera && !same(held.camera, camera)))) this.held = null;
    if (!person.body || !camera || this.held?.body === person.body) return;
    const known = work.inStep.get(person.body);
    const tried = store.draft && person.body !== store.doc.people[index]?.body; // a choice that is pointed at
    if (tried || (known && sameDrawing(known, drawing))) this.#hold(index, drawing, person.body, camera, true);
  }

  /** `stale`: pictures of it are still to come. */
  #hold(index, drawing, body, camera, stale) {
    if (this.held?.index !== index) this.inset.framed = false;
    this.held = { index, drawing, body, camera };
    this.stale = stale || !this.inset.framed;
  }

  // ── asking ──

  #alone(person, body, camera) {
    return { ...emptyDocument(this.store.doc.size), people: [{ ...person, body }], camera };
  }

  async #follow(person, index, drawing, start, camera) {
    const answer = await this.work.ask("body_follow", { document: this.#alone(person, start, camera), views: this.#views(true, person, camera) });
    if (!this.isShown || this.store.active !== index) return;
    this.#hold(index, drawing, answer.body, camera, false);
    this.inset.say(answer.note);
    await this.#show(answer.views, true);
  }

  /** A first body for the figure, or another one where the old cannot follow. */
  async #lift(person, index, drawing, camera) {
    const job = (this.job = freshKey());
    const progress = ({ fraction = null } = {}) => this.job === job && this.inset.say(this.words.reading, { share: fraction, cancel: () => this.toggle(false) });
    progress();
    const answer = await this.work.read([{ ...person, body: null }], { camera, job, progress });
    if (this.job !== job || !answer) return;
    this.job = null;
    const [{ readings, note }] = answer.figures;
    if (!readings.length) throw new Refusal(note);
    this.inset.say(note);
    if (this.store.active !== index) return;
    this.#hold(index, drawing, readings[0].body, answer.camera, true);
  }

  /** Pictures of the body that is held. */
  async #see(person) {
    const { held } = this;
    const moving = this.coarse !== "late";
    this.stale = false;
    const joints = this.work.joints.get(held.body);
    if (!this.inset.framed) this.inset.frame(person, held.camera, joints, this.#sides(joints));
    const answer = await this.work.ask("body_follow", { document: this.#alone(person, held.body, held.camera), still: true, views: this.#views(moving, person, held.camera) });
    if (!this.isShown || this.held !== held) return true;
    await this.#show(answer.views, moving);
    if (!this.inset.framed) this.stale = true; // now that its joints are known
    return true;
  }

  #sides(joints) {
    const { at } = this.work.info;
    return joints && ["hip", "shoulder"].map((name) => [joints[at[`left_${name}`]], joints[at[`right_${name}`]]]);
  }

  #views(moving, person, camera) {
    const { layers, light, colors } = this.studio.body.editor.look;
    const look = { ...(layers && { layers }), ...(light && { light }), colors };
    if (!this.inset.framed && !this.held) this.inset.frame(person, camera, null);
    return [this.inset.told(moving, look), ...(this.overlay.on ? [this.overlay.told(moving, look, camera)] : [])];
  }

  async #show(views, moving) {
    const { held } = this;
    const [inset, over] = views;
    if (inset.joints[0]) {
      this.work.joints.set(held.body, inset.joints[0]);
      this.inset.pivot = bounds(inset.joints[0]).middle;
    }
    if (inset.note) this.inset.say(inset.note);
    this.coarse = moving ? "now" : null;
    await Promise.all([inset.image && this.inset.show(inset.image), over?.image && this.overlay.show(over.image)]);
    this.shown = (this.shown ?? 0) + 1; // for tests and the curious
  }

  /** All is as it should be: what is owed is written, and fine pictures come a moment later. */
  #settled() {
    const { held, store } = this;
    const person = store.shown.people[store.active];
    if (!held || !person) return;
    if (this.#busy) return this.#wait(patience);
    this.#write();
    const joints = this.work.joints.get(held.body);
    if (this.inset.framed && this.inset.aim && joints && !this.inset.holds(person, joints)) {
      this.inset.framed = false;
      return this.look();
    }
    if (this.coarse === "now") this.#wait(rest, "late");
  }

  /** Look again in so many ms; without, no more. */
  #wait(ms = null, coarse = this.coarse) {
    clearTimeout(this.timer);
    const again = () => ((this.coarse = coarse), this.refresh());
    this.timer = ms === null ? null : setTimeout(again, ms);
  }

  // ── into the work ──

  /** Whether a gesture is under way, or something is only being tried. */
  get #busy() {
    const { store, studio } = this;
    return Boolean(store.draft || studio.editor.gesture || studio.closer.editor.gesture || studio.tray?.isOpen);
  }

  /** The step that changed the drawing holds the body that followed it. Looking alone changes nothing. */
  #write() {
    const { store, held, work } = this;
    const person = store.doc.people[held.index];
    const looked = store.doc === this.seen;
    this.seen = store.doc;
    if (looked || !person || person.body === held.body || !sameDrawing(held.drawing, drawn(person))) return;
    work.inStep.set(held.body, held.drawing);
    const camera = work.cameraOf() ?? held.camera;
    store.amend({ ...store.withPerson(held.index, { ...person, body: held.body }), camera });
    this.seen = store.doc;
  }

  /** What stands for a person's drawing already in the eyes of a camera (null: any): {body, camera}, or null. */
  #offer(person, camera) {
    const { held } = this;
    return this.isOpen && held && (!camera || same(camera, held.camera)) && sameDrawing(held.drawing, drawn(person)) ? held : null;
  }

  #giveUp() {
    this.#wait();
    if (this.job) this.studio.server.functions.cancel_job(this.job);
    this.job = null;
  }

  /** Into the Body step, seen as it was seen here. */
  #enter() {
    const { yaw, pitch, drawn: straight } = this.inset.view;
    const { body } = this.studio;
    this.studio.goTo("body");
    if (straight || !body.editor.points().length) return;
    body.editor.view.free([0, 0.9, 0]);
    Object.assign(body.editor.view, { yaw, pitch, roll: 0 });
    body.editor.fit();
  }

  #layOver(on) {
    this.overlay.turn(on);
    this.inset.overButton.classList.toggle("on", on);
    this.inset.overButton.ariaPressed = String(on);
    this.look();
  }
}
