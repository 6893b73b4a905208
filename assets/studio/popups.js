// What opens over the stage and closes again: export menu, key sheet, camera, closer look, toasts. None of them blocks the work.

import { counts } from "./commands.js";
import { button, fill, h } from "./dom.js";
import { Editor } from "./editor.js";
import { boxOf } from "./figure.js";
import { grown } from "./photo_panel.js";

/** A sheet that Escape or its cross closes; focus goes in, and back to where it was. */
class Sheet {
  constructor(studio, className, title) {
    this.studio = studio;
    this.body = h("div.body");
    this.element = h(`div.sheet.${className}`, { hidden: true, role: "dialog", ariaLabel: title },
      h("header", {}, h("h2", {}, title), button("close", studio.words.help.close, () => this.close())), this.body);
  }

  get isOpen() {
    return !this.element.hidden;
  }

  open() {
    this.returnTo = this.element.getRootNode().activeElement;
    fill(this.body, this.content());
    this.element.hidden = false;
    this.element.querySelector("button, input")?.focus();
  }

  close() {
    this.element.hidden = true;
    this.returnTo?.focus?.();
  }

  toggle() {
    if (this.isOpen) this.close();
    else this.open();
  }
}

export class ExportMenu extends Sheet {
  constructor(studio) {
    super(studio, "export", studio.words.export.title);
    this.includePhoto = true;
  }

  content() {
    const { studio } = this;
    const { words, formats } = studio;
    const group = (kind, title) => h("section", {}, h("h3", {}, title), formats.filter((format) => format.kind === kind).map((format) =>
      h("button.format", { type: "button", data: { format: format.name }, onclick: () => studio.files.export(format, this.includePhoto).then(() => this.close()) },
        h("strong", {}, format.title), h("small", {}, format.note))));
    return [
      group("project", words.export.project), group("picture", words.export.picture), group("data", words.export.data),
      h("label.choice", {}, h("input", { type: "checkbox", checked: this.includePhoto, onchange: (event) => (this.includePhoto = event.target.checked) }), words.export.inside),
    ];
  }
}

export class Help extends Sheet {
  constructor(studio) {
    super(studio, "help", studio.words.help.title);
  }

  content() {
    const { words, commands } = this.studio;
    const { step } = this.studio;
    const keys = commands.table.filter(([name, names]) => names.length && counts(name, step === "body" || step === "picture" ? step : "pose")).map(([name, names]) =>
      h("div.key", {}, h("span", {}, words.commands[name]), h("span", {}, names.map((key) => h("kbd", {}, key)))));
    const gestures = ({ body: words.bodyGestures, picture: words.pictureGestures }[step] ?? words.gestures).map(([what, does]) => h("div.key", {}, h("span", {}, what), h("em", {}, does)));
    return [h("h3", {}, words.help.gestures), h("div.keys", {}, gestures), h("h3", {}, words.help.title), h("div.keys", {}, keys)];
  }
}

export class Camera extends Sheet {
  constructor(studio) {
    super(studio, "camera", studio.words.photo.camera);
  }

  content() {
    this.video = h("video", { autoplay: true, muted: true, playsInline: true });
    return [this.video, h("button.primary", { type: "button", onclick: () => this.#snap() }, this.studio.words.photo.snap)];
  }

  async open() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    } catch {
      this.studio.toast(this.studio.words.photo.noCamera);
      return;
    }
    super.open();
    this.video.srcObject = this.stream;
  }

  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    super.close();
  }

  #snap() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const canvas = h("canvas", { width, height });
    canvas.getContext("2d").drawImage(this.video, 0, 0);
    canvas.toBlob((blob) => this.studio.files.open(new File([blob], "camera.png", { type: "image/png" })), "image/png");
    this.close();
  }
}

/** The closer look: a second canvas on the same work, on one hand or the face, point by point. */
export class Closer {
  constructor(studio) {
    this.studio = studio;
    this.part = null;
    const { words } = studio;
    this.editor = new Editor(studio.store, studio.vault, studio.editorWords, { only: (person, skeleton) => this.#joints(skeleton) });
    this.tabs = h("div.segments");
    this.element = h("div.closer", { hidden: true },
      h("header", {}, this.tabs, button("fit", words.commands.fit, () => this.frame()), button("close", words.help.close, () => this.hide())),
      this.editor.element);
    this.editor.addEventListener("flip", () => studio.commands.run("flipX"));
    this.editor.addEventListener("cycle", ({ detail }) => studio.cycle(detail));
    studio.store.addEventListener("change", () => this.#check());
    studio.store.addEventListener("select", () => this.#check());
  }

  #joints(skeleton) {
    const indices = this.part === "hand" ? [...skeleton.joints.keys()] : (skeleton.groupIndices[this.part] ?? []);
    return new Set(indices);
  }

  #parts() {
    const { store } = this.studio;
    const person = store.doc.people[store.active];
    if (!person) return [];
    const skeleton = store.skeletonOf(person);
    if (skeleton.name === "hand21") return ["hand"];
    return ["left_hand", "right_hand", "face"].filter((part) => skeleton.groupIndices[part] && boxOf(person, skeleton.groupIndices[part]));
  }

  show(part) {
    this.part = part;
    this.element.hidden = false;
    this.#renderTabs();
    requestAnimationFrame(() => this.frame());
  }

  hide() {
    this.element.hidden = true;
    this.part = null;
  }

  frame() {
    const { store } = this.studio;
    const person = store.doc.people[store.active];
    if (!person) return;
    this.editor.resized();
    const box = boxOf(person, [...this.#joints(store.skeletonOf(person))]);
    if (box) this.editor.fit(grown(box, 0.12));
  }

  #renderTabs() {
    const { words } = this.studio;
    const label = { hand: words.pose.hands, left_hand: words.pose.leftHand, right_hand: words.pose.rightHand, face: words.pose.faceName };
    fill(this.tabs, this.#parts().map((part) => h(`button.segment${part === this.part ? ".on" : ""}`, { type: "button", onclick: () => this.show(part) }, label[part])));
  }

  /** The part may have gone with its figure. */
  #check() {
    if (this.element.hidden) return;
    const parts = this.#parts();
    if (!parts.includes(this.part)) {
      if (parts.length) this.show(parts[0]);
      else this.hide();
    }
    this.editor.lock = this.studio.editor.lock;
    this.#renderTabs();
  }
}

/** Short messages at the foot of the stage, with up to a few things to do about them. */
export class Toasts {
  constructor(studio) {
    this.studio = studio;
    this.element = h("div.toasts", { role: "status", ariaLive: "polite" });
  }

  /** `actions`: {text} adds a line, {label, run} a button; one that `undoes` goes when the work has changed since. */
  show(text, actions = []) {
    if (!text && !actions.length) return;
    const close = () => toast.remove();
    const lines = [text, ...actions.filter((action) => action.text).map((action) => action.text)].filter(Boolean);
    const toast = h("div.toast", {}, h("span", {}, lines.join(" ")),
      actions.filter((action) => action.run).map(({ label, run }) => h("button", { type: "button", onclick: () => (close(), run()) }, label)),
      button("close", this.studio.words.help.close, close));
    this.element.append(toast);
    if (actions.some((action) => action.undoes)) this.studio.store.addEventListener("change", close, { once: true });
    while (this.element.children.length > 3) this.element.firstChild.remove();
    setTimeout(close, actions.length ? 14000 : 6000 + text.length * 30);
  }
}
