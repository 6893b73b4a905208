// Files in and out, and the estimate: everything that asks the server.

import { h } from "./dom.js";
import { boxOf, withPoints } from "./figure.js";
import { emptyDocument } from "./store.js";
import { Refusal } from "./server.js";
import { freshKey } from "./vault.js";

export const readsVideo = (file) => file.type.startsWith("video/") || /\.(mp4|m4v|mov|webm|mkv|avi|mpe?g|ogv|wmv|flv)$/i.test(file.name);
export const readsPicture = (file) => file.type.startsWith("image/") || /\.(png|jpe?g|webp|gif|bmp|tiff?)$/i.test(file.name);
export const readsMotion = (file) => /\.(npz|bvh)$/i.test(file.name);

export class Files {
  constructor(studio) {
    this.studio = studio;
    this.uploaded = new Map(); // picture key → uploaded file, so that a picture travels once
  }

  // ── in ──

  choose(accept = "") {
    const input = h("input", { type: "file", accept, multiple: false });
    input.addEventListener("change", () => input.files[0] && this.open(input.files[0]));
    input.click();
  }

  /** Open any file: a drawing, a pose in any format, a project, a PNG with the work inside. The open work stays until it is read. */
  async open(file, { asMap = false } = {}) {
    const { studio } = this;
    if (readsVideo(file)) return studio.batch.take([file]);
    if (readsMotion(file)) return studio.body.bring(file);
    await studio.guarded(async () => {
      if (readsPicture(file) && studio.step === "pose" && studio.store.doc.people.length && !asMap) {
        const inside = await this.#ask(file, asMap);
        return inside.kind === "work" ? this.#take(inside, file) : this.#addReference(inside, file);
      }
      return this.#take(await this.#ask(file, asMap), file, asMap);
    });
  }

  async #ask(file, asMap) {
    const { server, store, words, workName } = this.studio;
    this.studio.status(`${words.opening} ${file.name}…`);
    // For pose files that do not say their canvas, and for annotation files of many pictures.
    const [size, drawing] = store.doc.photo ? [store.doc.size, workName] : [null, ""];
    this.studio.stage.classList.add("busy");
    try {
      return await server.call("open", [await server.upload(file, file.name), asMap, size, drawing]);
    } finally {
      this.studio.stage.classList.remove("busy");
    }
  }

  /** Read a file and do something else with what is in it than opening it. */
  read(file, use) {
    return this.studio.guarded(async () => {
      use(await this.#ask(file, false));
      this.studio.status("");
    });
  }

  /** Put what the server read on the canvas, as one step of undo. */
  async #take(answer, file, asMap = false) {
    const { studio } = this;
    const { store, vault, words } = studio;
    const doc = { ...emptyDocument(answer.document.size), ...answer.document };
    doc.photo = answer.photo ? { opacity: answer.document.photo?.opacity ?? 1, key: await this.#fetchPicture(answer.photo) } : null;
    doc.references = await Promise.all(
      doc.references.slice(0, answer.references.length).map(async (one, i) => ({ ...one, key: await this.#fetchPicture(answer.references[i]) })),
    );
    const painted = answer.pictures?.length ? await studio.history.brought(answer, doc.photo?.key ?? null) : [];
    doc.pictures = answer.project ? painted : studio.history.joined(painted);
    // A project brings its own settings and pictures; a painted picture its settings, and joins the others.
    const owns = answer.project ? ["request", "pictures", "use"] : painted.length ? ["request", "pictures"] : answer.document.request ? ["request"] : [];
    const stray = answer.kind === "pose" && !asMap && !doc.photo && store.doc.photo && !layOver(doc, store.doc);
    store.selected.clear();
    store.active = 0;
    studio.workName = file.name.replace(/\.[^.]+$/, "");
    store.commit(words.steps.open, doc, { owns });
    studio.editor.clearBoxes();
    studio.goTo(answer.kind === "photo" ? "photo" : painted.length && !answer.project ? "picture" : "pose");
    if (studio.step === "picture") studio.history.show(painted[0]);
    studio.editor.fit();
    studio.status(`${words.opened} ${file.name}.`);
    const notes = stray ? [...answer.notes, words.otherCanvas] : answer.notes;
    studio.toast(notes.join(" "), answer.pose_map ? this.#offerMap(file) : []);
  }

  /** A picture whose pose is known already, as one step of undo; whether it came to that. */
  openFound(file, found) {
    return this.openAnswered(file.name, async () => {
      const answer = await this.#ask(file, false);
      return { ...answer, kind: "work", document: { ...answer.document, people: found.people }, pose_map: false };
    });
  }

  /** A work that the server answers with, called `name`. */
  async openAnswered(name, ask) {
    let opened = false;
    await this.studio.guarded(async () => {
      await this.#take(await ask(), { name });
      opened = true;
    });
    return opened;
  }

  #offerMap(file) {
    const { words } = this.studio;
    return [{ text: words.photo.poseMap }, { label: words.photo.readMap, run: () => this.open(file, { asMap: true }) }, { label: words.photo.keepPicture, run: () => {} }];
  }

  async #fetchPicture(answered) {
    const key = await this.studio.vault.keep(await this.studio.server.fetchFile(answered));
    this.uploaded.set(key, { path: answered.path, meta: { _type: "gradio.FileData" } });
    return key;
  }

  async #addReference(answer, file) {
    const { studio } = this;
    const { store, vault, words } = studio;
    const key = await this.#fetchPicture(answer.photo);
    const { bitmap } = vault.picture(key);
    const scale = Math.min(store.doc.size[0] / bitmap.width, store.doc.size[1] / bitmap.height);
    const one = { name: file.name, key, x: 0, y: 0, scale, opacity: 0.5, visible: true };
    store.commit(words.references.add, { ...store.doc, references: [...store.doc.references, one] });
    const readMap = { label: words.photo.readMap, run: () => (store.undo(), this.open(file, { asMap: true })) };
    studio.status("");
    studio.toast(words.references.added, [answer.pose_map && readMap, { label: words.references.instead, run: () => this.#takeInstead(answer, file) }].filter(Boolean));
    studio.refresh();
  }

  #takeInstead(answer, file) {
    this.studio.store.undo();
    this.studio.guarded(() => this.#take(answer, file));
  }

  /** A picture asked for as a reference. */
  chooseReference() {
    const input = h("input", { type: "file", accept: "image/*" });
    input.addEventListener("change", () => input.files[0] && this.studio.guarded(async () => this.#addReference(await this.#ask(input.files[0], false), input.files[0])));
    input.click();
  }

  // ── out ──

  /** The document as files read it: without the browser's own keys, and with no painted pictures but those given. */
  bare({ use, mask, ...doc } = this.studio.store.doc, pictures = []) {
    const photo = doc.photo && { opacity: doc.photo.opacity };
    return { ...doc, photo, references: doc.references.map(({ key, ...one }) => one), pictures };
  }

  /** A picture of the work, on the server. */
  async pictureFile(key, name) {
    if (!key) return null;
    const known = this.uploaded.get(key);
    if (known) return known;
    const file = await this.studio.server.upload(this.studio.vault.picture(key).blob, name);
    this.uploaded.set(key, file);
    return file;
  }

  /** The document and its pictures on the server; forgotten and sent anew when the server was restarted. */
  async sent(call) {
    try {
      return await call();
    } catch (error) {
      if (error.message !== this.studio.words.gone || !this.uploaded.size) throw error;
      this.uploaded.clear();
      return call();
    }
  }

  /** Export in one format and hand the file to the browser. */
  async export(format, includePhoto = true) {
    const { studio } = this;
    const { store, server, words } = studio;
    await studio.guarded(async () => {
      if (!store.doc.people.length && !store.doc.photo && !store.doc.pictures.length) throw new Refusal(words.export.nothing);
      const answer = await this.sent(async () => {
        const { doc } = store;
        const painted = format.name === "project" ? await studio.history.sent() : { told: [], images: [], masks: [] };
        const file = await server.upload(new Blob([JSON.stringify(this.bare(doc, painted.told))], { type: "application/json" }), "document.json");
        const photo = await this.pictureFile(doc.photo?.key, "photo.png");
        const kept = ["project", "document"].includes(format.name) ? doc.references : []; // no other format has them
        const references = await Promise.all(kept.map((one, i) => this.pictureFile(one.key, `reference${i}.png`)));
        const certain = format.name.startsWith("openpose"); // the artist's pose is meant as it stands; their readers drop scores below 1
        return server.call("convert", [file, format.name, photo, references, includePhoto, certain, painted.images, painted.masks]);
      });
      this.hand(await server.fetchFile(answer), format.suffix);
    });
  }

  /** Hand a file to the browser, called as the work is. */
  hand(blob, suffix) {
    const { studio } = this;
    const link = h("a", { href: URL.createObjectURL(blob), download: `${studio.workName || "contrapposto"}${suffix}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    studio.toast(`${studio.words.export.done}: ${link.download}`);
  }

  // ── estimate ──

  /** Find the pose: where = everywhere | whole | boxes. Found figures replace the others, or join them when boxes say where. */
  async estimate(model, where, options = null) {
    const { studio } = this;
    const { store, server, editor, words } = studio;
    if (!store.doc.photo || this.job) return;
    const boxes = where === "boxes" ? editor.boxes : null;
    const job = (this.job = freshKey());
    studio.emit("job", { fraction: 0, text: words.waiting });
    const before = store.doc;
    await studio.guarded(async () => {
      const cancelled = new Promise((resolve) => (this.giveUp = () => resolve({ cancelled: true })));
      const told = (value) => this.job === job && studio.emit("job", value);
      const asked = this.sent(async () =>
        server.call("estimate", [await this.pictureFile(before.photo.key, "photo.png"), model, boxes, where === "whole", job, options], told),
      );
      const answer = await Promise.race([asked, cancelled]);
      asked.catch(() => {}); // what comes of it after a cancel is nobody's business
      if (answer.cancelled) return studio.toast(words.photo.cancelled);
      const found = answer.document.people;
      studio.emit("estimated", answer);
      if (!found.length || store.doc.photo?.key !== before.photo.key) return; // nobody, or another drawing is open by now
      const lost = boxes ? [] : store.doc.people.filter((person) => person.sources.includes("artist"));
      const people = boxes ? [...store.doc.people.filter((person) => !found.some((other) => coincide(person, other))), ...found] : found;
      store.selected.clear();
      store.commit(words.steps.estimate, { ...store.doc, people });
      if (boxes) editor.clearBoxes();
      studio.status(`${words.photo.took} ${studio.panels.photo.models.title(answer.model)}, ${answer.seconds.toFixed(1)} s`);
      studio.toast([...answer.notes, lost.length && words.photo.replaced].filter(Boolean).join(" "), lost.length ? [{ label: words.commands.undo, undoes: true, run: () => store.undo() }] : []);
    });
    this.job = null;
    studio.emit("job", null);
  }

  /** Stop waiting at once, and tell the server, whether it has begun or not. */
  cancel() {
    if (!this.job) return;
    this.studio.server.functions.cancel_job(this.job).catch(() => {});
    this.giveUp();
  }
}

/** Two figures that fill the same box: the one found anew takes the other's place. */
function coincide(a, b) {
  const [p, q] = [boxOf(a), boxOf(b)];
  if (!p || !q) return false;
  const area = (box) => (box[2] - box[0]) * (box[3] - box[1]);
  const both = Math.max(0, Math.min(p[2], q[2]) - Math.max(p[0], q[0])) * Math.max(0, Math.min(p[3], q[3]) - Math.max(p[1], q[1]));
  return both > 0.5 * (area(p) + area(q) - both);
}

/** A pose from a file goes over the open drawing when it was made for one of these proportions; whether it did. */
function layOver(doc, open) {
  const [fx, fy] = [open.size[0] / doc.size[0], open.size[1] / doc.size[1]];
  if (Math.abs(fx / fy - 1) > 0.01) return false;
  doc.people = doc.people.map((person) => withPoints(person, ([x, y]) => [(x + 0.5) * fx - 0.5, (y + 0.5) * fy - 0.5]));
  doc.size = [...open.size];
  doc.photo = open.photo;
  doc.references = open.references;
  return true;
}
