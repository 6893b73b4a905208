// The artist's own poses: kept in this browser, beside those of the library and in the same form.

import { boxOf, present } from "./figure.js";
import { freshKey } from "./vault.js";

const letters = { visible: "v", hidden: "h", missing: "m" };
const most = 500;

const open = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("contrapposto-poses", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("poses", { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export const kindOf = ({ skeleton }) => ({ ap10k17: "animal", hand21: "hand" })[skeleton] ?? "person";

/** A figure in the form of the library's file: places from its own corner, one letter a state. */
export function told(person, body = null) {
  const [x, y] = boxOf(person) ?? [0, 0];
  const rounded = (value) => Math.round(value * 10) / 10;
  return {
    skeleton: person.skeleton,
    points: person.points.map((p, i) => (present(person, i) ? [rounded(p[0] - x), rounded(p[1] - y)] : [0, 0])),
    states: person.states.map((state) => letters[state]).join(""),
    body,
  };
}

export class OwnPoses extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.words = studio.words.search;
    this.poses = [];
  }

  /** Read what was kept; a browser that keeps nothing starts with none. */
  async start() {
    try {
      this.db = await open();
      const kept = await answer(this.#store("readonly").getAll());
      this.poses = kept.sort((a, b) => a.saved - b.saved);
      this.#changed();
    } catch (error) {
      console.warn("own poses cannot be kept here", error);
    }
  }

  #store(mode) {
    return this.db.transaction("poses", mode).objectStore("poses");
  }

  #changed() {
    this.studio.library.withOwn(this.poses);
    this.dispatchEvent(new CustomEvent("change"));
  }

  /** One more, of the figure as it is drawn, and as it stands where that agrees; null when there are too many. */
  async keep(person) {
    if (this.poses.length >= most) return this.studio.refuse(this.words.tooMany);
    const { work } = this.studio.body;
    const body = person.body && !work.outOfStep(person) ? person.body : null;
    const title = person.name || this.#freshTitle();
    const pose = { ...told(person, body), id: `own-${freshKey()}`, title, kind: kindOf(person), tags: [], saved: Date.now() };
    await this.#put(pose);
    return pose;
  }

  #freshTitle() {
    const taken = new Set(this.poses.map(({ title }) => title));
    let n = 1;
    while (taken.has(`${this.words.ownTitle} ${n}`)) n += 1;
    return `${this.words.ownTitle} ${n}`;
  }

  /** Keep a pose, a new one or one that has changed. */
  async #put(pose) {
    const at = this.poses.findIndex(({ id }) => id === pose.id);
    this.poses = at < 0 ? [...this.poses, pose] : this.poses.with(at, pose);
    this.#changed();
    await this.#kept(() => this.#store("readwrite").put(pose));
  }

  rename(id, title) {
    const pose = this.poses.find((one) => one.id === id);
    return pose && title.trim() ? this.#put({ ...pose, title: title.trim().slice(0, 40) }) : undefined;
  }

  /** One away; the toast brings it back. */
  async remove(id) {
    const pose = this.poses.find((one) => one.id === id);
    if (!pose) return;
    this.poses = this.poses.filter((one) => one !== pose);
    this.#changed();
    this.studio.toast(this.words.removed, [{ label: this.studio.words.commands.undo, run: () => this.#put(pose) }]);
    await this.#kept(() => this.#store("readwrite").delete(id));
  }

  async #kept(write) {
    try {
      await answer(write());
    } catch (error) {
      console.warn(error);
      this.studio.toast(this.words.notKept);
    }
  }
}
