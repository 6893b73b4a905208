// "Complete": a hand, face or limb that nobody drew, as it may well be. Choices in the tray, tried on the drawing, one kept.

import { Parts } from "./complete_parts.js";
import { h, worded } from "./dom.js";
import { boxOf, centerOf, converted } from "./figure.js";
import { Nearing } from "./nearing.js";
import { paintPerson } from "./paint.js";
import { emptyDocument } from "./store.js";
import { Trial } from "./tray.js";
import { freshKey } from "./vault.js";
import { View } from "./view.js";

const small = [160, 200]; // px of a choice's picture, as the server makes those in space
const counts = [3, 5, 8, 10];

export class Complete extends Parts {
  constructor(studio) {
    super(studio);
    this.words = studio.words.complete;
    this.count = 5;
    this.seed = 0;
  }

  // ── doing ──

  /** Complete what is selected, or what is missing. */
  start() {
    const { store, studio, words } = this;
    if (!this.fits(store.doc.people[store.active])) return studio.toast(store.doc.people.length ? words.nobody : studio.words.pose.none);
    const names = this.asked;
    return names.length ? this.run(names) : studio.toast(studio.step === "body" ? words.selectInSpace : words.select);
  }

  /** Look for choices for the named parts of the active figure. */
  run(hide) {
    const { store, studio, words } = this;
    studio.tray.close();
    const index = store.active;
    const before = store.doc;
    const person = before.people[index];
    if (!this.fits(person)) return studio.toast(words.nobody);
    const work = { hide, index, before, person, camera: studio.body.work.cameraOf(before), seed: this.seed };
    work.trial = new Trial(store, studio.words.steps.complete, () => studio.tray.close());
    this.work = work;
    studio.tray.open({
      title: this.called(hide), busy: true, fraction: 0, seed: this.seed, controls: this.#counter(),
      on: {
        hover: (choice) => this.#show(work, choice?.made ?? null),
        pick: (choice) => this.#take(work, choice.made),
        blend: (choice, amount, done) => this.#blend(work, choice.made, amount, done),
        again: (seed) => this.#again(work, seed),
        stop: () => this.#stop(work),
        cancel: () => this.#stop(work),
        closed: () => this.#end(work),
      },
    });
    return this.#look(work);
  }

  /** How many choices are looked for. */
  #counter() {
    const select = h("select", { ariaLabel: this.words.count, title: this.words.count }, counts.map((n) => h("option", { value: n, selected: n === this.count }, worded(this.words.choices, { n }))));
    select.addEventListener("change", () => {
      this.count = Number(select.value);
      if (this.work) this.#again(this.work, this.work.seed);
    });
    return select;
  }

  #again(work, seed) {
    if (work.job) this.studio.server.functions.cancel_job(work.job).catch(() => {}); // pictures of what goes now
    Object.assign(work, { seed });
    this.seed = seed;
    this.studio.tray.update({ busy: true, fraction: 0, seed });
    this.#look(work);
  }

  async #look(work) {
    const { studio, words } = this;
    const job = (work.job = freshKey());
    const { body } = studio;
    const keep = Boolean(work.person.body) && Boolean(work.camera) && !body.work.outOfStep(work.person);
    const document = { ...emptyDocument(work.before.size), people: [work.person], camera: work.camera };
    const current = () => this.work === work && work.job === job;
    try {
      const answer = await studio.server.call("complete", [document, work.hide, 0, this.count, work.seed, keep, true, body.work.file, job], (told) => {
        if (!current()) return;
        if (told.answer) this.#lay(work, told.answer);
        else studio.tray.update({ fraction: told.fraction, text: words.looking });
      });
      if (!current()) return;
      work.job = null;
      if (answer.cancelled) studio.tray.update({ busy: false });
      else this.#lay(work, answer);
    } catch (error) {
      if (!current()) return;
      work.job = null;
      if (studio.tray.isOpen) studio.tray.close();
      await studio.guarded(() => Promise.reject(error));
    }
  }

  #stop(work) {
    if (work.job) this.studio.server.functions.cancel_job(work.job).catch(() => {});
    work.job = null;
    if (this.work === work) this.studio.tray.update({ busy: false });
  }

  #end(work) {
    this.#stop(work);
    if (this.work === work) this.work = null;
    if (this.studio.body.isOpen) this.studio.body.work.cancel();
    work.trial.end();
    work.nearing?.back();
  }

  // ── choices ──

  /** The choices in the tray: drawn now, the body's pictures when they come. */
  #lay(work, answer) {
    const { studio } = this;
    work.answer = answer;
    const fresh = answer.choices.map((told, n) => ({ ...this.#made(work, told), id: `${work.seed}-${n}` }));
    const frames = this.#frames(work, fresh);
    if (studio.step === "pose") work.nearing ??= new Nearing(studio, fresh.map(({ person }) => boxOf(person, answer.placed)));
    const cards = fresh.map((made, n) => ({
      id: made.id, made, name: worded(this.words.choice, { n: n + 1 }), note: n ? null : this.words[String(work.hide) === "face" ? "atRest" : "likeliest"],
      picture: () => this.#drawn(work, made, frames[n]),
      second: () => (made.picture ? h("img", { src: made.picture, alt: "" }) : h("div.coming")),
    }));
    studio.tray.update({ choices: cards, busy: false, text: "", seed: work.seed });
  }

  /** What the server told, as the whole document it makes. */
  #made(work, told) {
    const { store } = this;
    const { answer, before, person, index } = work;
    const to = store.skeletons[answer.skeleton];
    const next = converted(person, store.skeletonOf(person), to, store.derived);
    const carried = new Set(answer.carried);
    answer.placed.forEach((i, k) => {
      next.points[i] = told.points[k];
      if (!carried.has(i)) next.states[i] = "visible";
      next.sources[i] = "prior";
      next.scores[i] = 0.8;
    });
    next.body = told.body;
    const people = [...before.people];
    people[index] = next;
    return { person: next, body: told.body, picture: told.picture, doc: { ...before, camera: answer.camera, people } };
  }

  /** What of the drawing the small picture of a choice shows: a hand or face near, else the whole figure; all as large. */
  #frames(work, choices) {
    const alone = work.hide.length === 1 && /_hand$|^face$/.test(work.hide[0]);
    const boxes = choices.map(({ person }) => boxOf(person, alone ? work.answer.placed : null) ?? [0, 0, 8, 8]);
    const side = 1.15 * Math.max(8, ...boxes.map(([x0, y0, x1, y1]) => Math.max((x1 - x0) / 0.8, y1 - y0)));
    return boxes.map(centerOf).map(([x, y]) => [x - 0.4 * side, y - 0.5 * side, x + 0.4 * side, y + 0.5 * side]);
  }

  #drawn(work, { person }, frame) {
    const { store, studio } = this;
    const [width, height] = small;
    const canvas = h("canvas", { width: 2 * width, height: 2 * height });
    const ctx = canvas.getContext("2d");
    ctx.scale(2, 2);
    const view = Object.assign(new View(), { width, height });
    view.fit(frame, 0);
    const photo = studio.vault.picture(work.before.photo?.key);
    if (photo) {
      ctx.globalAlpha = 0.55;
      ctx.drawImage(photo.bitmap, view.x, view.y, work.before.size[0] * view.scale, work.before.size[1] * view.scale);
      ctx.globalAlpha = 1;
    }
    paintPerson(ctx, view, person, store.skeletonOf(person), { index: work.index });
    return canvas;
  }

  // ── on the work ──

  /** Try a choice, or what is kept. */
  #show(work, made) {
    const { studio } = this;
    work.trial.show(made?.doc ?? null);
    if (studio.step !== "body") return;
    if (made) studio.body.work.live(studio.words.steps.complete, { kind: "set", body: made.body }, { index: work.index, tentative: true });
    else studio.body.work.cancel();
  }

  #take(work, made) {
    if (this.studio.step === "body") this.studio.body.work.cancel();
    work.wanted = null;
    work.trial.take(made.doc);
  }

  /** Between the figure as it was and a choice; the latest amount counts. */
  #blend(work, made, amount, done) {
    work.wanted = { made, amount, done };
    work.blending ??= this.#blended(work).finally(() => (work.blending = null));
  }

  async #blended(work) {
    const { studio } = this;
    const document = { ...emptyDocument(work.before.size), people: [work.person], camera: work.answer.camera };
    while (work.wanted && this.work === work) {
      const { made, amount, done } = work.wanted;
      work.wanted = null;
      let next = made;
      if (amount < 1) {
        const told = await studio.body.work.ask("complete_blend", { document, base: work.answer.base, body: made.body, hide: work.hide, amount }).catch((error) => studio.body.work.complain(error));
        if (!told || this.work !== work || !work.trial.alive) return;
        next = this.#made(work, told);
      }
      if (done && !work.wanted) this.#take(work, next);
      else this.#show(work, next);
    }
  }
}
