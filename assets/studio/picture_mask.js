// The mask painted on the drawing itself: where the picture may change. Each stroke is one step of undo.

import { button, fill, h } from "./dom.js";
import { around } from "./mask_marks.js";
import { Veil } from "./mask_veil.js";

const least = 2; // px of the drawing: the smallest brush
const pace = 1.2; // of the brush's size, for one press of a key

export class PictureMask {
  constructor(studio) {
    const { store, editor, words } = studio;
    Object.assign(this, { studio, store, editor });
    this.words = words.mask;
    this.erasing = false;
    this.size = null; // of the brush, px of the drawing
    this.on = false;
    this.veil = new Veil(editor, store);
    this.tip = h("div.brushtip", { hidden: true });
    this.bar = h("div.maskbar", { role: "toolbar", ariaLabel: this.words.title, hidden: true });
    editor.element.append(this.tip);
    this.#build();
    editor.addEventListener("viewed", () => this.paint());
    store.addEventListener("change", () => (this.paint(), this.#tell()));
    editor.front.addEventListener("pointermove", (event) => this.#hover(event));
    editor.front.addEventListener("pointerleave", () => (this.tip.hidden = true));
    editor.front.addEventListener("keydown", (event) => this.#key(event));
    editor.front.addEventListener("blur", () => (this.aim = null));
  }

  get marks() {
    return this.store.doc.mask ?? [];
  }

  /** Show the mask and take the brush in hand, or put both away. */
  show(on) {
    if (on === this.on) return;
    this.on = on;
    this.editor.cancelGesture();
    this.editor.brush = on ? this : null;
    this.editor.element.classList.toggle("masking", on);
    this.bar.hidden = !on;
    this.veil.show(on);
    this.tip.hidden = true;
    this.aim = null;
    const side = Math.max(...this.store.doc.size);
    if (side !== this.side) Object.assign(this, { side, size: Math.max(least, Math.round(side / 14)) }); // a share of each drawing
    this.#tell();
    this.paint();
  }

  // ── verbs ──

  #commit(label, marks) {
    if (marks.length || this.marks.length) this.store.commit(this.studio.words.steps[label], { ...this.store.doc, mask: marks });
  }

  clear() {
    this.#commit("maskClear", []);
  }

  invert() {
    const last = this.marks.at(-1)?.kind === "invert"; // twice is as it was
    this.#commit("maskInvert", last ? this.marks.slice(0, -1) : [...this.marks, { kind: "invert" }]);
  }

  /** Add a shape around a part of a figure; the `background` is all but the whole figure. */
  around(part, person = this.store.doc.people[this.store.active]) {
    const shape = person && around(person, this.store.skeletonOf(person), part === "background" ? "figure" : part);
    if (shape) this.#commit("maskAround", part === "background" ? [shape, { kind: "invert" }] : [...this.marks, shape]);
  }

  resize(size) {
    this.size = Math.min(Math.max(...this.store.doc.size), Math.max(least, Math.round(size)));
    this.#tell();
  }

  smaller() {
    this.resize(Math.min(this.size - 1, this.size / pace));
  }

  larger() {
    this.resize(Math.max(this.size + 1, this.size * pace));
  }

  erase(erasing = !this.erasing) {
    this.erasing = erasing;
    this.#tell();
  }

  // ── the brush ──

  /** A stroke, from press to release; Shift draws straight on from where the last one ended, Alt takes away. */
  begin(place, event) {
    const { store } = this;
    const before = store.doc;
    const pen = event.pointerType === "pen";
    const point = (at, pressure) => [...this.editor.view.toDocument(at).map(tenth), pen ? tenth(0.25 + 1.5 * pressure) : 1];
    const eraser = (event.buttons & 32) > 0; // the other end of a pen
    const start = point(place, event.pressure);
    const points = event.shiftKey && this.end ? [this.end, start] : [start];
    this.live = { kind: "stroke", erase: eraser || this.erasing !== event.altKey, size: this.size, points };
    this.paint();
    const rect = this.editor.front.getBoundingClientRect();
    const spacing = Math.max(0.04 * this.size, 0.7 / this.editor.view.scale);
    return {
      cursor: "none",
      move: (_, moved) => {
        if (!this.live) return;
        const all = moved.getCoalescedEvents?.() ?? [];
        for (const one of all.length ? all : [moved]) {
          const next = point([one.clientX - rect.left, one.clientY - rect.top], one.pressure);
          const last = points.at(-1);
          if (Math.hypot(next[0] - last[0], next[1] - last[1]) >= spacing) points.push(next);
        }
        this.#aimAt([moved.clientX - rect.left, moved.clientY - rect.top]);
        this.paint();
      },
      up: () => {
        const { live } = this;
        this.live = null;
        // Undo, or any command, under the stroke changes the document: the stroke is over then.
        if (live && store.doc === before) this.#draw(live);
        else this.paint();
      },
      cancel: () => {
        this.live = null;
        this.paint();
      },
    };
  }

  #draw(stroke) {
    this.end = stroke.points.at(-1);
    this.#commit(stroke.erase ? "maskErase" : "maskPaint", [...this.marks, stroke]);
  }

  /** Arrows carry the brush, Enter dabs, with Shift in a line from the last dab. */
  #key(event) {
    if (!this.on) return;
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!by && event.key !== "Enter") return;
    if (event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const [w, h0] = this.store.doc.size;
    this.aim ??= [w / 2, h0 / 2];
    if (by) {
      const step = Math.max(1, this.size / 4) * (event.shiftKey ? 4 : 1);
      this.aim = [Math.min(w - 1, Math.max(0, this.aim[0] + by[0] * step)), Math.min(h0 - 1, Math.max(0, this.aim[1] + by[1] * step))];
    } else {
      const end = [...this.aim.map(tenth), 1];
      this.#draw({ kind: "stroke", erase: this.erasing, size: this.size, points: event.shiftKey && this.end ? [this.end, end] : [end] });
    }
    this.#aimAt(this.editor.view.toScreen(this.aim));
  }

  #hover(event) {
    if (!this.on || event.pointerType === "touch") return;
    const rect = this.editor.front.getBoundingClientRect();
    this.#aimAt([event.clientX - rect.left, event.clientY - rect.top]);
    if (!this.editor.gesture) this.aim = this.editor.view.toDocument(this.tipAt);
  }

  /** Lay the ring that stands for the brush at a place on screen. */
  #aimAt([x, y]) {
    this.tipAt = [x, y];
    const across = Math.max(4, this.size * this.editor.view.scale);
    const { style } = this.tip;
    style.width = style.height = `${across}px`;
    style.transform = `translate(${x - across / 2}px, ${y - across / 2}px)`;
    this.tip.hidden = !this.on;
  }

  paint() {
    if (this.on) this.veil.paint(this.marks, this.live);
  }

  // ── the tool bar ──

  #build() {
    const { words } = this;
    this.brushes = [["brush", false], ["eraser", true]].map(([name, erasing]) => button(name, words[name], () => this.erase(erasing), { data: { mask: name }, key: name === "eraser" ? "E" : undefined }));
    this.slider = h("input", { type: "range", min: 0, max: 100, step: 1, ariaLabel: words.size, title: `${words.size} ([ ])` });
    this.slider.addEventListener("input", () => this.resize(this.#sizeAt(Number(this.slider.value) / 100)));
    this.slider.addEventListener("pointerup", () => this.editor.front.focus({ preventScroll: true }));
    fill(this.bar, h("div.group", {}, this.brushes), this.slider,
      h("div.group", {},
        button("invert", words.invert, () => this.invert(), { key: "I", data: { mask: "invert" } }),
        (this.clearButton = button("trash", words.clear, () => this.clear(), { data: { mask: "clear" } }))));
  }

  /** The slider's places are sizes on a scale of equal steps, from the smallest brush to half the drawing. */
  #sizeAt(share) {
    return least * (Math.max(...this.store.doc.size) / 2 / least) ** share;
  }

  #tell() {
    if (!this.on) return;
    this.brushes.forEach((one, k) => {
      const chosen = this.erasing === Boolean(k);
      one.classList.toggle("on", chosen);
      one.setAttribute("aria-pressed", String(chosen));
    });
    this.tip.classList.toggle("erasing", this.erasing);
    this.clearButton.disabled = !this.marks.length;
    if (!this.slider.matches(":active")) this.slider.value = (100 * Math.log(this.size / least)) / Math.log(Math.max(...this.store.doc.size) / 2 / least);
    if (!this.tip.hidden) this.#aimAt(this.tipAt);
  }
}

const tenth = (value) => Math.round(value * 10) / 10;
