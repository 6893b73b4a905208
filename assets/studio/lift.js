// Lift: the drawn figures read as bodies, each in several ways; one is chosen in the tray, the others stay at hand.

import { canStand } from "./body_work.js";
import { button, h, worded } from "./dom.js";
import { boxOf, drawn, sameDrawing } from "./figure.js";
import { Refusal } from "./server.js";
import { Trial } from "./tray.js";
import { freshKey } from "./vault.js";
import { View } from "./view.js";

const covered = 236; // px that the tray takes of the canvas
const atOnce = 2; // readings whose pictures are asked for together
const loose = 0.03; // of the figure's height: a reading this far off its drawing has an empty bar
const [sound, odd] = [0.4, 1.6]; // how unlikely: as people stand, and as nobody does

export class Lift {
  constructor(studio, work, editor) {
    Object.assign(this, { studio, work, editor, store: studio.store });
    this.words = studio.words.lift;
    this.records = new WeakMap(); // body → {readings, drawing, height, seed, pictures}, the same for all readings of a figure
    work.lifts = this;
    editor.addEventListener("viewed", () => {
      const came = editor.view.drawn && !this.drawn; // back to the drawing from a free view
      this.drawn = editor.view.drawn;
      if (came && this.trial) this.#makeRoom();
    });
    this.store.addEventListener("select", () => this.trial && this.index !== this.store.active && this.#turnTo());
  }

  // ── what is kept ──

  /** Keep what the server read in a figure, until the figure is another. */
  keep({ readings }, person, seed = 0) {
    if (!readings.length) return;
    const box = boxOf(person);
    const record = { readings, seed, drawing: drawn(person), height: Math.max(box[2] - box[0], box[3] - box[1], 1), pictures: new Map() };
    for (const { body } of readings) {
      this.records.set(body, record);
      this.work.inStep.set(body, record.drawing);
    }
  }

  /** The readings of a person that stands in one of them, as it is drawn; null when there are no others. */
  of(person) {
    const record = person?.body && this.records.get(person.body);
    return record && record.readings.length > 1 && sameDrawing(record.drawing, drawn(person)) ? record : null;
  }

  // ── reading ──

  /** Read every figure of the drawing, and let the artist choose for the active one. */
  all() {
    const people = this.store.doc.people.flatMap((person, index) => (canStand(person) ? [index] : []));
    if (!people.length) return this.studio.toast(this.studio.words.body.noneStand);
    if (!people.includes(this.store.active)) this.store.activate(people[0]);
    this.#begin();
    return this.#read(people, 0);
  }

  /** The other readings of a figure; those that are kept, or new ones. */
  choose(index) {
    if (this.store.active !== index) this.store.activate(index);
    this.#begin();
    return this.of(this.store.doc.people[index]) ? this.#lay() : this.#read([index], 0);
  }

  /** The tray, without anything in it yet. */
  #begin() {
    const { studio, store, words } = this;
    this.index = store.active;
    studio.tray.open({
      title: this.#title, choices: [], busy: false, seed: 0, picked: null,
      on: {
        hover: (choice) => this.trial?.show(choice && this.#with(choice.reading)),
        pick: (choice) => this.trial?.take(this.#with(choice.reading)),
        again: (seed) => this.#read([this.index], seed),
        stop: () => this.#stop(),
        cancel: () => this.#stop(),
        closed: () => this.#end(),
      },
    });
    this.#makeRoom();
    this.trial = new Trial(store, words.step, () => studio.tray.close());
  }

  get #title() {
    const name = this.store.doc.people[this.index].name || `${this.studio.words.figure} ${this.index + 1}`;
    return worded(this.words.title, { name });
  }

  /** The drawing goes up for as long as the tray covers a part of it, and down again unless it was moved since. */
  #makeRoom() {
    const { view } = this.editor;
    const { paper } = view;
    const room = view.height - covered;
    if (!view.drawn || (boxOf(this.store.doc.people[this.index])?.[3] ?? 0) * paper.scale + paper.y < room) return;
    this.lay = { x: paper.x, y: paper.y, scale: paper.scale };
    const [w, h] = this.store.doc.size;
    const lower = Object.assign(new View(), { width: view.width, height: room });
    lower.fit([0, 0, w - 1, h - 1], 50);
    this.raised = { x: lower.x, y: lower.y, scale: lower.scale };
    this.#move(this.raised);
  }

  #lower() {
    const { x, y, scale } = this.editor.view.paper;
    if (this.lay && x === this.raised.x && y === this.raised.y && scale === this.raised.scale) this.#move(this.lay);
    this.lay = null;
  }

  #move(place) {
    Object.assign(this.editor.view.paper, place);
    this.editor.moved();
  }

  #end() {
    this.#stop();
    this.#lower();
    this.trial?.end();
    this.trial = null;
    this.studio.refresh();
  }

  #stop() {
    if (this.job) this.studio.server.functions.cancel_job(this.job).catch(() => {});
    this.job = null;
    this.studio.tray.update({ busy: false });
  }

  /** The work with another reading of the figure that is chosen for. */
  #with({ body }) {
    const { kept } = this.trial;
    return { ...this.store.withPerson(this.index, { ...kept.people[this.index], body }, kept) };
  }

  #read(indices, seed) {
    const { studio, store, work, trial, words } = this;
    const { tray } = studio;
    const job = (this.job = freshKey());
    tray.update({ busy: true, fraction: null, text: words.reading, seed });
    return studio.guarded(async () => {
      try {
        const { kept } = trial;
        await work.load();
        const lying = indices.map((index) => ({ ...kept.people[index], body: null }));
        const progress = ({ fraction }) => this.job === job && tray.update({ fraction });
        const answer = await work.read(lying, { seed, job, progress });
        if (!answer || this.job !== job || !trial.alive) return;
        this.job = null;
        const people = [...kept.people];
        answer.figures.forEach(({ readings }, n) => readings.length && (people[indices[n]] = { ...people[indices[n]], body: readings[0].body }));
        if (answer.figures.every(({ readings }) => !readings.length)) throw new Refusal(answer.figures[0].note);
        trial.take({ ...kept, camera: answer.camera, people });
        tray.update({ busy: false });
        studio.toast([...new Set(answer.figures.map(({ note }) => note).filter(Boolean))].join(" "));
        this.#lay();
      } catch (error) {
        if (this.job === job || this.trial === trial) tray.close();
        throw error;
      } finally {
        if (this.job === job) this.job = null;
      }
    });
  }

  // ── the tray ──

  #turnTo() {
    if (this.job) return;
    this.index = this.store.active;
    const person = this.store.doc.people[this.index];
    if (this.of(person)) this.#lay();
    else this.studio.tray.close();
  }

  /** The readings of the figure, side by side. */
  #lay() {
    const { studio, store, words, index } = this;
    const person = store.doc.people[index];
    const record = this.of(person) ?? this.records.get(person.body);
    if (!record) return studio.tray.close();
    const choices = record.readings.map((reading, n) => ({
      id: n, reading, name: worded(words.name, { n: n + 1 }), note: n ? "" : words.best,
      picture: () => this.#picture(record, n, 0),
      second: () => h("div.seen", {}, this.#picture(record, n, 1), this.#meters(record, reading)),
    }));
    studio.tray.update({ title: this.#title, choices, seed: record.seed, picked: record.readings.findIndex(({ body }) => body === person.body), busy: false });
    return this.#fetch(record);
  }

  #picture(record, n, side) {
    const image = h("img", { alt: "", draggable: false, data: { side: String(side) } });
    const known = record.pictures.get(n);
    if (known) image.src = known[side];
    else (record.waiting ??= []).push({ n, side, image });
    return image;
  }

  /** Two small bars: how near to the drawing, and how natural. */
  #meters({ height }, { error, unnatural }) {
    const { words } = this;
    const bar = (label, value, title) => h("label", { title }, h("span", {}, label), h("meter", { min: 0, max: 1, value, ariaLabel: label }));
    const share = error / height;
    return h("div.meters", {},
      bar(words.near, Math.max(0.04, 1 - share / loose), worded(words.off, { share: (100 * share).toFixed(1) })),
      bar(words.natural, Math.max(0.04, Math.min(1, (odd - unnatural) / (odd - sound))), words.naturalHelp));
  }

  /** Pictures come a few at a time, so that the first ones need not wait for the last. */
  async #fetch(record) {
    const { work } = this;
    const camera = work.cameraOf();
    for (let n = 0; n < record.readings.length && this.trial; n += atOnce) {
      const some = record.readings.slice(n, n + atOnce);
      if (some.every((_, i) => record.pictures.has(n + i))) continue;
      const answer = await work.ask("lift_pictures", { bodies: some.map(({ body }) => body), camera }).catch(() => null);
      if (!answer?.pictures.length) return;
      answer.pictures.forEach((pair, i) => record.pictures.set(n + i, pair));
      for (const { n: of, side, image } of record.waiting ?? []) if (record.pictures.has(of) && !image.src) image.src = record.pictures.get(of)[side];
    }
  }

  /** The button that opens a figure's other readings, where there are some. */
  opener(index) {
    const record = this.of(this.store.doc.people[index]);
    return record && button("readings", worded(this.words.others, { n: record.readings.length }), () => this.choose(index), { data: { readings: index } });
  }
}
