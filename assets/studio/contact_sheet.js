// The contact sheet over the stage: many pictures, or a video with its frames, and what became of each.

import { button, duration, fill, h, refill, worded } from "./dom.js";
import { boxOf } from "./figure.js";
import { paintPerson } from "./paint.js";
import { View } from "./view.js";

const side = 240; // px of a picture's print

export class ContactSheet {
  constructor(studio) {
    this.studio = studio;
    this.batch = studio.batch;
    this.words = studio.words.many;
    this.head = h("header");
    this.body = h("div.prints");
    this.element = h("section.contact", { hidden: true, ariaLabel: this.words.title }, this.head, this.body);
    this.sight = new IntersectionObserver((seen) => seen.filter((one) => one.isIntersecting).forEach(({ target }) => this.#develop(target)), { root: this.element, rootMargin: "200px" });
    this.prints = new Map(); // item → its print
    studio.panels.photo.models.addEventListener("change", () => this.isOpen && !this.batch.job && this.#allow());
    this.batch.addEventListener("taken", () => (this.#lay(), this.show()));
    this.batch.addEventListener("change", () => this.#change());
    this.batch.addEventListener("progress", () => this.#progress());
    this.batch.addEventListener("item", ({ detail }) => this.#item(detail));
  }

  get isOpen() {
    return !this.element.hidden;
  }

  show() {
    if (this.studio.step !== "photo") this.studio.goTo("photo");
    this.element.hidden = false;
    if (!this.body.firstChild) this.#lay();
    this.#head();
    this.studio.refresh();
    this.element.querySelector("button.primary:not(:disabled), .welcome button, a.button")?.focus({ preventScroll: true });
  }

  hide() {
    this.leave();
    this.studio.refresh();
    this.studio.panels.photo.many.focus({ preventScroll: true });
  }

  /** Out of sight; what is at work goes on. */
  leave() {
    this.element.hidden = true;
    this.video?.pause();
  }

  choose(props) {
    const input = h("input", { type: "file", ...props });
    input.addEventListener("change", () => input.files.length && this.batch.take([...input.files]));
    input.click();
  }

  // ── the head: what there is, what it will cost, what can be done ──

  #head() {
    const { batch, words, studio } = this;
    const { result, job } = batch;
    const done = result?.done > 0;
    const title = batch.empty ? words.title : batch.video ? batch.video.name : batch.count === 1 ? words.one : worded(words.count, { n: batch.count });
    this.line ??= h("p.hint", { role: "status" });
    this.line.classList.toggle("bad", Boolean(batch.failure && !job));
    this.start = !job && h(`button${done ? "" : ".primary"}`, { type: "button", onclick: () => this.run() }, result ? words.again : words.run);
    this.bar = job && h("progress", { max: 1, value: batch.fraction });
    refill(this.head,
      h("div.row", {}, h("h1", {}, title), h("div.grow"), !batch.empty && !job && this.#choices(false), button("close", words.close, () => this.hide())),
      this.line, this.bar,
      !batch.empty && h("div.row.wrap", {},
        job ? button("close", words.cancel, () => batch.cancel(), { text: words.cancel, className: "stop" })
          : this.start,
        done && h("a.button.primary", { href: studio.server.address(result.results), download: `${this.#name()}.zip`, onclick: () => (batch.taken = true) }, result.cancelled ? words.partial : words.zip)));
    if (job) this.#progress();
    else this.#allow();
  }

  /** Whether the work can begin, and what it will take; in place, so that no button is built anew under the hand. */
  #allow() {
    const { models } = this.studio.panels.photo;
    if (this.start) this.start.disabled = !models.ready || models.blind;
    this.#tellCost();
  }

  #name() {
    const { video, items } = this.batch;
    const folder = items[0]?.file.webkitRelativePath?.split("/")[0];
    return `${video ? video.name.replace(/\.[^.]+$/, "") : folder || "pictures"}-poses`;
  }

  #choices(spelled) {
    const choice = (name, text, props) => button(name, text, () => this.choose(props), { text: spelled && text });
    return [
      choice("photo", this.words.pictures, { multiple: true, accept: "image/*" }),
      choice("folder", this.words.folder, { webkitdirectory: true }),
      choice("film", this.words.video, { accept: "video/*,.mkv,.avi,.mov" }),
    ];
  }

  run() {
    const { models } = this.studio.panels.photo;
    const done = this.batch.run(models.name, models.options.request);
    this.#lay(); // undeveloped again
    return done;
  }

  /** The line under the title: a forecast, how it goes, or what came of it. */
  async #tellCost() {
    const { batch, words, line } = this;
    const { models } = this.studio.panels.photo;
    const tell = (text) => (line.textContent = text);
    if (batch.empty) return tell("");
    if (batch.result || batch.failure) return tell(batch.told);
    if (!models.ready) return tell(this.studio.words.models.first);
    if (models.blind) return tell(words.blind);
    const asked = (this.asked = {}); // the latest question counts
    const count = batch.video ? Math.round(25 * (await lengthOf(this.video))) : batch.count;
    const told = count && (await models.foresee(count).catch(() => null));
    if (asked !== this.asked || batch.job || batch.result || batch.failure) return;
    if (!told?.seconds) return tell(words.noForecast);
    const time = duration(told.seconds, this.studio.words);
    const { measured, guess } = this.studio.words.models;
    return tell(`${worded(batch.video ? words.videoForecast : words.forecast, { time })} (${told.measured ? measured : guess}).`);
  }

  #progress() {
    const { batch, line } = this;
    if (!line || !batch.job) return;
    if (!this.bar) return this.#head();
    this.bar.value = batch.fraction;
    line.textContent = batch.text;
  }

  // ── the prints ──

  /** Lay out what was taken, undeveloped. */
  #lay() {
    const { batch, words } = this;
    this.sight.disconnect();
    this.prints.clear();
    URL.revokeObjectURL(this.address);
    this.video = null;
    if (batch.empty) fill(this.body, h("div.welcome", {}, h("p", {}, words.lead), h("div.row", {}, this.#choices(true))));
    else if (batch.video) this.#layVideo();
    else {
      for (const item of batch.items) this.prints.set(item, this.#print(item));
      fill(this.body, [...this.prints.values()]);
      for (const print of this.prints.values()) this.#label(print);
    }
  }

  #print(item) {
    const canvas = h("canvas", { width: side, height: side });
    const print = h("button.print", { type: "button", title: item.name, disabled: true, onclick: () => this.#openPicture(item) },
      canvas, h("strong", {}, item.name), h("small"));
    Object.assign(print, { item, canvas });
    this.sight.observe(print);
    return print;
  }

  /** Draw a print that came into sight: the picture, and its pose once it is known. */
  async #develop(print) {
    const { item, canvas } = print;
    print.seen = true;
    const ctx = canvas.getContext("2d");
    const image = await createImageBitmap(item.file).catch(() => null); // not every browser reads every kind
    const size = item.document?.size ?? (image ? [image.width, image.height] : [side, side]);
    const view = Object.assign(new View(), { width: side, height: side });
    view.fit([0, 0, ...size], 0);
    ctx.clearRect(0, 0, side, side);
    if (image) ctx.drawImage(image, view.x, view.y, size[0] * view.scale, size[1] * view.scale);
    image?.close();
    const { store } = this.studio;
    item.document?.people.forEach((person, index) => boxOf(person) && paintPerson(ctx, view, person, store.skeletonOf(person), { index }));
  }

  #item(number) {
    if (this.batch.video) return this.#frame(this.batch.frames.at(-1));
    const item = this.batch.items[number];
    this.#label(this.prints.get(item));
    if (this.prints.get(item).seen) this.#develop(this.prints.get(item));
  }

  #label(print) {
    const { item } = print;
    print.dataset.state = item.state;
    print.disabled = item.state === "waiting";
    print.title = { done: `${item.name}: ${this.words.openOne}`, failed: item.why }[item.state] ?? item.name;
    print.lastChild.textContent = { done: this.#people(item.people), failed: this.words.seeWhy }[item.state] ?? "";
  }

  /** On the canvas with its pose; of one that could not be read, the reason. */
  async #openPicture(item) {
    if (item.state === "failed") return this.studio.toast(item.why);
    if (await this.batch.openPicture(item)) this.studio.editor.front.focus({ preventScroll: true });
  }

  #people(count) {
    return count === 0 ? this.words.nobody : count === 1 ? this.words.figure : worded(this.words.figures, { n: count });
  }

  #change() {
    for (const print of this.prints.values()) this.#label(print);
    const { batch } = this;
    if (batch.video && batch.result?.overlay) {
      this.video.src = this.studio.server.address(batch.result.overlay);
      this.video.hidden = this.openButton.hidden = false;
    }
    for (const one of batch.video ? [this.openButton, ...this.strip.children] : []) one.disabled = !batch.result;
    this.#head();
  }

  // ── a video ──

  #layVideo() {
    const { batch, words } = this;
    this.address = URL.createObjectURL(batch.video);
    this.video = h("video", { src: this.address, controls: true, muted: true, playsInline: true, preload: "metadata" });
    this.video.addEventListener("error", () => (this.video.hidden = this.openButton.hidden = true)); // of a kind this browser cannot play; the studio may read it all the same
    this.strip = h("div.strip");
    this.openButton = button("pose", words.openFrame, () => this.#open({ time: this.video.currentTime }), { text: words.openFrame });
    this.openButton.disabled = !batch.result;
    fill(this.body, h("div.film", {}, this.video, this.openButton, this.strip));
    for (const frame of batch.frames) this.#frame(frame);
  }

  #frame(frame) {
    this.strip.append(h("button.frame", { type: "button", title: this.words.openOne, disabled: true, onclick: () => this.#open({ number: frame.number }) },
      h("img", { src: this.studio.server.address(frame.thumbnail), alt: "", loading: "lazy" }), h("small", {}, String(frame.number + 1))));
  }

  #open(frame) {
    return this.batch.openFrame(frame).then((opened) => opened && this.studio.editor.front.focus({ preventScroll: true }));
  }
}

/** Seconds of a video once the browser knows; 0 for one it cannot play. */
const lengthOf = (video) =>
  new Promise((resolve) => {
    const known = () => resolve(Number.isFinite(video.duration) ? video.duration : 0);
    if (video.readyState > 0 || video.error) return known();
    video.addEventListener("loadedmetadata", known, { once: true });
    video.addEventListener("error", () => resolve(0), { once: true });
    return setTimeout(known, 3000);
  });
