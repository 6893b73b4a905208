// The open work: one document, what is selected in it, and every earlier state of it.
// Documents are never changed in place, so a step of undo is the old document itself.

const pause = 600; // ms: nudges closer together are one step
const depth = 500; // steps of undo kept; documents share what did not change

export const emptyDocument = (size = [768, 1024]) => ({
  contrapposto: 1, size: [...size], people: [], photo: null, references: [], camera: null, request: null,
});

export const keyOf = (person, joint) => person * 1000 + joint;

export class Store extends EventTarget {
  constructor(skeletons, derived) {
    super();
    this.skeletons = skeletons;
    this.derived = derived;
    this.doc = emptyDocument();
    this.past = [];
    this.future = [];
    this.selected = new Set(); // person * 1000 + joint
    this.active = 0;
    this.rev = 0;
    this.mergeableAt = -Infinity;
    this.draft = null; // the document while a drag is under way
  }

  /** What is to be shown: the drag in progress, or the document. */
  get shown() {
    return this.draft ?? this.doc;
  }

  skeletonOf(person) {
    return this.skeletons[person.skeleton];
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // ── changing ──

  /** Make `doc` the document as one step named `label`; with `merge`, as part of an equal step made just before. */
  commit(label, doc, { merge = false } = {}) {
    this.draft = null;
    if (doc === this.doc) return;
    const now = performance.now();
    const same = merge && this.past.at(-1)?.label === label && now - this.mergeableAt < pause;
    this.mergeableAt = merge ? now : -Infinity;
    if (!same) this.past.push({ label, doc: this.doc });
    if (this.past.length > depth) this.past.shift();
    this.future = [];
    this.#show(doc);
  }

  #show(doc) {
    this.doc = doc;
    this.draft = null;
    this.rev += 1;
    this.active = Math.max(0, Math.min(this.active, doc.people.length - 1));
    for (const key of [...this.selected]) {
      const person = doc.people[Math.floor(key / 1000)];
      if (!person || key % 1000 >= person.points.length) this.selected.delete(key);
    }
    this.emit("change");
  }

  /** More is known of the document than when its step was made: no step of its own. */
  amend(doc) {
    this.#show(doc);
  }

  /** Show `doc` without making it a step yet (a drag in progress). */
  preview(doc) {
    this.draft = doc;
    this.emit("preview");
  }

  /** Keep what the drag made as one step, or forget it. */
  settle(label) {
    const { draft } = this;
    this.draft = null;
    if (draft) this.commit(label, draft);
  }

  drop() {
    this.draft = null;
    this.emit("preview");
  }

  undo() {
    this.mergeableAt = -Infinity;
    const step = this.past.pop();
    if (!step) return;
    this.future.push({ label: step.label, doc: this.doc });
    this.#show(step.doc);
    this.emit("stepped", { undone: step.label });
  }

  redo() {
    const step = this.future.pop();
    if (!step) return;
    this.past.push({ label: step.label, doc: this.doc });
    this.#show(step.doc);
    this.emit("stepped", { redone: step.label });
  }

  /** The work as it was kept: only when the page loads. */
  restore(doc, past = [], future = []) {
    this.past = past;
    this.future = future;
    this.#show(doc);
  }

  /** The shown document with person `index` replaced. */
  withPerson(index, person, doc = this.doc) {
    const people = [...doc.people];
    people[index] = person;
    return { ...doc, people };
  }

  editPerson(label, index, change) {
    const person = this.doc.people[index];
    if (person) this.commit(label, this.withPerson(index, change(person, this.skeletonOf(person))));
  }

  /** The given people gone, as one step. */
  remove(label, indices) {
    this.selected.clear();
    this.commit(label, { ...this.doc, people: this.doc.people.filter((_, p) => !indices.includes(p)) });
  }

  // ── selection ──

  isSelected(person, joint) {
    return this.selected.has(keyOf(person, joint));
  }

  /** Selected joints of one person, as indices. */
  jointsOf(person) {
    return [...this.selected].filter((key) => Math.floor(key / 1000) === person).map((key) => key % 1000);
  }

  /** [person, joints] for every person with selected joints. */
  get picked() {
    const people = new Set([...this.selected].map((key) => Math.floor(key / 1000)));
    return [...people].sort((a, b) => a - b).map((person) => [person, this.jointsOf(person)]);
  }

  select(person, joints, { add = false, toggle = false } = {}) {
    if (!add && !toggle) this.selected.clear();
    for (const joint of joints) {
      const key = keyOf(person, joint);
      if (toggle && this.selected.has(key)) this.selected.delete(key);
      else this.selected.add(key);
    }
    if (this.doc.people[person]) this.active = person;
    this.emit("select");
  }

  clearSelection() {
    this.selected.clear();
    this.emit("select");
  }

  activate(person) {
    this.active = person;
    for (const key of [...this.selected]) if (Math.floor(key / 1000) !== person) this.selected.delete(key);
    this.emit("select");
  }

  selectAll() {
    this.selected.clear();
    this.doc.people.forEach((person, p) => person.points.forEach((_, i) => person.states[i] !== "missing" && this.selected.add(keyOf(p, i))));
    this.emit("select");
  }
}
