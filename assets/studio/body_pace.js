// How large pictures are asked for: as large as this server and this line bring in good time.

const sides = [512, 640, 768]; // px of the longer side while something moves
const rests = [1024, 1280, 1536]; // and at rest, where the same server draws
const good = 60; // ms from asking to having a picture, that still feels at hand
const late = 72; // from here on smaller pictures are better
const enough = 5; // pictures that are looked at before the size is changed
const wary = 150; // pictures until a size that was too large is tried again

export class Pace {
  constructor() {
    this.step = 0;
    this.#begin();
    this.shy = 0;
  }

  get moving() {
    return sides[this.step];
  }

  get rest() {
    return rests[this.step];
  }

  #begin(step = this.step) {
    Object.assign(this, { step, took: null, count: 0 });
  }

  /** A moving picture whose longer side is `side` took `ms`. */
  note(ms, side) {
    this.shy -= 1;
    if (side !== this.moving) return; // asked for before the size was changed, or the canvas is smaller
    this.count += 1;
    if (this.count === 1) return; // the first of a size makes room for it
    this.took = this.took === null ? ms : this.took + 0.3 * (ms - this.took);
    if (this.count < enough) return;
    const larger = sides[this.step + 1];
    if (this.took > late && this.step > 0) {
      this.#begin(this.step - 1);
      this.shy = wary;
    } else if (larger && this.shy <= 0 && this.took * (larger / side) <= good) this.#begin(this.step + 1);
  }
}
