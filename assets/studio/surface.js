// What lies under and around the pose on the canvas: sheet, drawing, tags, frame, boxes, names.

import { frameOf, tagOf } from "./hit.js";
import { hueOf, paintLabel, personColor } from "./paint.js";

// Signs on the round handles, about their centre.
const knobs = {
  rotate: new Path2D("M3.6 -2.200A4.200 4.200 0 1 0 4.100 1.500M3.900 -5v3h-3"),
  move: new Path2D("M-5 0H5M0 -5V5M-5 0l1.700 -1.700M-5 0l1.700 1.700M5 0l-1.700 -1.700M5 0l-1.700 1.700M0 -5l-1.700 1.700M0 -5l1.700 1.700M0 5l-1.700 -1.700M0 5l1.700 -1.700"),
  flip: new Path2D("M0 -5V5M-1.800 -3L-5 0L-1.800 3M1.800 -3L5 0L1.800 3"),
};

/** The sheet, the drawing and the references: repainted only when the view or the document changes, not while a joint moves. */
export function paintBack(editor) {
  const { view, store, vault } = editor;
  const { size, photo, references } = store.shown;
  const ctx = editor.back.getContext("2d");
  ctx.clearRect(0, 0, view.width, view.height);
  const place = (x, y, w, height) => [view.x + x * view.scale, view.y + y * view.scale, w * view.scale, height * view.scale];
  ctx.fillStyle = getComputedStyle(editor.element).getPropertyValue("--sheet");
  ctx.shadowColor = "rgba(20,14,8,.25)";
  ctx.shadowBlur = 18;
  ctx.fillRect(...place(0, 0, ...size));
  ctx.shadowBlur = 0;
  ctx.imageSmoothingEnabled = view.scale < 3;
  ctx.imageSmoothingQuality = "high";
  const picture = vault.picture(photo?.key);
  if (picture) {
    ctx.globalAlpha = photo.opacity;
    ctx.drawImage(picture.bitmap, ...place(0, 0, ...size));
  }
  for (const reference of references) {
    const image = vault.picture(reference.key)?.bitmap;
    if (!image || !reference.visible) continue;
    ctx.globalAlpha = reference.opacity;
    ctx.drawImage(image, ...place(reference.x, reference.y, image.width * reference.scale, image.height * reference.scale));
  }
  ctx.globalAlpha = 1;
}

/** Each figure's tag, by which it is taken hold of. */
export function paintTags(editor, ctx, doc) {
  const label = (person, i) => person.name || `${editor.words.figure} ${i + 1}`;
  editor.tags = editor.tool === "box" ? [] : doc.people.map((person, i) => tagOf(person, editor.store.skeletonOf(person), editor.view, label(person, i)));
  ctx.font = "12px system-ui, sans-serif";
  ctx.textBaseline = "middle";
  editor.tags.forEach((tag, i) => {
    if (!tag) return;
    const [x, y, w, height] = tag;
    ctx.fillStyle = i === editor.store.active ? `hsl(${hueOf(i)} 45% 26% / .92)` : "rgba(40,34,28,.72)";
    ctx.beginPath();
    ctx.roundRect(x, y, w, height, 12);
    ctx.fill();
    ctx.fillStyle = personColor(i);
    for (const [dx, dy] of [[11, 8], [11, 12.5], [11, 17], [15.5, 8], [15.5, 12.5], [15.5, 17]]) ctx.fillRect(x + dx - 1, y + dy - 1, 2, 2);
    ctx.fillStyle = "#fffaf0";
    ctx.fillText(label(doc.people[i], i), x + 23, y + height / 2 + 0.5);
  });
}

/** The selection's frame with its handles, and the rubber band. */
export function paintFrame(editor, ctx, doc) {
  editor.selectionFrame = editor.tool === "pose" && !editor.band ? frameOf(doc, editor.store, editor.view) : null;
  if (editor.selectionFrame) {
    const { box, handles } = editor.selectionFrame;
    for (const [style, dash] of [["rgba(28,24,20,.75)", []], ["#fffaf0", [5, 4]]]) {
      ctx.strokeStyle = style; // light dashes on a dark line: seen on any art
      ctx.lineWidth = 1.2;
      ctx.setLineDash(dash);
      ctx.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
    }
    ctx.setLineDash([]);
    for (const [name, [x, y]] of Object.entries(handles)) {
      ctx.fillStyle = "#fffaf0";
      ctx.strokeStyle = "rgba(28,24,20,.9)";
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      if (knobs[name]) ctx.arc(x, y, 9, 0, Math.PI * 2);
      else ctx.roundRect(x - 4.5, y - 4.5, 9, 9, 2);
      ctx.fill();
      ctx.stroke();
      if (!knobs[name]) continue;
      ctx.save();
      ctx.translate(x, y);
      ctx.stroke(knobs[name]);
      ctx.restore();
    }
  }
  if (editor.loop) {
    const line = new Path2D();
    editor.loop.forEach(([x, y], k) => (k ? line.lineTo(x, y) : line.moveTo(x, y)));
    line.closePath();
    ctx.fillStyle = "rgba(222,120,80,.14)";
    ctx.strokeStyle = "rgba(222,120,80,.95)";
    ctx.lineWidth = 1.5;
    ctx.fill(line);
    ctx.stroke(line);
  } else if (editor.band) {
    const [x0, y0, x1, y1] = editor.band;
    ctx.fillStyle = "rgba(222,120,80,.14)";
    ctx.strokeStyle = "rgba(222,120,80,.95)";
    ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
    ctx.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0);
  }
}

/** Boxes that say where to look for people. */
export function paintBoxes(editor, ctx) {
  if (editor.tool === "pose") return;
  const all = editor.drawnBox ? [...editor.boxes, editor.drawnBox] : editor.boxes;
  all.forEach((box, i) => {
    const [x0, y0] = editor.view.toScreen([box[0] - 0.5, box[1] - 0.5]);
    const [x1, y1] = editor.view.toScreen([box[2] - 0.5, box[3] - 0.5]);
    for (const [style, width] of [["rgba(20,16,12,.6)", 4], ["#ffb38a", 2]]) {
      ctx.strokeStyle = style;
      ctx.lineWidth = width;
      ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
    }
    paintLabel(ctx, `${editor.words.box} ${i + 1}`, [x0 - 12, y0 + 30]);
  });
}

/** The name of the joint under the pointer, its state, and how sure the model was. */
export function paintName(editor, ctx, doc) {
  const { person: p, joint, group } = editor.hover;
  const person = doc.people[p];
  if (joint === undefined || !person) return;
  const skeleton = editor.store.skeletonOf(person);
  const name = group ? editor.words.groupName(group) : editor.words.jointName(skeleton.joints[joint]);
  const state = person.states[joint] === "visible" ? "" : ` · ${editor.words.states[person.states[joint]]}`;
  const score = person.sources[joint] === "model" && !group ? ` · ${Math.round(person.scores[joint] * 100)} %` : "";
  paintLabel(ctx, name + state + score, editor.view.toScreen(person.points[joint]));
}
