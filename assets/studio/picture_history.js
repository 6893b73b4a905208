// The pictures painted so far, newest first: what each was asked for, its pose and verdict. Their PNGs lie in the vault.

import { withPoints } from "./figure.js";
import { maskFile } from "./mask_marks.js";
import { worded } from "./dom.js";

const most = 60; // pictures; older ones make room

/** How a request lays a canvas into a picture: [scale, offset] by axis. The studio's own rule on the server is the same. */
export function placed({ pose, request }, canvas) {
  const shares = pose.size.map((side, axis) => side / canvas[axis]);
  const scale = request.fit === "squash" ? shares : [Math.min(...shares), Math.min(...shares)];
  return [scale, pose.size.map((side, axis) => (side - scale[axis] * canvas[axis]) / 2)];
}

/** The figures of a picture, back on a canvas of the drawing. */
function laidBack(picture, canvas) {
  const [scale, offset] = placed(picture, canvas);
  return picture.pose.people.map((person) => withPoints(person, (point) => point.map((v, axis) => (v + 0.5 - offset[axis]) / scale[axis] - 0.5)));
}

export class PictureHistory {
  constructor(studio) {
    Object.assign(this, { studio, store: studio.store, vault: studio.vault });
    this.words = studio.words.gallery;
    this.masks = new Map(); // marks → key of the mask they make
    this.crowded = []; // pictures that had to make room
  }

  get list() {
    return this.store.doc.pictures;
  }

  of(key) {
    return this.list.find((one) => one.key === key);
  }

  #hold(list) {
    this.crowded.push(...list.slice(most));
    this.store.keep({ pictures: list.slice(0, most) });
  }

  /** A finished picture as the server tells it becomes the newest; `from` is the document its run began with. */
  async add({ image, from = this.store.doc, run, ...told }) {
    const key = await this.#fetched(image);
    const one = { ...entry(told), key, run, canvas: from.size, drawing: from.photo?.key ?? null, marks: told.mask ? (from.mask ?? null) : null, within: null };
    this.#hold([one, ...this.list]);
    return one;
  }

  /** Say once that older pictures have made room. */
  tellCrowded() {
    const gone = this.crowded.splice(0);
    if (!gone.length) return;
    const back = () => this.store.keep({ pictures: [...this.list, ...gone] });
    this.studio.toast(worded(this.words.full, { n: most }), [{ label: this.studio.words.commands.undo, run: back }]);
  }

  async #fetched(file) {
    const key = this.vault.hold(await this.studio.server.fetchFile(file));
    this.studio.files.uploaded.set(key, { path: file.path, meta: { _type: "gradio.FileData" } });
    return key;
  }

  /** The pictures of an opened work, whose drawing has the key `drawing`. */
  async brought({ document, pictures }, drawing) {
    return Promise.all(pictures.map(async ({ image, mask }, n) => ({
      ...entry(document.pictures[n]), key: await this.#fetched(image), canvas: document.size, drawing, marks: null, within: mask && (await this.#fetched(mask)),
    })));
  }

  /** A painted picture that was opened joins the others; where it is among them already, that one stays. */
  joined(pictures) {
    return [...pictures.filter((one) => !this.like(one)), ...this.list].slice(0, most);
  }

  /** The picture here that was asked for in the same way; of those painted over a drawing nobody can tell. */
  like(one) {
    const asked = ({ request, pose, model, control }) => JSON.stringify([model, control, pose.size, Object.entries(request).sort(),
      pose.people.map(({ skeleton, points }) => [skeleton, points.map((point) => point.map((v) => Math.round(10 * v)))])]);
    const plain = this.list.filter(({ photo, mask }) => !photo && !mask);
    return one.photo || one.mask ? undefined : plain.find((other) => asked(other) === asked(one));
  }

  /** Bring a picture that was opened forward; its throw is meant. */
  show(one) {
    this.studio.painting.settings.lock(true);
    this.studio.painting.gallery?.pick((this.of(one.key) ?? this.like(one)).key);
  }

  // ── verbs on one ──

  remove(one) {
    const { store, studio, words } = this;
    store.commit(studio.words.steps.dropPicture, { ...store.doc, pictures: this.list.filter(({ key }) => key !== one.key) }, { owns: ["pictures"] });
    studio.toast(words.removed, [{ label: studio.words.commands.undo, undoes: true, run: () => store.undo() }]);
  }

  judge(one, verdict) {
    this.store.keep({ pictures: this.list.map((other) => (other.key === one.key ? { ...other, verdict } : other)) });
  }

  /** Ask for the same picture again: its words, settings, throw and pose, as one step of undo. */
  async reuse(one) {
    const { store, studio, vault } = this;
    const over = one.photo && vault.picture(one.drawing) ? one.drawing : null;
    const doc = { ...store.doc, request: { ...studio.config.request, ...one.request, model: one.model || one.request.model } };
    if (over && over !== doc.photo?.key) {
      const { width, height } = await vault.bitmap(over);
      Object.assign(doc, { size: [width, height], photo: { opacity: doc.photo?.opacity ?? 1, key: over } });
    }
    const marks = one.marks ?? (one.within && marksOf(await vault.bitmap(one.within)));
    Object.assign(doc, { people: laidBack(one, doc.size), use: over ? (marks ? "mask" : "over") : "off" }, marks && { mask: marks });
    store.selected.clear();
    store.commit(studio.words.steps.reuse, doc, { owns: ["request", "use"] });
    studio.painting.settings.lock(true);
    studio.toast(this.words.reused, [{ label: studio.words.commands.undo, undoes: true, run: () => store.undo() }]);
  }

  /** The picture as the new drawing: to find a pose in it, or to paint over it. */
  toPhoto(one) {
    const { studio, store, vault, words } = this;
    return studio.guarded(async () => {
      const key = await vault.keep(await pixels(await vault.bitmap(one.key)));
      const doc = { ...store.doc, size: [...one.pose.size], people: [], photo: { opacity: 1, key }, references: [], camera: null, use: "off", mask: [] };
      store.selected.clear();
      store.commit(studio.words.steps.toPhoto, doc, { owns: ["use"] });
      studio.workName = `${studio.workName || words.name} ${one.request.seed}`;
      studio.goTo("photo");
      studio.editor.fit();
      const keep = () => store.commit(studio.words.steps.estimate, { ...store.doc, people: one.pose.people });
      studio.toast(words.isDrawing, [{ label: words.keepPose, undoes: true, run: keep }, { label: studio.words.commands.undo, undoes: true, run: () => store.undo() }]);
    });
  }

  /** The PNG that reopens everything, with the drawing inside where the artist wants that; without the server, as it came. */
  async download(one) {
    const { studio, vault } = this;
    await studio.guarded(async () => {
      const include = studio.exportMenu.includePhoto;
      const written = await studio.files.sent(() => this.#written(one, include)).catch((error) => {
        if (error.message === studio.words.offline) return null;
        throw error;
      });
      studio.files.hand(written ?? vault.picture(one.key).blob, `-${one.request.seed}.png`);
    });
  }

  async #written(one, include) {
    const { studio, vault, store } = this;
    const { files, server } = studio;
    const drawing = vault.picture(one.drawing) ? one.drawing : null;
    const { size } = drawing ? await bitmapSize(vault, drawing) : { size: one.canvas ?? store.doc.size };
    const within = await this.#maskKey(one);
    const told = { ...bare(one), photo: one.photo && Boolean(drawing), mask: Boolean(within) };
    const doc = { ...files.bare(), size, people: laidBack(one, size), photo: drawing && { opacity: 1 }, references: [], request: one.request, pictures: [told] };
    const image = await files.pictureFile(one.key, "picture.png");
    const photo = include ? await files.pictureFile(drawing, "photo.png") : null;
    return server.fetchFile(await server.call("write_picture", [image, doc, photo, await files.pictureFile(within, "mask.png"), include]));
  }

  // ── with the project ──

  /** What a project holds of the pictures: {told, images, masks}; the drawing they were painted over is the project's own. */
  async sent() {
    const { files } = this.studio;
    const list = await Promise.all(this.list.map(async (one) => ({ one, within: await this.#maskKey(one) })));
    return {
      told: list.map(({ one, within }) => ({ ...bare(one), photo: one.photo && one.drawing === this.store.doc.photo?.key, mask: Boolean(within) })),
      images: await Promise.all(list.map(({ one }) => files.pictureFile(one.key, "picture.png"))),
      masks: await Promise.all(list.map(({ within }) => files.pictureFile(within, "mask.png"))),
    };
  }

  /** Key of the mask that a picture was painted within; null when there was none. */
  async #maskKey({ mask, marks, within, canvas }) {
    if (!mask) return null;
    if (within || !marks) return within;
    if (!this.masks.has(marks)) {
      const blob = await maskFile(marks, canvas);
      this.masks.set(marks, blob && this.vault.hold(blob));
    }
    return this.masks.get(marks);
  }
}

/** What files hold of a picture. */
const bare = ({ request, pose, model, control, verdict, photo, mask }) => ({ request, pose, model, control, verdict, photo, mask });
const entry = (told) => ({ ...bare(told), verdict: told.verdict ?? null, photo: Boolean(told.photo), mask: Boolean(told.mask) });

async function bitmapSize(vault, key) {
  const { width, height } = await vault.bitmap(key);
  return { size: [width, height] };
}

/** A picture's pixels alone, as a PNG: what was written into its file stays behind. */
async function pixels(bitmap) {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** A mask that came as a picture, as a mark: a line along each run of white in a row. */
function marksOf(bitmap) {
  const { width, height } = bitmap;
  const ctx = new OffscreenCanvas(width, height).getContext("2d");
  ctx.drawImage(bitmap, 0, 0);
  const { data } = ctx.getImageData(0, 0, width, height);
  const lines = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = x;
      while (x < width && data[4 * (y * width + x)] >= 128) x++;
      if (x > start) lines.push([[start, y], [x - 1, y], 1.1]); // a little over a pixel, so that no seam is left
    }
  }
  return [{ kind: "shape", lines, fill: null }];
}
