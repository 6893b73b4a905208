// The open work: one document, what is selected in it, and every earlier state of it.
// Documents are never changed in place, so a step of undo is the old document itself. Only what is asked of pictures, and
// the pictures painted, lie aside: they go on whatever is undone, unless the step itself changed them.

const pause = 600; // ms: nudges closer together are one step
const depth = 500; // steps of undo kept; documents share what did not change

export const emptyDocument = (size = [768, 1024]) => ({
  contrapposto: 1, size: [...size], people: [], photo: null, references: [], camera: null, request: null, pictures: [],
});

const aside = ["request", "use", "pictures"]; // use: whether the photo is painted over

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

  /**
   * Make `doc` the document as one step named `label`; with `merge`, as part of an equal step made just before. What lies
   * aside stays as it is, but for what the step `owns` ("request", "pictures"): that is the document's, and comes back when undone.
   */
  commit(label, doc, { merge = false, owns = [] } = {}) {
    this.draft = null;
    if (doc === this.doc) return;
    carry(this.doc, doc, owns);
    const now = performance.now();
    const same = merge && this.past.at(-1)?.label === label && now - this.mergeableAt < pause;
    this.mergeableAt = merge ? now : -Infinity;
    if (!same) this.past.push({ label, doc: this.doc, owns: ownedBy(owns, doc) });
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
    carry(this.doc, doc);
    this.#show(doc);
  }

  /** Change what lies aside ({request, pictures}): no step, and nothing under way is disturbed. */
  keep(part) {
    Object.assign(this.doc, part);
    this.emit("kept", Object.keys(part));
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
    const label = this.#go(this.past, this.future);
    if (label !== null) this.emit("stepped", { undone: label });
  }

  redo() {
    const label = this.#go(this.future, this.past);
    if (label !== null) this.emit("stepped", { redone: label });
  }

  /** Take the last step of `from` back and put it on `to`; its label, null when there is none. */
  #go(from, to) {
    this.mergeableAt = -Infinity;
    const step = from.pop();
    if (!step) return null;
    const { label, doc, owns = {} } = step;
    carry(this.doc, doc, Object.keys(owns));
    if ("pictures" in owns) doc.pictures = joined(doc.pictures, owns.pictures, this.doc.pictures);
    to.push({ label, doc: this.doc, owns: ownedBy(Object.keys(owns), doc) });
    this.#show(doc);
    return label;
  }

  /** Take the last step away as if it had not been, for another to stand in its place. */
  retract() {
    const step = this.past.pop();
    if (!step) return;
    carry(this.doc, step.doc, Object.keys(step.owns ?? {}));
    this.doc = step.doc;
  }

  /** The work as it was kept: only when the page loads. */
  restore(doc, past = [], future = []) {
    for (const one of [doc, ...past.map((step) => step.doc), ...future.map((step) => step.doc)]) one.pictures ??= []; // kept before there were any
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

/** Take what lies aside over from one document into another, but for what the other owns. */
function carry(from, doc, owns = []) {
  for (const name of aside.filter((one) => !owns.includes(one))) {
    if (from[name] === undefined) delete doc[name];
    else doc[name] = from[name];
  }
}

/** What a step owns, as the document it led to has it; undefined when it owns nothing. */
const ownedBy = (names, doc) => (names.length ? Object.fromEntries(names.map((name) => [name, doc[name]])) : undefined);

/** The pictures of `then`, with what came and went `since` in what is here `now`: no step takes a painted picture away. */
function joined(then, since, now) {
  const has = (list, one) => list.some(({ key }) => key === one.key);
  const latest = (one) => now.find(({ key }) => key === one.key) ?? one; // it may have been judged since
  return [...now.filter((one) => !has(since, one) && !has(then, one)), ...then.filter((one) => !has(since, one) || has(now, one)).map(latest)];
}
