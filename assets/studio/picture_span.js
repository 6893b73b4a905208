// A stretch of the work, chosen by two thumbs on one track.

import { h, worded } from "./dom.js";

export class Span {
  /** `change([from, to], done)`, shares 0 … 1, while a thumb moves and once when it is let go; `name` is for tests and forms. */
  constructor(label, studio, name, change) {
    this.words = studio.words.painting;
    const { words } = this;
    this.thumbs = ["from", "to"].map((end, n) => {
      const input = h("input", { type: "range", min: 0, max: 100, step: 5, name: `${name}-${end}`, ariaLabel: `${label}, ${words[end]}` });
      input.addEventListener("input", () => (this.#part(n), this.#tell(), change(this.value, false)));
      input.addEventListener("change", () => change(this.value, true));
      return input;
    });
    this.said = h("span.value", { ariaHidden: "true" });
    this.track = h("div.track", {}, ...this.thumbs);
    this.element = h("div.slider.valued.span", { role: "group", ariaLabel: label }, h("span", {}, label), this.said, this.track);
  }

  get value() {
    return this.thumbs.map((thumb) => Number(thumb.value) / 100);
  }

  set(value) {
    if (this.thumbs.some((thumb) => thumb.matches(":active"))) return; // it is under the pointer
    this.thumbs.forEach((thumb, n) => (thumb.value = Math.round(100 * value[n])));
    this.#tell();
  }

  /** The thumb that was moved pushes no further than just before the other one. */
  #part(moved) {
    const [from, to] = this.thumbs;
    const step = Number(from.step);
    if (Number(from.value) <= Number(to.value) - step) return;
    if (moved === 0) from.value = Number(to.value) - step;
    else to.value = Number(from.value) + step;
  }

  #tell() {
    const [from, to] = this.thumbs.map((thumb) => Number(thumb.value));
    this.said.textContent = worded(this.words.window, { from, to });
    this.track.style.setProperty("--from", from / 100);
    this.track.style.setProperty("--to", to / 100);
  }
}
