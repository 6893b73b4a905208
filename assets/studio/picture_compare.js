// The drawing and the picture painted from it, one over the other, with an edge to draw across.

import { h } from "./dom.js";
import { paintPerson } from "./paint.js";
import { placed } from "./picture_history.js";

const step = 2; // per cent, for one press of an arrow

export class Compare {
  constructor(gallery) {
    const { studio } = gallery;
    const words = studio.words.gallery;
    this.studio = studio;
    this.at = 50; // per cent of the width that shows the drawing
    this.before = h("canvas");
    this.edge = h("div.edge", { tabIndex: 0, role: "slider", ariaLabel: words.edge, ariaValueMin: "0", ariaValueMax: "100", onkeydown: (event) => this.#key(event) });
    this.element = h("div.compare", { hidden: true }, this.before, h("span.tag.left", {}, words.drawing), h("span.tag.right", {}, words.picture), this.edge);
    this.element.addEventListener("pointerdown", (event) => this.#down(event));
    this.element.addEventListener("pointermove", (event) => this.element.hasPointerCapture(event.pointerId) && this.#drag(event));
  }

  /** Compare a picture with what it was painted from; null puts it away. */
  show(one) {
    const shown = this.one;
    this.one = one;
    this.element.hidden = !one;
    if (one && one !== shown) this.#unpack(one);
    this.#set(this.at);
  }

  /** The drawing's pixels, which a history of many does not keep unpacked. */
  async #unpack(one) {
    const { vault, store } = this.studio;
    const key = vault.picture(one.drawing) ? one.drawing : store.doc.photo?.key;
    this.drawing = null;
    const bitmap = key ? await vault.bitmap(key).catch(() => null) : null;
    if (this.one !== one) return;
    this.drawing = bitmap;
    this.paint();
  }

  /** The drawing as it was laid into the picture; where there is none, the figures on paper. */
  paint() {
    const { one, before } = this;
    const { clientWidth, clientHeight } = this.element;
    if (!one || !clientWidth) return;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    Object.assign(before, { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) });
    const ctx = before.getContext("2d");
    const k = before.width / one.pose.size[0];
    ctx.fillStyle = getComputedStyle(this.element).getPropertyValue("--sheet");
    ctx.fillRect(0, 0, before.width, before.height);
    if (this.drawing) {
      const { width, height } = this.drawing;
      const [scale, offset] = placed(one, [width, height]);
      ctx.imageSmoothingQuality = "high";
      ctx.drawImage(this.drawing, k * offset[0], k * offset[1], k * scale[0] * width, k * scale[1] * height);
      return;
    }
    const view = { scale: k / ratio, toScreen: ([x, y]) => [((x + 0.5) * k) / ratio, ((y + 0.5) * k) / ratio] };
    ctx.scale(ratio, ratio);
    one.pose.people.forEach((person, index) => paintPerson(ctx, view, person, this.studio.store.skeletonOf(person), { index }));
  }

  #set(at) {
    this.at = Math.min(100, Math.max(0, at));
    this.element.style.setProperty("--at", `${this.at}%`);
    this.edge.ariaValueNow = String(Math.round(this.at));
  }

  #down(event) {
    if (event.button > 0) return;
    event.preventDefault();
    this.element.setPointerCapture(event.pointerId);
    this.edge.focus({ preventScroll: true });
    this.#drag(event);
  }

  #drag(event) {
    const { left, width } = this.element.getBoundingClientRect();
    this.#set((100 * (event.clientX - left)) / width);
  }

  #key(event) {
    const by = { ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -5 * step, PageUp: 5 * step }[event.key];
    const to = { Home: 0, End: 100 }[event.key];
    if (by === undefined && to === undefined) return;
    this.#set(to ?? this.at + by * (event.shiftKey ? 5 : 1));
    event.preventDefault();
    event.stopPropagation();
  }
}
