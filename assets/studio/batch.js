// Many pictures, or a video: sent one by one, worked on in a row by the chosen model, taken home as a zip.

import { worded } from "./dom.js";
import { readsPicture, readsVideo } from "./files.js";
import { freshKey } from "./vault.js";

const most = 500; // pictures, as many as the server takes

export class Batch extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.words = studio.words.many;
    this.clear();
  }

  clear() {
    this.items = []; // of pictures: {file, name, state: waiting | done | failed, document, people, why}
    this.frames = []; // of a video: {number, people, thumbnail}
    this.video = null;
    this.result = null;
    this.fraction = 0;
    this.text = "";
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
    if (this.job) return;
    const { studio, words } = this;
    const pictures = files.filter(readsPicture);
    const [video] = pictures.length ? [] : files.filter(readsVideo);
    if (!pictures.length && !video) return studio.toast(words.nothing);
    this.clear();
    const taken = pictures.slice(0, most).sort((a, b) => pathOf(a).localeCompare(pathOf(b), undefined, { numeric: true }));
    this.items = taken.map((file) => ({ file, name: file.name, state: "waiting" }));
    this.video = video ?? null;
    const notes = [pictures.length > most && worded(words.tooMany, { n: most }), leftOut(files, pictures, video) && worded(words.leftOut, { n: leftOut(files, pictures, video) })];
    studio.toast(notes.filter(Boolean).join(" "));
    this.#tell("taken");
  }

  async run(model, options) {
    if (this.job || this.empty) return;
    const { studio } = this;
    const job = (this.job = freshKey());
    this.result = null;
    this.frames = [];
    for (const item of this.items) Object.assign(item, { state: "waiting", document: null, why: "" });
    this.began = false;
    this.#progress(0, "…");
    await studio.guarded(async () => {
      const told = (value) => this.job === job && this.#hear(value);
      const answer = await this.#asked(job, model, options, told);
      if (!answer || answer.cancelled) studio.status(this.words.stopped);
      if (!answer?.results) return;
      this.result = answer;
    });
    this.job = null;
    studio.panels.photo.models.measured();
    this.#tell();
  }

  /** Send the files, those already there excepted, and have them worked on; null when it was stopped on the way. */
  async #asked(job, model, options, told) {
    const { server, words } = this.studio;
    const send = async () => {
      if (this.video) return (this.sent ??= await server.upload(this.video, this.video.name));
      const sent = [];
      for (const [i, item] of this.items.entries()) {
        if (this.stopped === job) return null;
        if (!item.sent) this.#progress(0, worded(this.words.sending, { n: i + 1, all: this.count }));
        sent.push((item.sent ??= await server.upload(item.file, item.name)));
      }
      return sent;
    };
    const call = async () => {
      const sent = await send();
      if (!sent || this.stopped === job) return null;
      this.began = true;
      return server.call(this.video ? "estimate_video" : "estimate_many", [sent, model, options, job], told);
    };
    try {
      return await call();
    } catch (error) {
      if (error.message !== words.gone) throw error;
      this.#forget(); // the server was restarted: send anew
      return call();
    }
  }

  #forget() {
    this.sent = null;
    for (const item of this.items) item.sent = null;
  }

  #hear(value) {
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
  }

  /** Stop: what is done stays, and is offered to take home. */
  cancel() {
    if (!this.job) return;
    this.stopped = this.job;
    this.#progress(this.fraction, this.words.stopping);
    if (this.began) this.studio.server.functions.cancel_job(this.job).catch(() => {});
  }

  /** A picture with the pose found in it, on the canvas. */
  openPicture(item) {
    return this.studio.files.openFound(item.file, item.document);
  }

  /** A frame of the video, by number or by the time it is seen, with the pose found in it, on the canvas. */
  openFrame({ number = null, time = null }) {
    return this.studio.files.openAnswered(this.video.name, () => this.studio.server.call("open_frame", [this.sent, this.result.results, number, time]));
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
