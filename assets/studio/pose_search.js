// Poses like the active figure, or like what is selected of it: asked of the server, and shown best first with a mark.

import { button, h, refill, worded } from "./dom.js";
import { told } from "./own_poses.js";

const least = 0.12; // alikeness worth showing

export class PoseSearch {
  constructor(panel) {
    Object.assign(this, { panel, studio: panel.studio, by: null, found: null });
    this.words = this.studio.words.search;
    this.element = h("div.alike");
  }

  get #person() {
    const { store } = this.studio;
    return store.doc.people[store.active];
  }

  /** What is looked for now: the figure and, of the selection, its joints; null when there is no such thing. */
  #wanted(by) {
    const { store } = this.studio;
    const person = this.#person;
    if (!person) return null;
    const joints = by === "selection" ? store.jointsOf(store.active) : [];
    if (by === "selection" && joints.length < 3) return null;
    return { person, joints, key: joints.join() };
  }

  render() {
    const { words, by } = this;
    const choice = (name, text, needs) => {
      const able = Boolean(this.#wanted(name));
      return h(`button.chip${by === name ? ".on" : ""}`, { type: "button", ariaPressed: String(by === name), disabled: !able && by !== name, title: able ? "" : needs,
        data: { alike: name }, onclick: () => (by === name ? this.stop() : this.look(name)) }, text);
    };
    refill(this.element, h("div.chips", { role: "group", ariaLabel: words.title }, choice("figure", words.figure, words.figureNeeds), choice("selection", words.selection, words.selectionNeeds),
      this.#stale && h("button.link", { type: "button", onclick: () => this.look(by) }, words.again)),
      button("keep", words.keep, () => this.panel.keep(), { disabled: !this.#person }));
  }

  /** Whether what was looked for has changed since. */
  get #stale() {
    if (!this.by || !this.found) return false;
    const now = this.#wanted(this.by);
    return Boolean(now) && (now.person !== this.asked.person || now.key !== this.asked.key);
  }

  /** Look for poses like the figure or the selection. */
  look(by) {
    const { studio } = this;
    const asked = this.#wanted(by);
    if (!asked) return studio.toast(by === "figure" ? this.words.figureNeeds : this.words.selectionNeeds);
    return studio.guarded(async () => {
      const { work } = studio.body;
      const { person, joints } = asked;
      const skeleton = studio.store.skeletonOf(person);
      const { matches } = await work.ask("poses_alike", {
        figure: told(person, person.body && !work.outOfStep(person) ? person.body : null),
        joints: joints.length ? joints.map((i) => skeleton.joints[i]) : null,
        own: studio.own.poses.map(({ id, skeleton, points, states, body }) => ({ id, skeleton, points, states, body })),
      });
      Object.assign(this, { by, asked, found: new Map(matches.filter((one) => one.likeness >= least).map((one) => [one.id, one])) });
      this.panel.searched();
    });
  }

  /** Back to all poses in their own order. */
  stop() {
    Object.assign(this, { by: null, found: null });
    this.panel.searched();
  }

  of(pose) {
    return this.found?.get(pose.id) ?? null;
  }

  /** Poses in the order of the search; all as they are when nothing is looked for. */
  sorted(poses) {
    if (!this.found) return poses;
    return poses.filter((pose) => this.found.has(pose.id)).sort((a, b) => this.of(b).likeness - this.of(a).likeness);
  }

  /** How alike, in words. */
  said(match) {
    const notes = [worded(this.words.alike, { n: Math.round(100 * match.likeness) }), match.mirrored && this.words.mirrored, match.turned && this.words.turned];
    return notes.filter(Boolean).join(", ");
  }

  mark(match) {
    return h("i.match", { ariaHidden: "true" }, h("i", { style: { width: `${Math.round(100 * match.likeness)}%` } }));
  }
}
