// The page: four steps, one canvas, one inspector. This file puts the parts together; each part tells its own story.

import { nameOfJoint, readSkeletons } from "./anatomy.js";
import { Batch } from "./batch.js";
import { BodyStep } from "./body_step.js";
import { listenToClipboard, listenToDrops, typing } from "./clipboard.js";
import { makeCommands } from "./commands.js";
import { button, fill, h, icon, mark } from "./dom.js";
import { ContactSheet } from "./contact_sheet.js";
import { Complete } from "./complete.js";
import { Editor } from "./editor.js";
import { withState } from "./figure.js";
import { FigurePanel } from "./figure_panel.js";
import { Files } from "./files.js";
import { Keeper } from "./keeper.js";
import { Library } from "./library.js";
import { LibraryPanel, ReferencesPanel } from "./library_panel.js";
import { Lint } from "./lint.js";
import { LiveBody } from "./live_body.js";
import { OwnPoses } from "./own_poses.js";
import { PhotoPanel } from "./photo_panel.js";
import { PictureHistory } from "./picture_history.js";
import { PictureStep } from "./picture_step.js";
import { Profiles } from "./profiles.js";
import { Camera, Closer, ExportMenu, Help, Toasts } from "./popups.js";
import { Refusal, Server } from "./server.js";
import { emptyDocument, Store } from "./store.js";
import { Tray } from "./tray.js";
import { Vault } from "./vault.js";

const stepNames = ["photo", "pose", "body", "picture"];
const toolbar = [
  ["undo", "redo"], ["lock", "symmetric", "split", "lasso"], ["complete", "liveBody"], ["mirror", "swap", "flipX"], ["visible", "hidden", "missing"],
  ["duplicate", "delete"],
];
const bodyToolbar = [["undo", "redo"], ["mirror", "otherSide", "resetPart", "pin", "complete"], ["handles", "bones"], ["duplicate", "delete"]];
const fingers = matchMedia("(any-pointer: coarse)").matches;
if (fingers) toolbar.push(["marquee"]); // one finger pans, so framing needs a switch

class Studio extends EventTarget {
  constructor(api, config, words) {
    super();
    Object.assign(this, { api, words, config, formats: config.formats });
    this.step = "photo";
    this.tab = "figures";
    this.workName = "";
    this.store = new Store(readSkeletons(config.skeletons), config.derived);
    this.vault = new Vault();
    this.server = new Server(api, config.root, words);
    words.groupName = (group) => words.groups[group] ?? group;
    words.jointName = (joint) => nameOfJoint(joint, words);
    this.editorWords = words;
    this.editor = new Editor(this.store, this.vault, words);
    this.editor.tool = "look";
    this.library = new Library(this);
    this.own = new OwnPoses(this);
    this.files = new Files(this);
    this.history = new PictureHistory(this);
    this.lint = new Lint(this);
    this.body = new BodyStep(this);
    this.lint.start();
    this.profiles = new Profiles(this);
    this.complete = new Complete(this);
    this.commands = makeCommands(this);
    this.closer = new Closer(this);
    this.exportMenu = new ExportMenu(this);
    this.help = new Help(this);
    this.camera = new Camera(this);
    this.toasts = new Toasts(this);
    this.keeper = new Keeper(this);
    this.panels = { photo: new PhotoPanel(this), figures: new FigurePanel(this), library: new LibraryPanel(this), references: new ReferencesPanel(this) };
    this.batch = new Batch(this);
    this.contact = new ContactSheet(this);
    this.painting = new PictureStep(this);
    this.#build();
    this.tray = new Tray(this);
    this.live = new LiveBody(this);
    this.stage.append(this.live.element);
    this.#listen();
  }

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  toast(text, actions = []) {
    this.toasts.show(text, actions);
  }

  status(text) {
    this.statusLine.textContent = text;
  }

  /** The note on whether the work is kept. */
  saved(text, bad = false) {
    this.savedMark.textContent = text;
    this.savedMark.classList.toggle("bad", bad);
  }

  refuse(text) {
    this.toast(text);
    return null;
  }

  /** Run a piece of work; what goes wrong becomes a sentence, and the open work stays as it was. */
  async guarded(work) {
    try {
      await work();
    } catch (error) {
      this.status("");
      if (!(error instanceof Refusal)) console.error(error);
      this.toast(error instanceof Refusal ? error.message : this.words.failed);
    }
  }

  // ── the frame ──

  #build() {
    const { words, editor } = this;
    this.rail = h("nav.rail", { ariaLabel: words.title });
    this.tools = h("div.tools", { role: "toolbar" });
    this.savedMark = h("span.saved", { role: "status" });
    this.statusLine = h("span.hint", { role: "status" });
    this.inspector = h("aside.inspector");
    this.overlay = h("div.overlay");
    this.viewTools = h("div.viewtools", {}, ["zoomIn", "zoomOut", "fit"].map((name) => this.#tool(name)));
    this.stage = h("main.stage", {}, editor.element, this.body.element, this.painting.element, this.viewTools, this.overlay, this.contact.element, this.closer.element, this.toasts.element, h("div.drop", {}, h("span", {}, words.drop)));
    this.element = h("div.studio", {},
      this.rail,
      h("header.bar", {}, this.tools, h("div.row", {}, this.savedMark,
        button("open", words.commands.open, () => this.files.choose(), { key: "Ctrl+O" }),
        button("export", words.commands.export, () => this.exportMenu.toggle(), { text: words.export.title, key: "Ctrl+S", className: "primary" }))),
      this.stage, this.inspector,
      h("footer.foot", {}, this.statusLine, (this.zoomMark = h("span"))),
      this.exportMenu.element, this.help.element, this.camera.element);
    fill(this.rail, h("div.mark", { title: words.title }, mark()), stepNames.map((name) =>
      h("button.step", { type: "button", data: { step: name }, onclick: () => this.goTo(name) }, icon(name), h("span", {}, words.stepNames[name]))),
      h("div.grow"),
      button("sun", words.commands.theme, () => this.#setTheme(this.theme === "dark" ? "light" : "dark")),
      button("help", words.commands.help, () => this.help.toggle(), { key: "?" }));
    this.#setTheme(localStorage.getItem("contrapposto-theme") ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"));
  }

  #setTheme(theme) {
    this.theme = theme;
    this.element.dataset.theme = theme;
    localStorage.setItem("contrapposto-theme", theme);
    for (const editor of [this.editor, this.closer.editor]) editor.paintAll();
    this.body.editor.refresh(true);
    this.live?.look();
  }

  goTo(step) {
    this.step = step;
    this.editor.tool = step === "pose" ? "pose" : this.panels.photo.where === "boxes" && step === "photo" ? "box" : "look";
    this.editor.ghost = null;
    if (step !== "pose") this.closer.hide();
    this.contact.leave();
    if (step !== "body") this.body.leave();
    if (step !== "picture") this.painting.leave();
    this.refresh();
    if (step === "body") this.body.enter();
    if (step === "picture") this.painting.enter();
    this.lint.look();
    this.editor.resized(); // the inspector may have come or gone: where a press lands must not wait for the next frame
    this.editor.paint();
  }

  showLibrary() {
    this.tab = "library";
    this.goTo("pose");
  }

  refresh() {
    const { store, step } = this;
    if (step !== "pose" || this.tab !== "references") this.editor.movingReference = undefined;
    for (const element of this.rail.querySelectorAll(".step")) {
      element.classList.toggle("on", element.dataset.step === step);
      element.setAttribute("aria-current", element.dataset.step === step ? "step" : "false");
    }
    this.element.dataset.step = step;
    this.#refreshTools();
    if (step === "photo" && !this.panels.photo.element.isConnected) fill(this.inspector, this.panels.photo.element);
    if (step === "pose") fill(this.inspector, this.#tabs(), this.panels[this.tab].element);
    if (step === "body" && !this.body.panel.element.isConnected) fill(this.inspector, this.body.panel.element);
    if (step === "picture" && !this.painting.panel.element.isConnected) fill(this.inspector, this.painting.panel.element);
    (step === "photo" ? this.panels.photo : this.panels[this.tab]).render();
    const empty = step === "photo" && !store.doc.photo && !store.doc.people.length;
    const nobody = { body: this.body, picture: this.painting }[step]?.isEmpty;
    this.editor.element.hidden = step === "body";
    this.overlay.hidden = !empty && !nobody;
    for (const under of [this.editor.element, this.body.element, this.painting.element, this.viewTools]) under.inert = this.contact.isOpen || !this.overlay.hidden;
    this.editor.element.inert ||= this.painting.covers;
    this.overlay.inert = this.contact.isOpen;
    if (empty) fill(this.overlay, this.#welcome());
    if (nobody) fill(this.overlay, (step === "body" ? this.body : this.painting).welcome());
    this.live?.render();
  }

  #tabs() {
    return h("div.tabs", { role: "tablist" }, Object.entries(this.words.pose.tabs).map(([name, label]) =>
      h(`button.tab${name === this.tab ? ".on" : ""}`, { type: "button", role: "tab", ariaSelected: String(name === this.tab), data: { tab: name },
        onclick: () => ((this.tab = name), (this.editor.ghost = null), this.refresh(), this.editor.paint()) }, label)));
  }

  #refreshTools() {
    const { store, editor } = this;
    const groups = { photo: [["undo", "redo"]], pose: toolbar, body: bodyToolbar, picture: [["undo", "redo"]] }[this.step] ?? [];
    const standing = this.step === "body" ? this.body.idle : {};
    const idle = { ...standing, undo: this.contact.isOpen || !store.past.length, redo: this.contact.isOpen || !store.future.length, visible: !store.selected.size, hidden: !store.selected.size, missing: !store.selected.size };
    const step = { undo: store.past.at(-1)?.label, redo: store.future.at(-1)?.label };
    fill(this.tools, groups.map((group) => h("div.group", {}, group.map((name) => {
      const { toggle } = this.commands.table.find(([n]) => n === name)[4] ?? {};
      const on = toggle && (this.step === "body" ? this.body.editor : editor)[toggle];
      const element = this.#tool(name, { icon: name === "lock" && !on ? "unlock" : null, more: step[name], disabled: idle[name], className: on ? "on" : "" });
      if (toggle) element.setAttribute("aria-pressed", String(Boolean(on)));
      return element;
    }))));
  }

  /** A command's button. */
  #tool(name, { icon: other = null, more = "", ...props } = {}) {
    const [, keys, run, own] = this.commands.table.find(([n]) => n === name);
    const title = this.words.commands[name] + (more ? `: ${more}` : "");
    return button(other ?? own, title, run, { key: keys[0], data: { command: name }, ...props });
  }

  #welcome() {
    const words = this.words.empty;
    return h("div.welcome", {}, mark(), h("h1", {}, words.title), h("p", {}, words.lead),
      h("div.row", {},
        button("open", words.open, () => this.files.choose("image/*,.json,.zip"), { text: words.open, className: "primary" }),
        button("camera", words.camera, () => this.camera.open(), { text: words.camera }),
        button("library", words.blank, () => (this.library.addDefault("person"), this.showLibrary()), { text: words.blank })),
      h("h2", {}, words.examples),
      h("div.examples", {}, this.config.examples.map((example) =>
        h("button.example", { type: "button", title: example.title, onclick: () => this.#openExample(example) },
          h("img", { src: `${this.config.root}/gradio_api/file=${example.path}`, alt: example.title, loading: "lazy" }), h("span", {}, example.title)))));
  }

  #openExample(example) {
    return this.guarded(async () => {
      const blob = await this.server.fetchFile(example);
      await this.files.open(new File([blob], example.name, { type: blob.type }));
    });
  }

  // ── events ──

  #listen() {
    const { store, editor } = this;
    store.addEventListener("change", () => this.refresh());
    store.addEventListener("select", () => {
      this.#refreshTools();
      this.#nameSelected();
    });
    store.addEventListener("stepped", ({ detail }) => this.status(detail.undone ? `${this.words.undone}: ${detail.undone}` : `${this.words.redone}: ${detail.redone}`));
    editor.addEventListener("cycle", ({ detail }) => this.cycle(detail));
    editor.addEventListener("viewed", () => this.step !== "body" && (this.zoomMark.textContent = `${Math.round(editor.view.scale * 100)} %`));
    editor.addEventListener("flip", () => this.commands.run("flipX"));
    editor.addEventListener("touched", () => this.status(""));
    editor.addEventListener("group", ({ detail }) => /hand$|face/.test(detail.group) && this.closer.show(detail.group));
    addEventListener("keydown", (event) => this.#key(event));
    addEventListener("keyup", (event) => event.key === " " && (editor.space = this.body.editor.space = false));
    listenToClipboard(this);
    listenToDrops(this);
  }

  /** A single selected joint is named in the status line, for keyboard and screen reader. */
  #nameSelected() {
    const { store } = this;
    if (this.step === "body") return;
    const [first] = store.picked;
    if (store.selected.size !== 1 || !first) return this.status("");
    const person = store.doc.people[first[0]];
    this.status(this.words.jointName(store.skeletonOf(person).joints[first[1][0]]));
  }

  /** visible → hidden → missing → visible, by right click or long press. */
  cycle({ person, joint }) {
    const next = { visible: "hidden", hidden: "missing", missing: "visible" };
    this.store.editPerson(this.words.steps.state, person, (one) => withState(one, [joint], next[one.states[joint]]));
  }

  #key(event) {
    if (typing(event)) return;
    if (event.key === "Escape") {
      const sheet = [this.exportMenu, this.help, this.camera].find((one) => one.isOpen);
      if (sheet) return sheet.close();
      if (this.contact.isOpen) return this.contact.hide();
      if (this.editor.cancelGesture() || this.body.cancel() || this.painting.escape()) return;
    }
    const onCanvas = [this.editor.front, this.body.editor.front].some((canvas) => event.composedPath().includes(canvas));
    const onControl = event.composedPath().some((element) => element.tagName === "BUTTON" || element.tagName === "INPUT");
    if (event.key === " " && !onControl) {
      this.editor.space = this.body.editor.space = true;
      event.preventDefault();
      return;
    }
    if (this.editor.tool === "box" && this.editor.boxes.length && /^(Delete|Backspace)$/.test(event.key)) return this.editor.dropBox();
    if (event.key === "Tab" && !onCanvas) return; // Tab walks the page, and the joints only on the canvas
    if (event.key.startsWith("Arrow") && event.composedPath().some((element) => element.tagName === "INPUT")) return;
    if (this.commands.keyDown(event)) event.preventDefault();
  }

  startFresh() {
    this.store.selected.clear();
    this.store.commit(this.words.fresh, emptyDocument(), { owns: ["request", "pictures", "use"] });
    this.goTo("photo");
    this.editor.fit();
  }
}

/** Build the studio inside a Gradio component's element. */
export async function mount(element, api, config) {
  const [words, menu] = await Promise.all([
    fetch(`${config.root}/gradio_api/file=${config.words}`).then((answer) => answer.json()),
    api.server.menu(null).catch(() => config.menu), // models may have come since the server was started
  ]);
  const host = element.querySelector(".contrapposto");
  const shadow = host.attachShadow({ mode: "open" }); // the page's own look, out of reach of any other style sheet
  const sheet = h("link", { rel: "stylesheet", href: `${config.base}/style.css?v=${config.version}` });
  const studio = new Studio(api, { ...config, menu }, words);
  shadow.append(sheet, studio.element);
  api.watch("value", () => studio.keeper.heard(api.props.value));
  host.studio = studio; // for tests and the curious
  await new Promise((resolve) => (sheet.onload = sheet.onerror = resolve));
  studio.editor.resized();
  await studio.library.load(`${config.root}/gradio_api/file=${config.library}`);
  await studio.own.start();
  await studio.keeper.start();
  host.dataset.ready = "true";
}
