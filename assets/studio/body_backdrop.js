// What lies under the handles: the drawing or the floor, the last picture of the figures, and the corners of the sheet.

import { laid } from "./body_view.js";
import { paintPerson } from "./paint.js";
import { bounds } from "./space.js";
import { View } from "./view.js";

/** A colour of the page's own look. */
export const colorOf = (editor, name) => getComputedStyle(editor.element).getPropertyValue(name).trim();

export function paintBackdrop(editor, ctx) {
  const { view, frame, work } = editor;
  const flat = Boolean(view.drawn) || !work.standing.length; // until somebody stands there is only the drawing
  ctx.fillStyle = colorOf(editor, flat ? "--paper" : "--studio-floor");
  ctx.fillRect(0, 0, view.width, view.height);
  if (flat) paintDrawing(editor, ctx);
  if (!work.standing.length) return paintDrawn(editor, ctx);
  if (frame) paintPicture(editor, ctx, frame);
  return view.drawn ? undefined : paintCorners(editor, ctx);
}

/** The figures as the step Pose has them, until they stand. */
function paintDrawn({ store, view }, ctx) {
  const [x, y, w] = view.sheet(store.doc.size);
  const place = Object.assign(new View(), { x, y, scale: w / store.doc.size[0] });
  for (const [index, person] of store.doc.people.entries()) paintPerson(ctx, place, person, store.skeletons[person.skeleton], { index, active: false });
}

/** The last picture, where its figures are now. */
function paintPicture(editor, ctx, { image, size, factor, seen, over }) {
  const { view, store } = editor;
  const points = editor.points();
  const pivot = view.drawn && points.length ? bounds(points).middle : view.pivot;
  const { scale, x, y } = laid(seen, view.camera, pivot);
  ctx.imageSmoothingQuality = "high";
  ctx.save();
  if (view.drawn && !over) ctx.globalCompositeOperation = "multiply"; // its floor does not cover the drawing
  if (view.drawn && store.doc.photo) ctx.globalAlpha = editor.solid;
  ctx.drawImage(image, x, y, ...size.map((side) => (side / factor) * scale));
  ctx.restore();
}

function paintDrawing(editor, ctx) {
  const { view, store, studio } = editor;
  const place = view.sheet(store.doc.size);
  ctx.save();
  ctx.fillStyle = colorOf(editor, "--sheet");
  ctx.shadowColor = "rgba(20,14,8,.25)";
  ctx.shadowBlur = 18;
  ctx.fillRect(...place);
  ctx.shadowBlur = 0;
  const { photo } = store.shown;
  const picture = studio.vault.picture(photo?.key);
  if (picture) {
    ctx.globalAlpha = photo.opacity;
    ctx.drawImage(picture.bitmap, ...place);
  }
  ctx.restore();
}

/** Corners of what would be the drawing, seen from here. */
function paintCorners(editor, ctx) {
  const [x, y, w, height] = editor.view.sheet(editor.store.doc.size);
  const arm = 14;
  ctx.save();
  ctx.strokeStyle = colorOf(editor, "--soft");
  ctx.globalAlpha = 0.55;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const [cx, cy, sx, sy] of [[x, y, 1, 1], [x + w, y, -1, 1], [x, y + height, 1, -1], [x + w, y + height, -1, -1]]) {
    ctx.moveTo(cx + sx * arm, cy);
    ctx.lineTo(cx, cy);
    ctx.lineTo(cx, cy + sy * arm);
  }
  ctx.stroke();
  ctx.restore();
}
