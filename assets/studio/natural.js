// Natural: the active figure more at ease by a slider, variations of it, and new poses, all as likely as people stand.

import { button, h, refill, worded } from "./dom.js";
import { partOf } from "./body_verbs.js";
import { Trial } from "./tray.js";
import { freshKey } from "./vault.js";

const shown = 6; // choices in the tray
const usual = 40; // how far variations go at first, of 100
const unvaried = new Set(["all", "face"]);

/** A slider from 0 to 100 with its value: {element, set(value)}; `change(value, done)` while it moves, and once at the end. */
function slider(label, ends, change) {
  const input = h("input", { type: "range", min: 0, max: 100, step: 1, value: 0, ariaLabel: label });
  const value = h("span.value", { ariaHidden: "true" });
  const tell = () => (value.textContent = input.value === "0" ? "" : input.value);
  input.addEventListener("input", () => (tell(), change(Number(input.value), false)));
  input.addEventListener("change", () => (tell(), change(Number(input.value), true)));
  const set = (now, always = false) => {
    if (!always && input.matches(":active")) return; // it is under the pointer
    input.value = now;
    tell();
  };
  return { input, set, element: h("label.slider.valued", {}, h("span", {}, label), value, input, ends && h("span.ends", { ariaHidden: "true" }, h("small", {}, ends[0]), h("small", {}, ends[1]))) };
}

export class NaturalPanel {
  constructor(step) {
    const { studio, work, editor } = step;
    Object.assign(this, { studio, work, editor, store: studio.store });
    this.words = studio.words.natural;
    this.element = h("div.body");
    this.relaxing = slider(this.words.relax, [this.words.asItIs, this.words.atEase], (value, done) => this.#relax(value, done));
    this.relaxing.input.addEventListener("pointerdown", () => (this.givenUp = false));
    this.strength = slider(this.words.strength, [this.words.small, this.words.large], (value) => (this.far = value));
    this.far = usual;
    this.only = false;
    this.drawn = null; // whether the drawing is kept: as the artist says, else where there is a photo
    this.before = this.kept = null; // the work as the slider found it, and as it left it at `amount`
    this.amount = 0;
    this.store.addEventListener("change", () => this.kept && this.store.doc !== this.kept && !work.settling && this.#forget());
    this.store.addEventListener("select", () => this.kept && this.index !== this.store.active && this.#forget());
    work.addEventListener("dropped", () => this.relaxing.set(this.amount));
  }

  render() {
    const { words, work, editor, studio } = this;
    const pins = editor.pins[work.active]?.size ?? 0;
    const part = this.part;
    this.strength.set(this.far);
    const verb = (name, icon, text) => button(icon, studio.words.commands[name], () => studio.commands.run(name), { text, key: studio.commands.keysOf(name)[0], data: { command: name } });
    refill(this.element, this.relaxing.element,
      work.cameraOf() && h("label.choice", {}, h("input", { type: "checkbox", checked: this.keepsDrawing, onchange: (event) => this.#keepDrawing(event.target.checked) }), words.asDrawn),
      h("p.hint", {}, pins ? worded(pins === 1 ? words.oneHeld : words.held, { n: pins }) : words.holdHelp),
      this.strength.element,
      part && h("label.choice", {}, h("input", { type: "checkbox", checked: this.only, onchange: (event) => ((this.only = event.target.checked), this.render()) }), worded(words.only, { part: this.#partName(part) })),
      h("div.row.wrap", {}, verb("vary", "vary", words.vary), verb("newPose", "dice", words.newPose)));
  }

  get keepsDrawing() {
    return Boolean(this.work.cameraOf()) && (this.drawn ?? Boolean(this.store.doc.photo));
  }

  /** The part that the selected joint belongs to, where it can vary alone. */
  get part() {
    const { work, editor } = this;
    if (!editor.selected || !work.info) return null;
    const part = partOf(work.info, editor.selected);
    return unvaried.has(part) ? null : part;
  }

  #partName(part) {
    return (this.studio.words.groups[part] ?? this.studio.words.body.partsOf[part] ?? part).toLowerCase();
  }

  // ── at ease ──

  #keepDrawing(on) {
    this.drawn = on;
    if (this.kept && this.amount) this.#relax(this.amount, true);
  }

  /** The slider stays where it was left, and goes on from the same body until the work is changed by something else. */
  #relax(value, done) {
    const { work, store, editor } = this;
    if (work.active < 0) return;
    if (this.givenUp) {
      this.givenUp = !done;
      return this.relaxing.set(this.amount, true);
    }
    if (!this.kept) Object.assign(this, { before: store.doc, kept: store.doc, index: work.active });
    const start = this.before.people[this.index].body;
    const edit = { kind: "relax", amount: value / 100, body: start, pins: [...(editor.pins[this.index] ?? [])], camera: this.keepsDrawing ? work.cameraOf() : null };
    work.live(this.studio.words.steps.relax, edit, { index: this.index });
    if (done) this.studio.guarded(() => this.#keep(value));
  }

  /** Give up the slider's way that is under way; whether there was one. */
  cancel() {
    const { work } = this;
    if (work.settling || work.edit?.label !== this.studio.words.steps.relax) return false;
    this.givenUp = this.relaxing.input.matches(":active");
    work.cancel();
    this.relaxing.set(this.amount, true);
    return true;
  }

  /** However often the slider is taken, it is one step. */
  async #keep(value) {
    const { work, store, before, kept } = this;
    const label = this.studio.words.steps.relax;
    await work.settle();
    if (!this.kept || store.doc === kept) return;
    const [last] = store.past.slice(-1);
    if (last?.label !== label || last.doc !== kept) return this.#forget();
    Object.assign(this, { kept: store.doc, amount: value });
    if (kept !== before) {
      store.past.pop();
      store.emit("change");
    }
  }

  #forget() {
    this.before = this.kept = null;
    this.amount = 0;
    this.relaxing.set(0);
  }

  // ── choices ──

  vary() {
    const { work, editor, words } = this;
    if (work.active < 0) return undefined;
    const part = this.only ? this.part : null;
    const pins = [...(editor.pins[work.active] ?? [])];
    const title = part ? worded(words.variationsOf, { part: this.#partName(part) }) : words.variations;
    return this.#choose(title, this.studio.words.steps.vary, "vary", (body, seed) => [body, this.far / 100, shown, seed, pins, part], (again) => this.#howFar(again));
  }

  /** How far variations go, in the tray's head as well. */
  #howFar(again) {
    const far = slider(this.words.strength, null, (value, done) => ((this.far = value), this.strength.set(value), done && again()));
    far.set(this.far);
    far.element.className = "blend";
    return far.element;
  }

  newPose() {
    if (this.work.active < 0) return undefined;
    return this.#choose(this.words.newPoses, this.studio.words.steps.newPose, "random_poses", (body, seed) => [shown, seed, body]);
  }

  /** A tray of choices for the active figure from an endpoint; `told` is what it is told of a body and a seed. */
  #choose(title, label, endpoint, told, controls = () => null) {
    const { studio, store, work } = this;
    return studio.guarded(async () => {
      work.clear();
      await work.settle();
      const index = work.active;
      const pins = endpoint === "vary" ? [...(this.editor.pins[index] ?? [])] : [];
      const state = { index, start: store.doc.people[index], pins, seed: 0, job: null };
      const stop = () => {
        if (state.job) studio.server.functions.cancel_job(state.job).catch(() => {});
        state.job = null;
        studio.tray.update({ busy: false });
      };
      const roll = (seed) => this.#roll(state, seed, endpoint, told);
      studio.tray.open({
        title, choices: [], busy: true, seed: 0, controls: controls(() => roll(state.seed)),
        on: {
          hover: (choice) => state.trial?.show(choice && choice.doc),
          pick: (choice) => state.trial?.take(choice.doc),
          blend: (choice, amount, done) => this.#blend(state, choice, amount, done),
          again: roll, stop, cancel: stop,
          closed: () => (stop(), state.trial?.end(), studio.refresh()),
        },
      });
      state.trial = new Trial(store, label, () => studio.tray.close());
      await roll(0);
    });
  }

  /** Ask for choices of a seed; those of an earlier asking are not waited for. */
  #roll(state, seed, endpoint, told) {
    const { studio, work, editor } = this;
    if (state.job) studio.server.functions.cancel_job(state.job).catch(() => {});
    const job = (state.job = freshKey());
    state.seed = seed;
    studio.tray.update({ busy: true, fraction: null, text: undefined, seed });
    return studio.guarded(async () => {
      try {
        const { body, skeleton } = state.start;
        const camera = work.cameraOf();
        state.was ??= camera && (await work.seen(body, skeleton, camera));
        const options = { camera: editor.told(true).picture.camera, drawing: camera && { camera, skeleton }, ...(work.file && { file: work.file }) };
        const progress = ({ fraction, text }) => state.job === job && studio.tray.update({ fraction, text });
        const answer = await studio.server.call(endpoint, [...told(body, seed), options, job], progress);
        if (state.job === job && !answer.cancelled) studio.tray.update({ choices: this.#cards(state, answer.choices), picked: null });
      } catch (error) {
        if (state.job !== job) return;
        studio.tray.close();
        throw error;
      } finally {
        if (state.job === job) {
          state.job = null;
          studio.tray.update({ busy: false });
        }
      }
    });
  }

  #cards(state, choices) {
    return choices.map(({ body, points, picture }, n) => ({
      id: `${state.seed} ${n}`, body, doc: this.#with(state, body, points),
      name: worded(this.words.choice, { n: n + 1 }), note: n ? "" : this.words.likeliest,
      picture: () => (picture ? h("img", { src: picture, alt: "", draggable: false }) : h("span", {}, `${n + 1}`)),
    }));
  }

  /** The work with another body for the figure, and its drawing moved along. */
  #with({ trial, index, start, was }, body, points) {
    return this.store.withPerson(index, this.work.moved(start, body, was, points), trial.before);
  }

  /** Between the figure as it was and a choice: the latest that is asked for. */
  #blend(state, choice, weight, done) {
    state.wanted = { choice, weight, done: done || state.wanted?.done };
    state.blending ??= this.studio.guarded(async () => {
      const { work, store } = this;
      const camera = work.cameraOf();
      while (state.wanted) {
        const { choice, weight, done } = state.wanted;
        state.wanted = null;
        const edit = { kind: "blend", body: choice.body, weight, pins: state.pins };
        const { skeleton } = state.start;
        const answer = await work.ask("body_edit", { bodies: [state.start.body], index: 0, edit, view: null, drawing: camera && { camera, skeleton } });
        const doc = this.#with(state, answer.body, answer.points);
        if (done) state.trial.take(doc);
        else state.trial.show(doc);
      }
    }).finally(() => (state.blending = null));
  }
}
