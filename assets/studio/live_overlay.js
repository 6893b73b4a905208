// The live body over the drawing, between it and the joints, so that photo, pose and body are seen to agree.

import { BodyView } from "./body_view.js";
import { h } from "./dom.js";

const [moving, resting] = [512, 1280]; // px of the longer side of a picture
const pause = 140; // ms that the canvas is still until another picture is wanted

export class LiveOverlay extends EventTarget {
  /** Tells "seen" when the canvas was moved and another picture is wanted. */
  constructor(editor) {
    super();
    this.editor = editor;
    this.on = localStorage.getItem("contrapposto-live-over") === "yes";
    this.view = Object.assign(new BodyView(), { paper: editor.view });
    this.image = h("img.overbody", { alt: "", hidden: true });
    editor.front.before(this.image);
    editor.addEventListener("viewed", () => this.#place());
  }

  turn(on) {
    this.on = on;
    localStorage.setItem("contrapposto-live-over", on ? "yes" : "no");
    if (!on) this.hide();
  }

  hide() {
    clearTimeout(this.timer);
    this.image.hidden = true;
  }

  /** What the server is told of the canvas, as the drawing's camera sees it. */
  told(isMoving, look, camera) {
    const { width, height, x, y, scale } = this.editor.view;
    Object.assign(this.view, { width, height, drawn: camera });
    const { factor, camera: seen } = this.view.picture(isMoving ? moving : resting, isMoving ? 1 : Math.min(2, devicePixelRatio || 1));
    this.shot = { x, y, scale, factor };
    return { camera: seen, look: { ...look, ground: false, shadows: false, transparent: true }, moving: isMoving };
  }

  /** Show the picture that was asked for last. */
  async show(address) {
    const { shot } = this;
    const next = new Image();
    next.src = address;
    await next.decode();
    if (!this.on) return;
    this.image.src = address;
    this.image.hidden = false;
    this.laid = shot;
    this.#place();
  }

  /** Where the picture lies, now that the canvas may have been moved. */
  #place() {
    if (!this.laid || this.image.hidden) return;
    const { view } = this.editor;
    const { x, y, scale, factor } = this.laid;
    const by = view.scale / scale;
    this.image.style.transform = `translate(${view.x - x * by}px, ${view.y - y * by}px) scale(${by / factor})`;
    clearTimeout(this.timer);
    if (by !== 1 || view.x !== x || view.y !== y) this.timer = setTimeout(() => this.dispatchEvent(new CustomEvent("seen")), pause);
  }
}
