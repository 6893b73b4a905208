// Parts of one pose on another figure: chosen by name, tried on the canvas, taken as one step. In space first; the drawing follows.

import { h } from "./dom.js";
import { boxOf, centerOf, withPoints } from "./figure.js";
import { canStand } from "./body_work.js";
import { Refusal } from "./server.js";
import { emptyDocument } from "./store.js";

const whole = "all"; // the pose with every part, on the figure as it faces

export class Mixing {
  constructor(panel) {
    Object.assign(this, { panel, studio: panel.studio, chosen: new Set(), asked: 0 });
    this.words = this.studio.words.mixing;
    this.stood = new WeakMap(); // figure → {body, camera} that it stands with, where the document has none in step
  }

  get #target() {
    const { store } = this.studio;
    return store.doc.people[store.active];
  }

  /** Whether parts are to be taken of this pose, rather than the whole. */
  takes(pose) {
    return this.chosen.size > 0 && this.#fits(pose);
  }

  #fits(pose) {
    return pose.kind === "person" && Boolean(this.#target) && canStand(this.#target);
  }

  /** The parts to choose from. */
  chips(pose) {
    const { words } = this;
    if (!this.#fits(pose)) return null;
    const chip = ([name, text]) => h(`button.chip${this.chosen.has(name) ? ".on" : ""}`, { type: "button", ariaPressed: String(this.chosen.has(name)), data: { take: name }, onclick: () => this.#toggle(name) }, text);
    return h("div.take", { role: "group", ariaLabel: words.take }, h("small", {}, words.take), h("div.chips", {}, Object.entries(words.partsOf).map(chip)));
  }

  #toggle(name) {
    const on = !this.chosen.has(name);
    if (name === whole) this.chosen.clear(); // all of it, or some of its parts
    else this.chosen.delete(whole);
    if (on) this.chosen.add(name);
    else this.chosen.delete(name);
    this.panel.retry();
  }

  /** What is being tried is not wanted any more. */
  drop() {
    this.asked += 1;
    this.wanted = null;
  }

  /** Show the figure with the parts; of poses pointed at in quick succession only the last is asked for. */
  try(pose) {
    this.wanted = pose;
    this.asked += 1;
    this.running ??= this.#run().finally(() => (this.running = null));
  }

  async #run() {
    const { editor, body } = this.studio;
    while (this.wanted) {
      const [pose, asked] = [this.wanted, this.asked];
      this.wanted = null;
      try {
        const made = await this.#made(pose);
        if (asked !== this.asked || this.studio.step !== "pose" || this.studio.tab !== "library") continue;
        editor.ghost = made.person;
        editor.paint();
      } catch (error) {
        if (asked === this.asked) body.work.complain(error);
      }
    }
  }

  /** One step: the figure as it was shown. */
  apply(pose) {
    const { studio } = this;
    const { store } = studio;
    this.drop();
    return studio.guarded(async () => {
      const before = store.doc;
      const { person, camera } = await this.#made(pose);
      if (store.doc !== before) return;
      studio.editor.ghost = null;
      store.commit(studio.words.steps.mix, { ...store.withPerson(store.active, person), camera });
    });
  }

  /** The active figure with the parts, {person, camera}. */
  async #made(pose) {
    const { work } = this.studio.body;
    const target = this.#target;
    const own = await this.#standing(target, this.studio.store.doc.size, work.cameraOf());
    const { body: taken } = pose.own || pose.here ? await this.#source(pose) : { body: null };
    const answer = await work.ask("pose_mix", {
      body: own.body, camera: own.camera, skeleton: target.skeleton, taken: taken ? { body: taken } : { id: pose.id },
      parts: this.chosen.has(whole) ? Object.keys(this.words.partsOf).filter((name) => name !== whole) : [...this.chosen], mirror: this.panel.flips(pose), blend: this.panel.blend,
    });
    return { person: work.moved(target, answer.body, answer.before, answer.points), camera: own.camera };
  }

  /** How a pose that is no ready one stands: as it was kept, else as its drawing says. */
  #source(pose) {
    if (pose.body && !this.studio.body.work.outOfStep(pose.person)) return pose;
    const side = 1000; // the drawing of an own pose begins at its corner
    if (pose.here) return this.#standing(pose.person, this.studio.store.doc.size, this.studio.body.work.cameraOf());
    if (!this.stood.has(pose.person)) {
      const box = boxOf(pose.person);
      const [cx, cy] = centerOf(box);
      const scale = (0.8 * side) / Math.max(box[2] - box[0], box[3] - box[1], 1);
      const placed = withPoints(pose.person, ([x, y]) => [(x - cx) * scale + side / 2, (y - cy) * scale + side / 2]);
      this.stood.set(pose.person, this.#stand(placed, [side, side], null));
    }
    return this.#once(pose.person);
  }

  /** A figure's body and the camera that sees it: the document's where they agree, else as it would stand up. */
  #standing(person, size, camera) {
    if (person.body && camera && !this.studio.body.work.outOfStep(person)) return { body: person.body, camera };
    if (!this.stood.has(person)) this.stood.set(person, this.#stand(person, size, camera));
    return this.#once(person);
  }

  async #once(person) {
    try {
      return await this.stood.get(person);
    } catch (error) {
      this.stood.delete(person); // another time it may be answered
      throw error;
    }
  }

  async #stand(person, size, camera) {
    const { camera: seen, fits } = await this.studio.body.work.ask("body_fit", { document: { ...emptyDocument(size), people: [{ ...person, hidden_bones: [], front: [] }], camera }, indices: [0] });
    if (!fits[0].body) throw new Refusal(fits[0].note);
    return { body: fits[0].body, camera: seen };
  }
}
