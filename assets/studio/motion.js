// A motion that was brought in: looked at as it plays, cleaned of jitter, wrong frames and sliding feet, and taken home again.

import { fill, h, refill, worded } from "./dom.js";
import { freshKey } from "./vault.js";

const fewest = 8; // frames that a motion has, to be cleaned
const files = ["npz", "bvh", "glb"];

export class MotionCleaning {
  constructor(exports) {
    Object.assign(this, { exports, studio: exports.studio, strength: 50, feet: true });
    this.words = this.studio.words.motion;
    this.marks = h("div.wrongs", { ariaHidden: "true" });
    this.element = h("div.cleaning");
  }

  get #frames() {
    return this.exports.frames;
  }

  /** Another motion is looked at, or none: what was made of the last one is forgotten. */
  forget() {
    this.stop();
    this.play(false);
    Object.assign(this, { made: null, came: null });
  }

  // ── looking ──

  /** A button that plays the frames at their own speed, as fast as they can be drawn. */
  player() {
    return h("button", { type: "button", ariaPressed: String(Boolean(this.playing)), onclick: () => this.play(!this.playing) }, this.playing ? this.words.pause : this.words.play);
  }

  play(on) {
    clearInterval(this.playing);
    this.playing = null;
    if (!on || !this.#frames) return this.exports.render();
    const { at, bodies, fps } = this.#frames;
    const from = at >= bodies.length - 1 ? 0 : at;
    const began = performance.now();
    this.playing = setInterval(() => {
      const frames = this.#frames;
      if (!frames || this.studio.step !== "body") return this.play(false);
      const next = Math.min(frames.bodies.length - 1, from + Math.floor(((performance.now() - began) * fps) / 1000));
      if (next !== frames.at) this.exports.goTo(next);
      return next === frames.bodies.length - 1 && this.play(false);
    }, 1000 / Math.min(fps, 30));
    return this.exports.render();
  }

  /** As the motion came, or as it was cleaned: the same frame of either. */
  #show(bodies) {
    this.#frames.bodies = bodies;
    this.exports.goTo(this.#frames.at);
    this.exports.render();
  }

  // ── cleaning ──

  render() {
    const frames = this.#frames;
    this.element.hidden = !frames || frames.bodies.length < fewest;
    this.marks.hidden = !this.made?.wrong.length;
    if (this.element.hidden) return;
    const { words, made } = this;
    const value = h("span.value", { ariaHidden: "true" }, String(this.strength));
    const slider = h("input", { type: "range", min: 0, max: 100, step: 5, ariaLabel: words.strength, disabled: Boolean(this.job) });
    slider.value = this.strength;
    slider.addEventListener("input", () => ((this.strength = Number(slider.value)), (value.textContent = slider.value)));
    refill(this.element, h("h3", {}, words.title), h("p.hint", {}, words.help),
      h("label.slider.valued", {}, h("span", {}, words.strength), value, slider),
      h("label.choice", {}, h("input", { type: "checkbox", checked: this.feet, disabled: Boolean(this.job), onchange: (event) => (this.feet = event.target.checked) }), words.feet),
      this.job ? this.#working() : h("button", { type: "button", data: { motion: "clean" }, onclick: () => this.clean() }, made ? words.again : words.clean),
      made && this.#compared());
    fill(this.marks, (made?.wrong ?? []).map((n) => h("i", { style: { left: `${(100 * n) / Math.max(1, frames.bodies.length - 1)}%` } })));
  }

  #working() {
    this.bar = h("progress", { max: 1, value: this.told?.fraction ?? 0 });
    this.said = h("span", {}, this.told?.text ?? "…");
    return h("div.job", { role: "status" }, this.bar, this.said, h("button.stop", { type: "button", onclick: () => this.stop() }, this.studio.words.photo.cancel));
  }

  /** Before and after: to be looked at, in figures, and to be taken home. */
  #compared() {
    const { words, made, came } = this;
    const cleaned = this.#frames.bodies === made.bodies;
    const choice = (on, text, bodies) => h(`button.segment${on ? ".on" : ""}`, { type: "button", ariaPressed: String(on), onclick: () => this.#show(bodies) }, text);
    const row = (name, before, after) => h("tr", {}, h("th", { scope: "row" }, words[name]), h("td", {}, before), h("td", {}, after));
    const per = (figures) => [worded(words.metres, { n: figures.acceleration.toFixed(1) }), worded(words.millimetres, { n: Math.round(1000 * figures.sliding) })];
    const [before, after] = [per(made.before), per(made.after)];
    return h("div.made", {},
      h("div.segments", {}, choice(!cleaned, words.came, came), choice(cleaned, words.cleaned, made.bodies)),
      h("table", {}, h("tbody", {}, row("acceleration", before[0], after[0]), row("sliding", before[1], after[1]), row("wrong", String(made.wrong_frames), "0"))),
      h("p.hint", {}, worded(words.moved, { n: (1000 * made.moved).toFixed(1) })),
      h("div.row.wrap", {}, files.map((kind) => h("button", { type: "button", data: { motion: kind }, onclick: () => this.#take(kind) }, words.files[kind]))));
  }

  /** Have the server clean the motion as it came. */
  async clean() {
    const { studio, exports } = this;
    const frames = this.#frames;
    if (this.job || !frames?.file) return;
    this.play(false);
    this.told = null;
    const job = (this.job = freshKey());
    this.render();
    await studio.guarded(async () => {
      const answer = await studio.server.call("clean_motion", [frames.file, this.strength / 100, this.feet, exports.work.file, job], ({ fraction, text }) => {
        if (this.job !== job || fraction === undefined) return;
        this.told = { fraction, text };
        this.bar.value = fraction;
        this.said.textContent = text;
      });
      if (this.job !== job || this.#frames !== frames) return;
      if (answer.cancelled) return studio.status(this.words.stopped);
      this.came ??= frames.bodies;
      this.made = answer;
      this.#frames.bodies = answer.bodies;
      exports.goTo(frames.at);
    });
    if (this.job === job) this.job = null;
    exports.render();
  }

  stop() {
    if (this.job) this.studio.server.functions.cancel_job(this.job).catch(() => {});
  }

  #take(kind) {
    const { studio, made } = this;
    return studio.guarded(async () => studio.files.hand(await studio.server.fetchFile(made.files[kind]), `-clean.${kind}`));
  }
}
