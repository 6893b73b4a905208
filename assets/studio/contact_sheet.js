// The contact sheet over the stage: many pictures, or a video with its frames, and what became of each.

import { button, duration, fill, h, worded } from "./dom.js";
import { boxOf } from "./figure.js";
import { paintPerson } from "./paint.js";
import { View } from "./view.js";

const side = 320; // px of a picture's print

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
    studio.panels.photo.models.addEventListener("change", () => this.isOpen && !this.batch.job && this.#head());
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
  }

  hide() {
    this.element.hidden = true;
    this.video?.pause();
    this.studio.refresh();
  }

  choose(props) {
    const input = h("input", { type: "file", ...props });
    input.addEventListener("change", () => input.files.length && this.batch.take([...input.files]));
    input.click();
  }

  // ── the head: what there is, what it will cost, what can be done ──

  #head() {
    const { batch, words, studio } = this;
    const { models } = studio.panels.photo;
    const { result, job } = batch;
    const title = batch.empty ? words.title : batch.video ? batch.video.name : batch.count === 1 ? words.one : worded(words.count, { n: batch.count });
    this.line = h("p.hint", { role: "status" });
    this.bar = job && h("progress", { max: 1, value: batch.fraction });
    const done = result?.done > 0;
    fill(this.head,
      h("div.row", {}, h("h1", {}, title), h("div.grow"), !batch.empty && !job && this.#choices(false), button("close", words.close, () => this.hide())),
      this.line, this.bar,
      !batch.empty && h("div.row.wrap", {},
        job ? button("close", words.cancel, () => batch.cancel(), { text: words.cancel })
          : h(`button${done ? "" : ".primary"}`, { type: "button", disabled: !models.ready, onclick: () => this.run() }, result ? words.again : words.run),
        done && h("a.button.primary", { href: studio.server.address(result.results), download: `${this.#name()}.zip` }, result.cancelled ? words.partial : words.zip)));
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
    this.#lay(); // undeveloped again
    return this.batch.run(models.name, models.options.request);
  }

  /** The line under the title: a forecast, how it goes, or what came of it. */
  async #tellCost() {
    const { batch, words, line } = this;
    const { models } = this.studio.panels.photo;
    if (batch.empty || batch.job) return this.#progress();
    if (batch.result) {
      line.textContent = worded(batch.video ? words.videoDone : words.done, { n: batch.result.done, all: batch.count });
      if (batch.result.notes?.length) line.textContent += ` ${batch.result.notes.join(" ")}`;
      return;
    }
    if (!models.ready) return (line.textContent = this.studio.words.models.first);
    const count = batch.video ? Math.max(1, Math.round(25 * (await lengthOf(this.video)))) : batch.count;
    const told = await models.foresee(count).catch(() => null);
    if (line !== this.line || !told?.seconds) return;
    const time = duration(told.seconds, this.studio.words);
    const { measured, guess } = this.studio.words.models;
    line.textContent = `${worded(batch.video ? words.videoForecast : words.forecast, { time })} (${told.measured ? measured : guess}).`;
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
    }
  }

  #print(item) {
    const canvas = h("canvas", { width: side, height: side });
    const print = h("button.print", { type: "button", title: item.name, disabled: true, onclick: () => this.batch.openPicture(item).then((opened) => opened && this.hide()) },
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
    print.disabled = item.state !== "done";
    print.lastChild.title = item.why ?? "";
    print.lastChild.textContent = item.state === "failed" ? item.why : item.state === "done" ? this.#people(item.people) : "";
  }

  #people(count) {
    return count === 0 ? this.words.nobody : count === 1 ? this.words.figure : worded(this.words.figures, { n: count });
  }

  #change() {
    for (const print of this.prints.values()) this.#label(print);
    const { batch } = this;
    if (batch.video && batch.result?.overlay) {
      this.video.src = this.studio.server.address(batch.result.overlay);
      this.openButton.hidden = false;
    }
    for (const frame of this.strip?.children ?? []) frame.disabled = !batch.result;
    this.#head();
  }

  // ── a video ──

  #layVideo() {
    const { batch, words } = this;
    this.address = URL.createObjectURL(batch.video);
    this.video = h("video", { src: this.address, controls: true, muted: true, playsInline: true, preload: "metadata" });
    this.strip = h("div.strip");
    this.openButton = button("pose", words.openFrame, () => this.#open({ time: this.video.currentTime }), { text: words.openFrame });
    this.openButton.hidden = true;
    fill(this.body, h("div.film", {}, this.video, this.openButton, this.strip));
  }

  #frame(frame) {
    this.strip.append(h("button.frame", { type: "button", title: this.words.openOne, disabled: true, onclick: () => this.#open({ number: frame.number }) },
      h("img", { src: this.studio.server.address(frame.thumbnail), alt: "", loading: "lazy" }), h("small", {}, String(frame.number + 1))));
  }

  #open(frame) {
    return this.batch.openFrame(frame).then((opened) => opened && this.hide());
  }
}

/** Seconds of a video once the browser knows; 0 for one it cannot play. */
const lengthOf = (video) =>
  new Promise((resolve) => {
    const known = () => resolve(Number.isFinite(video.duration) ? video.duration : 0);
    if (video.readyState > 0) return known();
    video.addEventListener("loadedmetadata", known, { once: true });
    video.addEventListener("error", () => resolve(0), { once: true });
    return setTimeout(known, 3000);
  });
