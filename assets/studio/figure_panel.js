// Step two, first tab: the figures, what is selected, and hands and face.

import { button, fill, h, worded } from "./dom.js";
import { duplicate, limbOf, reorder } from "./commands.js";
import { boxOf, marked, present, withState } from "./figure.js";
import { guessed } from "./kinematics.js";
import { hueOf } from "./paint.js";

export class FigurePanel {
  constructor(studio) {
    this.studio = studio;
    this.words = studio.words.pose;
    this.element = h("div.panel");
    this.lint = studio.lint.section();
    for (const type of ["change", "select"]) studio.store.addEventListener(type, () => this.render());
  }

  render() {
    if (this.studio.step !== "pose" || this.studio.tab !== "figures") return;
    if (this.element.contains(this.element.getRootNode().activeElement) && this.typing) return;
    const { store } = this.studio;
    const person = store.doc.people[store.active];
    fill(this.element, this.#figures(), this.lint, person && this.#selection(person), person && this.#parts(person), person && this.studio.profiles.element, this.#canvas());
  }

  #figures() {
    const { studio, words } = this;
    const { people } = studio.store.doc;
    const add = (kind, text) => h("button", { type: "button", onclick: () => studio.library.addDefault(kind) }, text);
    const hand = (side, label) => h("div.part", {}, h("span", {}, label), ["palm", "back"].map((face) =>
      h("button", { type: "button", onclick: () => studio.library.addHand(side, face) }, words[face])));
    return h("section", {},
      h("h2", {}, words.figures, people.length > 0 && h("small", {}, ` ${people.length}`)),
      !people.length && h("p.hint", {}, words.none),
      h("div.people", {}, people.map((person, index) => this.#figure(person, index)).reverse()),
      h("details.add", { open: !people.length }, h("summary", {}, `+ ${words.add}`),
        h("div.row.wrap", {}, add("person", words.addPerson), add("whole", words.addWhole), add("animal", words.addAnimal)),
        hand("left", words.leftHand), hand("right", words.rightHand)));
  }

  #figure(person, index) {
    const { studio } = this;
    const { store } = studio;
    const name = h("input.name", { value: person.name, placeholder: `${studio.words.figure} ${index + 1}`, ariaLabel: studio.words.steps.rename, maxLength: 40 });
    name.addEventListener("focus", () => (this.typing = true));
    name.addEventListener("blur", () => (this.typing = false));
    name.addEventListener("change", () => store.editPerson(studio.words.steps.rename, index, (one) => ({ ...one, name: name.value.trim() })));
    const row = h(`div.figure${index === store.active ? ".on" : ""}`, { style: { borderLeftColor: `hsl(${hueOf(index)} 60% 55%)` } },
      h("div.grow", {}, name, h("small", {}, studio.words.skeletons[person.skeleton])),
      button("up", studio.words.commands.forward, () => reorder(studio, index, 1)),
      button("down", studio.words.commands.backward, () => reorder(studio, index, -1)),
      button("copy", studio.words.commands.duplicate, () => duplicate(studio, index)),
      button("trash", studio.words.commands.delete, () => store.remove(studio.words.steps.delete, [index])));
    row.addEventListener("click", (event) => !event.target.closest("button, input") && store.activate(index));
    return row;
  }

  #selection(person) {
    const { studio, words } = this;
    const { store } = studio;
    const skeleton = store.skeletonOf(person);
    const joints = store.picked.reduce((sum, [, list]) => sum + list.length, 0);
    const own = store.jointsOf(store.active);
    const states = new Set(own.map((i) => person.states[i]));
    const title = joints === 0 ? words.nothing : joints === 1 && own.length ? studio.words.jointName(skeleton.joints[own[0]]) : `${joints} ${words.joints}`;
    const state = (name, key) => h(`button.segment${states.size === 1 && states.has(name) ? ".on" : ""}`,
      { type: "button", title: key, disabled: !joints, onclick: () => studio.commands.run(name) }, studio.words.states[name]);
    const missing = [...person.points.keys()].filter((i) => !present(person, i) && !/^face_|_hand_|_pupil$/.test(skeleton.joints[i]));
    return h("section", {},
      h("h2", {}, words.selection),
      h(joints ? "p" : "p.hint", {}, title),
      h("div.segments", {}, state("visible", "1"), state("hidden", "2"), state("missing", "3")),
      joints > 0 && h("div.row.wrap", {}, this.#complete(),
        button("flip", words.otherSide, () => studio.commands.run("otherSide"), { text: words.otherSide, key: "O" }),
        limbOf(store)?.group && button("front", words.toFront, () => studio.commands.run("toFront"), { text: words.toFront }),
        joints > 1 && button("eyeoff", words.hideLimb, () => studio.commands.run("hideLimb"), { text: words.hideLimb })),
      person.hidden_bones.length > 0 && h("button.link", { type: "button",
        onclick: () => store.editPerson(studio.words.steps.bone, store.active, (one) => ({ ...one, hidden_bones: [] })) }, words.showLimbs),
      missing.length > 0 && h("div", {}, h("h3", {}, words.missing), h("p.hint", {}, words.missingHelp),
        h("div.chips", {}, missing.map((i) => h("button.chip", { type: "button", onclick: () => this.#restore(i) }, studio.words.jointName(skeleton.joints[i])))),
        studio.complete.fits(person) && studio.complete.lacking(person).length > 0 && button("complete", studio.words.complete.missing, () => studio.complete.run(studio.complete.lacking(person)), { text: studio.words.complete.missing, className: "wide" })));
  }

  /** What is selected, filled in. */
  #complete() {
    const { studio } = this;
    const names = studio.complete.asked;
    const [key] = studio.commands.keysOf("complete");
    return names.length > 0 && button("complete", `${studio.words.complete.title}: ${studio.complete.called(names)}`, () => studio.complete.start(), { text: studio.words.complete.title, key, data: { command: "complete" } });
  }

  /** A missing joint back in: at its last place when that is in the picture, else where it likely is. */
  #restore(joint) {
    const { studio } = this;
    const { store } = studio;
    const [w, hgt] = store.doc.size;
    store.editPerson(studio.words.steps.restore, store.active, (person, skeleton) => {
      const [x, y] = person.points[joint];
      const usable = (x || y) && x >= 0 && y >= 0 && x < w && y < hgt;
      const place = usable ? [x, y] : (guessed(person, skeleton, joint) ?? studio.library.likely(person, skeleton, joint) ?? [w / 2, hgt / 2]);
      const back = marked(person, [joint]);
      back.points[joint] = place;
      return back;
    });
    store.select(store.active, [joint]);
  }

  #parts(person) {
    const { studio, words } = this;
    const skeleton = studio.store.skeletonOf(person);
    if (skeleton.name === "ap10k17" || skeleton.name === "smplx55" || skeleton.name === "face68") return null;
    const row = (part, label, actions) => {
      const group = skeleton.groupIndices[part];
      const here = group && boxOf(person, group);
      return h("div.part", {}, h("span", {}, label), actions,
        studio.complete.fits(person) ? button("complete", worded(studio.words.complete.part, { part: label.toLowerCase() }), () => studio.complete.run([part]), { data: { complete: part } }) : h("span.square"),
        here ? button("zoom", words.closer, () => studio.closer.show(part)) : h("span.square"),
        here ? button("trash", studio.words.steps.delete, () => studio.store.editPerson(studio.words.steps.delete, studio.store.active, (one) => withState(one, group, "missing"))) : h("span.square"));
    };
    if (skeleton.name === "hand21") return h("section", {}, h("h2", {}, words.hands), button("zoom", words.closer, () => studio.closer.show("hand"), { text: words.closer }));
    const hand = (side) => ["palm", "back"].map((face) => h("button", { type: "button", onclick: () => this.#placeHand(side, face) }, words[face]));
    return h("section", {}, h("h2", {}, words.hands),
      row("left_hand", words.leftHand, hand("left")),
      row("right_hand", words.rightHand, hand("right")),
      row("face", words.faceName, h("button", { type: "button", onclick: () => this.#placeFace() }, words.place)));
  }

  #placeHand(side, face) {
    const { studio } = this;
    const { store } = studio;
    store.editPerson(studio.words.steps.hand, store.active, (person, skeleton) => {
      const [whole, to] = studio.library.whole(person, skeleton);
      return studio.library.handOn(whole, to, side, studio.library.handPose(face)) ?? studio.refuse(studio.words.needs.wrist) ?? person;
    });
  }

  #placeFace() {
    const { studio } = this;
    const { store } = studio;
    store.editPerson(studio.words.steps.face, store.active, (person, skeleton) => {
      const [whole, to] = studio.library.whole(person, skeleton);
      return studio.library.faceOn(whole, to) ?? studio.refuse(studio.words.needs.eyes) ?? person;
    });
  }

  #canvas() {
    const { studio } = this;
    const words = studio.words.canvasSize;
    const { store } = studio;
    if (store.doc.photo) return null;
    const field = (label, i) => h("input", { type: "number", min: 16, max: 8192, value: store.doc.size[i], ariaLabel: label });
    const fields = [field(words.width, 0), field(words.height, 1)];
    const change = (event) => {
      event.preventDefault();
      const size = fields.map((input, i) => (input.value ? Math.min(8192, Math.max(16, Math.round(Number(input.value)))) : store.doc.size[i]));
      store.commit(studio.words.steps.canvas, { ...store.doc, size });
      studio.editor.fit();
    };
    return h("section", {}, h("h2", {}, words.title),
      h("form.row.wrap", { onsubmit: change }, fields[0], "×", fields[1], h("button", { type: "submit" }, words.apply)));
  }
}
