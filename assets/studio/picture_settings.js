// How pictures are painted: size, how many, which throw; folded away: steps, how strictly words and pose count, and when.

import { button, fill, h, refill } from "./dom.js";
import { Span } from "./picture_span.js";

const most = 8; // pictures of one run
const [smallest, largest] = [64, 2048]; // px a side
const kept = "contrapposto-seed-locked";
const widest = 2 ** 31 - 1; // of seeds
const throws = 1_000_000; // by chance: short enough to be read and written down

/** To the nearest side that can be painted. */
const side = (value, step = 8) => Math.min(largest, Math.max(smallest, step * Math.round(value / step)));

/** Sizes by name for a painter used to `native` px a side: small ones keep their shorter side, large ones their area, as they have learned. */
function sizesOf([width, height], native) {
  const shaped = (ratio, step) => {
    const long = Math.max(ratio, 1 / ratio);
    const sides = native < 1024 ? [native, native * Math.min(long, 2)] : [native / Math.sqrt(long), native * Math.sqrt(long)];
    return (ratio < 1 ? sides : sides.reverse()).map((one) => side(one, step));
  };
  const round = Math.min(64, native / 8);
  return { drawing: shaped(width / height, 8), square: [native, native], tall: shaped(2 / 3, round), wide: shaped(3 / 2, round) };
}

export class PictureSettings {
  constructor(step) {
    const { studio } = step;
    Object.assign(this, { step, studio });
    this.words = studio.words.painting;
    this.locked = localStorage.getItem(kept) === "true";
    this.element = h("section.settings", {}, this.#size(), this.#throw());
    this.folded = h("div.body");
    this.more = h("details.more.folded", {}, h("summary", {}, this.words.more), this.folded);
    this.#fold();
  }

  // ── always at hand ──

  #size() {
    const { words, step } = this;
    this.shapes = Object.keys(words.sizeNames).map((name) => h("button.segment", { type: "button", data: { size: name }, onclick: () => step.set({ size: this.sizes[name] }) }, words.sizeNames[name]));
    this.sides = ["width", "height"].map((name, n) => {
      const input = h("input", { type: "number", name, min: smallest, max: largest, step: 8, ariaLabel: words[name], title: words[name] });
      input.addEventListener("change", () => {
        const size = [...step.request.size];
        size[n] = side(Number(input.value) || size[n]);
        step.set({ size });
        input.value = size[n]; // also where it was the size already
      });
      return input;
    });
    return h("div.field", {}, h("span", {}, words.size), h("div.segments", { role: "group", ariaLabel: words.size }, this.shapes), h("div.row.sides", {}, this.sides[0], h("span", { ariaHidden: "true" }, "×"), this.sides[1]));
  }

  #throw() {
    const { words, step } = this;
    this.count = h("select", { name: "count", onchange: () => step.set({ count: Number(this.count.value) }) }, Array.from({ length: most }, (_, n) => h("option", { value: n + 1 }, `${n + 1}`)));
    this.seed = h("input.seed", { type: "number", name: "seed", min: 0, max: widest, step: 1, ariaLabel: words.seed, title: words.seedHelp });
    this.seed.addEventListener("change", () => {
      step.set({ seed: Math.min(widest, Math.max(0, Math.round(Number(this.seed.value) || 0))) });
      this.lock(true); // a number that was chosen is meant
    });
    this.lockButton = h("div.keeplock");
    return h("div.row.throw", {},
      h("label.field", {}, h("span", {}, words.count), this.count),
      h("div.field", {}, h("span", {}, words.seed), h("div.row", {}, this.seed, button("dice", words.rollSeed, () => this.roll(), { data: { seed: "roll" } }), this.lockButton)));
  }

  /** Another throw, by chance. */
  roll() {
    this.step.set({ seed: Math.floor(Math.random() * throws) });
  }

  /** Keep the number for the next pictures too, or throw anew for each run. */
  lock(on) {
    this.locked = on;
    localStorage.setItem(kept, String(on));
    this.#renderLock();
  }

  #renderLock() {
    const { words, locked } = this;
    const element = button(locked ? "lock" : "unlock", words.lockSeed, () => this.lock(!this.locked), { className: locked ? "on" : "", data: { seed: "lock" } });
    element.setAttribute("aria-pressed", String(locked));
    refill(this.lockButton, element);
  }

  // ── folded away ──

  #fold() {
    const { words, step, studio } = this;
    const slider = (name, label, min, max, by) => {
      const input = h("input", { type: "range", name, min, max, step: by, ariaLabel: label });
      const said = h("span.value", { ariaHidden: "true" });
      input.addEventListener("input", () => step.set({ [name]: Number(input.value) }));
      return { name, input, said, element: h("label.slider.valued", {}, h("span", {}, label), said, input) };
    };
    this.sliders = [slider("steps", words.stepCount, 1, 60, 1), slider("guidance", words.guidance, 1, 20, 0.5), slider("pose_strength", words.strength, 0, 2, 0.05)];
    this.poseWindow = new Span(words.poseWindow, studio, "pose-window", (value) => step.set({ pose_window: value }));
    this.wordsWindow = new Span(words.wordsWindow, studio, "words-window", (value) => step.set({ words_window: value }));
    this.way = this.#select("encoding", words.encoding, words.encodings);
    this.fit = this.#select("fit", words.fit, words.fits);
    this.check = h("input", { type: "checkbox", name: "check", checked: step.checks, onchange: () => step.setChecks(this.check.checked) });
    fill(this.folded,
      ...this.sliders.map(({ element }) => element), this.poseWindow.element, this.wordsWindow.element,
      this.way.parentElement, step.encoding.element, this.fit.parentElement,
      h("label.choice", { title: words.checkHelp }, this.check, words.check));
  }

  #select(name, label, choices) {
    const select = h("select", { name, onchange: () => this.step.set({ [name]: select.value }) }, Object.entries(choices).map(([value, text]) => h("option", { value }, text)));
    h("label.field", {}, h("span", {}, label), select);
    return select;
  }

  // ── as the request is ──

  get sizes() {
    return sizesOf(this.step.store.doc.size, this.step.painters.side);
  }

  render() {
    const { step } = this;
    const { request } = step;
    const active = this.element.getRootNode().activeElement;
    const put = (input, value) => input !== active && (input.value = value);
    this.sides.forEach((input, n) => put(input, request.size[n]));
    const now = Object.entries(this.sizes).find(([, size]) => size.join() === request.size.join())?.[0];
    for (const shape of this.shapes) {
      const on = shape.dataset.size === now;
      shape.classList.toggle("on", on);
      shape.ariaPressed = String(on);
      shape.title = this.sizes[shape.dataset.size].join(" × ");
    }
    this.count.value = request.count;
    put(this.seed, request.seed);
    if (!this.lockButton.firstChild) this.#renderLock();
    for (const { name, input, said } of this.sliders) {
      if (!input.matches(":active")) input.value = request[name];
      said.textContent = name === "steps" ? request[name] : Number(request[name]).toFixed(name === "guidance" ? 1 : 2);
    }
    // Where the pose is not told, there is nothing to say of how.
    const { alone } = step.painters;
    const ofPose = [this.sliders.find(({ name }) => name === "pose_strength").element, this.poseWindow.element, this.way.parentElement, step.encoding.element, this.fit.parentElement, this.check.parentElement];
    for (const element of ofPose) element.hidden = alone;
    this.poseWindow.set(request.pose_window);
    this.wordsWindow.set(request.words_window);
    this.wordsWindow.element.hidden = !step.prompt.hasWords || !request.words;
    this.way.value = request.encoding;
    this.fit.value = request.fit;
  }
}
