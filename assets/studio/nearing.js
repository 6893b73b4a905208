// The canvas comes near a small part while it is chosen, and goes back when nobody moved it since.

const nearest = 2; // times that the drawing is magnified at most
const glideTime = 140; // ms
const side = 24; // px that stay free beside the part, and twice as many above

export class Nearing {
  /** To the boxes of a part, above the tray. */
  constructor(studio, boxes) {
    this.studio = studio;
    const { editor, tray } = studio;
    const { view } = editor;
    const known = boxes.filter(Boolean);
    if (!known.length || editor.gesture) return;
    const [x0, y0, x1, y1] = [Math.min, Math.min, Math.max, Math.max].map((of, k) => of(...known.map((box) => box[k])));
    const room = [view.width - 2 * side, view.height - tray.element.offsetHeight - 3 * side];
    const near = Math.min(nearest, (0.5 * room[0]) / Math.max(x1 - x0, 4), (0.5 * room[1]) / Math.max(y1 - y0, 4));
    const [left, top] = view.toScreen([x0, y0]);
    const [right, bottom] = view.toScreen([x1, y1]);
    const inSight = left > side && right < side + room[0] && top > 2 * side && bottom < 2 * side + room[1];
    if (inSight && near < 2 * view.scale) return; // it is seen well enough
    const scale = near < 2 * view.scale ? Math.min(view.scale, 2 * near) : near;
    this.was = { scale: view.scale, x: view.x, y: view.y };
    this.there = { scale, x: side + room[0] / 2 - ((x0 + x1) / 2 + 0.5) * scale, y: 2 * side + room[1] / 2 - ((y0 + y1) / 2 + 0.5) * scale };
    this.#glide(this.there);
  }

  /** Back to where the canvas was, unless it was moved since. */
  back() {
    const { view } = this.studio.editor;
    const still = this.there && ["scale", "x", "y"].every((name) => Math.abs(view[name] - this.there[name]) < 1e-6);
    if (still && this.studio.step === "pose") this.#glide(this.was);
  }

  /** The view carried to another place, in steps where the artist's system shows motion. */
  #glide(to) {
    const { editor } = this.studio;
    const { view } = editor;
    const from = { scale: view.scale, x: view.x, y: view.y };
    const began = performance.now();
    const quiet = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = () => {
      const share = quiet ? 1 : Math.min(1, (performance.now() - began) / glideTime);
      const eased = share * (2 - share);
      for (const name of ["scale", "x", "y"]) view[name] = share === 1 ? to[name] : from[name] + (to[name] - from[name]) * eased;
      editor.paintAll();
      if (share < 1) requestAnimationFrame(step);
    };
    step();
  }
}
