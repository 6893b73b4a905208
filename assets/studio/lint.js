// What looks off about the figures: one quiet line in the inspector, opened into a list that shows where, and sets it right.

import { button, h, icon, refill, worded } from "./dom.js";
import { emptyDocument } from "./store.js";

const quiet = 300; // ms without a change before figures are looked at
const most = 8; // figures of one asking, as the server takes them
const accent = "#e5533a";
const halo = "rgba(255,250,240,.95)";

/** Figures as the server is told of them: a body counts where it stands as the figure is drawn. */
export function documentOf({ store, body: { work } }, people) {
  const camera = work.cameraOf();
  const whole = people.map((person) => (person.body && camera && !work.outOfStep(person) ? person : { ...person, body: null }));
  return { ...emptyDocument(store.doc.size), people: whole, camera };
}

const called = ({ kind, joints }) => `${kind} ${joints.join()}`;

export class Lint {
  constructor(studio) {
    Object.assign(this, { studio, store: studio.store });
    this.words = studio.words.lint;
    this.found = new WeakMap(); // person → what looks off
    this.left = []; // by person: a Set of what the artist leaves as it is
    this.sections = [];
    this.open = false;
    this.pointed = null; // the issue whose place is shown
    this.store.addEventListener("change", () => this.#changed());
    this.store.addEventListener("select", () => this.render());
  }

  /** Once both canvases are there. */
  start() {
    const { editor, body } = this.studio;
    editor.painters.push((ctx) => this.#paintDrawn(ctx));
    body.editor.painters.push((ctx) => this.#paintStanding(ctx));
  }

  /** A place for the line in an inspector; each shows the same. */
  section() {
    const element = h("section.lint");
    this.sections.push(element);
    this.render();
    return element;
  }

  // ── what looks off ──

  /** What looks off about the active figure and is not left so; null before it has been looked at. */
  get issues() {
    return this.#of(this.store.active);
  }

  #of(index) {
    const known = this.found.get(this.store.doc.people[index]);
    return known ? known.filter((issue) => !this.left[index]?.has(called(issue))) : null;
  }

  #changed() {
    const { people } = this.store.doc;
    if (people.length !== this.left.length) this.left = people.map(() => new Set()); // they are of no other figures
    this.#point(null);
    this.look();
    this.render();
  }

  /** Look at the figures that have changed, once the hand rests. */
  look() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), quiet);
  }

  async #ask() {
    const { store, studio } = this;
    if (this.asking || !["pose", "body"].includes(studio.step)) return;
    const { doc } = store;
    const people = doc.people.filter((person) => !this.found.has(person)).slice(0, most);
    if (!people.length) return;
    this.asking = true;
    try {
      const { figures } = await studio.body.work.ask("figure_issues", { document: documentOf(studio, people) });
      people.forEach((person, i) => this.found.set(person, figures[i]));
    } catch (error) {
      console.warn("figures cannot be looked at", error); // nothing is missing that the artist asked for
      for (const person of people) this.found.set(person, []);
    }
    this.asking = false;
    this.render();
    if (store.doc !== doc || doc.people.some((person) => !this.found.has(person))) this.look();
  }

  // ── setting it right ──

  /** One issue, or all of them, set right as one step. */
  mend(issue, way = null) {
    const { store, studio } = this;
    const index = store.active;
    const before = store.doc;
    if (this.mending) return undefined;
    const held = this.sections.find((section) => section.contains(section.getRootNode().activeElement));
    this.mending = true;
    this.render();
    return studio.guarded(async () => {
      try {
        const told = issue && { kind: issue.kind, joints: issue.joints };
        const answer = await studio.body.work.ask("figure_mend", { document: documentOf(studio, [before.people[index]]), issue: told, mend: way });
        if (store.doc !== before) return;
        const { left, body, ...drawn } = answer;
        const person = { ...before.people[index], ...drawn, body: body ?? before.people[index].body };
        this.found.set(person, left);
        store.commit(studio.words.steps.mend, store.withPerson(index, person));
        studio.status(left.length ? "" : this.words.none);
      } finally {
        this.mending = false;
        this.render();
        held?.querySelector(".issue button, .tally")?.focus({ preventScroll: true }); // the keyboard goes on with the next
      }
    });
  }

  /** Leave it as it is: the artist means it so. */
  #leave(issue) {
    this.left[this.store.active].add(called(issue));
    this.#point(null);
    this.render();
  }

  /** The next thing that looks off, opened and shown. */
  next() {
    const { issues } = this;
    if (!issues?.length) return this.studio.status(this.words.none);
    const now = issues.findIndex((issue) => this.pointed && called(issue) === called(this.pointed));
    this.open = true;
    this.#point(issues[(now + 1) % issues.length]);
    this.render();
    return this.studio.status(this.pointed.sentence);
  }

  // ── the list ──

  render() {
    for (const section of this.sections) this.#fill(section);
  }

  #fill(section) {
    const { words, issues } = this;
    section.hidden = !this.store.doc.people.length;
    const count = issues?.length ?? 0;
    const gone = this.left[this.store.active]?.size ?? 0;
    const said = !count ? words.none : count === 1 ? words.one : worded(words.many, { n: count });
    refill(section,
      h("button.tally", { type: "button", ariaExpanded: String(this.open && count > 0), disabled: !count, title: words.title, data: { count }, onclick: () => ((this.open = !this.open), this.#point(null), this.render()) },
        count > 0 && h("span.count", {}, String(count)), h("span.grow", {}, issues ? said : words.looking), count > 0 && icon("chevron")),
      count > 0 && this.open && h("ul.issues", {}, issues.map((issue) => this.#row(issue))),
      count > 1 && this.open && button("again", words.allHelp, () => this.mend(null), { text: words.all, disabled: this.mending, data: { mend: "all" } }),
      gone > 0 && (this.open || !count) && h("button.link", { type: "button", onclick: () => (this.left[this.store.active].clear(), this.render()) }, worded(words.again, { n: gone })));
  }

  #row(issue) {
    const { words } = this;
    const [first, ...others] = issue.mends;
    const shown = this.pointed && called(this.pointed) === called(issue);
    const row = h(`li.issue${shown ? ".on" : ""}`, { data: { kind: issue.kind } },
      h("button.what", { type: "button", title: words.show, onclick: () => this.#select(issue) }, issue.sentence),
      h("div.row.wrap", {},
        h("button", { type: "button", disabled: this.mending, data: { mend: first }, onclick: () => this.mend(issue, first) }, words.mends[first]),
        others.map((way) => h("button.link", { type: "button", disabled: this.mending, data: { mend: way }, onclick: () => this.mend(issue, way) }, words.mends[way])),
        h("span.grow"),
        h("button.link.leave", { type: "button", onclick: () => this.#leave(issue) }, words.leave)));
    row.addEventListener("pointerenter", () => this.#point(issue));
    row.addEventListener("pointerleave", () => this.#point(null));
    row.addEventListener("focusin", () => this.#point(issue));
    row.addEventListener("focusout", () => this.#point(null));
    return row;
  }

  #point(issue) {
    if (this.pointed === issue) return;
    this.pointed = issue;
    this.studio.editor.paint();
    this.studio.body.editor.paint();
  }

  /** The joints of an issue selected, so that they can be moved. */
  #select(issue) {
    const { store, studio } = this;
    const person = store.doc.people[store.active];
    if (studio.step === "body") return studio.body.editor.select(this.#standing(issue)[0] ?? null);
    const { at } = store.skeletonOf(person);
    return store.select(store.active, issue.joints.flatMap((joint) => at[joint] ?? this.#nearest(joint, at)));
  }

  /** What of a drawn figure stands for a joint of the body. */
  #nearest(joint, at) {
    const name = /^spine|^pelvis/.test(joint) ? ["left_hip", "right_hip", "left_shoulder", "right_shoulder"] : joint === "head" || joint === "neck" ? ["nose"]
      : [joint.replace("collar", "shoulder").replace("foot", "big_toe"), joint.replace(/_hand_.*/, "_wrist")];
    return name.map((one) => at[one]).filter((i) => i !== undefined);
  }

  // ── where it is ──

  #paintDrawn(ctx) {
    const { pointed, store, studio } = this;
    const person = store.shown.people[store.active];
    if (!pointed || !person || studio.step !== "pose") return;
    const { at } = store.skeletonOf(person);
    const joints = pointed.joints.flatMap((joint) => at[joint] ?? this.#nearest(joint, at));
    ring(ctx, joints.map((i) => studio.editor.view.toScreen(person.points[i])), joints.length > 12 ? 5 : 11);
  }

  #paintStanding(ctx) {
    const { pointed, store, studio } = this;
    const { work, editor } = studio.body;
    const places = pointed && work.jointsOf(store.active);
    if (!places) return;
    ring(ctx, this.#standing(pointed).map((joint) => editor.view.project(places[work.info.at[joint]])).filter((p) => p[2] > 0), 12);
  }

  /** Joints of the body that stand for those of an issue. */
  #standing({ joints }) {
    const at = this.studio.body.work.info?.at ?? {};
    const body = joints.map((joint) => (joint in at && !/_eye$/.test(joint) ? joint : /nose|eye|ear|face/.test(joint) ? "head" : /_hand_/.test(joint) ? joint.replace(/_hand_.*/, "_wrist") : /toe|heel/.test(joint) ? joint.replace(/big_toe|small_toe|heel/, "foot") : null));
    return [...new Set(body.filter((joint) => joint in at))];
  }
}

/** Rings around places, dark and light, so that they show on any art. */
function ring(ctx, places, radius) {
  ctx.save();
  const fine = radius < 8 ? 0.6 : 1; // many rings: thin ones
  for (const [style, width] of [[halo, 5 * fine], [accent, 2.5 * fine]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    for (const [x, y] of places) {
      ctx.beginPath();
      ctx.arc(x, y, radius, 0, Math.PI * 2);
      ctx.stroke();
    }
  }
  ctx.restore();
}
