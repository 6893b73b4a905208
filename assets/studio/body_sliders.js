// Shape, hands and face of the active figure by sliders: tried while they move, one step when they are let go.

import { fill, h } from "./dom.js";

const faceRegions = { brows: /^brow/, eyes: /^eye/, mouth: /^(mouth|tongue)/, cheeks: /^(cheek|jaw|nose)/ };
const widestJaw = 0.5; // rad, as wide as a mouth opens

/** A slider with its name and value: {element, set(value)}. `change(value, done)` while it moves, and once at the end; a double click gives `rest`. */
function slider(label, { low = 0, high = 1, rest = 0, step = 0.01 }, change) {
  const input = h("input", { type: "range", min: low, max: high, step, ariaLabel: label });
  const value = h("span.value", { ariaHidden: "true" });
  const tell = () => (value.textContent = Math.abs(input.value) < 0.005 ? "" : String(Math.round(input.value * 100)));
  const moved = (done) => (tell(), change(Number(input.value), done));
  input.addEventListener("input", () => moved(false));
  input.addEventListener("change", () => moved(true));
  input.addEventListener("dblclick", () => ((input.value = rest), moved(false), moved(true)));
  const set = (now) => {
    if (input.matches(":active")) return; // it is under the pointer
    input.value = now ?? rest;
    tell();
  };
  set(rest);
  return { element: h("label.slider.valued", {}, h("span", {}, label), value, input), set };
}

/** What all three kinds share: the active figure, and an edit that is tried or made a step. */
class Sliders {
  constructor(panel, part) {
    const { studio, work } = panel;
    Object.assign(this, { panel, part, studio, work });
    this.words = studio.words.body;
    this.element = h("div.body");
    this.known = null; // the body whose values the sliders show
  }

  get body() {
    return this.work.bodyOf(this.work.active);
  }

  try(label, edit, done, tentative = false) {
    this.work.live(label, edit, { tentative });
    if (done) this.studio.guarded(() => this.work.settle());
  }

  render() {
    if (!this.panel.isShown(this.part) || this.work.active < 0) return;
    if (!this.built) this.build();
    this.built = true;
    if (this.body !== this.known) this.read(this.body);
    this.known = this.body;
  }
}

/** The server's reading of a body in sliders, the latest asked for alone; shape and hands share it. */
async function reading(work, body) {
  work.readings ??= new WeakMap();
  if (!work.readings.has(body)) work.readings.set(body, work.ask("body_shape_of", { body }));
  return work.readings.get(body).catch(() => null);
}

export class ShapeSliders extends Sliders {
  constructor(panel) {
    super(panel, "shape");
  }

  build() {
    const { words, work } = this;
    const { files = [] } = work.info;
    const file = h("select", { onchange: (event) => this.studio.guarded(() => work.wear(event.target.value)) }, files.map(({ name, title }) => h("option", { value: name, selected: name === (work.file ?? files[0].name) }, title)));
    this.rows = new Map(work.info.shape.map(({ name, low, high }, i) => [name, slider(words.shapeNames[name] ?? `${words.shapeNumber} ${i + 1}`, { low, high }, (value, done) =>
      this.try(this.studio.words.steps.shape, { kind: "shape", name, value }, done))]));
    fill(this.element, files.length > 1 && h("label.field", {}, h("span", {}, words.file), file), [...this.rows.values()].map((row) => row.element), h("p.hint", {}, words.sliderHelp));
  }

  async read(body) {
    const answer = await reading(this.work, body);
    if (answer && this.body === body) for (const [name, row] of this.rows) row.set(answer.shape[name]);
  }
}

export class HandSliders extends Sliders {
  constructor(panel) {
    super(panel, "hand");
    this.side = "left";
    this.query = "";
    this.blend = 1;
  }

  build() {
    const { words, work, studio } = this;
    const label = studio.words.steps.handShape;
    const change = (shape) => (value, done) => this.try(label, { kind: "hand", side: this.side, shape: shape(value) }, done);
    this.fingers = new Map(work.info.fingers.map((finger) => [finger, slider(studio.words.groups[finger], {}, change((value) => ({ curl: { [finger]: value } })))]));
    this.all = slider(words.allFingers, {}, change((value) => ({ curl: Object.fromEntries(work.info.fingers.map((finger) => [finger, value])) })));
    this.others = {
      spread: slider(words.spread, { low: -1, high: 1 }, change((spread) => ({ spread }))),
      thumb: slider(words.thumbAcross, { low: -1, high: 1 }, change((thumb) => ({ thumb }))),
      opposition: slider(words.thumbBefore, {}, change((opposition) => ({ opposition }))),
    };
    this.tabs = h("div.segments");
    this.search = h("input.search", { type: "search", placeholder: words.handSearch, ariaLabel: words.handSearch });
    this.search.addEventListener("input", () => ((this.query = this.search.value), this.#renderGrid()));
    this.grid = h("div.hands");
    this.blending = slider(words.blend, { rest: 1 }, (value) => (this.blend = value));
    this.blending.set(1);
    fill(this.element, this.tabs, this.search, this.grid, this.blending.element, this.all.element,
      h("details.more", {}, h("summary", {}, words.fingers), h("div.body", {}, [...this.fingers.values()].map((row) => row.element))),
      Object.values(this.others).map((row) => row.element));
    this.#renderTabs();
    this.#renderGrid();
  }

  #renderTabs() {
    const { words } = this.studio;
    const sides = { left: words.pose.leftHand, right: words.pose.rightHand };
    fill(this.tabs, Object.entries(sides).map(([side, label]) => h(`button.segment${side === this.side ? ".on" : ""}`, { type: "button", data: { side }, onclick: () => this.show(side) }, label)));
  }

  /** Turn to the hand of a side. */
  show(side) {
    if (!this.built || side === this.side || side === "middle") return;
    this.side = side;
    this.#renderTabs();
    this.#renderGrid(); // the pictures are of that hand
    this.read(this.body);
  }

  #renderGrid() {
    const wanted = this.query.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.work.info.hands.filter((hand) => wanted.every((word) => `${hand.title} ${hand.tags.join(" ")}`.toLowerCase().includes(word)));
    fill(this.grid, found.length ? found.map((hand) => this.#hand(hand)) : h("p.hint", {}, this.words.noHand));
  }

  /** A hand pose's picture: one of many in one file, as a left hand; a right one is its mirror image. */
  #tile(id) {
    const { handTiles, root } = this.studio.config;
    const all = this.work.info.hands;
    const at = all.findIndex((hand) => hand.id === id);
    return h("i.tile", { style: {
      backgroundImage: `url("${root}/gradio_api/file=${handTiles}")`,
      backgroundSize: `${100 * all.length}% 100%`,
      backgroundPosition: `${(100 * at) / (all.length - 1)}% 0`,
      transform: this.side === "right" ? "scaleX(-1)" : "",
    } });
  }

  /** A hand pose: tried while it is pointed at, taken by a click. */
  #hand({ id, title, tags }) {
    const label = this.studio.words.steps.handPose;
    const edit = () => ({ kind: "handPose", side: this.side, id, blend: this.blend });
    const one = h("button.pose", { type: "button", title: tags.join(", "), data: { hand: id } }, this.#tile(id), h("span", {}, title));
    const trying = () => this.work.edit?.tentative && !this.work.settling;
    one.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && !this.work.edit && this.try(label, edit(), false, true));
    one.addEventListener("pointerleave", () => trying() && this.work.cancel());
    one.addEventListener("click", () => this.try(label, edit(), true));
    return one;
  }

  async read(body) {
    const answer = await reading(this.work, body);
    if (!answer || this.body !== body) return;
    const { curl, ...others } = answer.hands[this.side];
    for (const [finger, row] of this.fingers) row.set(curl[finger]);
    const curls = Object.values(curl);
    this.all.set(curls.reduce((sum, one) => sum + one, 0) / curls.length);
    for (const [name, row] of Object.entries(this.others)) row.set(others[name]);
  }
}

export class FaceSliders extends Sliders {
  constructor(panel) {
    super(panel, "face");
    this.apart = false; // left and right by sliders of their own
  }

  /** Sliders by what they move: a side's own, or both sides as one. */
  get #units() {
    const units = new Map();
    for (const name of this.work.info.face) {
      const [, base, side] = /^(.*?)(Left|Right)?$/.exec(name);
      const both = side && this.work.info.face.includes(base + (side === "Left" ? "Right" : "Left")) && !/^(jaw|mouth)$/.test(base);
      const key = both && !this.apart ? base : name;
      if (!units.has(key)) units.set(key, { base, side: both ? side : null, names: [] });
      units.get(key).names.push(name);
    }
    return units;
  }

  build() {
    const { words, work } = this;
    const label = this.studio.words.steps.face3d;
    this.rows = new Map();
    const groups = Object.entries(faceRegions).map(([region, holds]) => {
      const units = [...this.#units].filter(([, { base }]) => holds.test(base));
      const rows = units.map(([key, { base, side, names }]) => {
        const whole = side ? base : names[0];
        const title = (words.faceNames[whole] ?? whole) + (this.apart && side ? ` · ${words.sideNames[side.toLowerCase()]}` : "");
        const row = slider(title, {}, (value, done) => this.try(label, { kind: "set", body: this.#with(names, value) }, done));
        this.rows.set(key, { ...row, names });
        return row.element;
      });
      if (region === "cheeks") rows.unshift(this.#jaw(label));
      return rows.length > 0 && h("details.more", { open: region === "mouth" }, h("summary", {}, words.faceRegions[region]), h("div.body", {}, rows));
    });
    fill(this.element, groups,
      h("label.choice", {}, h("input", { type: "checkbox", checked: this.apart, onchange: (event) => ((this.apart = event.target.checked), this.build(), this.read(this.body)) }), words.sidesApart),
      h("button", { type: "button", onclick: () => this.#reset() }, words.faceReset));
    if (!work.info.face.length) fill(this.element, h("p.hint", {}, words.noFace), this.#jaw(label));
  }

  #jaw(label) {
    this.jaw = slider(this.words.jaw, {}, (value, done) => this.try(label, { kind: "jaw", value }, done));
    return this.jaw.element;
  }

  /** The document's body with some units of its face set. */
  #with(names, value) {
    const { face } = this.work.info;
    const body = this.studio.store.doc.people[this.work.active].body;
    const units = body.face_units?.length === face.length ? [...body.face_units] : face.map(() => 0);
    for (const name of names) units[face.indexOf(name)] = value;
    return { ...body, face_units: units };
  }

  #reset() {
    const body = this.studio.store.doc.people[this.work.active].body;
    const still = { ...body, jaw: [0, 0, 0], eyes: [[0, 0, 0], [0, 0, 0]], expression: body.expression.map(() => 0), face_units: body.face_units.map(() => 0) };
    this.try(this.studio.words.steps.face3d, { kind: "set", body: still }, true);
  }

  read(body) {
    const { face } = this.work.info;
    for (const { set, names } of this.rows.values()) set(Math.max(...names.map((name) => body.face_units?.[face.indexOf(name)] ?? 0)));
    this.jaw?.set(body.jaw[0] / widestJaw);
  }
}
