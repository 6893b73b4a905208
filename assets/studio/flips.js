// Front or back: whether an arm or a leg comes towards the viewer or goes away, where the drawing does not say.

import { button, h, refill, worded } from "./dom.js";
import { Trial } from "./tray.js";

const patience = 150; // ms without another figure or joint until the server is asked
const limbOf = /^(left|right)_(shoulder|elbow|wrist|hip|knee|ankle|foot|hand)/;
const hinges = /^(left|right)_(elbow|knee)$/;
const arms = new Set(["shoulder", "elbow", "wrist", "hand"]);

export class Flips {
  constructor(step) {
    const { studio, work, editor } = step;
    Object.assign(this, { studio, work, editor, store: studio.store });
    this.words = studio.words.flips;
    this.element = h("section.flips", { hidden: true });
    this.known = new WeakMap(); // body → readings by limb and camera
  }

  /** The limb that the selected joint belongs to, as the server calls it, or null. */
  get limb() {
    const found = this.editor.selected && this.work.active >= 0 && limbOf.exec(this.editor.selected);
    return found ? `${found[1]}_${arms.has(found[2]) ? "arm" : "leg"}` : null;
  }

  /** What sees the limb: the drawing's camera, which is to see the same afterwards, else the view's. */
  get camera() {
    return this.work.cameraOf() ?? this.editor.told(true).picture.camera;
  }

  render() {
    const { limb, work } = this;
    this.element.hidden = !limb || !work.info;
    clearTimeout(this.timer);
    if (this.element.hidden) return;
    const body = this.#body;
    const known = this.known.get(body)?.[limb];
    if (known?.camera === this.#mark) return this.#show(limb, known.readings);
    if (this.shown !== limb) this.#show(limb, null);
    this.element.inert = true; // what it shows is of another body
    this.timer = setTimeout(() => this.#learn(limb, body), patience);
  }

  /** The body as it stands, whatever is tried on it. */
  get #body() {
    return this.store.doc.people[this.work.active]?.body;
  }

  get #mark() {
    return this.work.cameraOf() ? JSON.stringify(this.work.cameraOf()) : "view";
  }

  async #learn(limb, body) {
    const mark = this.#mark;
    const { work } = this;
    if (this.#body !== body) return;
    const answer = await work.ask("body_flips", { body, camera: this.camera, limb }).catch(() => ({ readings: [] }));
    const known = this.known.get(body) ?? {};
    this.known.set(body, { ...known, [limb]: { camera: mark, readings: answer.readings } });
    if (this.limb === limb && this.#body === body) this.#show(limb, answer.readings);
  }

  #name(limb) {
    return this.studio.words.groups[limb];
  }

  /** Two rows, one for each bone of the limb; the ways that no body can go are left out. */
  #show(limb, readings) {
    const { words } = this;
    this.shown = limb;
    this.element.inert = false;
    const kind = limb.split("_")[1];
    const others = readings && readings.length > 1;
    refill(this.element, h("h2", {}, worded(words.title, { limb: this.#name(limb) })),
      !readings && h("p.hint", {}, words.looking),
      readings && !others && h("p.hint", {}, words.onlyOne),
      others && [0, 1].map((bone) => this.#row(words.bones[kind][bone], bone, readings)),
      others && h("div.row.wrap", {}, button("flips", words.compare, () => this.open(), { text: words.compare, key: this.studio.commands.keysOf("flip")[0], data: { command: "flip" } })),
      others && !readings.find((one) => one.likeliest).now && h("p.hint", {}, words.likelierThere));
  }

  #row(label, bone, readings) {
    const { words } = this;
    const now = readings.find((one) => one.now);
    const best = readings.find((one) => one.likeliest);
    const way = (towards) => {
      // The other bone stays as it is where that can be, else it turns as well.
      const fits = readings.filter((one) => one.towards[bone] === towards);
      const reading = fits.find((one) => one.towards[1 - bone] === now.towards[1 - bone]) ?? fits[0];
      const on = now.towards[bone] === towards;
      const likely = best.towards[bone] === towards;
      return h(`button.segment${on ? ".on" : ""}`, {
        type: "button", role: "radio", ariaChecked: String(on), disabled: !reading, data: { bone: String(bone), towards: String(towards) },
        title: likely ? words.likelier : reading ? "" : words.cannot, ariaLabel: `${label}: ${towards ? words.towards : words.away}${likely ? `, ${words.likelier}` : ""}`,
        onclick: () => !on && this.#take(reading), onpointerenter: (event) => event.pointerType !== "touch" && !on && reading && this.#try(reading), onpointerleave: () => this.#try(null),
      }, towards ? words.towards : words.away, likely && h("i.likely", { ariaHidden: "true" }));
    };
    return h("div.bone", {}, h("span", {}, label), h("div.segments", { role: "radiogroup", ariaLabel: label }, way(true), way(false)));
  }

  // ── on the work: the drawing stays as it is, bit for bit ──

  #with({ body }, doc = this.store.doc) {
    return this.store.withPerson(this.store.active, { ...doc.people[this.store.active], body }, doc);
  }

  #try(reading) {
    const { store, studio } = this;
    if (studio.tray.isOpen) return;
    if (reading) store.preview(this.#with(reading));
    else if (store.draft) store.drop();
  }

  #take(reading) {
    const { store, studio } = this;
    studio.tray.close();
    store.drop();
    store.commit(studio.words.steps.turnLimb, this.#with(reading));
  }

  /** A double click on an elbow or a knee; whether it was one. */
  opened({ joint, index }) {
    if (!hinges.test(joint)) return false;
    this.editor.select(joint, index);
    this.open();
    return true;
  }

  /** The ways to see the limb side by side, seen from aside. */
  open() {
    const { studio, store, work, words, limb } = this;
    if (!limb) return studio.toast(words.selectLimb);
    const title = worded(words.title, { limb: this.#name(limb) });
    return studio.guarded(async () => {
      work.clear();
      await work.settle();
      const body = this.#body;
      const { readings } = await work.ask("body_flips", { body, camera: this.camera, limb, pictures: true });
      if (this.#body !== body) return;
      if (readings.length < 2) return studio.toast(words.onlyOne);
      let trial = null;
      const base = store.doc;
      const side = (towards) => (towards ? words.towards : words.away);
      const [upper, lower] = words.bones[limb.split("_")[1]];
      studio.tray.open({
        title, busy: false,
        choices: readings.map((one, n) => ({
          id: n, doc: this.#with(one, base), note: one.likeliest ? words.likelier : one.now ? words.now : "",
          name: `${upper}: ${side(one.towards[0])}, ${lower}: ${side(one.towards[1])}`,
          picture: () => h("img", { src: one.picture ?? "", alt: "", draggable: false }),
        })),
        on: {
          hover: (choice) => trial?.show(choice && choice.doc),
          pick: (choice) => trial?.take(choice.doc),
          closed: () => (trial?.end(), studio.refresh(), this.render()),
        },
      });
      trial = new Trial(store, studio.words.steps.turnLimb, () => studio.tray.close());
    });
  }
}
