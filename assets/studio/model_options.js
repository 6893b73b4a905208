// How the chosen model works: folded away under “More”, remembered in this browser.

import { h, refill } from "./dom.js";
import { still } from "./fetching.js";

const kept = "contrapposto-options";
const usual = { flip_test: true, precision: "auto", protocol: "evaluation", detector: "auto", feet: true, face: true, hands: true };

export class ModelOptions {
  constructor(menu) {
    this.menu = menu;
    const { studio } = menu;
    this.words = studio.words.models;
    this.chosen = { ...usual, ...remembered() };
    this.body = h("div.body");
    this.element = h("details.more", { hidden: true }, h("summary", {}, this.words.more), this.body);
  }

  /** What the server is told: of the options only those this model has, the others as they are by default. */
  get request() {
    const { model } = this.menu;
    const { flip_test, precision, protocol, detector } = this.chosen;
    const has = (name) => model?.options.includes(name);
    return {
      flip_test: has("flip_test") ? flip_test : usual.flip_test,
      precision: has("precision") ? precision : usual.precision,
      protocol: has("protocol") ? protocol : usual.protocol,
      detector: has("detector") && this.#finders.some((one) => one.name === detector && one.present) ? detector : usual.detector,
      parts: ["body", ...["feet", "face", "hands"].filter((part) => !(has("parts") && model.parts.includes(part)) || this.chosen[part])],
    };
  }

  /** Who looks for people first: a choice once there is more than the quick one. */
  get #finders() {
    return this.menu.model?.options.includes("detector") && !this.menu.blind ? this.menu.menu.detectors : [];
  }

  render() {
    const { words, menu } = this;
    const { model, busy } = menu;
    // Anew only when something else than a download's progress has changed: what is pressed must not be built anew.
    const now = JSON.stringify([model, busy, this.chosen, this.#finders], still);
    if (now === this.rendered) return;
    this.rendered = now;
    const has = (name) => Boolean(model?.options.includes(name));
    const rows = model?.problem ? [] : [
      has("flip_test") && this.#check("flip_test", words.twice),
      has("parts") && model.parts.length > 0 && h("fieldset.parts", {}, h("legend", {}, words.keep), model.parts.map((part) => this.#check(part, words.partNames[part]))),
      has("precision") && this.#select("precision", words.precision, Object.entries(words.precisions)),
      has("protocol") && this.#select("protocol", words.protocol, Object.entries(words.protocols)),
      this.#finders.length > 0 && this.#select("detector", words.detector, this.#found()),
      ...this.#finders.filter(({ name, present }) => name === this.chosen.detector && !present).map((one) => menu.fetching(one)),
    ].filter(Boolean);
    this.element.hidden = !rows.length;
    refill(this.body, rows);
    for (const control of this.body.querySelectorAll("input, select")) control.disabled = busy;
  }

  #found() {
    const people = this.menu.model.kind === "person" ? [["quick", this.words.detectors.quick]] : []; // only the careful one knows animals
    return [["auto", this.words.detectors.auto], ...people, ...this.#finders.map(({ name }) => [name, this.words.detectors[name] ?? name])];
  }

  #check(name, label) {
    return h("label.choice", {}, h("input", { type: "checkbox", name, checked: this.chosen[name], onchange: (event) => this.#set(name, event.target.checked) }), label);
  }

  #select(name, label, choices) {
    return h("label.field", {}, h("span", {}, label),
      h("select", { name, onchange: (event) => this.#set(name, event.target.value) }, choices.map(([value, text]) => h("option", { value, selected: this.chosen[name] === value }, text))));
  }

  #set(name, value) {
    this.chosen[name] = value;
    localStorage.setItem(kept, JSON.stringify(this.chosen));
    this.menu.render();
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(kept)) ?? {};
  } catch {
    return {};
  }
}
