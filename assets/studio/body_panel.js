// Step three's inspector: who stands here, what is selected, and below it shape, hands, face, camera, light, dress and files.

import { sideOf } from "./anatomy.js";
import { button, h, refill } from "./dom.js";
import { FaceSliders, HandSliders, ShapeSliders } from "./body_sliders.js";
import { canStand } from "./body_work.js";
import { partOf } from "./body_verbs.js";
import { hueOf } from "./paint.js";
import { drawingStrength, opacitySlider } from "./photo_panel.js";

const lenses = [18, 24, 35, 50, 85, 135]; // mm, as photographers know them
const film = 36;
const shownFirst = new Set(["natural", "hand", "view"]);

export class BodyPanel {
  constructor(step) {
    const { studio, work, editor } = step;
    Object.assign(this, { step, studio, work, editor, store: studio.store });
    this.words = studio.words.body;
    this.figures = h("section");
    this.selection = h("section");
    this.lensSlider = this.#lensSlider();
    this.sliders = [new ShapeSliders(this), new HandSliders(this), new FaceSliders(this)];
    const [shape, hand, face] = this.sliders;
    this.parts = {
      natural: { body: step.natural.element, fill: () => step.natural.render() },
      shape: { body: shape.element }, hand: { body: hand.element }, face: { body: face.element },
      view: { body: h("div.body"), fill: () => this.#view() }, light: { body: h("div.body"), fill: () => this.#light() }, dress: { body: h("div.body"), fill: () => this.#dress() },
      download: { body: step.exports.element }, import: { body: step.exports.importElement },
    };
    const sections = Object.entries(this.parts).map(([name, part]) => (part.element = h("details.part3d", { open: shownFirst.has(name), data: { part: name } }, h("summary", {}, h("h2", {}, this.words.sections[name])), part.body)));
    for (const one of sections) one.addEventListener("toggle", () => one.open && this.render());
    this.posing = h("div.posing", {}, sections);
    this.element = h("div.panel.bodypanel", {}, this.figures, studio.lint.section(), this.selection, step.flips.element, this.posing);
    for (const type of ["select", "change"]) this.store.addEventListener(type, () => this.render());
    work.addEventListener("info", () => {
      for (const one of this.sliders) Object.assign(one, { built: false, known: null });
      this.render();
      editor.refresh(true);
    });
    editor.addEventListener("pins", () => this.render());
  }

  isShown(name) {
    return this.parts[name].element.open;
  }

  render() {
    if (!this.step.isOpen) return;
    const { info } = this.work;
    this.#renderFigures();
    this.#renderSelection();
    this.step.flips.render();
    const active = this.work.active >= 0;
    for (const name of Object.keys(this.parts)) this.parts[name].element.hidden = name !== "import" && !active;
    if (!info) return;
    for (const part of Object.values(this.parts)) if (part.element.open && !part.element.hidden) part.fill?.();
    for (const one of this.sliders) one.render();
    if (this.editor.selected !== this.shown) this.sliders[1].show(sideOf(this.editor.selected ?? ""));
    this.shown = this.editor.selected;
    this.step.exports.render();
  }

  // ── figures ──

  #renderFigures() {
    const { words, store } = this;
    const { people } = store.doc;
    refill(this.figures, h("h2", {}, words.figures, people.length > 0 && h("small", {}, ` ${people.length}`)),
      h("div.people", {}, people.map((person, index) => this.#figure(person, index)).reverse()),
      h("div.row.wrap", {},
        people.some(canStand) && button("lift", this.studio.words.commands.lift, () => this.step.lift.all(), { text: this.studio.words.lift.lift, key: "L", data: { command: "lift" } }),
        button("plus", words.addStanding, () => this.step.add(), { text: words.addStanding }),
        button("library", words.fromLibrary, () => this.studio.showLibrary(), { text: words.fromLibrary })));
  }

  #figure(person, index) {
    const { words, studio, store, work } = this;
    const name = person.name || `${studio.words.figure} ${index + 1}`;
    const state = !canStand(person) ? words.cannotStand : !person.body ? words.liesDown : work.outOfStep(person) ? words.outOfStep : studio.words.skeletons[person.skeleton];
    const row = h(`div.figure${index === store.active ? ".on" : ""}`, { style: { borderLeftColor: `hsl(${hueOf(index)} 60% 55%)` } },
      h("button.grow.who", { type: "button", onclick: () => this.editor.select(null, index) }, h("strong", {}, name), h("small", {}, state)),
      this.step.lift.opener(index),
      canStand(person) && button("again", words.fitAgain, () => this.step.stand([index], { label: studio.words.steps.restand, anew: true })),
      person.body && button("copy", studio.words.commands.duplicate, () => this.step.verbs.duplicate(index)),
      button("trash", studio.words.commands.delete, () => this.step.verbs.remove(index)));
    return row;
  }

  #renderSelection() {
    const { words, studio, editor, work, step } = this;
    const { selected } = editor;
    this.selection.hidden = work.active < 0;
    if (work.active < 0 || !work.info) return;
    const part = selected && partOf(work.info, selected);
    const sided = /^(left|right)_/.test(part ?? "");
    const pins = editor.pins[work.active];
    const verb = (name, icon, { on = false, text = studio.words.commands[name], ...props } = {}) =>
      button(icon, studio.words.commands[name], () => studio.commands.run(name), { text, key: studio.commands.keysOf(name)[0], className: on ? "on" : "", ...props });
    refill(this.selection, h("h2", {}, words.selection),
      h(selected ? "p" : "p.hint", {}, selected ? studio.words.jointName(selected) : words.nothing),
      selected && h("div.row.wrap", {},
        verb("pin", "pin", { on: pins?.has(selected), text: pins?.has(selected) ? words.letGo : words.hold }),
        verb("resetPart", "again", { text: `${words.reset} ${words.partsOf[part] ?? ""}` }),
        sided && verb("otherSide", "flip", { text: words.otherSide }),
        studio.complete.meantInSpace.length > 0 && verb("complete", "complete", { text: studio.words.complete.title, data: { command: "complete" } })),
      !selected && h("div.row.wrap", {}, verb("mirror", "mirror", { text: words.mirror }), verb("resetPart", "again", { text: words.standStraight })),
      pins?.size > 0 && h("button.link", { type: "button", onclick: () => editor.unpin() }, `${words.unpinAll} (${pins.size})`));
  }

  // ── camera ──

  #lensSlider() {
    const input = h("input", { type: "range", min: 16, max: 135, step: 1, ariaLabel: this.words.lens });
    const value = h("span.value", { ariaHidden: "true" });
    const change = (done) => ((value.textContent = `${input.value} mm`), this.step.verbs.lens(Number(input.value) / film, done));
    input.addEventListener("input", () => change(false));
    input.addEventListener("change", () => change(true));
    return { input, value, element: h("label.slider.valued", {}, h("span", {}, this.words.lens), value, input) };
  }

  /** The focal length of the view that is shown, by the longer side. */
  showLens(fold) {
    const { input, value } = this.lensSlider;
    if (input.matches(":active")) return;
    input.value = fold * film;
    value.textContent = `${Math.round(fold * film)} mm`;
  }

  #view() {
    const { words, step, editor, store, work } = this;
    const set = (mm) => step.verbs.lens(mm / film, true);
    const drawn = Boolean(editor.view.drawn);
    refill(this.parts.view.body, this.lensSlider.element,
      h("div.chips", {}, lenses.map((mm) => h("button.chip", { type: "button", onclick: () => set(mm) }, String(mm)))),
      h("p.hint", {}, drawn ? words.lensDrawn : words.lensFree),
      drawn && store.doc.photo && drawingStrength(this.studio),
      drawn && store.doc.photo && opacitySlider(words.solid, editor.solid, (value) => ((editor.solid = value), editor.paint())),
      !drawn && work.standing.length > 0 && button("body_draw", words.drawFrom, () => step.verbs.drawFrom(), { text: words.drawFrom }),
      h("p.hint", {}, drawn ? "" : words.drawFromHelp));
  }

  // ── light and dress ──

  #choice(label, on, change) {
    return h("label.choice", {}, h("input", { type: "checkbox", checked: on, onchange: (event) => (change(event.target.checked), this.editor.refresh(true)) }), label);
  }

  #light() {
    const { words, editor, work } = this;
    const { look } = editor;
    const current = look.light ?? work.info.lights[0];
    refill(this.parts.light.body,
      h("div.chips", { role: "radiogroup", ariaLabel: words.sections.light }, work.info.lights.map((name) => h(`button.chip${name === current ? ".on" : ""}`, {
        type: "button", role: "radio", ariaChecked: String(name === current), data: { light: name }, onclick: () => ((look.light = name), editor.refresh(true), this.#light()) }, words.lights[name] ?? name))),
      this.#choice(words.ground, look.ground, (on) => (look.ground = on)),
      this.#choice(words.shadows, look.shadows, (on) => (look.shadows = on)),
      this.#choice(words.bones, editor.bones, (on) => ((editor.bones = on), editor.paint())),
      this.#choice(words.handles, editor.handles, (on) => ((editor.handles = on), editor.paint(), this.studio.refresh())));
  }

  #dress() {
    const { words, editor, work } = this;
    const { look } = editor;
    const { layers } = work.info;
    if (!layers.length) return refill(this.parts.dress.body, h("p.hint", {}, words.noDress));
    const worn = new Set(look.layers ?? layers.filter((one) => one.on).map((one) => one.name));
    const wear = (name, on) => {
      if (on) worn.add(name);
      else worn.delete(name);
      look.layers = layers.map((one) => one.name).filter((one) => worn.has(one));
      editor.refresh(true);
    };
    const color = ({ name, color }) => h("input.color", { type: "color", value: look.colors[name] ?? color, ariaLabel: `${words.color}: ${words.layers[name] ?? name}`, disabled: !worn.has(name),
      oninput: (event) => ((look.colors = { ...look.colors, [name]: event.target.value }), editor.refresh(true)) });
    return refill(this.parts.dress.body, layers.map((layer) => h("div.row.layer", {},
      h("label.choice.grow", {}, h("input", { type: "checkbox", checked: worn.has(layer.name), onchange: (event) => (wear(layer.name, event.target.checked), this.#dress()) }), words.layers[layer.name] ?? layer.name), color(layer))));
  }
}
