// Step one: the drawing, who is in it, and finding their pose.

import { button, fill, h, refill, worded } from "./dom.js";
import { boxOf } from "./figure.js";
import { ModelMenu } from "./model_menu.js";
import { hueOf, paintPerson, uncertain } from "./paint.js";
import { View } from "./view.js";

export class PhotoPanel {
  constructor(studio) {
    this.studio = studio;
    this.words = studio.words.photo;
    this.where = "everywhere";
    this.models = new ModelMenu(studio);
    this.models.addEventListener("change", () => this.#allow());
    this.places = ["everywhere", "boxes", "whole"].map((value) => h("input", { type: "radio", name: "where", value, onchange: () => this.look(value) }));
    this.fields = h("fieldset", {}, h("legend", {}, this.words.where), this.places.map((one) => h("label.choice", {}, one, this.words[one.value])));
    this.many = h("button.link.many", { type: "button", onclick: () => studio.contact.show() });
    this.element = h("div.panel");
    this.job = null;
    this.nobody = false;
    studio.addEventListener("job", ({ detail }) => {
      const going = this.job && detail && this.progress?.isConnected;
      this.job = detail;
      this.models.lock(Boolean(detail));
      if (!going) return this.render();
      // In place: a cancel button that is built anew while it is pressed never hears the click.
      this.progress.firstChild.value = detail.fraction ?? 0;
      this.progress.children[1].textContent = detail.text || "…";
    });
    studio.addEventListener("batch", () => this.#tellMany());
    studio.addEventListener("estimated", ({ detail }) => {
      this.nobody = detail.document.people.length === 0;
    });
    studio.editor.addEventListener("boxes", () => this.render());
    studio.store.addEventListener("change", () => {
      if (studio.store.doc.people.length) this.nobody = false;
      this.render();
    });
    studio.store.addEventListener("select", () => this.render());
    this.render();
  }

  render() {
    if (this.studio.step !== "photo") return;
    const { photo } = this.studio.store.doc;
    if (photo || this.studio.contact?.isOpen) this.models.show();
    if (this.studio.contact?.isOpen) refill(this.element, () => h("section", {}, h("h2", {}, this.words.estimate), this.models.element));
    else refill(this.element, () => [this.#drawing(), photo && this.#estimate(), photo && this.#people()]);
  }

  #drawing() {
    const { studio, words } = this;
    const { photo, size } = studio.store.doc;
    this.#tellMany();
    return h("section", {},
      h("h2", {}, words.title, photo && h("small", {}, ` ${size[0]} × ${size[1]}`)),
      h("div.row", {},
        button("open", words.open, () => studio.files.choose("image/*,.json,.zip"), { text: words.open }),
        button("camera", words.camera, () => studio.camera.open(), { text: words.camera })),
      this.many,
      photo && drawingStrength(studio),
    );
  }

  #estimate() {
    const { studio, words } = this;
    const busy = Boolean(this.job);
    this.run = h("button.primary.run", { type: "button", onclick: () => this.#look() }, words.run);
    this.#allow();
    return h("section", {},
      h("h2", {}, words.estimate),
      this.models.element,
      this.fields,
      this.where === "boxes" && h("p.hint", {}, studio.editor.boxes.length ? `${studio.editor.boxes.length} ${words.boxCount} ` : words.drawBoxes,
        studio.editor.boxes.length > 0 && h("button.link", { type: "button", onclick: () => studio.editor.clearBoxes() }, words.clearBoxes)),
      busy
        ? (this.progress = h("div.job", { role: "status" }, h("progress", { max: 1, value: this.job.fraction ?? 0 }), h("span", {}, this.job.text || "…"),
            button("close", words.cancel, () => studio.files.cancel(), { text: words.cancel })))
        : this.run,
      this.nobody && !busy && this.#nobody(),
    );
  }

  /** The way to many pictures, or back to those that are there. */
  #tellMany() {
    const { words, studio } = this;
    const { job, empty, fraction } = studio.batch ?? { empty: true };
    this.many.textContent = job ? worded(words.manyGoing, { n: Math.floor(100 * fraction) }) : empty ? words.many : words.manyBack;
  }

  /** Where this model will look: one that cannot find figures by itself takes the whole picture for everywhere. */
  get looked() {
    return this.models.blind && this.where === "everywhere" ? "whole" : this.where;
  }

  #lookedAt() {
    for (const one of this.places) {
      one.checked = this.looked === one.value;
      one.disabled = Boolean(this.job) || (one.value === "everywhere" && this.models.blind);
    }
  }

  /** Whether the pose can be looked for now; in place, so that the menu stays as it is. */
  #allow() {
    const { words, models } = this;
    if (!this.run) return;
    this.#lookedAt();
    this.run.disabled = !models.ready || (this.where === "boxes" && !this.studio.editor.boxes.length);
    this.run.title = models.ready ? words.run : this.studio.words.models.first;
  }

  #look() {
    return this.studio.files.estimate(this.models.name, this.looked, this.models.options.request);
  }

  /** Choose where to look; drawing boxes takes the box tool. */
  look(where) {
    this.where = where;
    this.studio.editor.tool = where === "boxes" ? "box" : "look";
    this.studio.editor.paint();
    this.render();
  }

  #nobody() {
    const { studio, words } = this;
    return h("div.notice", { role: "alert" }, h("strong", {}, words.none), h("p", {}, words.noneNext),
      h("div.row", {},
        h("button", { type: "button", onclick: () => this.look("boxes") }, words.drawBox),
        h("button", { type: "button", onclick: () => (this.look("whole"), this.#look()) }, words.takeWhole),
        h("button", { type: "button", onclick: () => studio.showLibrary() }, words.fromLibrary)));
  }

  #people() {
    const { studio, words } = this;
    const { people } = studio.store.doc;
    return h("section", {},
      h("h2", {}, words.people, people.length > 0 && h("small", {}, ` ${people.length}`)),
      !people.length && !this.nobody && h("p.hint", {}, words.nobody),
      h("div.people", {}, people.map((person, index) => this.#person(person, index))),
      people.length > 0 && h("button.primary", { type: "button", onclick: () => studio.goTo("pose") }, words.edit));
  }

  #person(person, index) {
    const { studio, words } = this;
    const { store } = studio;
    const low = person.scores.filter((score, i) => person.sources[i] === "model" && person.states[i] !== "missing" && score < uncertain).length;
    const name = person.name || `${studio.words.figure} ${index + 1}`;
    return h(`div.person${index === store.active ? ".on" : ""}`, { style: { borderLeftColor: `hsl(${hueOf(index)} 60% 55%)` } },
      h("button.thumb", { type: "button", title: name, onclick: () => (store.activate(index), studio.editor.fit(grown(boxOf(person), 0.25))) }, this.#thumbnail(person, index)),
      h("div", {}, h("strong", {}, name), h("small", {}, low ? `${low} ${words.uncertain}` : studio.words.skeletons[person.skeleton])),
      button("trash", studio.words.steps.delete, () => store.remove(studio.words.steps.delete, [index])));
  }

  #thumbnail(person, index) {
    const { store, vault } = this.studio;
    const canvas = h("canvas", { width: 128, height: 128 });
    const ctx = canvas.getContext("2d");
    const view = Object.assign(new View(), { width: 128, height: 128 });
    view.fit(boxOf(person) ?? [0, 0, ...store.doc.size], 10);
    const image = vault.picture(store.doc.photo?.key)?.bitmap;
    if (image) ctx.drawImage(image, view.x, view.y, store.doc.size[0] * view.scale, store.doc.size[1] * view.scale);
    paintPerson(ctx, view, person, store.skeletonOf(person), { index });
    return canvas;
  }
}

export const grown = (box, by) => {
  if (!box) return null;
  const pad = by * Math.max(box[2] - box[0], box[3] - box[1]);
  return [box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad];
};

/** A labelled 0 … 1 slider; `change(value, done)` while it moves and once when it is let go. */
export function opacitySlider(label, value, change, { min = 0, max = 1 } = {}) {
  const input = h("input", { type: "range", min, max, step: 0.01, ariaLabel: label });
  input.value = value; // after min and max, which would clamp it
  input.addEventListener("input", () => change(Number(input.value), false));
  input.addEventListener("change", () => change(Number(input.value), true));
  return h("label.slider", {}, h("span", {}, label), input);
}

/** The slider for the strength of the drawing: one step of undo when it is let go. */
export function drawingStrength({ store, words }) {
  return opacitySlider(words.photo.opacity, store.doc.photo.opacity, (value, done) => {
    const doc = { ...store.doc, photo: { ...store.doc.photo, opacity: value } };
    if (done) store.commit(words.steps.opacity, doc);
    else store.preview(doc);
  });
}
