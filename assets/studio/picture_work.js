// The painting itself: a run, its pictures as they come into being on the easel, and its end.

import { button, duration, fill, h, refill, worded } from "./dom.js";
import { freshKey } from "./vault.js";

const gap = 16; // px between two pictures on the easel
const early = 0.02; // of the work, done before it is foretold how long the rest takes

export class PictureWork {
  constructor(step) {
    const { studio } = step;
    Object.assign(this, { step, studio });
    this.words = studio.words.painting;
    this.frames = h("div.frames");
    this.page = h("div.painting", {}, this.frames);
    this.bar = h("div.runbar");
    this.job = null;
    new ResizeObserver(() => this.#arrange()).observe(this.page);
  }

  // ── the button ──

  render() {
    const { words, step, job } = this;
    if (job) {
      if (!this.progress?.isConnected) refill(this.bar, this.#progress());
      return;
    }
    const { count } = step.request;
    const { ready } = step.painters;
    const label = count > 1 ? worded(words.runMany, { n: count }) : words.run;
    this.said ??= h("span");
    this.run ??= h("button.primary.paintrun", { type: "button", onclick: () => this.paint() }, this.said, h("kbd", {}, step.key));
    if (this.said.textContent !== label) this.said.textContent = label; // what is replaced while it is pressed never hears the click
    this.run.disabled = !ready || !step.kinds.length;
    this.run.title = ready ? label : words.first;
    this.why ??= h("button.link", { type: "button", onclick: () => step.painters.element.scrollIntoView({ block: "start" }) }, words.first);
    this.why.hidden = ready || !step.painters.known || !step.kinds.length;
    if (!this.run.isConnected) refill(this.bar, this.why, this.run);
  }

  #progress() {
    const { words, job } = this;
    this.line = h("span", {}, job.text);
    this.progress = h("progress", { max: 1 });
    return h("div.job", {}, this.progress, this.line, button("close", words.stop, () => this.cancel(), { text: words.stop, className: "stop" }));
  }

  /** How far it is, in place; and how long it may still take, by the steps since the first: loading is no measure of the rest. */
  #tell({ fraction = this.job.fraction ?? 0, text = "" }) {
    const { job, words } = this;
    const now = performance.now();
    job.fraction = fraction;
    if (fraction > 0) job.from ??= { fraction, now };
    const done = fraction - (job.from?.fraction ?? fraction);
    const left = done > early && fraction < 1 ? ((1 - fraction) * (now - job.from.now)) / done / 1000 : null;
    this.progress.value = fraction;
    this.line.textContent = left === null ? text : `${text} · ${worded(words.left, { time: duration(left, this.studio.words) })}`;
  }

  // ── a run ──

  /** Paint what is asked for; each picture goes to the gallery as soon as it is finished. */
  async paint() {
    const { step, studio, words } = this;
    if (this.job || !step.painters.ready || !step.kinds.length) return;
    if (!step.settings.locked) step.settings.roll();
    const from = { ...studio.store.doc }; // what is asked for may change in it while this is painted
    const { request } = step;
    const job = (this.job = { key: freshKey(), text: studio.words.waiting });
    const asked = { ...studio.files.bare(), references: [], request };
    const finished = [];
    const gives = new Promise((resolve) => (job.giveUp = () => resolve({ cancelled: true })));
    step.changed("busy");
    this.#lay(request);
    step.show("work");
    let answer = { cancelled: true };
    await studio.guarded(async () => {
      const told = (value) => this.job === job && this.#hear(value, finished, { run: job.key, from });
      const work = studio.files.sent(async () => {
        const { photo, mask } = await step.photo.sent();
        return studio.server.call("paint", [asked, photo, mask, step.checks, false, job.key], told);
      });
      work.catch(() => {}); // what comes of it after it was stopped is nobody's business
      answer = await Promise.race([work, gives]);
      if (answer.cancelled) studio.toast(words.stopped);
    });
    this.job = null;
    await Promise.allSettled(finished);
    step.gallery.finished(answer);
    step.changed("busy");
    if (step.view === "work") step.show(finished.length ? "picture" : "drawing");
    this.#tellEnd(finished.length, answer);
  }

  #tellEnd(n, { notes = [], cancelled }) {
    const { words, studio, step } = this;
    if (cancelled || !n) return;
    const line = n > 1 ? worded(words.painted, { n }) : words.paintedOne;
    studio.status(line);
    if (notes.length) studio.toast(notes.join(" "));
    if (!step.isOpen) studio.toast(line, [{ label: words.seeThem, run: () => (studio.goTo("picture"), step.show("picture")) }]);
  }

  /** What the server tells on its way: how far it is, how a picture looks by now, or that it is finished. */
  #hear({ preview, picture, ...told }, finished, beside) {
    if (preview) return this.#preview(preview);
    if (!picture) return this.#tell(told);
    const n = finished.length;
    this.#finish(n, picture);
    finished.push(this.step.gallery.add({ ...picture, ...beside }));
  }

  /** Stop waiting at once, and tell the server, whether it has begun or not. */
  cancel() {
    if (!this.job) return;
    this.studio.server.functions.cancel_job(this.job.key).catch(() => {});
    this.job.giveUp();
  }

  // ── on the easel ──

  #lay({ count, size }) {
    this.size = size;
    fill(this.frames, Array.from({ length: count }, (_, n) =>
      h("figure.sheaf.waiting", { ariaLabel: worded(this.words.frame, { n: n + 1 }) }, h("img", { alt: "", draggable: false }))));
    this.#arrange();
  }

  #preview({ n, address }) {
    const frame = this.frames.children[n];
    if (!frame) return;
    frame.className = "sheaf now";
    frame.firstChild.src = address;
  }

  #finish(n, { image }) {
    const frame = this.frames.children[n];
    if (!frame) return;
    frame.className = "sheaf done";
    frame.firstChild.src = this.studio.server.address(image);
    frame.firstChild.alt = worded(this.words.frame, { n: n + 1 });
  }

  /** As many columns as make the pictures largest. */
  #arrange() {
    const n = this.frames.children.length;
    if (!n || !this.page.clientWidth) return;
    const { paddingTop, paddingBottom, paddingLeft } = getComputedStyle(this.page);
    const width = this.page.clientWidth - 2 * parseFloat(paddingLeft);
    const height = this.page.clientHeight - parseFloat(paddingTop) - parseFloat(paddingBottom);
    const [w, h] = this.size;
    const share = (whole, parts) => (whole - (parts - 1) * gap) / parts;
    const fits = (columns) => Math.min(share(width, columns), (share(height, Math.ceil(n / columns)) * w) / h);
    const columns = Array.from({ length: n }, (_, i) => i + 1).reduce((best, one) => (fits(one) > fits(best) ? one : best), 1);
    const wide = Math.max(24, Math.min(fits(columns), 2 * w));
    Object.assign(this.frames.style, { gridTemplateColumns: `repeat(${columns}, ${wide}px)`, gap: `${gap}px` });
    this.frames.style.setProperty("--shape", `${w} / ${h}`);
  }
}
