// Many pictures, or a video: sent one by one, worked on in a row by the chosen model, taken home as a zip.

import { worded } from "./dom.js";
import { readsPicture, readsVideo } from "./files.js";
import { Refusal } from "./server.js";
import { freshKey } from "./vault.js";

const most = 500; // pictures, as many as the server takes

export class Batch extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.words = studio.words.many;
    this.uploads = new WeakMap(); // file → where the server has it
    this.clear();
    addEventListener("beforeunload", (event) => (this.job || this.untaken) && event.preventDefault());
  }

  clear() {
    this.items = []; // of pictures: {file, name, state: waiting | done | failed, document, people, why}
    this.frames = []; // of a video: {number, people, thumbnail}
    this.video = null;
    this.result = null;
    this.taken = false; // whether the results have been taken home
    this.failure = "";
    this.fraction = 0;
    this.text = "";
  }

  /** Whether there is something that would be lost. */
  get untaken() {
    return this.result?.done > 0 && !this.taken;
  }

  get empty() {
    return !this.items.length && !this.video;
  }

  get count() {
    return this.items.length;
  }

  #tell(type = "change", detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** Take pictures, or one video; says what was left out. Nothing is sent before the artist asks for it. */
  take(files) {
    const { studio, words } = this;
    if (this.job) return studio.toast(words.atWork);
    const pictures = files.filter(readsPicture);
    const [video] = pictures.length ? [] : files.filter(readsVideo);
    if (!pictures.length && !video) return studio.toast(words.nothing);
    const before = this.untaken && { ...this };
    this.clear();
    const taken = pictures.slice(0, most).sort((a, b) => pathOf(a).localeCompare(pathOf(b), undefined, { numeric: true }));
    this.items = taken.map((file) => ({ file, name: file.name, state: "waiting" }));
    this.video = video ?? null;
    const notes = [pictures.length > most && worded(words.tooMany, { n: most }), leftOut(files, pictures, video) && worded(words.leftOut, { n: leftOut(files, pictures, video) })];
    if (before) notes.push(words.madeRoom);
    studio.toast(notes.filter(Boolean).join(" "), before ? [{ label: words.bringBack, run: () => this.#bringBack(before) }] : []);
    this.#tell("taken");
  }

  #bringBack(before) {
    if (this.job) return;
    Object.assign(this, before);
    this.#tell("taken");
    this.#tell();
  }

  async run(model, options) {
    if (this.job || this.empty) return;
    const { studio } = this;
    const job = (this.job = freshKey());
    Object.assign(this, { result: null, taken: false, frames: [], failure: "", heard: false });
    for (const item of this.items) Object.assign(item, { state: "waiting", people: null, document: null, why: "" });
    this.began = false;
    studio.status("");
    this.#progress(0, studio.words.waiting);
    try {
      const told = (value) => this.job === job && this.#hear(value);
      const asked = this.#asked(job, model, options, told);
      asked.catch(() => {}); // what comes of it after a stop is nobody's business
      const answer = await Promise.race([asked, new Promise((resolve) => (this.giveUp = () => resolve(null)))]);
      if (!answer || answer.cancelled) studio.status(this.words.stopped);
      if (answer?.results) this.result = answer;
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      this.failure = error instanceof Refusal ? error.message : studio.words.failed;
    }
    this.job = null;
    studio.panels.photo.models.measured();
    this.#tell();
    if (!studio.contact.isOpen) studio.toast(this.told, [{ label: this.words.showThem, run: () => studio.contact.show() }]);
  }

  /** What came of it, in a sentence. */
  get told() {
    const { words, result } = this;
    if (!result) return this.failure || words.stopped;
    const count = (fits) => this.items.filter(fits).length;
    const [nobody, failed] = [count(({ people }) => people === 0), count(({ state }) => state === "failed")];
    const done = worded(this.video ? words.videoDone : words.done, { n: result.done - nobody, all: this.count });
    const others = [nobody && worded(words.nobodyIn, { n: nobody }), failed && worded(words.unread, { n: failed })];
    return [result.cancelled && words.stopped, done, ...others, words.then, ...(result.notes ?? [])].filter(Boolean).join(" ");
  }

  /** Send the files, those already there excepted, and have them worked on; null when it was stopped on the way. */
  async #asked(job, model, options, told) {
    const { server, words } = this.studio;
    const send = async () => {
      const sent = [];
      for (const file of this.video ? [this.video] : this.items.map((item) => item.file)) {
        if (!this.uploads.has(file)) {
          this.#progress(0, this.video ? this.words.sendingVideo : worded(this.words.sending, { n: sent.length + 1, all: this.count }));
          this.uploads.set(file, await server.upload(file, file.name));
        }
        if (this.stopped === job) return null;
        sent.push(this.uploads.get(file));
      }
      return this.video ? sent[0] : sent;
    };
    const call = async () => {
      const sent = await send();
      if (!sent) return null;
      this.#progress(0, words.waiting);
      this.began = true;
      return server.call(this.video ? "estimate_video" : "estimate_many", [sent, model, options, job], told);
    };
    try {
      return await call();
    } catch (error) {
      if (error.message !== words.gone) throw error;
      this.uploads = new WeakMap(); // the server was restarted: send anew
      return call();
    }
  }

  #hear(value) {
    this.heard = true;
    if (value.text) return void this.#progress(value.fraction, value.text);
    if (value.thumbnail) this.frames.push(value);
    else if (value.number === undefined) return; // the answer itself, which comes once more at the end
    else Object.assign(this.items[value.number], value, { state: value.why ? "failed" : "done" });
    this.#tell("item", value.number);
  }

  #progress(fraction, text) {
    this.fraction = fraction;
    this.text = text;
    this.#tell("progress");
    this.studio.emit("batch");
  }

  /** Stop: what is done stays, and is offered to take home. */
  cancel() {
    if (!this.job) return;
    this.stopped = this.job;
    this.#progress(this.fraction, this.words.stopping);
    if (this.began) this.studio.server.functions.cancel_job(this.job).catch(() => {});
    if (!this.heard) this.giveUp(); // it waits its turn, or is on its way: nothing is done yet
  }

  /** A picture with the pose found in it, on the canvas. */
  openPicture(item) {
    return this.studio.files.openFound(item.file, item.document);
  }

  /** A frame of the video, by number or by the time it is seen, with the pose found in it, on the canvas. */
  openFrame({ number = null, time = null }) {
    return this.studio.files.openAnswered(this.video.name, () => this.studio.server.call("open_frame", [this.uploads.get(this.video), this.result.results, number, time]));
  }
}

const pathOf = (file) => file.webkitRelativePath || file.name;
const leftOut = (files, pictures, video) => (video ? files.length - 1 : files.filter((file) => !pictures.includes(file) && !/^(\.|Thumbs\.db$|desktop\.ini$)/.test(file.name)).length);

/** All files of a drop, those in folders too; the browser tells of folders only while the drop is handled. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  return (await Promise.all(entries.map(filesIn))).flat();
}

async function filesIn(entry) {
  if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
  const reader = entry.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject)); // a hundred at a time
    if (!some.length) return found;
    for (const one of some) found.push(...(await filesIn(one)));
  }
}
