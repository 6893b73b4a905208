// Step two, second tab: the pose library with search, previews on the canvas, blend and flip; and third tab: references.

import { button, fill, h } from "./dom.js";
import { boxOf } from "./figure.js";
import { paintPerson } from "./paint.js";
import { drawingStrength, opacitySlider } from "./photo_panel.js";
import { View } from "./view.js";

const side = 96;

export class LibraryPanel {
  constructor(studio) {
    this.studio = studio;
    this.words = studio.words.library;
    this.query = "";
    this.kind = null;
    this.flip = false;
    this.blend = 1;
    this.chosen = null;
    this.thumbnails = new Map();
    this.element = h("div.panel");
    studio.store.addEventListener("select", () => this.#renderActions());
    studio.store.addEventListener("change", () => this.#renderActions());
  }

  render() {
    const { words } = this;
    const search = h("input.search", { type: "search", placeholder: words.search, ariaLabel: words.search, value: this.query });
    search.addEventListener("input", () => ((this.query = search.value), this.#renderGrid()));
    const kinds = [[null, words.all], ["person", words.person], ["hand", words.hand], ["animal", words.animal]];
    const segments = h("div.segments", {}, kinds.map(([kind, label]) =>
      h(`button.segment${kind === this.kind ? ".on" : ""}`, { type: "button", onclick: () => ((this.kind = kind), this.render()) }, label)));
    this.grid = h("div.poses");
    this.actions = h("div.actions");
    fill(this.element, search, segments, this.grid, this.actions);
    this.#renderGrid();
    this.#renderActions();
  }

  #renderGrid() {
    const found = this.studio.library.search(this.query, this.kind);
    fill(this.grid, found.length ? found.map((pose) => this.#tile(pose)) : h("p.hint", {}, this.words.none));
  }

  #tile(pose) {
    const { studio } = this;
    if (!this.thumbnails.has(pose.id)) this.thumbnails.set(pose.id, thumbnail(pose, studio.store.skeletons[pose.skeleton]));
    const tile = h(`button.pose${pose === this.chosen ? ".on" : ""}`, { type: "button", title: `${pose.title}: ${pose.tags.join(", ")}`, data: { pose: pose.id } },
      this.thumbnails.get(pose.id), h("span", {}, pose.title));
    tile.addEventListener("pointerenter", () => this.#try(pose));
    tile.addEventListener("focus", () => this.#try(pose));
    for (const type of ["pointerleave", "blur"]) tile.addEventListener(type, () => this.#try(this.chosen));
    tile.addEventListener("click", () => {
      this.chosen = pose;
      for (const other of this.grid.children) other.classList.toggle("on", other === tile);
      this.#try(pose);
      this.#renderActions();
    });
    tile.addEventListener("dblclick", () => this.#apply());
    return tile;
  }

  get #joints() {
    const joints = this.studio.store.jointsOf(this.studio.store.active);
    return joints.length > 1 ? joints : null; // one joint is no part to pose: the whole figure is meant
  }

  /** The active figure as this pose would make it; null when they do not fit. */
  #result(pose) {
    const { store, library } = this.studio;
    const target = store.doc.people[store.active];
    if (!target) return null;
    const human = store.skeletonOf(target).name !== "ap10k17";
    if (human === (pose.kind === "animal")) return null;
    return library.applied(pose, target, this.#joints, this);
  }

  #try(pose) {
    const { editor, library, step, tab } = this.studio;
    editor.ghost = pose && step === "pose" && tab === "library" ? (this.#result(pose) ?? library.placed(pose, this.flip)) : null;
    editor.paint();
  }

  #renderActions() {
    if (!this.actions || this.studio.tab !== "library") return;
    const { words, chosen } = this;
    const target = this.studio.store.doc.people[this.studio.store.active];
    if (!chosen) return fill(this.actions, h("p.hint", {}, words.help));
    return fill(this.actions,
      h("strong", {}, chosen.title),
      h("div.row", {},
        opacitySlider(words.blend, this.blend, (value) => ((this.blend = value), this.#try(chosen))),
        h("label.choice", {}, h("input", { type: "checkbox", checked: this.flip, onchange: (event) => ((this.flip = event.target.checked), this.#try(chosen)) }), words.flip)),
      h("div.row.wrap", {},
        target && h("button.primary", { type: "button", onclick: () => this.#apply() }, this.#joints ? words.applySelection : words.apply),
        h("button", { type: "button", onclick: () => this.#add() }, words.add)));
  }

  #apply() {
    const { studio, chosen } = this;
    const { store } = studio;
    if (!store.doc.people.length) return this.#add();
    const result = this.#result(chosen);
    if (!result) return studio.toast(this.words.kindClash);
    studio.editor.ghost = null;
    return store.commit(studio.words.steps.library, store.withPerson(store.active, result));
  }

  #add() {
    this.studio.editor.ghost = null;
    this.studio.library.add(this.studio.library.placed(this.chosen, this.flip));
  }
}

function thumbnail(pose, skeleton) {
  const ratio = 2;
  const canvas = h("canvas", { width: side * ratio, height: side * ratio });
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  const view = Object.assign(new View(), { width: side, height: side });
  view.fit(boxOf(pose.person), 9);
  paintPerson(ctx, view, pose.person, skeleton, { index: 0 });
  return canvas;
}

export class ReferencesPanel {
  constructor(studio) {
    this.studio = studio;
    this.words = studio.words.references;
    this.element = h("div.panel");
    studio.store.addEventListener("change", () => this.render());
  }

  render() {
    const { studio, words } = this;
    if (studio.tab !== "references") return;
    const { photo } = studio.store.doc;
    fill(this.element, photo && h("section", {}, h("h2", {}, studio.words.photo.title), drawingStrength(studio)), h("section", {},
      h("h2", {}, words.title), h("p.hint", {}, words.help),
      studio.store.doc.references.map((one, i) => this.#reference(one, i)),
      button("plus", words.add, () => studio.files.chooseReference(), { text: words.add })));
  }

  #reference(one, index) {
    const { studio, words } = this;
    const { store, editor } = studio;
    const change = (values, done = true) => {
      const references = store.doc.references.map((other, i) => (i === index ? { ...other, ...values } : other));
      const doc = { ...store.doc, references };
      if (done) store.commit(studio.words.steps.reference, doc);
      else store.preview(doc);
    };
    const moving = editor.movingReference === index;
    return h("div.reference", {},
      h("div.row", {}, h("strong.grow", {}, one.name),
        button("move", words.move, () => ((editor.movingReference = moving ? undefined : index), this.render()), { className: moving ? "on" : "" }),
        button(one.visible ? "eye" : "eyeoff", words.show, () => change({ visible: !one.visible })),
        button("trash", words.remove, () => {
          editor.movingReference = undefined;
          store.commit(words.remove, { ...store.doc, references: store.doc.references.filter((_, i) => i !== index) });
        })),
      opacitySlider(words.opacity, one.opacity, (value, done) => change({ opacity: value }, done)),
      opacitySlider(words.size, one.scale, (value, done) => change({ scale: value }, done), { min: 0.05, max: 3 }));
  }
}
