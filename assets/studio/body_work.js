// The bodies of the open work: standing figures up, keeping drawing and bodies in step, and every edit as one step of undo.

import { drawn, marked, present, sameDrawing } from "./figure.js";
import { BodyEdit } from "./body_edit.js";
import { Refusal } from "./server.js";
import { emptyDocument } from "./store.js";
import { freshKey } from "./vault.js";

const bodiless = new Set(["ap10k17", "hand21", "face68"]); // skeletons that no body stands for
const patience = 6000; // ms until the same complaint is worth repeating
const hypotheses = 10; // readings of a drawn figure, of which the best one stands

export const canStand = (person) => !bodiless.has(person.skeleton);

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
    this.offer = () => null; // a body that stands for a person's drawing already: the live one
    this.lifts = null; // where the readings of figures are kept
    this.store.addEventListener("change", () => this.#learn());
    this.store.addEventListener("preview", () => this.#tried());
  }

  /** Bodies that are only pointed at are to be seen as well. */
  #tried() {
    const bodies = this.bodies;
    const same = this.shownBodies?.length === bodies.length && bodies.every((body, i) => body === this.shownBodies[i]);
    this.shownBodies = bodies;
    if (!same) this.dispatchEvent(new CustomEvent("pointed"));
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

  /** The body to show for a person: that of the edit under way, one that is pointed at, or the document's. */
  bodyOf(index) {
    return this.edit?.index === index && this.edit.body ? this.edit.body : this.store.shown.people[index]?.body;
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

  /**
   * Read drawn people as bodies: {camera, figures: [{readings: [{body, error, unnatural}], note}]}, or null when it was
   * given up by the name of its `job`. With `keep`, a body goes along with its drawing.
   */
  async read(people, { camera = this.cameraOf(), seed = 0, keep = false, job = freshKey(), progress = () => {} } = {}) {
    const document = { ...emptyDocument(this.store.doc.size), people, camera };
    const answer = await this.studio.server.call("lift", [document, null, hypotheses, seed, 1, keep, this.file, job], progress);
    if (answer.cancelled) return null;
    answer.figures.forEach((figure, i) => this.lifts?.keep(figure, people[i], seed));
    return answer;
  }

  /** Give the people at `indices` a body that stands as they are drawn, as one step; resolves to whether it came to that. */
  async stand(indices = this.waiting, { camera = this.cameraOf(), label = null, anew = false } = {}) {
    const { store, studio } = this;
    if (!indices.length) return true;
    const asked = ++this.asked;
    const before = store.doc;
    const people = [...before.people];
    const notes = [];
    const rest = [];
    for (const index of indices) {
      const live = anew ? null : this.offer(people[index], camera);
      if (live) people[index] = { ...people[index], body: live.body };
      else rest.push(index);
      camera ??= live?.camera ?? null;
    }
    this.#tell(true);
    try {
      await this.load();
      if (rest.length) {
        const job = (this.job = freshKey());
        const lying = rest.map((index) => (anew ? { ...people[index], body: null } : people[index]));
        const progress = ({ fraction }) => asked === this.asked && this.#tell(true, fraction);
        const answer = await this.read(lying, { camera, keep: !anew, job, progress });
        if (!answer || asked !== this.asked) return false; // the artist has left
        camera = answer.camera;
        answer.figures.forEach(({ readings, note }, n) => {
          if (readings.length) people[rest[n]] = { ...people[rest[n]], body: readings[0].body };
          if (note && !notes.includes(note)) notes.push(note);
        });
      }
      if (asked !== this.asked) return false;
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
    if (this.job) this.studio.server.functions.cancel_job(this.job).catch(() => {});
    this.job = null;
    this.cancel();
    this.#tell(false);
  }

  /** `share` of the work done, where it is known. */
  #tell(rising, share = null) {
    Object.assign(this, { rising, share });
    this.dispatchEvent(new CustomEvent("rising"));
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
