// What a mask is made of, in the drawing's pixels: strokes of a brush, shapes laid around a figure, the whole turned round.
// A mark is plain data: {kind: "stroke", erase, size, points: [[x, y, share of the size]]},
// {kind: "shape", lines: [[place, place, width]], fill: [place] | null} or {kind: "invert"}.

import { boxOf, meanOf, present } from "./figure.js";

const round = Math.PI * 2;

/** Draw a mark in white: paint where the picture may change, nothing elsewhere. Of a stroke only what follows point `from`. */
export function drawMark(ctx, mark, [w, h], from = 0) {
  ctx.globalCompositeOperation = mark.erase ? "destination-out" : mark.kind === "invert" ? "xor" : "source-over";
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.strokeStyle = ctx.fillStyle = "#fff";
  if (mark.kind === "invert") ctx.fillRect(-0.5, -0.5, w, h); // pixels have their centre at whole numbers
  else if (mark.kind === "shape") drawShape(ctx, mark);
  else mark.points.forEach((point, k) => k >= from && line(ctx, mark.points[Math.max(0, k - 1)], point, mark.size * point[2]));
}

function drawShape(ctx, { lines, fill }) {
  for (const [a, b, width] of lines) line(ctx, a, b, width);
  if (!fill) return;
  ctx.beginPath();
  fill.forEach((p) => ctx.lineTo(...p));
  ctx.fill();
}

function line(ctx, a, b, width) {
  ctx.beginPath();
  ctx.lineWidth = width;
  if (a[0] === b[0] && a[1] === b[1]) {
    ctx.arc(...a.slice(0, 2), width / 2, 0, round);
    return ctx.fill();
  }
  ctx.moveTo(a[0], a[1]);
  ctx.lineTo(b[0], b[1]);
  return ctx.stroke();
}

/** The marks on a context whose canvas holds the drawing, `scale` of its pixels to one of the drawing. */
export function drawMarks(ctx, marks, size, scale = 1) {
  ctx.setTransform(scale, 0, 0, scale, scale / 2, scale / 2);
  for (const mark of marks) drawMark(ctx, mark, size);
}

/** The mask as a PNG of the drawing's size: white where the picture may change, black elsewhere; null when that is nowhere. */
export async function maskFile(marks, size) {
  const canvas = new OffscreenCanvas(...size);
  const ctx = canvas.getContext("2d", { willReadFrequently: true });
  drawMarks(ctx, marks, size);
  const image = ctx.getImageData(0, 0, ...size);
  const { data } = image;
  let any = false;
  for (let i = 0; i < data.length; i += 4) {
    const painted = data[i + 3] >= 128;
    any ||= painted;
    data[i] = data[i + 1] = data[i + 2] = painted ? 255 : 0;
    data[i + 3] = 255;
  }
  ctx.putImageData(image, 0, 0);
  return any ? canvas.convertToBlob({ type: "image/png" }) : null;
}

// ── around a figure ──

const sides = ["left", "right"];
// Widths as shares of the torso's length, with room for clothes, hair and fingers around the joints.
const [limb, skull, wrist, sole] = [0.44, 0.92, 0.56, 0.5];
const reach = 0.5; // of the forearm's length: how far beyond its wrist an undrawn hand is taken to go

/** The parts of a figure that a shape can be laid around: of "figure", "head", "left_hand", "right_hand". */
export function partsOf(person, skeleton) {
  return ["figure", "head", "left_hand", "right_hand"].filter((part) => around(person, skeleton, part));
}

/** A shape around a part of a figure; null where its joints are missing. */
export function around(person, skeleton, part) {
  const at = (name) => skeleton.at[name] ?? -1;
  const has = (name) => at(name) >= 0 && present(person, at(name));
  const place = (name) => person.points[at(name)];
  const here = (names) => names.filter(has).map(place);
  const unit = torso(person, skeleton, here);
  const figure = { person, skeleton, here, has, place, unit };
  const lines = { figure: whole, head, left_hand: () => hand(figure, "left"), right_hand: () => hand(figure, "right") }[part](figure);
  if (!lines.length) return null;
  const trunk = ["left_shoulder", "right_shoulder", "right_hip", "left_hip"];
  const fill = part === "figure" && trunk.every(has) ? trunk.map(place) : null;
  return { kind: "shape", lines: lines.map(([a, b, width]) => [a.slice(0, 2), b.slice(0, 2), Math.round(width * 10) / 10]), fill };
}

/** The torso's length in pixels, by which everything else is measured; a share of the figure where it is missing or seen end on. */
function torso(person, skeleton, here) {
  const gap = (a, b) => (a.length && b.length ? Math.hypot(...[0, 1].map((axis) => meanOf(a)[axis] - meanOf(b)[axis])) : 0);
  const shoulders = here(["left_shoulder", "right_shoulder"]);
  const hips = here(["left_hip", "right_hip"]);
  const box = boxOf(person) ?? [0, 0, 0, 0];
  const longest = Math.max(box[2] - box[0], box[3] - box[1]);
  const across = 1.2 * gap(shoulders.slice(0, 1), shoulders.slice(1));
  return Math.max(gap(shoulders, hips), gap(here(["neck"]), here(["root_of_tail"])) * 0.7, across, 0.16 * longest, 4);
}

function whole(figure) {
  const { skeleton, person, unit, here } = figure;
  const bones = skeleton.boneIndices.filter(([a, b], k) => {
    const [from, to] = skeleton.bones[k];
    return present(person, a) && present(person, b) && !(/_ear$/.test(from) && /_shoulder$/.test(to));
  });
  const drawn = bones.map(([a, b]) => [person.points[a], person.points[b], unit * (skeleton.kinds[b] === "body" ? limb : limb / 2)]);
  const skulls = head(figure);
  const necks = here(["left_shoulder", "right_shoulder"]);
  if (skulls.length && necks.length === 2) drawn.push([meanOf(necks), skulls[0][1], unit * limb]);
  const feet = sides.flatMap((side) => here([`${side}_ankle`]).map((p) => [p, p, unit * (limb + sole / 2)]));
  return [...drawn, ...skulls, ...sides.flatMap((side) => hand(figure, side)), ...feet];
}

/** A disc over eyes, ears and nose; drawn features of the face alone are followed where the skeleton has nothing else. */
function head({ skeleton, person, here, unit }) {
  const features = here(["nose", "left_eye", "right_eye", "left_ear", "right_ear", "head"]);
  if (features.length) return [[meanOf(features), meanOf(features), unit * skull]];
  const face = (skeleton.groupIndices.face ?? []).filter((i) => present(person, i));
  const box = boxOf(person, face);
  if (!box) return [];
  const middle = meanOf(face.map((i) => person.points[i]));
  return [[middle, middle, 1.5 * Math.max(box[2] - box[0], box[3] - box[1])]];
}

/** The bones of a drawn hand, as wide as leaves no gaps between its fingers; else a stretch beyond the wrist. */
function hand({ skeleton, person, has, place, unit }, side) {
  const joints = skeleton.name === "hand21" ? (side === "left" ? [...skeleton.joints.keys()] : []) : (skeleton.groupIndices[`${side}_hand`] ?? []);
  const drawn = new Set(joints.filter((i) => present(person, i)));
  if (drawn.size > 2) {
    const box = boxOf(person, [...drawn]);
    const width = Math.max(0.5 * Math.max(box[2] - box[0], box[3] - box[1]), skeleton.name === "hand21" ? 0 : 0.2 * unit);
    return skeleton.boneIndices.filter(([a, b]) => drawn.has(a) && drawn.has(b)).map(([a, b]) => [person.points[a], person.points[b], width]);
  }
  if (!has(`${side}_wrist`)) return [];
  const end = place(`${side}_wrist`);
  if (!has(`${side}_elbow`)) return [[end, end, unit * wrist]];
  const elbow = place(`${side}_elbow`);
  return [[end, end.map((v, axis) => v + reach * (v - elbow[axis])), unit * wrist]];
}
