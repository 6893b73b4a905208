// Whether the photo is painted over, how much of it may change, and where. What is chosen lies with the document.

import { h, refill } from "./dom.js";
import { maskFile, partsOf } from "./mask_marks.js";
import { PictureMask } from "./picture_mask.js";
import { Refusal } from "./server.js";

const uses = ["off", "over", "mask"];

export class PicturePhoto {
  /** `step` is the Picture step: {asked, set(part), show(view), isOpen} and its `easel`. */
  constructor(studio, step) {
    Object.assign(this, { studio, step, store: studio.store });
    this.words = studio.words.usePhoto;
    this.mask = new PictureMask(studio);
    this.body = h("div.body");
    this.summary = h("span");
    this.element = h("details.more.usephoto", {}, h("summary", {}, h("h2", {}, this.words.title), this.summary), this.body);
    this.slider = this.#slider();
    this.drawn = false; // whether the drawing is on the easel
    step.easel.append(this.mask.bar);
    for (const type of ["change", "kept"]) this.store.addEventListener(type, () => this.render());
  }

  /** The drawing is on the easel now, or is not. */
  show(drawn) {
    this.drawn = drawn;
    this.render();
  }

  /** off: from the pose alone; over: all of the photo is painted over; mask: only what the mask lays open. */
  get use() {
    return this.store.doc.photo ? (this.store.doc.use ?? "off") : "off";
  }

  choose(use) {
    this.store.keep({ use });
    this.render();
    if (use !== "mask") return;
    this.step.show("drawing");
    this.studio.editor.front.focus({ preventScroll: true });
  }

  /** The photo and the mask as files on the server, null what is not used; Refusal when nothing is laid open. */
  async sent() {
    const { files, server, words } = this.studio;
    const { doc } = this.store;
    if (this.use === "off") return { photo: null, mask: null };
    const mask = this.use === "mask" ? await maskFile(doc.mask ?? [], doc.size) : null;
    if (this.use === "mask" && !mask) throw new Refusal(words.usePhoto.nothing);
    return { photo: await files.pictureFile(doc.photo.key, "photo.png"), mask: mask && (await server.upload(mask, "mask.png")) };
  }

  // ── the inspector ──

  render() {
    const { step, words, use } = this;
    this.mask.show(this.drawn && use === "mask");
    if (!step.isOpen) return;
    const { photo } = this.store.doc;
    this.summary.textContent = words[use];
    this.slider.set(step.asked.change);
    refill(this.body, () => [this.#uses(), !photo && this.#none(), use !== "off" && this.slider.element, use === "mask" && this.#around()]);
  }

  #uses() {
    const { words } = this;
    const { photo } = this.store.doc;
    return h("div.segments", { role: "radiogroup", ariaLabel: words.title }, uses.map((name) =>
      h(`button.segment${name === this.use ? ".on" : ""}`, { type: "button", role: "radio", ariaChecked: String(name === this.use), title: words.help[name],
        disabled: !photo && name !== "off", data: { use: name }, onclick: () => this.choose(name) }, words[name])));
  }

  #none() {
    const { words, studio } = this;
    return h("p.hint", {}, `${words.none} `, h("button.link", { type: "button", onclick: () => studio.goTo("photo") }, words.open));
  }

  #slider() {
    const { words } = this;
    const input = h("input", { type: "range", name: "change", min: 5, max: 100, step: 1, ariaLabel: words.change });
    const value = h("span.value", { ariaHidden: "true" });
    const tell = () => (value.textContent = `${input.value} %`);
    input.addEventListener("input", tell);
    input.addEventListener("change", () => this.step.set({ change: Number(input.value) / 100 }));
    const set = (change) => {
      if (input.matches(":active")) return;
      input.value = Math.round(100 * change);
      tell();
    };
    return { set, element: h("label.slider.valued", {}, h("span", {}, words.change), value, input,
      h("span.ends", { ariaHidden: "true" }, h("small", {}, words.kept), h("small", {}, words.anew))) };
  }

  /** Shapes to lay around the figures; several figures are told apart by their names. */
  #around() {
    const { words, studio, store, mask } = this;
    const { people } = store.doc;
    const chip = (person, part) => h("button.chip", { type: "button", data: { around: part }, onclick: () => mask.around(part, person) }, words.parts[part]);
    const row = (person, index) => h("div.field", {},
      h("span", {}, people.length > 1 ? `${words.around} ${person.name || `${studio.words.figure} ${index + 1}`}` : words.around),
      h("div.chips", {}, [...partsOf(person, store.skeletonOf(person)), "background"].map((part) => chip(person, part))));
    return h("div.field", {}, h("p.hint", {}, words.paint), people.map(row));
  }
}
