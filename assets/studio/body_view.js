// Where the artist looks from: orbit, pan, zoom and the ready views, or through the drawing's own camera.
// The same maths as engine/camera.py: OpenCV axes (x right, y down, z forward), T_camera_world, metres. Screen places are
// CSS pixels from the canvas' corner; a picture's pixels have their centres at whole numbers.

import { add, bounds, cross, dot, length, minus, times, turned, turnedBack } from "./space.js";
import { View } from "./view.js";

export const lens = 1.2; // focal length by the longer side: 43 mm on a 36 mm film
const [nearest, farthest] = [0.12, 60]; // metres from the pivot
const steepest = Math.PI / 2;
const margin = 50; // px about the sheet: the bar of views lies over the canvas
const roomy = 0.9; // share of the sheet that a figure fills
const air = 0.16; // metres between the outermost joints and the skin, hair included

/** Angles from which the ready views look, beside the way the figure faces: [yaw, pitch]. */
export const readyViews = {
  front: [0, 0], back: [Math.PI, 0], left: [Math.PI / 2, 0], right: [-Math.PI / 2, 0], top: [0, steepest], threeQuarter: [0.62, 0.2],
};

/** Rows right, down, forward of a camera that looks from `yaw` about the world's y and from `pitch` above. */
function axes(yaw, pitch, roll = 0) {
  const forward = [-Math.sin(yaw) * Math.cos(pitch), -Math.sin(pitch), -Math.cos(yaw) * Math.cos(pitch)];
  const right = [Math.cos(yaw), 0, -Math.sin(yaw)];
  const down = cross(forward, right);
  const [c, s] = [Math.cos(roll), Math.sin(roll)];
  return [add(times(right, c), down, s), add(times(down, c), right, -s), forward];
}

/** The angles of a camera's rows. */
function anglesOf([right, , forward]) {
  const pitch = Math.asin(Math.max(-1, Math.min(1, -forward[1])));
  const steep = Math.abs(forward[1]) > 0.9999;
  const yaw = steep ? Math.atan2(-right[2], right[0]) : Math.atan2(-forward[0], -forward[2]);
  const level = axes(yaw, pitch);
  return { yaw, pitch, roll: Math.atan2(dot(right, level[1]), dot(right, level[0])) };
}

export class BodyView {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.paper = new View(); // where the drawing lies when it is looked at through its own camera
    this.drawn = null; // that camera, or null when looking freely
    this.leaf = null; // where the drawing lay when its camera was left: it is the sheet until the view is set anew
    this.fold = lens; // focal length by the longer side of the canvas
    this.middle = [0.5, 0.5]; // where the pivot's axis meets the canvas, as shares of it
    Object.assign(this, { yaw: 0, pitch: 0, roll: 0, pivot: [0, 0.9, 0], local: [0, 0, 3.2] });
  }

  resize(width, height) {
    this.paper.resize(width, height);
    if (this.width !== width || this.height !== height) this.leaf = null;
    this.width = width;
    this.height = height;
  }

  // ── what it sees ──

  get longest() {
    return Math.max(this.width, this.height);
  }

  /** {R, t, focal, center} in CSS pixels. */
  get camera() {
    if (this.drawn) {
      const { T_camera_world: T, focal, center } = this.drawn;
      const { scale, x, y } = this.paper;
      return { R: T.slice(0, 3).map((row) => row.slice(0, 3)), t: T.slice(0, 3).map((row) => row[3]), focal: focal * scale,
        center: [(center[0] + 0.5) * scale + x, (center[1] + 0.5) * scale + y] };
    }
    const R = axes(this.yaw, this.pitch, this.roll);
    return { R, t: minus(this.local, turned(R, this.pivot)), focal: this.fold * this.longest, center: [this.middle[0] * this.width, this.middle[1] * this.height] };
  }

  /** Where a point falls: [x, y, depth]. */
  project(point, { R, t, focal, center } = this.camera) {
    const [x, y, z] = add(turned(R, point), t);
    const away = Math.max(z, 1e-3);
    return [(x / away) * focal + center[0], (y / away) * focal + center[1], z];
  }

  /** The point at `depth` metres that falls on this place. */
  point([x, y], depth, { R, t, focal, center } = this.camera) {
    return turnedBack(R, minus([((x - center[0]) / focal) * depth, ((y - center[1]) / focal) * depth, depth], t));
  }

  /** The eye, in the world. */
  get eye() {
    const { R, t } = this.camera;
    return times(turnedBack(R, t), -1);
  }

  /** What the server is told: this view as a picture of at most `longest` pixels a side, and pixels by CSS pixel. */
  picture(longest, ratio = Infinity) {
    const factor = Math.min(longest / this.longest, ratio);
    const { R, t, focal, center } = this.camera;
    const size = [this.width, this.height].map((side) => Math.max(16, Math.round(side * factor)));
    return { factor, size, camera: { size, focal: focal * factor, center: center.map((c) => c * factor - 0.5), T_camera_world: rigid(R, t) } };
  }

  /** The part of this view on the sheet [x, y, w, h] (screen) as the camera of a drawing of `size`. */
  drawingCamera(size, [x, y, w]) {
    const { R, t, focal, center } = this.camera;
    const scale = size[0] / w;
    return { size: [...size], focal: focal * scale, center: [(center[0] - x) * scale - 0.5, (center[1] - y) * scale - 0.5], T_camera_world: rigid(R, t) };
  }

  /** Where a sheet of `size` lies on the screen: where the drawing is or was, else as large as fits. */
  sheet([w, h]) {
    if (this.drawn) return [this.paper.x, this.paper.y, w * this.paper.scale, h * this.paper.scale];
    if (this.leaf) return this.leaf;
    const scale = Math.min((this.width - 2 * margin) / w, (this.height - 2 * margin) / h);
    return [(this.width - w * scale) / 2, (this.height - h * scale) / 2, w * scale, h * scale];
  }

  // ── moving ──

  /** Look through the drawing's camera. */
  follow(camera) {
    this.drawn = camera;
    this.paper.fit([0, 0, camera.size[0] - 1, camera.size[1] - 1], margin);
  }

  /** Look on from where the drawing's camera stands, about `pivot`, without a jump. */
  free(pivot) {
    if (!this.drawn) return;
    this.leaf = this.sheet(this.drawn.size);
    const { R, t, focal, center } = this.camera;
    Object.assign(this, anglesOf(R), { pivot, local: add(turned(R, pivot), t), fold: focal / this.longest, middle: [center[0] / this.width, center[1] / this.height], drawn: null });
  }

  /** Turn about the pivot by angles; right and left, up and down. */
  orbit(yaw, pitch) {
    this.yaw += yaw;
    this.pitch = Math.max(-steepest, Math.min(steepest, this.pitch + pitch));
  }

  pan(dx, dy) {
    if (this.drawn) return this.paper.pan(dx, dy);
    const { R, focal } = this.camera;
    this.pivot = minus(this.pivot, turnedBack(R, times([dx / focal, dy / focal, 0], this.local[2])));
  }

  /** Come nearer by `factor`, what is under `place` staying there. */
  zoom(factor, place = [this.width / 2, this.height / 2]) {
    if (this.drawn) return this.paper.zoom(factor, place);
    const depth = Math.min(farthest, Math.max(nearest, this.local[2] / factor));
    const share = depth / this.local[2];
    const held = this.point(place, this.local[2]);
    this.pivot = add(held, minus(this.pivot, held), share);
    this.local = times(this.local, share);
  }

  /** Focal length by the longer side of the sheet. */
  lens(size) {
    return this.camera.focal / Math.max(...this.sheet(size).slice(2));
  }

  /** Another focal length (by the longer side of the sheet), the pivot keeping its size. */
  setLens(lens, size) {
    const share = lens / this.lens(size);
    this.local = times(this.local, share);
    this.fold *= share;
  }

  /** A ready view of points, beside the way `heading` (rad) that the figure faces. */
  ready(name, points, heading = 0, size = null) {
    const [yaw, pitch] = readyViews[name];
    this.free(points.length ? bounds(points).middle : this.pivot);
    Object.assign(this, { yaw: yaw + heading, pitch, roll: 0 });
    this.fit(points, size);
  }

  /** Points whole in view, or on the part of it that a sheet of `size` covers, from the same side. */
  fit(points, size = null) {
    if (!points.length) return;
    this.free(bounds(points).middle);
    this.leaf = null;
    const [, , w, h] = size ? this.sheet(size) : [0, 0, this.width, this.height];
    const R = axes(this.yaw, this.pitch, this.roll);
    const focal = this.fold * this.longest;
    const room = [w, h].map((side) => (side / 2) * roomy);
    const seen = points.map((p) => turned(R, p));
    // Twice: what is nearer looks larger, so the middle of the picture is not the middle of the points.
    let middle = bounds(seen).middle;
    let away = 0;
    for (let round = 0; round < 2; round++) {
      away = Math.max(...seen.map((p) => Math.max(...[0, 1].map((i) => ((Math.abs(p[i] - middle[i]) + air) * focal) / room[i])) - (p[2] - middle[2])));
      const places = seen.map((p) => [0, 1].map((i) => (p[i] - middle[i]) / (p[2] - middle[2] + away)));
      const off = [0, 1].map((i) => (Math.min(...places.map((p) => p[i])) + Math.max(...places.map((p) => p[i]))) / 2);
      middle = [middle[0] + off[0] * away, middle[1] + off[1] * away, middle[2]];
    }
    this.middle = [0.5, 0.5];
    this.pivot = turnedBack(R, middle);
    this.local = [0, 0, Math.max(away, nearest)];
  }

  /** One point in the middle, `radius` metres about it in view. */
  focus(point, radius) {
    this.free(point);
    this.middle = [0.5, 0.5];
    this.pivot = point;
    this.local = [0, 0, Math.max(nearest, (radius * this.fold * this.longest) / (0.5 * Math.min(this.width, this.height)))];
  }
}

const rigid = (R, t) => [...R.map((row, i) => [...row, t[i]]), [0, 0, 0, 1]];

/** How the picture taken by one camera is laid on the canvas of another: {scale, x, y} that keep `pivot` in place. */
export function laid(before, after, pivot) {
  const seen = ({ R, t, focal, center }) => {
    const [x, y, z] = add(turned(R, pivot), t);
    const away = Math.max(z, 1e-3);
    return { size: focal / away, x: (x / away) * focal + center[0], y: (y / away) * focal + center[1] };
  };
  const [a, b] = [seen(before), seen(after)];
  const scale = b.size / a.size;
  return { scale, x: b.x - a.x * scale, y: b.y - a.y * scale };
}

/** The way a figure faces, in rad about the world's y; `sides` are [left, right] pairs of points. */
export function headingOf(sides) {
  const left = sides.reduce((sum, [l, r]) => add(sum, minus(l, r)), [0, 0, 0]);
  return Math.hypot(left[0], left[2]) > 0.3 * length(left) ? Math.atan2(-left[2], left[0]) : 0;
}
