// Points and directions in space, as [x, y, z] in metres. World: y up, a figure at rest faces +z, its left is +x.

export const add = (a, b, times = 1) => [a[0] + b[0] * times, a[1] + b[1] * times, a[2] + b[2] * times];
export const minus = (a, b) => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
export const times = (a, factor) => [a[0] * factor, a[1] * factor, a[2] * factor];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const length = (a) => Math.hypot(...a);

/** The direction of a vector; `other` where it has none. */
export function unit(a, other = [0, 1, 0]) {
  const size = length(a);
  return size > 1e-9 ? times(a, 1 / size) : other;
}

export const mean = (points) => times(points.reduce((sum, p) => add(sum, p), [0, 0, 0]), 1 / points.length);

/** The smallest box around points: {low, high, middle}. */
export function bounds(points) {
  const along = (choose) => [0, 1, 2].map((axis) => choose(...points.map((p) => p[axis])));
  const [low, high] = [along(Math.min), along(Math.max)];
  return { low, high, middle: mean([low, high]) };
}

/** A rotation as rows, applied to a point, and its inverse. */
export const turned = (R, p) => R.map((row) => dot(row, p));
export const turnedBack = (R, p) => [0, 1, 2].map((axis) => R[0][axis] * p[0] + R[1][axis] * p[1] + R[2][axis] * p[2]);

/** Two directions that make a right angle with `axis` and with each other. */
export function across(axis) {
  const first = unit(cross(axis, Math.abs(axis[1]) < 0.9 ? [0, 1, 0] : [1, 0, 0]));
  return [first, cross(axis, first)];
}
