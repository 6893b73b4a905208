// Painting the handles: light core, dark halo, warm left and cool right, fainter where the body is before them.

import { sideOf } from "./anatomy.js";
import { covered, figureAt, handlesOf, isQuiet, ringsOf, tagOf } from "./body_handles.js";
import { hueOf, paintLabel, personColor } from "./paint.js";

const dark = "rgba(20,16,12,.72)";
const light = "#fffaf0";
const ringColor = { view: light, twist: "#f0a368", bend: "#8fc1d4" };

const radiusOf = (name) => (/_hand_|eye|jaw/.test(name) ? 3.4 : isQuiet(name) ? 3.8 : 5.6);

export function paintHandles(editor, ctx) {
  const { work, view, store } = editor;
  editor.tags = [];
  if (!work.info) return;
  const camera = view.camera;
  const figures = work.standing.map((index) => figureAt(editor, index, camera)).filter(Boolean);
  for (const figure of figures) {
    if (editor.bones || !editor.frame) paintBones(editor, ctx, figure);
  }
  if (!editor.handles) return;
  for (const figure of figures.filter(({ index }) => index !== store.active)) paintJoints(editor, ctx, figure, figures);
  const active = figures.find(({ index }) => index === store.active);
  if (active) {
    paintRings(editor, ctx);
    paintJoints(editor, ctx, active, figures);
  }
  paintTags(editor, ctx, figures);
  paintPull(editor, ctx);
  paintNames(editor, ctx, figures);
}

/** How large handles are drawn: smaller on a figure that is small on screen. */
function sizeOf({ places }) {
  const extent = [0, 1].map((axis) => Math.max(...places.map((p) => p[axis])) - Math.min(...places.map((p) => p[axis])));
  return Math.min(1.1, Math.max(0.6, Math.max(...extent) / 440));
}

const colorOf = (editor, name) => editor.store.skeletons.smplx55.colors[editor.work.info.at[name]];

function paintBones(editor, ctx, { index, places }) {
  const { parents, joints } = editor.work.info;
  const names = new Set(joints);
  ctx.save();
  ctx.lineCap = "round";
  ctx.globalAlpha = index === editor.store.active ? 0.95 : 0.5;
  for (const [style, width] of [[dark, 5], [null, 2.6]]) {
    parents.forEach((parent, i) => {
      if (parent < 0 || !names.has(joints[i]) || places[i][2] <= 0 || places[parent][2] <= 0 || /eye|jaw/.test(joints[i])) return;
      const fine = /_hand_/.test(joints[i]) ? 0.5 : 1;
      ctx.strokeStyle = style ?? (sideOf(joints[i]) === "middle" ? "#dec478" : colorOf(editor, joints[i]));
      ctx.lineWidth = width * fine;
      ctx.beginPath();
      ctx.moveTo(places[parent][0], places[parent][1]);
      ctx.lineTo(places[i][0], places[i][1]);
      ctx.stroke();
    });
  }
  ctx.restore();
}

function paintJoints(editor, ctx, figure, figures) {
  const { work, store, selected, hover } = editor;
  const active = figure.index === store.active;
  const pins = editor.pins[figure.index];
  const behind = covered(editor, figures, figure);
  const size = sizeOf(figure);
  const placeOf = (name) => figure.places[work.info.at[name]];
  ctx.save();
  for (const name of handlesOf(editor, figure).sort((a, b) => placeOf(b)[2] - placeOf(a)[2])) {
    const [x, y, depth] = placeOf(name);
    if (depth <= 0) continue;
    ctx.globalAlpha = (active ? 1 : 0.5) * (behind.has(name) && name !== selected ? 0.4 : 1);
    const chosen = active && name === selected;
    const hovered = hover?.kind === "joint" && hover.index === figure.index && hover.joint === name;
    const radius = radiusOf(name) * size * (chosen || hovered ? 1.3 : 1);
    const pinned = pins?.has(name);
    const outline = (grow) => {
      ctx.beginPath();
      if (pinned) ctx.rect(x - radius - grow, y - radius - grow, 2 * (radius + grow), 2 * (radius + grow));
      else ctx.arc(x, y, radius + grow, 0, Math.PI * 2);
    };
    ctx.fillStyle = dark;
    outline(1.4);
    ctx.fill();
    ctx.fillStyle = colorOf(editor, name);
    outline(0);
    ctx.fill();
    if (radius > 3 && !/_hand_/.test(name) && !pinned) {
      ctx.fillStyle = light;
      ctx.beginPath();
      ctx.arc(x, y, radius * 0.45, 0, Math.PI * 2);
      ctx.fill();
    }
    if (!chosen) continue;
    for (const [style, width] of [[dark, 4], [light, 2]]) {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      outline(3.2);
      ctx.stroke();
    }
  }
  ctx.restore();
}

function paintRings(editor, ctx) {
  const { hover, turning } = editor;
  const held = turning ?? (hover?.kind === "ring" ? hover.ring : null);
  ctx.save();
  ctx.lineCap = "round";
  for (const [name, { path }] of Object.entries(ringsOf(editor))) {
    if (turning && name !== turning) continue;
    for (const front of [false, true]) {
      const line = new Path2D();
      path.slice(1).forEach((p, k) => {
        if (p[2] !== front) return;
        line.moveTo(path[k][0], path[k][1]);
        line.lineTo(p[0], p[1]);
      });
      ctx.globalAlpha = (front ? 1 : 0.3) * (name === held ? 1 : 0.82);
      for (const [style, width] of [[dark, name === held ? 5.5 : 3.6], [ringColor[name], name === held ? 3 : 1.6]]) {
        ctx.strokeStyle = style;
        ctx.lineWidth = width;
        ctx.stroke(line);
      }
    }
  }
  ctx.restore();
}

function paintTags(editor, ctx, figures) {
  const { store, studio } = editor;
  ctx.save();
  ctx.font = "12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  for (const figure of figures) {
    const { index } = figure;
    const label = store.doc.people[index].name || `${studio.words.figure} ${index + 1}`;
    const tag = tagOf(editor, figure, label);
    editor.tags.push([index, tag]);
    const [x, y, w, height] = tag;
    ctx.fillStyle = index === store.active ? `hsl(${hueOf(index)} 45% 26% / .92)` : "rgba(40,34,28,.72)";
    ctx.beginPath();
    ctx.roundRect(x, y, w, height, 12);
    ctx.fill();
    ctx.fillStyle = personColor(index);
    for (const [dx, dy] of [[11, 8], [11, 12.5], [11, 17], [15.5, 8], [15.5, 12.5], [15.5, 17]]) ctx.fillRect(x + dx - 1, y + dy - 1, 2, 2);
    ctx.fillStyle = light;
    ctx.fillText(label, x + 23, y + height / 2 + 0.5);
  }
  ctx.restore();
}

/** A thread from the joint to the pointer that pulls it, for when it cannot reach. */
function paintPull(editor, ctx) {
  const { pull, work, view } = editor;
  const joints = pull && work.jointsOf(pull.index);
  if (!joints) return;
  const from = view.project(joints[work.info.at[pull.joint]]);
  ctx.save();
  ctx.setLineDash([4, 4]);
  for (const [style, width] of [[dark, 3], [light, 1.4]]) {
    ctx.strokeStyle = style;
    ctx.lineWidth = width;
    ctx.beginPath();
    ctx.moveTo(from[0], from[1]);
    ctx.lineTo(...pull.to);
    ctx.stroke();
  }
  ctx.restore();
}

/** The name of what is under the pointer. */
function paintNames(editor, ctx, figures) {
  const { hover, studio, work } = editor;
  const words = studio.words.body;
  if (hover?.kind === "ring" && !editor.turning) return paintLabel(ctx, words.rings[hover.ring], hover.path[hover.step]);
  if (hover?.kind !== "joint") return undefined;
  const figure = figures.find(({ index }) => index === hover.index);
  if (!figure) return undefined;
  const pinned = editor.pins[hover.index]?.has(hover.joint) ? ` · ${words.pinned}` : "";
  return paintLabel(ctx, studio.words.jointName(hover.joint) + pinned, figure.places[work.info.at[hover.joint]]);
}
