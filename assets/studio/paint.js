// Painting a pose on a canvas: readable on any art by a dark halo under a light core, warm left and cool right.

import { sideOf } from "./anatomy.js";
import { boxOf } from "./figure.js";

const middleColor = "#dec478"; // of lines that cross from side to side
const halo = "rgba(20,16,12,.72)";
export const uncertain = 0.4; // below this score a point wants the artist's eye

/** A hue per person, far from its neighbours (golden angle), used for their tag and joints' rim. */
export const hueOf = (index) => (16 + index * 137.508) % 360;
export const personColor = (index, alpha = 1) => `hsl(${hueOf(index)} 70% 58% / ${alpha})`;

const radii = { body: 5.5, hand: 3.6, face: 2.6 };
const widthsOf = { body: 4.2, hand: 2.4, face: 1.5 };

/** How large marks are drawn, by part: smaller when the part is small on screen, so that joints stay apart. */
function markScale(person, skeleton, view) {
  const extent = (joints) => {
    const box = boxOf(person, joints);
    return box ? Math.max(box[2] - box[0], box[3] - box[1]) * view.scale : 0;
  };
  const limited = (value) => Math.min(1.35, Math.max(0.3, value));
  const of = (...groups) => limited(Math.max(0, ...groups.map((name) => extent(skeleton.groupIndices[name] ?? []))) / 150);
  const whole = extent(null) / 420;
  const alone = skeleton.name === "hand21" || skeleton.name === "face68";
  return {
    body: limited(whole),
    hand: alone ? limited(extent(null) / 150) : Math.min(of("left_hand", "right_hand"), limited(whole) * 1.4),
    face: alone ? limited(extent(null) / 150) : of("face"),
  };
}

function bonesInOrder(person, skeleton) {
  const hidden = new Set(person.hidden_bones.map((bone) => bone.join()));
  const front = new Set(person.front.flatMap((group) => skeleton.groupIndices[group] ?? []));
  const rank = ([a, b]) => Number(front.has(a) && front.has(b));
  // Ear to shoulder is a line of the file formats, not of a figure: a neck is drawn instead.
  const drawn = ([a, b]) => !hidden.has([a, b].join()) && !(/_ear$/.test(a) && /_shoulder$/.test(b));
  const bones = skeleton.boneIndices.filter((_, i) => drawn(skeleton.bones[i]));
  return front.size ? bones.sort((p, q) => rank(p) - rank(q)) : bones;
}

/** Ends of the neck's line for skeletons without a neck joint, on screen; null when a shoulder or the nose is missing. */
function neckLine(person, skeleton, places, here) {
  if ("neck" in skeleton.at) return null;
  const [l, r, nose] = ["left_shoulder", "right_shoulder", "nose"].map((name) => skeleton.at[name] ?? -1);
  if (![l, r, nose].every((i) => i >= 0 && here(i))) return null;
  return [[(places[l][0] + places[r][0]) / 2, (places[l][1] + places[r][1]) / 2], places[nose]];
}

/** One figure. `options`: {index, active, selected: Set of joints, hovered, ghost, only: Set of joints}. */
export function paintPerson(ctx, view, person, skeleton, options = {}) {
  const { index = 0, active = true, selected = new Set(), hovered = -1, ghost = false, only = null } = options;
  const kind = skeleton.kinds;
  const places = person.points.map((p) => view.toScreen(p));
  const k = markScale(person, skeleton, view);
  const here = (i) => person.states[i] !== "missing" && (!only || only.has(i));
  ctx.save();
  ctx.globalAlpha = ghost ? 0.8 : active ? 1 : 0.62;
  ctx.lineCap = "round";
  const bones = bonesInOrder(person, skeleton).filter(([a, b]) => here(a) && here(b));
  paintBones(ctx, bones, { person, skeleton, kind, places, k, ghost, index, neck: neckLine(person, skeleton, places, here) });
  if (!ghost) paintJoints(ctx, { person, skeleton, kind, places, k, here, selected, hovered, index, active });
  ctx.restore();
}

/** A bone's colour: its side's; the middle's when it crosses over. */
function colorOf(skeleton, a, b) {
  const sides = new Set([a, b].filter((i) => sideOf(skeleton.joints[i]) !== "middle").map((i) => skeleton.colors[i]));
  return sides.size === 1 ? [...sides][0] : middleColor;
}

function paintBones(ctx, bones, { person, skeleton, kind, places, k, ghost, index, neck }) {
  const batches = new Map(); // equal strokes share one path: 400 bones cost a dozen strokes
  if (neck) {
    const path = new Path2D();
    path.moveTo(...neck[0]);
    path.lineTo(...neck[1]);
    batches.set("neck", { part: "body", side: middleColor, dashed: false, path });
  }
  for (const [a, b] of bones) {
    const part = kind[a] === "body" && kind[b] === "body" ? "body" : kind[b];
    const side = colorOf(skeleton, a, b);
    const dashed = person.states[a] === "hidden" || person.states[b] === "hidden";
    const key = `${part} ${side} ${dashed}`;
    if (!batches.has(key)) batches.set(key, { part, side, dashed, path: new Path2D() });
    const { path } = batches.get(key);
    path.moveTo(...places[a]);
    path.lineTo(...places[b]);
  }
  for (const layer of ["halo", "core"]) {
    for (const { part, side, dashed, path } of batches.values()) {
      const width = widthsOf[part] * k[part];
      ctx.setLineDash(dashed ? [width * 1.6, width * 1.9] : []);
      ctx.lineWidth = layer === "halo" ? width + 1 + 1.4 * k[part] : width * (ghost ? 0.7 : 0.72);
      ctx.strokeStyle = layer === "halo" ? (ghost ? "rgba(255,250,240,.9)" : halo) : ghost ? personColor(index) : part === "face" ? "#f4ead8" : side;
      ctx.stroke(path);
    }
  }
  ctx.setLineDash([]);
}

function paintJoints(ctx, { person, skeleton, kind, places, k, here, selected, hovered, index, active }) {
  const layers = [new Map(), new Map(), new Map()]; // halos, colours, cores: each above the one before
  const disc = (layer, style, i, radius) => {
    if (!layers[layer].has(style)) layers[layer].set(style, new Path2D());
    const path = layers[layer].get(style);
    path.moveTo(places[i][0] + radius, places[i][1]);
    path.arc(places[i][0], places[i][1], radius, 0, Math.PI * 2);
  };
  const rims = new Path2D();
  person.points.forEach((_, i) => {
    if (!here(i)) return;
    const part = kind[i];
    const radius = radii[part] * k[part] * (i === hovered ? 1.35 : 1);
    const low = person.sources[i] === "model" && person.scores[i] < uncertain;
    const color = low ? "#f6d55c" : part === "face" ? "#fffaf0" : skeleton.colors[i];
    disc(0, halo, i, radius + 0.5 + 0.7 * k[part]);
    disc(1, color, i, radius * (low ? 0.9 : 1));
    if (person.states[i] === "hidden") disc(2, "#3a332c", i, radius * 0.62);
    else if (part === "body" && !low) disc(2, "#fffaf0", i, radius * 0.42);
    if (selected.has(i)) {
      const ring = radius + 0.6 + 2.6 * k[part];
      rims.moveTo(places[i][0] + ring, places[i][1]);
      rims.arc(places[i][0], places[i][1], ring, 0, Math.PI * 2);
    }
  });
  for (const [style, path] of layers.flatMap((layer) => [...layer])) {
    ctx.fillStyle = style;
    ctx.fill(path);
  }
  const fine = selected.size > 12 ? 0.6 : 1; // many rings: thin ones
  ctx.lineWidth = 4 * fine;
  ctx.strokeStyle = halo;
  ctx.stroke(rims);
  ctx.lineWidth = 2 * fine;
  ctx.strokeStyle = active ? "#fffaf0" : personColor(index);
  ctx.stroke(rims);
}

/** Missing joints of the active figure, at their last place, faint: they can be dragged back in. */
export function paintMissing(ctx, view, person, skeleton, size, only = null) {
  ctx.save();
  ctx.strokeStyle = "rgba(181,69,44,.9)";
  ctx.lineWidth = 1.5;
  ctx.setLineDash([2.5, 2.5]);
  for (const i of reachableMissing(person, skeleton, size)) {
    if (only && !only.has(i)) continue;
    const [x, y] = view.toScreen(person.points[i]);
    ctx.beginPath();
    ctx.arc(x, y, 5, 0, Math.PI * 2);
    ctx.stroke();
  }
  ctx.restore();
}

/** Missing body joints whose last place is worth showing: inside the picture and not the origin. */
export function reachableMissing(person, skeleton, [w, h]) {
  const kind = skeleton.kinds;
  return [...person.points.keys()].filter((i) => {
    const [x, y] = person.points[i];
    return person.states[i] === "missing" && kind[i] === "body" && (x || y) && x >= 0 && y >= 0 && x < w && y < h;
  });
}

/** A name beside a joint or person, on a dark pill. */
export function paintLabel(ctx, text, [x, y], color = "#fffaf0") {
  ctx.save();
  ctx.font = "12px system-ui, sans-serif";
  const width = ctx.measureText(text).width + 14;
  const left = Math.min(Math.max(4, x + 12), Math.max(4, ctx.canvas.clientWidth - width - 4));
  const top = Math.max(4, y - 30);
  ctx.fillStyle = "rgba(28,24,20,.88)";
  ctx.beginPath();
  ctx.roundRect(left, top, width, 22, 6);
  ctx.fill();
  ctx.fillStyle = color;
  ctx.textBaseline = "middle";
  ctx.fillText(text, left + 7, top + 11.5);
  ctx.restore();
}
