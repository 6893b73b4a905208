// Step four put together: what to paint and how in the inspector, the easel over the drawing, and what is said when nobody is there.

import { thumbnail } from "./body_step.js";
import { button, fill, h, icon } from "./dom.js";
import { PainterMenu } from "./painter_menu.js";
import { PictureEncoding } from "./picture_encoding.js";
import { Gallery } from "./picture_gallery.js";
import { PicturePhoto } from "./picture_photo.js";
import { PicturePrompt } from "./picture_prompt.js";
import { PictureSettings } from "./picture_settings.js";
import { PictureWork } from "./picture_work.js";
import { emptyDocument } from "./store.js";

const offered = ["contrapposto", "twirl", "running", "thinker", "reaching-up", "guitar", "flying"]; // to start with
const kept = "contrapposto-checks";
const animal = "ap10k17";

export class PictureStep extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.store = studio.store;
    this.words = studio.words.painting;
    this.checks = localStorage.getItem(kept) !== "false";
    this.view = "drawing";
    this.strip = 0; // px that the gallery's strip takes of the stage
    this.key = "Ctrl+Enter";
    this.painters = new PainterMenu(this);
    this.encoding = new PictureEncoding(this);
    this.prompt = new PicturePrompt(this);
    this.settings = new PictureSettings(this);
    this.work = new PictureWork(this);
    this.views = h("div.segments");
    this.easel = h("div.easel", {}, this.work.page, this.encoding.page, h("div.views", { role: "toolbar", ariaLabel: this.words.views }, this.views));
    this.gallery = new Gallery(this);
    this.photo = new PicturePhoto(studio, this);
    this.easel.prepend(this.gallery.large);
    this.element = h("div.picturestep", { hidden: true }, this.easel, this.gallery.element);
    this.panel = { element: h("div.panel.paints", { onkeydown: (event) => this.#key(event) },
      this.prompt.element, this.photo.element, this.settings.element, this.painters.element, this.settings.more, this.work.bar) };
    this.settings.more.addEventListener("toggle", () => this.encoding.render());
    for (const type of ["change", "kept"]) this.store.addEventListener(type, () => this.#follow());
    this.painters.addEventListener("change", () => this.#follow());
    this.addEventListener("heard", () => this.settings.render());
  }

  // ── what is asked for ──

  /** The whole request, as the document has it or as it would be: of the drawing's shape. */
  get request() {
    const { size = this.settings.sizes.drawing, guidance = this.painters.guidance } = this.store.doc.request ?? {};
    return { ...this.asked, size, guidance };
  }

  /** The request but for its size and guidance, which hang on the painter. */
  get asked() {
    return { ...this.studio.config.request, ...this.store.doc.request };
  }

  /** Change some of what is asked for; it is kept with the work, and is no step of undo. */
  set(fields) {
    const { request } = this;
    // What hung on the painter until now is kept from here on, and goes along with it all the same.
    if (!this.store.doc.request) Object.assign(this.followed ?? {}, { size: request.size, guidance: request.guidance });
    this.store.keep({ request: { ...request, ...fields } });
  }

  /** Ask for exactly what was asked for before; the number of the throw is meant. */
  take(request) {
    this.settings.lock(true);
    this.set(request);
  }

  setChecks(on) {
    this.checks = on;
    localStorage.setItem(kept, String(on));
  }

  /** The figures and what is asked for, as the server reads them: without pictures and bodies. */
  get document() {
    const { size, people } = this.store.doc;
    return { ...emptyDocument(size), people: people.map((person) => ({ ...person, body: null })), request: this.request };
  }

  /** Whether people, animals or both are there to be painted. */
  get kinds() {
    return [...new Set(this.store.doc.people.map(({ skeleton }) => (skeleton === animal ? "animal" : "human")))];
  }

  get busy() {
    return Boolean(this.work.job);
  }

  paint() {
    return this.work.paint();
  }

  cancel() {
    this.work.cancel();
  }

  /** A size that was the drawing's goes along with the drawing, and with what its painter is used to; so does guidance that was as usual. */
  #follow() {
    const { size, guidance } = this.store.doc.request ?? {};
    const before = this.followed;
    const shape = this.settings.sizes.drawing;
    const usual = this.painters.guidance;
    this.followed = { size, shape, guidance, usual };
    const along = {};
    if (size && size === before?.size && size.join() === before.shape.join() && size.join() !== shape.join()) along.size = shape;
    if (guidance === before?.guidance && guidance === before?.usual && guidance !== usual) along.guidance = usual;
    if (Object.keys(along).length) return this.set(along);
    this.render();
    this.dispatchEvent(new Event("request"));
  }

  // ── on the page ──

  /** Something that is told by its name alone has changed. */
  changed(what) {
    this.render();
    this.dispatchEvent(new Event(what));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  get isEmpty() {
    return !this.store.doc.people.length && !this.gallery.any;
  }

  enter() {
    if (this.isOpen) return;
    this.element.hidden = false;
    this.painters.refresh();
    this.show(this.view);
    this.gallery.render();
  }

  leave() {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.photo.show?.(false);
    this.fit();
  }

  render() {
    if (!this.isOpen) return;
    this.prompt.render();
    this.settings.render();
    this.painters.render();
    this.encoding.render();
    this.work.render();
    this.#renderViews();
  }

  /** Put on the easel: drawing | picture | work | reads. */
  show(view) {
    this.view = (view === "picture" && !this.gallery.any) || (view === "work" && !this.busy) ? "drawing" : view;
    const pages = { work: this.work.page, reads: this.encoding.page, picture: this.gallery.large };
    for (const [name, page] of Object.entries(pages)) if (page) page.hidden = name !== this.view;
    this.studio.element.dataset.easel = this.view;
    this.studio.editor.element.inert = this.covers;
    this.photo.show?.(this.isOpen && this.view === "drawing");
    this.render();
    this.fit();
    this.dispatchEvent(new Event("view"));
  }

  /** Whether something lies over the drawing. */
  get covers() {
    return this.isOpen && this.view !== "drawing";
  }

  /** The drawing has the room that the strip of pictures leaves. */
  fit() {
    const { stage, editor } = this.studio;
    const strip = this.isOpen ? this.gallery.element.offsetHeight : 0; // of a hidden one: 0
    if (strip === this.strip) return;
    this.strip = strip;
    stage.style.setProperty("--strip", `${strip}px`);
    editor.resized();
    editor.fit();
  }

  #renderViews() {
    const { words } = this;
    const there = { drawing: true, reads: this.kinds.length > 0 && !this.painters.alone, work: this.busy, picture: this.gallery.any };
    const now = JSON.stringify([there, this.view]);
    if (now === this.viewsShown) return;
    this.viewsShown = now;
    const names = Object.keys(words.viewNames).filter((name) => there[name]);
    this.views.hidden = names.length < 2;
    fill(this.views, names.map((name) => h(`button.segment${name === this.view ? ".on" : ""}`, { type: "button", ariaPressed: String(name === this.view), data: { view: name }, onclick: () => this.show(name) }, words.viewNames[name])));
  }

  #key(event) {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    this.paint();
  }

  /** Back to the drawing; whether there was anything before it. */
  escape() {
    if (!this.isOpen || this.view === "drawing" || this.busy) return false;
    this.show("drawing");
    return true;
  }

  // ── nobody there ──

  welcome() {
    const { words, studio } = this;
    const poses = offered.map((id) => studio.library.byId(id)).filter(Boolean);
    return h("div.welcome", {}, icon("picture"), h("h1", {}, words.emptyTitle), h("p", {}, words.emptyLead),
      h("div.row", {},
        button("photo", studio.words.body.fromDrawing, () => studio.goTo("photo"), { text: studio.words.body.fromDrawing, className: "primary" }),
        button("library", studio.words.body.fromLibrary, () => studio.showLibrary(), { text: studio.words.body.fromLibrary })),
      h("h2", {}, words.emptyPoses),
      h("div.examples", {}, poses.map((pose) => h("button.example", { type: "button", title: pose.title, data: { add: pose.id }, onclick: () => studio.library.add(studio.library.placed(pose)) }, thumbnail(pose, this.store), h("span", {}, pose.title)))));
  }
}
