// Where the drawing lies on the screen: zoom about a place, pan, fit. Document pixels have their centre at whole numbers.

export class View {
  constructor() {
    this.scale = 1;
    this.x = 0;
    this.y = 0;
    this.width = 1;
    this.height = 1;
  }

  toScreen([x, y]) {
    return [(x + 0.5) * this.scale + this.x, (y + 0.5) * this.scale + this.y];
  }

  toDocument([sx, sy]) {
    return [(sx - this.x) / this.scale - 0.5, (sy - this.y) / this.scale - 0.5];
  }

  /** Zoom by `factor`, keeping the place under (sx, sy) where it is. */
  zoom(factor, [sx, sy]) {
    const scale = Math.min(40, Math.max(0.02, this.scale * factor));
    this.x = sx - ((sx - this.x) * scale) / this.scale;
    this.y = sy - ((sy - this.y) * scale) / this.scale;
    this.scale = scale;
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
  }

  /** Show the box [x0, y0, x1, y1] of the document whole, with a margin in screen pixels. */
  fit([x0, y0, x1, y1], margin = 32) {
    const w = Math.max(x1 - x0, 1e-3);
    const h = Math.max(y1 - y0, 1e-3);
    const room = [Math.max(this.width - 2 * margin, 40), Math.max(this.height - 2 * margin, 40)];
    this.scale = Math.min(40, room[0] / w, room[1] / h);
    this.x = this.width / 2 - ((x0 + x1) / 2 + 0.5) * this.scale;
    this.y = this.height / 2 - ((y0 + y1) / 2 + 0.5) * this.scale;
  }

  /** Match a canvas to its element, keeping the middle in the middle. */
  resize(width, height) {
    if (this.width > 1) this.pan((width - this.width) / 2, (height - this.height) / 2);
    this.width = width;
    this.height = height;
  }
}
