// Step two, second tab: the pose library and the artist's own poses, with search, previews on the canvas, blend and flip;
// and third tab: references.

import { button, fill, h, icon, refill } from "./dom.js";
import { boxOf, mirrored } from "./figure.js";
import { Mixing } from "./mixing.js";
import { kindOf } from "./own_poses.js";
import { paintPerson } from "./paint.js";
import { drawingStrength, opacitySlider } from "./photo_panel.js";
import { PoseSearch } from "./pose_search.js";
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
    this.alike = new PoseSearch(this);
    this.mixing = new Mixing(this);
    this.search = h("input.search", { type: "search", placeholder: this.words.search, ariaLabel: this.words.search });
    this.search.addEventListener("input", () => ((this.query = this.search.value), this.searched()));
    this.kinds = h("div.segments");
    this.grid = h("div.poses");
    this.grid.addEventListener("scroll", () => (this.scrolled = this.grid.scrollTop));
    this.actions = h("div.actions");
    this.element = h("div.panel", {}, this.search, this.alike.element, this.kinds, this.grid, this.actions);
    for (const type of ["select", "change"]) studio.store.addEventListener(type, () => studio.tab === "library" && this.render());
    studio.own.addEventListener("change", () => this.render());
  }

  render() {
    const { words, studio } = this;
    if (this.element.contains(this.element.getRootNode().activeElement) && this.typing) return;
    const kinds = [[null, words.all], ["person", words.person], ["hand", words.hand], ["animal", words.animal], ["own", studio.words.search.own]];
    refill(this.kinds, kinds.map(([kind, label]) =>
      h(`button.segment${kind === this.kind ? ".on" : ""}`, { type: "button", data: { kind: kind ?? "all" }, onclick: () => ((this.kind = kind), this.searched()) }, label)));
    this.alike.render();
    this.#renderGrid();
    this.#renderActions();
    this.grid.scrollTop = this.scrolled ?? 0; // it is lost wherever the inspector is put together anew
  }

  /** What was looked for has been found, or is not looked for any more. */
  searched() {
    this.scrolled = 0;
    this.render();
  }

  /** The other figures of the drawing: their poses can be taken over like those of the library. */
  get #here() {
    const { store } = this.studio;
    return store.doc.people.map((person, index) => ({ person, index })).filter(({ index }) => index !== store.active).map(({ person, index }) => {
      const title = person.name || `${this.studio.words.figure} ${index + 1}`;
      return { id: `here-${index}`, title, kind: kindOf(person), tags: [this.studio.words.search.here], skeleton: person.skeleton, person, body: person.body, text: title.toLowerCase(), here: true };
    });
  }

  #renderGrid() {
    const { alike } = this;
    const here = alike.found ? [] : this.#here.filter(({ kind, text }) => (!this.kind || kind === this.kind) && text.includes(this.query.toLowerCase()));
    const found = [...here, ...alike.sorted(this.studio.library.search(this.query, this.kind))];
    const chosen = this.chosen && found.find(({ id }) => id === this.chosen.id);
    this.chosen = chosen ?? this.chosen;
    const shown = found.map((pose) => [pose.person, pose.title, alike.of(pose)]).flat();
    if (this.shown && shown.length === this.shown.length && shown.every((one, i) => one === this.shown[i])) return; // the grid stays where it is
    this.shown = shown;
    const none = alike.found ? this.studio.words.search.none : this.kind === "own" && !this.query ? this.studio.words.search.noneOwn : this.words.none;
    refill(this.grid, found.length ? found.map((pose) => this.#tile(pose)) : h("p.hint", {}, none));
  }

  /** Whether a pose is taken as in a mirror: as the artist asked, and as it was found to be alike. */
  flips(pose) {
    return this.flip !== Boolean(this.alike.of(pose)?.mirrored);
  }

  #thumbnail(pose) {
    const flip = Boolean(this.alike.of(pose)?.mirrored);
    const known = this.thumbnails.get(pose.id + flip);
    if (known?.person === pose.person) return known.canvas;
    const canvas = thumbnail(pose, this.studio.store.skeletons[pose.skeleton], flip);
    this.thumbnails.set(pose.id + flip, { person: pose.person, canvas });
    return canvas;
  }

  #tile(pose) {
    const match = this.alike.of(pose);
    const title = `${pose.title}: ${match ? this.alike.said(match) : pose.tags.join(", ")}`.replace(/: $/, "");
    const tile = h(`button.pose${pose.id === this.chosen?.id ? ".on" : ""}`, { type: "button", title, data: { pose: pose.id } },
      this.#thumbnail(pose), match && this.alike.mark(match), match?.turned && icon("turned"), h("span", {}, pose.title));
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
    return library.applied(pose, target, this.#joints, { flip: this.flips(pose), blend: this.blend });
  }

  /** Show what the pose would make of the figure. */
  #try(pose) {
    const { editor, library, step, tab } = this.studio;
    const shown = pose && step === "pose" && tab === "library";
    if (shown && this.mixing.takes(pose)) return void this.mixing.try(pose);
    this.mixing.drop();
    editor.ghost = shown ? (this.#result(pose) ?? library.placed(pose, this.flips(pose))) : null;
    editor.paint();
  }

  /** What is to be taken of the chosen pose has changed. */
  retry() {
    this.#try(this.chosen);
    this.#renderActions();
  }

  #renderActions() {
    if (this.studio.tab !== "library") return;
    const { words, chosen, mixing } = this;
    const target = this.studio.store.doc.people[this.studio.store.active];
    if (!chosen) return refill(this.actions, h("p.hint", {}, words.help));
    const mixes = mixing.takes(chosen);
    return refill(this.actions,
      h("div.row", {}, chosen.own ? this.#name(chosen) : h("strong.grow", {}, chosen.title),
        chosen.own && button("trash", this.studio.words.search.remove, () => this.#remove(chosen))),
      this.alike.of(chosen)?.turned && !mixes && h("p.hint", {}, this.studio.words.search.turnedHelp),
      mixing.chips(chosen),
      h("div.row", {},
        opacitySlider(words.blend, this.blend, (value) => ((this.blend = value), this.#try(chosen))),
        h("label.choice", {}, h("input", { type: "checkbox", checked: this.flip, onchange: (event) => ((this.flip = event.target.checked), this.#try(chosen)) }), words.flip)),
      h("div.row.wrap", {},
        target && h("button.primary", { type: "button", onclick: () => this.#apply() }, mixes ? this.studio.words.mixing.apply : this.#joints ? words.applySelection : words.apply),
        !mixes && h("button", { type: "button", onclick: () => this.#add() }, words.add)));
  }

  /** The name of one of the artist's own poses, to be changed. */
  #name(pose) {
    const input = h("input.name.grow", { value: pose.title, ariaLabel: this.studio.words.search.rename, maxLength: 40 });
    input.addEventListener("focus", () => (this.typing = true));
    input.addEventListener("blur", () => (this.typing = false));
    input.addEventListener("change", () => ((this.typing = false), this.studio.own.rename(pose.id, input.value)));
    return input;
  }

  /** The active figure's pose among the artist's own. */
  keep() {
    const { studio } = this;
    return studio.guarded(async () => {
      const kept = await studio.own.keep(studio.store.doc.people[studio.store.active]);
      if (kept) studio.toast(studio.words.search.kept);
    });
  }

  #remove(pose) {
    this.chosen = null;
    this.#try(null);
    return this.studio.own.remove(pose.id);
  }

  #apply() {
    const { studio, chosen } = this;
    const { store } = studio;
    if (!store.doc.people.length) return this.#add();
    if (this.mixing.takes(chosen)) return this.mixing.apply(chosen);
    const result = this.#result(chosen);
    if (!result) return studio.toast(this.words.kindClash);
    studio.editor.ghost = null;
    return store.commit(studio.words.steps.library, store.withPerson(store.active, result));
  }

  #add() {
    this.studio.editor.ghost = null;
    this.studio.library.add(this.studio.library.placed(this.chosen, this.flips(this.chosen)));
  }
}

function thumbnail(pose, skeleton, flip) {
  const ratio = 2;
  const canvas = h("canvas", { width: side * ratio, height: side * ratio });
  const ctx = canvas.getContext("2d");
  ctx.scale(ratio, ratio);
  const view = Object.assign(new View(), { width: side, height: side });
  const person = flip ? mirrored(pose.person, skeleton) : pose.person;
  view.fit(boxOf(person), 9);
  paintPerson(ctx, view, person, skeleton, { index: 0 });
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
