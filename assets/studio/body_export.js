// Models, motion and pictures of the bodies to take home, and motion to bring in.

import { addStanding } from "./body_newcomers.js";
import { fill, h, icon, refill } from "./dom.js";
import { MotionCleaning } from "./motion.js";
import { freshKey } from "./vault.js";

const files = { models: ["glb", "obj", "npz", "bvh"], pictures: ["still", "gif", "mp4"], maps: ["depth", "normal", "mask", "canny", "maps"] };
const endings = { glb: ".glb", obj: ".obj", npz: ".npz", bvh: ".bvh", still: ".png", gif: ".gif", mp4: ".mp4", depth: "-depth.png", normal: "-normal.png", mask: "-mask.png", canny: "-edges.png", maps: "-maps.zip" };
const sizes = [512, 768, 1024, 2048, 4096];

export class BodyExport {
  constructor(studio, work, editor) {
    Object.assign(this, { studio, work, editor, store: studio.store });
    this.words = studio.words.body;
    this.all = false; // all figures, or the active one
    this.size = 1024;
    this.clear = true;
    this.frames = null; // of a motion that was brought in: {bodies, fps, at, name, file}
    this.cleaning = new MotionCleaning(this);
    this.element = h("div.body");
    this.importElement = h("div.body");
  }

  // ── out ──

  render() {
    const { words } = this;
    const several = this.work.standing.length > 1;
    const group = (name) => [h("h3", {}, words[name]), h("div.row.wrap", {}, files[name].map((format) =>
      h("button", { type: "button", title: words.formatNotes[format] ?? "", data: { body: format }, disabled: Boolean(this.busy), onclick: () => this.take(format) }, words.formats[format])))];
    const choose = (name, options, value, change) => h("label.field", {}, h("span", {}, words[name]), h("select", { onchange: (event) => change(event.target.value) },
      options.map(([key, text]) => h("option", { value: key, selected: String(key) === String(value) }, text))));
    const open = Boolean(document.querySelector(".model-preview.open"));
    fill(this.element,
      several && choose("which", [["one", words.whichActive], ["all", words.whichAll]], this.all ? "all" : "one", (value) => (this.all = value === "all")),
      group("models"),
      h("button", { type: "button", onclick: () => (open ? this.closePreview() : this.previewModel()) }, open ? words.closePreview : words.previewModel),
      group("pictures"),
      choose("size", sizes.map((side) => [side, `${side} px`]), this.size, (value) => (this.size = Number(value))),
      h("label.choice", {}, h("input", { type: "checkbox", checked: this.clear, onchange: (event) => (this.clear = event.target.checked) }), words.clear),
      group("maps"),
      this.busy && h("button", { type: "button", onclick: () => this.studio.server.functions.cancel_job(this.busy).catch(() => {}) }, this.studio.words.photo.cancel));
    this.#renderImport();
  }

  /** The document with the figures that are wanted, and what they are to look like. */
  #asked() {
    const { store, work, studio } = this;
    const chosen = this.all ? work.standing : [work.active];
    return { ...studio.files.bare(), references: [], people: chosen.map((index) => store.doc.people[index]) };
  }

  /** How the pictures are taken: the view that is shown, on the sheet. */
  #options() {
    const { editor, store } = this;
    const { view } = editor.told(false);
    const { size } = store.doc;
    const look = { ...view.look, ground: editor.look.ground, background: editor.floor, transparent: this.clear };
    return { camera: editor.view.drawingCamera(size, editor.view.sheet(size)), look, width: Math.max(16, Math.round((this.size * size[0]) / Math.max(...size))), ...(this.work.file && { file: this.work.file }) };
  }

  /** One format, handed to the browser. */
  async take(format) {
    const { studio, words } = this;
    if (this.busy) return;
    const job = (this.busy = freshKey());
    this.render();
    await studio.guarded(async () => {
      await this.work.settle();
      studio.status(words.working);
      const answer = await studio.server.call("export_body", [this.#asked(), format, this.#options(), job], ({ text }) => text && studio.status(text));
      if (answer.file) studio.files.hand(await studio.server.fetchFile(answer.file), endings[format]);
      studio.status("");
    });
    this.busy = null;
    this.render();
  }

  /** The model as other programs will read it, in a frame of its own over the page. */
  previewModel() {
    const frame = document.querySelector(".model-preview");
    if (!frame) return;
    frame.classList.add("open");
    const { inspector, element } = this.studio;
    // Over the canvas, so that what it was asked with stays in reach.
    frame.style.right = inspector.offsetWidth < element.offsetWidth / 2 ? `${inspector.offsetWidth + 64}px` : "";
    if (!this.cross) {
      this.cross = h("button.square.cross", { type: "button", title: this.words.closePreview, ariaLabel: this.words.closePreview, onclick: () => this.closePreview() }, icon("close"));
      element.append(this.cross);
    }
    const { top, right } = frame.getBoundingClientRect();
    Object.assign(this.cross.style, { top: `${Math.max(4, top - 40)}px`, left: `${right - 36}px` });
    this.cross.hidden = false;
    this.studio.api.trigger("model3d", { bodies: this.#asked().people.map(({ body }) => body), ...this.#options() });
    this.render();
  }

  /** Whether it was open. */
  closePreview() {
    const frame = document.querySelector(".model-preview.open");
    frame?.classList.remove("open");
    if (this.cross) this.cross.hidden = true;
    if (frame) this.render();
    return Boolean(frame);
  }

  // ── in ──

  #renderImport() {
    const { words, frames } = this;
    const accept = ".npz,.bvh,.json";
    const choose = () => {
      const input = h("input", { type: "file", accept });
      input.addEventListener("change", () => input.files[0] && this.bring(input.files[0]));
      input.click();
    };
    const slide = (this.slide = h("input", { type: "range", min: 0, max: Math.max(0, (frames?.bodies.length ?? 1) - 1), step: 1, ariaLabel: words.frame }));
    slide.value = frames?.at ?? 0;
    this.number = h("span.value", {}, frames && `${frames.at + 1} / ${frames.bodies.length}`);
    slide.addEventListener("input", () => this.goTo(Number(slide.value)));
    this.cleaning.render();
    refill(this.importElement, h("p.hint", {}, words.importHelp),
      h("button", { type: "button", onclick: choose }, words.importFile),
      frames && h("strong", {}, frames.name),
      frames && h("label.slider.valued", {}, h("span", {}, words.frame), this.number, slide),
      frames && this.cleaning.marks,
      frames && h("div.row.wrap", {},
        frames.bodies.length > 1 && this.cleaning.player(),
        h("button.primary", { type: "button", onclick: () => this.keepFrame() }, words.useFrame),
        h("button", { type: "button", onclick: () => this.putAway() }, words.dropFrames)),
      frames && this.cleaning.element);
  }

  /** Look at a frame. */
  goTo(at) {
    const { frames, slide, number } = this;
    frames.at = Math.min(at, frames.bodies.length - 1);
    slide.value = frames.at;
    number.textContent = `${frames.at + 1} / ${frames.bodies.length}`;
    this.#tryFrame();
  }

  /** Read a file of poses; several frames get a slider, a single one is taken at once. */
  bring(file) {
    const { studio, work } = this;
    return studio.guarded(async () => {
      await work.load();
      studio.status(`${studio.words.opening} ${file.name}…`);
      const sent = await studio.server.upload(file, file.name);
      const answer = await studio.server.call("import_body", [sent, work.file]);
      studio.status("");
      if (work.active < 0) await addStanding(work);
      this.cleaning.forget();
      this.frames = { bodies: answer.bodies, fps: answer.fps, at: 0, name: file.name, file: sent };
      this.#tryFrame();
      studio.toast((answer.notes ?? []).join(" "));
      if (answer.bodies.length === 1) await this.keepFrame();
      this.render();
      if (!this.frames) return;
      this.importElement.closest("details").open = true; // its frames are looked through there
      this.importElement.scrollIntoView({ block: "nearest" });
    });
  }

  /** The frame on the active figure, where that stands. */
  #tryFrame() {
    const { frames, store, work, studio } = this;
    const now = store.doc.people[work.active]?.body;
    if (!frames || !now) return;
    const { translation, betas } = now;
    const still = frames.bodies[0].translation;
    const body = frames.bodies[frames.at];
    // It moves from where the figure stands: across the floor and up as the motion does since its first frame.
    const moved = translation.map((c, axis) => c + body.translation[axis] - still[axis]);
    work.live(studio.words.steps.import, { kind: "set", body: { ...body, betas, face_units: now.face_units, translation: moved } });
  }

  async keepFrame() {
    await this.studio.guarded(() => this.work.settle());
    if (this.frames?.bodies.length === 1) this.putAway();
  }

  putAway() {
    if (this.work.edit?.label === this.studio.words.steps.import) this.work.cancel();
    this.frames = null;
    this.cleaning.forget();
    this.render();
  }
}
