// Characters' proportions: read off a figure, kept in this browser, given to any other figure, taken home as a file.

import { button, h, refill } from "./dom.js";
import { boxOf, makePerson, marked, present } from "./figure.js";
import { canStand } from "./body_work.js";
import { documentOf } from "./lint.js";
import { paintPerson } from "./paint.js";
import { freshKey } from "./vault.js";
import { View } from "./view.js";

const place = "contrapposto-profiles"; // in the browser's own storage
const drawnOn = "coco17"; // the skeleton of a tile
const side = [72, 90]; // px of a tile
const most = 200;

export class Profiles {
  constructor(studio) {
    Object.assign(this, { studio, store: studio.store });
    this.words = studio.words.profiles;
    this.element = h("details.profiles", {}, h("summary", {}, h("h2", {}, this.words.title)), (this.body = h("div.body")));
    this.kept = this.#stored();
    this.chosen = null; // the id of a profile
    this.element.addEventListener("toggle", () => this.element.open && this.render());
    for (const type of ["select", "change"]) this.store.addEventListener(type, () => this.render());
  }

  // ── keeping ──

  #stored() {
    try {
      return JSON.parse(localStorage.getItem(place) ?? "[]");
    } catch {
      return [];
    }
  }

  #keep(kept) {
    this.kept = kept.slice(-most);
    try {
      localStorage.setItem(place, JSON.stringify(this.kept));
    } catch {
      this.studio.toast(this.words.unkept);
    }
    this.render();
  }

  /** The figure that proportions are read off or given to; null when no body stands for it. */
  get #figure() {
    const person = this.store.doc.people[this.store.active];
    return person && canStand(person) ? person : null;
  }

  /** Keep the active figure's proportions as a profile. */
  keepAs() {
    const person = this.#figure;
    if (!person) return undefined;
    const name = person.name || `${this.studio.words.figure} ${this.store.active + 1}`;
    return this.#busy(async () => {
      const answer = await this.studio.body.work.ask("profile_of", { document: documentOf(this.studio, [person]), name });
      this.#add(answer);
      this.studio.status(this.words.keptAs);
    });
  }

  #add({ profile, picture }) {
    const one = { id: freshKey(), profile, picture };
    this.chosen = one.id;
    this.#keep([...this.kept, one]);
  }

  #rename(id, name) {
    this.#keep(this.kept.map((one) => (one.id === id ? { ...one, profile: { ...one.profile, name } } : one)));
  }

  remove(id) {
    const gone = this.kept.findIndex((one) => one.id === id);
    const [one] = this.kept.slice(gone, gone + 1);
    this.#keep(this.kept.filter((other) => other.id !== id));
    this.studio.toast(this.words.removed, [{ label: this.studio.words.commands.undo, run: () => this.#keep([...this.kept.slice(0, gone), one, ...this.kept.slice(gone)]) }]);
  }

  // ── giving ──

  /** The active figure, or all of them, in a profile's proportions, or in plain ones, as one step. */
  give(profile, all = false) {
    const { store, studio } = this;
    const before = store.doc;
    const indices = [...before.people.keys()].filter((i) => canStand(before.people[i]) && (all || i === store.active));
    if (!indices.length) return undefined;
    return this.#busy(async () => {
      const told = documentOf(studio, indices.map((i) => before.people[i]));
      const answer = await studio.body.work.ask("profile_give", { document: told, indices: indices.map((_, n) => n), profile });
      if (store.doc !== before) return;
      const people = [...before.people];
      const notes = new Set();
      for (const { index, points, body, note } of answer.figures) {
        if (note) notes.add(note);
        if (!points) continue;
        const person = people[indices[index]];
        const next = marked(person, [...person.points.keys()].filter((i) => present(person, i)));
        people[indices[index]] = { ...next, points: points.map((p, i) => (present(person, i) ? p : person.points[i])), body };
      }
      if (people.some((person, i) => person !== before.people[i])) store.commit(studio.words.steps.proportions, { ...before, camera: answer.camera, people });
      studio.toast([...notes].join(" "));
    });
  }

  /** One thing at a time; what goes wrong becomes a sentence. */
  #busy(work) {
    if (this.working) return undefined;
    this.working = true;
    this.render();
    return this.studio.guarded(async () => {
      try {
        await work();
      } finally {
        this.working = false;
        this.render();
      }
    });
  }

  // ── files ──

  takeHome({ profile }) {
    const blob = new Blob([JSON.stringify(profile, null, 1)], { type: "application/json" });
    const link = h("a", { href: URL.createObjectURL(blob), download: `${profile.name.replace(/[^\p{L}\p{N} _-]/gu, "") || "proportions"}-proportions.json` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  bring() {
    const input = h("input", { type: "file", accept: ".json,application/json" });
    input.addEventListener("change", () => this.#busy(async () => {
      const read = await input.files[0].text();
      let profile = null;
      try {
        profile = JSON.parse(read);
      } catch {
        return void this.studio.toast(this.words.noProfile);
      }
      this.#add(await this.studio.body.work.ask("profile_check", { profile }));
    }));
    input.click();
  }

  // ── the list ──

  render() {
    if (!this.element.open || this.typing) return;
    const { words, kept, working } = this;
    const figure = this.#figure;
    const one = kept.find(({ id }) => id === this.chosen);
    const several = this.store.doc.people.filter(canStand).length > 1;
    refill(this.body,
      h("p.hint", {}, figure || !this.store.doc.people.length ? words.help : words.noBody),
      h("div.row.wrap", {},
        button("keep", words.keepHelp, () => this.keepAs(), { text: words.keep, disabled: !figure || working }),
        button("open", words.bringHelp, () => this.bring(), { text: words.bring, disabled: working })),
      h("div.tiles", { role: "listbox", ariaLabel: words.title }, this.#tile(null), kept.map((each) => this.#tile(each))),
      h("div.row.wrap", {},
        h("button.primary", { type: "button", disabled: !figure || working, data: { give: "one" }, onclick: () => this.give(one?.profile ?? null) }, one ? words.give : words.plain),
        several && h("button", { type: "button", disabled: working, data: { give: "all" }, onclick: () => this.give(one?.profile ?? null, true) }, words.all)),
      one && h("div.row", {}, this.#name(one),
        button("download", words.takeHome, () => this.takeHome(one)),
        button("trash", words.remove, () => this.remove(one.id))));
  }

  #tile(one) {
    const { words } = this;
    const on = (one?.id ?? null) === this.chosen;
    const name = one ? one.profile.name || words.unnamed : words.plainName;
    return h(`button.pose${on ? ".on" : ""}`, { type: "button", role: "option", ariaSelected: String(on), title: name, data: { profile: one?.id ?? "plain" }, onclick: () => ((this.chosen = one?.id ?? null), this.render()), ondblclick: () => this.give(one?.profile ?? null) },
      this.#picture(one), h("span", {}, name));
  }

  /** A figure at ease in these proportions; the library's own in plain ones. */
  #picture(one) {
    const skeleton = this.store.skeletons[drawnOn];
    const { library } = this.studio;
    const canvas = h("canvas", { width: side[0] * 2, height: side[1] * 2 });
    const ctx = canvas.getContext("2d");
    ctx.scale(2, 2);
    const person = one
      ? makePerson(skeleton, { points: one.picture, scores: one.picture.map(() => 1), states: one.picture.map(() => "visible") })
      : library.on(library.byId("at-ease"), skeleton, false);
    const view = Object.assign(new View(), { width: side[0], height: side[1] });
    view.fit(boxOf(person), 7);
    paintPerson(ctx, view, person, skeleton, { index: 0 });
    return canvas;
  }

  #name({ id, profile }) {
    const input = h("input.name", { value: profile.name, placeholder: this.words.unnamed, ariaLabel: this.words.name, maxLength: 40 });
    input.addEventListener("focus", () => (this.typing = true));
    input.addEventListener("blur", () => (this.typing = false));
    input.addEventListener("change", () => ((this.typing = false), this.#rename(id, input.value.trim())));
    return h("div.grow", {}, input);
  }
}
