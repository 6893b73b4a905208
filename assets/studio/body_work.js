// The bodies of the open work: standing figures up, keeping drawing and bodies in step, and every edit as one step of undo.

import { makePerson, marked, present } from "./figure.js";
import { BodyEdit } from "./body_edit.js";
import { Refusal } from "./server.js";
import { dot, minus, times } from "./space.js";
import { emptyDocument } from "./store.js";

const bodiless = new Set(["ap10k17", "hand21", "face68"]); // skeletons that no body stands for
const patience = 6000; // ms until the same complaint is worth repeating
const elbowRoom = 0.8; // metres from one standing figure to the next
const newcomer = "wholebody133"; // the skeleton of a figure that is new in space

export const canStand = (person) => !bodiless.has(person.skeleton);

/** What of a figure a body is fitted to. */
const drawn = (person) => ({ skeleton: person.skeleton, points: person.points, here: person.states.map((state) => state !== "missing") });

function sameDrawing(a, b) {
  const near = (p, q) => Math.abs(p[0] - q[0]) + Math.abs(p[1] - q[1]) < 1e-3;
  return a.skeleton === b.skeleton && a.points.every((p, i) => a.here[i] === b.here[i] && (!a.here[i] || near(p, b.points[i])));
}

export class BodyWork extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.store = studio.store;
    this.words = studio.words.body;
    this.inStep = new WeakMap(); // body → the drawing it stands for
    this.projected = new WeakMap(); // body → how the drawing's camera sees it
    this.joints = new WeakMap(); // body → its joints in space
    this.file = null; // another body file than the studio's own
    this.failures = 0;
    this.asked = 0; // every standing up has a number: what an earlier one answers is too late
    this.store.addEventListener("change", () => this.#learn());
  }

  /** Ask the server; what it refuses becomes a sentence. */
  async ask(name, told) {
    const answer = await this.studio.server.functions[name](this.file ? { ...told, file: this.file } : told).catch((error) => {
      throw new Refusal(this.studio.words.offline, { cause: error });
    });
    if (!answer) throw new Refusal(this.studio.words.offline); // how Gradio's client says that nobody answered
    if (answer.error) throw new Refusal(answer.error);
    return answer;
  }

  /** Another body for all figures, by the name of its file. */
  wear(file) {
    Object.assign(this, { file, info: null, loading: null, joints: new WeakMap(), projected: new WeakMap(), readings: null });
    return this.load();
  }

  /** What the server offers for bodies; asked once, for all who wait for it. */
  async load() {
    if (this.info) return this.info;
    const asking = (this.loading ??= this.ask("body_info", null));
    const info = await asking.finally(() => this.loading === asking && (this.loading = null));
    if (this.info || this.loading) return this.load(); // told already, or another body meanwhile
    info.at = Object.fromEntries(info.joints.map((joint, i) => [joint, i]));
    this.info = info;
    this.dispatchEvent(new CustomEvent("info"));
    return info;
  }

  /** Say what went wrong: once, however often a drag meets it. */
  complain(error) {
    this.failures += 1;
    if (!(error instanceof Refusal)) console.error(error);
    const text = error instanceof Refusal ? error.message : this.studio.words.failed;
    if (text === this.complaint && performance.now() - this.complained < patience) return;
    Object.assign(this, { complaint: text, complained: performance.now() });
    this.studio.toast(text);
  }

  // ── which figure has which body ──

  /** Indices of the people that stand. */
  get standing() {
    return [...this.store.doc.people.keys()].filter((i) => this.store.doc.people[i].body);
  }

  /** The person a gesture is about: the active one, when it stands. */
  get active() {
    return this.store.doc.people[this.store.active]?.body ? this.store.active : -1;
  }

  /** The body to show for a person: that of the edit under way, or the document's. */
  bodyOf(index) {
    return this.edit?.index === index && this.edit.body ? this.edit.body : this.store.doc.people[index]?.body;
  }

  get bodies() {
    return this.standing.map((index) => this.bodyOf(index));
  }

  /** Joints of a person in space, by index, or null before the server has told them. */
  jointsOf(index) {
    const body = this.bodyOf(index);
    return (body && this.joints.get(body)) ?? null;
  }

  /** A body and the drawing of it enter the work together: what is seen first is in step. */
  note(people) {
    for (const person of people) if (person.body && !this.inStep.has(person.body)) this.inStep.set(person.body, drawn(person));
  }

  #learn() {
    const { past, future, doc } = this.store;
    if (this.knownPast !== past) {
      this.knownPast = past; // a work was restored: its bodies are told from its history, oldest first
      for (const step of past) this.note(step.doc.people);
      for (const step of future) this.note(step.doc.people);
    }
    this.note(doc.people);
    if (this.edit && this.edit.before !== doc && !this.settling) this.cancel(); // undone, or another edit: it is over
  }

  /** Whether the drawing of this person has changed since its body stood for it. */
  outOfStep(person) {
    const known = person.body && this.inStep.get(person.body);
    return Boolean(known) && !sameDrawing(known, drawn(person));
  }

  /** The drawing's camera, when it was made for a drawing of this size. */
  cameraOf(doc = this.store.doc) {
    const { camera, size } = doc;
    return camera && camera.size[0] === size[0] && camera.size[1] === size[1] ? camera : null;
  }

  // ── standing up ──

  /** People who need a body, or another one. */
  get waiting() {
    const { doc } = this.store;
    const strange = !this.cameraOf();
    return [...doc.people.keys()].filter((i) => canStand(doc.people[i]) && (strange || !doc.people[i].body || this.outOfStep(doc.people[i])));
  }

  /** Give the people at `indices` a body that stands as they are drawn, as one step; resolves to whether it came to that. */
  async stand(indices = this.waiting, { camera = this.cameraOf(), label = null, anew = false } = {}) {
    const { store, studio } = this;
    if (!indices.length) return true;
    const asked = ++this.asked;
    const before = store.doc;
    const people = [...before.people];
    const notes = [];
    this.#tell(true);
    try {
      await this.load();
      for (const index of indices) {
        const person = anew ? { ...people[index], body: null } : people[index];
        const alone = { ...emptyDocument(before.size), people: [person], camera };
        const answer = await this.ask("body_fit", { document: alone, indices: [0] });
        if (asked !== this.asked) return false; // the artist has left
        camera = answer.camera;
        const [found] = answer.fits;
        if (found.body) people[index] = { ...people[index], body: found.body };
        if (found.note && !notes.includes(found.note)) notes.push(found.note);
      }
      if (store.doc !== before) return this.stand();
      const risen = indices.some((index) => !before.people[index].body);
      if (people.some((person, i) => person !== before.people[i])) store.commit(label ?? (risen ? studio.words.steps.stand : studio.words.steps.restand), { ...before, camera, people });
      studio.toast(notes.join(" "));
      return true;
    } finally {
      if (asked === this.asked) this.#tell(false);
    }
  }

  /** Give up standing figures up. */
  leave() {
    this.asked += 1;
    this.cancel();
    this.#tell(false);
  }

  #tell(rising) {
    this.rising = rising;
    this.dispatchEvent(new CustomEvent("rising"));
  }

  /** A new figure at ease, in space and in the drawing, beside those that stand there. */
  async addStanding() {
    const { store } = this;
    await this.load();
    const made = await this.ask("body_new", { camera: this.cameraOf(), size: store.doc.size, id: null });
    const { camera } = made;
    const across = camera.T_camera_world[0].slice(0, 3);
    const by = times(across, this.#gap(made.body.translation, across));
    const { body, points } = await this.ask("body_edit", { bodies: [made.body], index: 0, edit: { kind: "move", by }, view: null, drawing: { camera, skeleton: newcomer } });
    const skeleton = store.skeletons[newcomer];
    const n = skeleton.joints.length;
    const person = makePerson(skeleton, { points, scores: Array(n).fill(1), states: Array(n).fill("visible") });
    this.#join({ ...person, body }, camera);
  }

  /** A figure of the drawing joins, standing, as one step. */
  async addDrawn(person) {
    const { size } = this.store.doc;
    const alone = { ...emptyDocument(size), people: [person], camera: this.cameraOf() };
    const { camera, fits } = await this.ask("body_fit", { document: alone, indices: [0] });
    this.#join({ ...person, body: fits[0].body }, camera);
    this.studio.toast(fits[0].note);
  }

  #join(person, camera) {
    const { store } = this;
    const people = [...store.doc.people, person];
    store.commit(this.studio.words.steps.add, { ...store.doc, camera, people });
    store.activate(people.length - 1);
  }

  /** How far `across` from `place` there is room for another figure, metres. */
  #gap(place, across) {
    const taken = this.bodies.map((body) => dot(minus(body.translation, place), across));
    const clear = (by) => Math.min(...taken.map((other) => Math.abs(other - by)));
    return [0, 1, -1, 2, -2, 3, -3].map((side) => side * elbowRoom).find((by) => clear(by) > 0.75 * elbowRoom) ?? 0;
  }

  // ── edits ──

  /** Try an edit on the active figure without making it a step yet; `edit` is what the server is asked, or makes it of the picture asked for. */
  live(label, edit, { index = this.active, tentative = false } = {}) {
    if (index < 0) return;
    if (this.edit && (this.edit.label !== label || this.edit.index !== index)) this.clear();
    if (this.settling) return void (this.next = () => this.live(label, edit, { index, tentative })); // the step before comes first
    this.edit ??= new BodyEdit(this, index, label);
    this.edit.tentative = tentative;
    this.edit.try(edit);
  }

  /** Make way for another edit: what was only looked at is dropped, what was done is made a step. */
  clear() {
    if (this.settling) return;
    if (this.edit?.tentative) this.cancel();
    else if (this.edit) this.settle();
  }

  /** Make the edit under way one step, once the server has answered. */
  async settle() {
    while (this.settling) await this.settling;
    if (!this.edit) return;
    this.settling = this.edit.settle();
    await this.settling;
    this.settling = null;
    const { next } = this;
    this.next = null;
    next?.();
  }

  /** Forget the edit under way. */
  cancel() {
    const { edit } = this;
    this.next = null;
    this.edit = null;
    edit?.cancel();
    if (edit) this.dispatchEvent(new CustomEvent("dropped"));
  }

  /** One edit, one step. */
  async once(label, edit, index = this.active) {
    if (index < 0) return;
    this.clear();
    await this.settle();
    this.live(label, edit, { index });
    await this.settle();
  }

  /** How the drawing's camera sees a body on a person's skeleton. */
  async seen(body, skeleton, camera) {
    const known = this.projected.get(body);
    if (known && known.camera === camera && known.skeleton === skeleton) return known.points;
    const { points } = await this.ask("body_edit", { bodies: [body], index: 0, edit: { kind: "set", body }, view: null, drawing: { camera, skeleton } });
    this.projected.set(body, { camera, skeleton, points });
    return points;
  }

  /** The person with another body, each joint of its drawing moved as far as the body's moved in it. */
  moved(person, body, before, after) {
    if (!before || !after) return { ...person, body };
    const changed = after.flatMap((p, i) => (present(person, i) && Math.hypot(p[0] - before[i][0], p[1] - before[i][1]) > 1e-6 ? [i] : []));
    const next = { ...marked(person, changed), body };
    for (const i of changed) next.points[i] = [0, 1].map((axis) => person.points[i][axis] + after[i][axis] - before[i][axis]);
    return next;
  }

  /** The given view becomes the drawing's: every figure is drawn anew as it is seen from there, as one step. */
  async drawFrom(camera) {
    const { store } = this;
    await this.settle();
    const before = store.doc;
    const people = [...before.people];
    for (const index of this.standing) {
      const person = people[index];
      const points = await this.seen(person.body, person.skeleton, camera);
      const next = marked(person, [...person.points.keys()].filter((i) => present(person, i)));
      points.forEach((p, i) => present(person, i) && (next.points[i] = [...p]));
      people[index] = { ...next, body: { ...person.body } }; // another value: it stands for another drawing
      const known = this.joints.get(person.body);
      if (known) this.joints.set(people[index].body, known);
      this.projected.set(people[index].body, { camera, skeleton: person.skeleton, points });
    }
    if (store.doc === before) store.commit(this.studio.words.steps.drawFrom, { ...before, camera, people });
  }
}
