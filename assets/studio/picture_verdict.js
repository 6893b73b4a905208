// Whether a picture kept its pose: the pose asked for and the pose found lie on it, and what drifted is marked by shape.

import { button, fill, h, icon, refill, worded } from "./dom.js";
import { present } from "./figure.js";
import { paintLabel, paintPerson } from "./paint.js";
import { emptyDocument } from "./store.js";

const grades = [[0.85, "kept"], [0.65, "mostly"], [0.4, "roughly"], [-1, "lost"]]; // likeness (OKS) from which a word is said
const fewNames = 6; // joints that are named on the picture itself
const rings = [4.5, 8]; // px on screen, the radius around a joint that drifted, small pictures' and large ones'
const animal = "ap10k17";

export const percent = (share) => Math.round(100 * share);

/** What is said of a picture that was not judged: one that was told no pose is not expected to keep it. */
export const unjudged = ({ control }, words) => (control ? words.unseen : words.untold);

/** How well a pose was kept, in a word or two. */
export const wordFor = ({ oks }, words) => words.grades[grades.find(([from]) => oks >= from)[1]];

export class Check {
  constructor(gallery) {
    const { studio } = gallery;
    Object.assign(this, { gallery, studio });
    this.words = studio.words.gallery;
    this.layers = { asked: true, found: true };
    this.estimator = "auto";
    this.canvas = h("canvas.check", { hidden: true });
    this.line = h("p.verdict", { role: "status" });
    this.element = h("div.findings", { hidden: true });
  }

  /** Tell of a picture, and with `open` lay both poses over it. */
  show(one, open) {
    this.one = one;
    this.canvas.hidden = this.element.hidden = !open;
    this.#tell();
    if (open) this.#findings();
    this.paint();
  }

  get #looking() {
    return this.busy === this.one?.key;
  }

  /** One line: how well, in a word and in numbers. */
  #tell() {
    const { words, one } = this;
    const { verdict } = one;
    if (!verdict) return fill(this.line, unjudged(one, words));
    const drifted = verdict.drifted.flat().length;
    this.line.classList.toggle("bad", drifted > 0);
    return fill(this.line, icon(drifted ? "warning" : "tick"), h("strong", {}, wordFor(verdict, words)),
      h("span", { title: words.numbersHelp }, worded(words.numbers, { oks: percent(verdict.oks), pck: percent(verdict.pck) })));
  }

  #findings() {
    const { words, one: { verdict } } = this;
    const layer = (name) => h(`button.chip.${name}${this.layers[name] ? ".on" : ""}`, { type: "button", ariaPressed: String(this.layers[name]), data: { layer: name },
      onclick: () => ((this.layers[name] = !this.layers[name]), this.#findings(), this.paint()) }, h("i"), words.layers[name]);
    const drifted = verdict?.drifted.flat() ?? [];
    const ask = verdict ? words.judgeAgain : words.judge;
    refill(this.element,
      h("div.row.wrap", {}, verdict && [layer("asked"), layer("found")].flat(), drifted.length > 0 && h("span.chip.drifted", {}, h("i"), words.layers.drifted),
        h("div.grow"), verdict && h("small", {}, `${words.by} ${this.#title(verdict.estimator)}`), this.#who(),
        button("eye", ask, () => this.look(), { text: this.#looking ? words.looking : ask, disabled: Boolean(this.busy), className: "lookagain" })),
      verdict && h("p", {}, drifted.length ? `${words.drifted} ${this.#named()}.` : words.nothingDrifted));
  }

  /** The joints that drifted, by their names; several figures are told apart. */
  #named() {
    const { one: { verdict, pose }, studio } = this;
    const names = (joints) => joints.map((joint) => studio.words.jointName(joint)).join(", ");
    if (verdict.drifted.length < 2) return names(verdict.drifted.flat());
    const who = (n) => pose.people[n]?.name || `${studio.words.figure} ${n + 1}`;
    return verdict.drifted.map((joints, n) => joints.length && `${who(n)}: ${names(joints)}`).filter(Boolean).join("; ");
  }

  #title(name) {
    return this.studio.panels.photo.models.title(name);
  }

  /** Who is to look: those that are here and see such figures. */
  #who() {
    const kind = this.one.pose.people.some(({ skeleton }) => skeleton === animal) ? "animal" : "person";
    const here = this.studio.panels.photo.models.menu.models.filter((model) => model.present && !model.problem && model.kind === kind).map(({ name }) => name);
    if (!here.includes(this.estimator)) this.estimator = "auto";
    return h("select", { ariaLabel: this.words.who, name: "estimator", onchange: (event) => (this.estimator = event.target.value) },
      ["auto", ...here].map((name) => h("option", { value: name, selected: name === this.estimator }, this.#title(name))));
  }

  /** Have the picture looked at again. */
  async look() {
    const { one, studio, estimator } = this;
    if (this.busy) return;
    this.busy = one.key;
    this.#findings();
    await studio.guarded(async () => {
      const { files, server } = studio;
      const document = { ...emptyDocument(one.pose.size), people: one.pose.people };
      const verdict = await files.sent(async () => server.call("verify", [await files.pictureFile(one.key, "picture.png"), document, estimator]));
      studio.history.judge(one, verdict);
    });
    this.busy = null;
    this.gallery.render();
  }

  // ── over the picture ──

  paint() {
    const { canvas, one, studio: { store }, layers } = this;
    const { clientWidth, clientHeight } = canvas;
    if (!one || canvas.hidden || !clientWidth) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(canvas, { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) });
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    const k = clientWidth / one.pose.size[0];
    const view = { scale: k, toScreen: ([x, y]) => [(x + 0.5) * k, (y + 0.5) * k] };
    const { verdict, pose } = one;
    if (layers.found) verdict?.found.forEach((person, index) => paintPerson(ctx, view, person, store.skeletonOf(person), { index }));
    if (layers.asked || !verdict) pose.people.forEach((person) => outline(ctx, view, person, store.skeletonOf(person)));
    const { studio, words } = this;
    const few = verdict && verdict.drifted.flat().length <= fewNames;
    const names = few ? (joint, seen) => studio.words.jointName(joint) + (seen ? "" : `, ${words.notSeen}`) : null;
    const ring = Math.min(rings[1], Math.max(rings[0], clientWidth / 45));
    verdict?.drifted.forEach((joints, n) => pose.people[n] && drift(ctx, view, { asked: pose.people[n], found: verdict.found[n], joints, store, names, ring }));
  }
}

/** The pose asked for: thin dashes in white on dark, hollow joints. */
function outline(ctx, view, person, skeleton) {
  const bones = new Path2D();
  const joints = new Path2D();
  const at = (i) => view.toScreen(person.points[i]);
  const body = (i) => skeleton.kinds[i] === "body" && person.states[i] === "visible";
  skeleton.boneIndices.forEach(([a, b], k) => {
    const [from, to] = skeleton.bones[k];
    if (!body(a) || !body(b) || (/_ear$/.test(from) && /_shoulder$/.test(to))) return;
    bones.moveTo(...at(a));
    bones.lineTo(...at(b));
  });
  person.points.forEach((_, i) => {
    if (!body(i)) return;
    const [x, y] = at(i);
    joints.moveTo(x + 4, y);
    joints.arc(x, y, 4, 0, Math.PI * 2);
  });
  ctx.save();
  ctx.lineCap = "round";
  for (const [style, width] of [["rgba(20,16,12,.8)", 4], ["#fffaf0", 1.8]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.setLineDash([6, 5]);
    ctx.stroke(bones);
    ctx.setLineDash([]);
    ctx.lineWidth = width * 0.8;
    ctx.stroke(joints);
  }
  ctx.restore();
}

/** The joints that drifted: a crossed ring where each was asked for, an arrow to where it went, and its limb notched. */
function drift(ctx, view, { asked, found, joints, store, names, ring }) {
  const skeleton = store.skeletonOf(asked);
  const away = new Set(joints.map((joint) => skeleton.at[joint]).filter((i) => i !== undefined));
  const at = (i) => view.toScreen(asked.points[i]);
  const marks = new Path2D();
  skeleton.boneIndices.forEach(([a, b], k) => {
    const [from, to] = skeleton.bones[k];
    if (!(away.has(a) || away.has(b)) || !present(asked, a) || !present(asked, b) || (/_ear$/.test(from) && /_shoulder$/.test(to))) return;
    if (skeleton.kinds[a] === "body" && skeleton.kinds[b] === "body") notches(marks, at(a), at(b), ring);
  });
  const there = found && store.skeletonOf(found);
  const foundAt = (i) => {
    const j = there?.at[skeleton.joints[i]];
    return j !== undefined && present(found, j) ? view.toScreen(found.points[j]) : null;
  };
  for (const i of away) {
    const [x, y] = at(i);
    marks.moveTo(x + ring, y);
    marks.arc(x, y, ring, 0, Math.PI * 2);
    for (const side of [-1, 1]) {
      marks.moveTo(x - ring / 2, y - (ring / 2) * side);
      marks.lineTo(x + ring / 2, y + (ring / 2) * side);
    }
    if (foundAt(i)) arrow(marks, [x, y], foundAt(i), ring);
  }
  ctx.save();
  ctx.lineCap = ctx.lineJoin = "round";
  for (const [style, width] of [["rgba(20,16,12,.85)", 4.8], ["#fffaf0", 3.2], ["#c4351a", 1.8]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = (width * ring) / rings[1];
    ctx.stroke(marks);
  }
  ctx.restore();
  if (names) for (const i of away) paintLabel(ctx, names(skeleton.joints[i], foundAt(i)), at(i));
}

/** Short strokes across a limb. */
function notches(path, [x0, y0], [x1, y1], ring) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  for (let d = ring + 6; d < length - ring; d += 12) {
    const [x, y] = [x0 + ux * d, y0 + uy * d];
    path.moveTo(x - uy * 4 - ux * 2, y + ux * 4 - uy * 2);
    path.lineTo(x + uy * 4 + ux * 2, y - ux * 4 + uy * 2);
  }
}

function arrow(path, [x0, y0], [x1, y1], ring) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 2 * ring) return;
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  path.moveTo(x0 + ring * ux, y0 + ring * uy);
  path.lineTo(x1, y1);
  path.lineTo(x1 - 8 * ux - 5 * uy, y1 - 8 * uy + 5 * ux);
  path.moveTo(x1, y1);
  path.lineTo(x1 - 8 * ux + 5 * uy, y1 - 8 * uy - 5 * ux);
}
