// Step three put together: canvas, verbs, inspector, the bar of views, and what is said when there is nobody to pose.

import { boxOf } from "./figure.js";
import { button, fill, h, icon } from "./dom.js";
import { BodyEditor } from "./body_editor.js";
import { BodyExport } from "./body_export.js";
import { addDrawn, addStanding } from "./body_newcomers.js";
import { BodyPanel } from "./body_panel.js";
import { BodyVerbs } from "./body_verbs.js";
import { readyViews } from "./body_view.js";
import { BodyWork, canStand } from "./body_work.js";
import { Lift } from "./lift.js";
import { Flips } from "./flips.js";
import { NaturalPanel } from "./natural.js";
import { paintPerson } from "./paint.js";
import { View } from "./view.js";

const offered = ["contrapposto", "walking", "running", "sitting", "reaching-up", "arabesque", "throwing"]; // to start with
const film = 36; // mm of the longer side
const presently = 1200; // ms after a figure came, until what its body needs is made ready

export const millimetres = (fold) => Math.round(fold * film);

export class BodyStep {
  constructor(studio) {
    this.studio = studio;
    this.store = studio.store;
    this.words = studio.words.body;
    this.work = new BodyWork(studio);
    this.editor = new BodyEditor(studio, this.work);
    this.verbs = new BodyVerbs(studio, this.work, this.editor);
    this.exports = new BodyExport(studio, this.work, this.editor);
    this.lift = new Lift(studio, this.work, this.editor);
    this.natural = new NaturalPanel(this);
    this.flips = new Flips(this);
    this.editor.doubled = (found) => this.flips.opened(found);
    this.panel = new BodyPanel(this);
    this.bar = h("div.views", { role: "toolbar", ariaLabel: this.words.views });
    this.said = h("div.said", { role: "status", hidden: true });
    this.element = h("div.bodystep", { hidden: true }, this.editor.element, this.bar, this.said);
    this.work.addEventListener("rising", () => this.#say());
    this.editor.addEventListener("shown", () => this.#say());
    this.editor.addEventListener("viewed", () => this.#viewed());
    this.editor.addEventListener("touched", () => {
      this.verbs.finish();
      studio.status("");
    });
    this.work.addEventListener("info", () => this.#say());
    this.store.addEventListener("change", () => {
      if (this.isOpen) this.render();
      else this.#foresee();
    });
  }

  get isOpen() {
    return !this.element.hidden;
  }

  enter() {
    if (this.isOpen) return;
    this.element.hidden = false;
    this.editor.open();
    this.render();
    this.studio.guarded(async () => {
      await this.work.stand();
      await this.work.load();
      this.render();
    });
  }

  leave() {
    if (!this.isOpen) return;
    this.editor.cancelGesture();
    this.verbs.cancel();
    this.work.leave();
    this.exports.closePreview();
    this.editor.close();
    this.element.hidden = true;
  }

  /** While the artist still looks at a figure that could stand, the server makes ready what bodies need. */
  #foresee() {
    if (this.work.info || this.foreseen || !this.store.doc.people.some(canStand)) return;
    const ready = async () => (await this.work.load(), this.work.ask("lift_ready", null));
    this.foreseen = setTimeout(() => ready().catch(() => {}), presently); // whoever comes here hears of it
  }

  /** Stand those up who do not stand yet, or not as they are drawn. */
  stand(indices, options) {
    return this.studio.guarded(() => this.work.stand(indices, options));
  }

  render() {
    if (!this.isOpen) return;
    this.#renderBar();
    this.#say();
    this.panel.render();
  }

  /** Give up what is under way; whether there was anything. */
  cancel() {
    return this.isOpen && (this.editor.cancelGesture() || this.verbs.cancel() || this.natural.cancel() || this.exports.closePreview());
  }

  /** Poses for a body from a file. */
  bring(file) {
    if (this.studio.step !== "body") this.studio.goTo("body");
    return this.exports.bring(file);
  }

  /** Which tools have nothing to work on now. */
  get idle() {
    const nobody = this.work.active < 0;
    const no = nobody || !this.editor.selected;
    return { mirror: nobody, otherSide: no, resetPart: nobody, pin: no, duplicate: nobody, delete: !this.store.doc.people.length };
  }

  // ── over the canvas ──

  #renderBar() {
    const { words, editor, studio, work } = this;
    const camera = work.cameraOf();
    const view = (name, run, on) => h(`button.segment${on ? ".on" : ""}`, { type: "button", data: { view: name }, title: `${studio.words.commands[`${name}View`]} (${studio.commands.keysOf(`${name}View`)[0]})`, onclick: run }, words.viewNames[name]);
    this.bar.hidden = !work.standing.length;
    fill(this.bar,
      h("div.segments", {}, camera && view("drawing", () => editor.follow(), Boolean(editor.view.drawn)), Object.keys(readyViews).map((name) => view(name, () => editor.ready(name), false))),
      button("body_draw", studio.words.commands.drawFrom, () => this.verbs.drawFrom(), { text: words.drawFrom, key: studio.commands.keysOf("drawFrom")[0], data: { command: "drawFrom" }, disabled: Boolean(editor.view.drawn) }));
    this.#viewed();
  }

  #viewed() {
    const { editor, bar } = this;
    const drawn = Boolean(editor.view.drawn);
    bar.querySelector("[data-view=drawing]")?.classList.toggle("on", drawn);
    const draw = bar.querySelector("[data-command=drawFrom]");
    if (draw) draw.disabled = drawn;
    const fold = editor.view.lens(this.store.doc.size);
    this.studio.zoomMark.textContent = this.work.standing.length ? `${millimetres(fold)} mm` : "";
    this.panel.showLens(fold);
  }

  /** One line over the canvas: what is under way, what is missing, or why there is no picture. */
  #say() {
    const { work, words, editor } = this;
    const lost = work.standing.length > 0 && (editor.note || work.info?.problem);
    const waiting = work.rising ? [] : work.waiting;
    const none = !this.isEmpty && !work.standing.length && !waiting.length;
    this.said.hidden = !work.rising && !lost && !waiting.length && !none;
    if (work.rising) fill(this.said, icon("body"), h("span", {}, work.info ? words.standing : words.preparing), work.share !== null && h("progress", { max: 1, value: work.share }), h("button.link", { type: "button", onclick: () => this.studio.goTo("pose") }, this.studio.words.photo.cancel));
    else if (waiting.length) fill(this.said, h("span", {}, waiting.every((index) => this.store.doc.people[index].body) ? words.waiting : words.lying), h("button.link", { type: "button", onclick: () => this.stand() }, words.standUp));
    else if (none) fill(this.said, h("span", {}, words.noneStand), h("button.link", { type: "button", onclick: () => this.add() }, words.addStanding));
    else if (lost) fill(this.said, h("span", {}, lost));
  }

  // ── nobody there ──

  get isEmpty() {
    return !this.store.doc.people.length;
  }

  welcome() {
    const { words, studio } = this;
    const poses = offered.map((id) => studio.library.byId(id)).filter(Boolean);
    return h("div.welcome", {}, icon("body"), h("h1", {}, words.emptyTitle), h("p", {}, words.emptyLead),
      h("div.row", {},
        button("plus", words.addStanding, () => this.add(), { text: words.addStanding, className: "primary" }),
        button("library", words.fromLibrary, () => studio.showLibrary(), { text: words.fromLibrary }),
        button("photo", words.fromDrawing, () => studio.goTo("photo"), { text: words.fromDrawing })),
      h("h2", {}, words.emptyPoses),
      h("div.examples", {}, poses.map((pose) => h("button.example", { type: "button", title: pose.title, data: { stand: pose.id }, onclick: () => this.add(pose) }, thumbnail(pose, studio.store), h("span", {}, pose.title)))));
  }

  /** A new figure, at ease or in a pose of the library. */
  add(pose = null) {
    const { work, studio } = this;
    return studio.guarded(async () => {
      await (pose ? addDrawn(work, studio.library.placed(pose)) : addStanding(work));
      this.verbs.include();
    });
  }
}

/** A pose of the library, small. */
export function thumbnail(pose, store) {
  const canvas = h("canvas", { width: 192, height: 240 });
  const ctx = canvas.getContext("2d");
  ctx.scale(2, 2);
  const view = Object.assign(new View(), { width: 96, height: 120 });
  view.fit(boxOf(pose.person), 10);
  paintPerson(ctx, view, pose.person, store.skeletons[pose.skeleton], { index: 0 });
  return canvas;
}

