// The mask as it is seen: a hatched veil over the drawing and under the figures, with an edge that is clear on any art.

import { h } from "./dom.js";
import { drawMark } from "./mask_marks.js";

const finest = 2048; // px of the longer side of the sheet that marks are kept on
const [tint, hatching] = ["rgba(214,92,60,.42)", "rgba(255,246,234,.5)"];
const rims = [[2.6, "rgba(24,18,14,.9)"], [1.3, "#fff6ea"]]; // px on screen, the outer one first
const gap = 8; // px on screen from line to line of the hatching

export class Veil {
  constructor(editor, store) {
    Object.assign(this, { editor, store });
    this.canvas = h("canvas.veil", { hidden: true });
    this.sheet = new OffscreenCanvas(1, 1); // the marks in white
    this.laid = new OffscreenCanvas(1, 1); // the sheet as it lies on screen
    this.scratch = new OffscreenCanvas(1, 1);
    this.drawn = []; // the marks that the sheet has, and how many points of the last of them
    this.points = 0;
    editor.front.before(this.canvas);
  }

  show(on) {
    this.canvas.hidden = !on;
  }

  /** Show these marks, and the one that is being made, with the next frame. */
  paint(marks, live = null) {
    this.marks = live ? [...marks, live] : marks;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.canvas.hidden) return;
      this.#bring();
      this.#paint();
    });
  }

  /** Bring the sheet up to date: on from what it has, or from the beginning after an undo. */
  #bring() {
    const { sheet, marks } = this;
    const { size } = this.store.doc;
    const scale = Math.min(1, finest / Math.max(...size));
    const [w, height] = size.map((side) => Math.ceil(side * scale));
    if (sheet.width !== w || sheet.height !== height || this.drawn.some((mark, k) => marks[k] !== mark)) {
      Object.assign(sheet, { width: w, height }); // which clears it
      this.drawn = [];
      this.points = 0;
    }
    const ctx = sheet.getContext("2d");
    ctx.setTransform(scale, 0, 0, scale, scale / 2, scale / 2);
    const last = this.drawn.at(-1);
    if (last?.points?.length > this.points) drawMark(ctx, last, size, this.points);
    for (const mark of marks.slice(this.drawn.length)) drawMark(ctx, mark, size);
    this.drawn = marks;
    this.points = marks.at(-1)?.points?.length ?? 0;
  }

  #paint() {
    const { canvas, laid, scratch, sheet, editor: { front, view } } = this;
    const ratio = front.width / Math.max(view.width, 1);
    for (const one of [canvas, laid, scratch]) if (one.width !== front.width || one.height !== front.height) Object.assign(one, { width: front.width, height: front.height });
    const [ctx, below] = [canvas, laid].map((one) => one.getContext("2d"));
    for (const one of [ctx, below]) one.clearRect(0, 0, canvas.width, canvas.height);
    below.drawImage(sheet, view.x * ratio, view.y * ratio, ...this.store.doc.size.map((side) => side * view.scale * ratio));
    for (const [reach, style] of rims) {
      const eighths = [...Array(8).keys()].map((k) => (k * Math.PI) / 4);
      this.#lay(ctx, style, eighths.map((turn) => [Math.cos, Math.sin].map((of) => Math.round(reach * ratio * of(turn)))));
    }
    ctx.globalCompositeOperation = "destination-out";
    ctx.drawImage(laid, 0, 0);
    ctx.globalCompositeOperation = "source-over";
    this.#lay(ctx, this.#hatch(ratio), [[0, 0]]);
  }

  /** The mask in one style, moved by each of some steps in whole pixels. */
  #lay(ctx, style, steps) {
    const { laid, scratch } = this;
    const own = scratch.getContext("2d");
    own.globalCompositeOperation = "source-over";
    own.clearRect(0, 0, scratch.width, scratch.height);
    for (const step of steps) own.drawImage(laid, ...step);
    own.globalCompositeOperation = "source-in";
    own.fillStyle = style;
    own.fillRect(0, 0, scratch.width, scratch.height);
    ctx.drawImage(scratch, 0, 0);
  }

  #hatch(ratio) {
    if (this.hatched?.ratio === ratio) return this.hatched.pattern;
    const side = Math.round(gap * ratio);
    const tile = new OffscreenCanvas(side, side);
    const ctx = tile.getContext("2d");
    ctx.fillStyle = tint;
    ctx.fillRect(0, 0, side, side);
    ctx.strokeStyle = hatching;
    ctx.lineWidth = ratio;
    for (const from of [-side, 0, side]) {
      ctx.beginPath();
      ctx.moveTo(from, side);
      ctx.lineTo(from + side, 0);
      ctx.stroke();
    }
    this.hatched = { ratio, pattern: ctx.createPattern(tile, "repeat") };
    return this.hatched.pattern;
  }
}
