// What the model sees of the pose: a small picture in the inspector, and a large one on the easel when it is asked for.

import { fill, h } from "./dom.js";

const pause = 200; // ms that figures and settings rest before it is drawn anew

export class PictureEncoding {
  constructor(step) {
    const { studio } = step;
    Object.assign(this, { step, studio });
    this.words = studio.words.painting;
    this.small = h("img", { alt: this.words.viewNames.reads, draggable: false });
    this.line = h("small");
    this.element = h("button.reads", { type: "button", title: this.words.viewNames.reads, onclick: () => step.show("reads") }, this.small, this.line);
    this.large = h("img", { alt: this.words.viewNames.reads, draggable: false });
    this.about = h("p.hint");
    this.page = h("div.reading", {}, this.large, this.about);
    this.address = "";
  }

  /** Whether anybody looks. */
  get #seen() {
    return this.step.view === "reads" || Boolean(this.element.offsetParent);
  }

  /** Asked for only when it is in sight, and when figures or settings that it shows have changed. */
  render() {
    const { step } = this;
    const { size, fit, encoding, model } = step.request;
    const { people } = step.store.doc;
    const now = JSON.stringify([size, fit, encoding, model, step.store.doc.size, step.painters.menu.auto]);
    if (!this.#seen || (now === this.asked && people === this.people)) return;
    Object.assign(this, { asked: now, people });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#draw(now, people), this.address ? pause : 0);
  }

  async #draw(now, people) {
    const { words } = this;
    const answer = await this.studio.server.functions.encoding({ document: this.step.document }).catch(() => null);
    if (!answer || this.asked !== now || this.people !== people) return;
    this.address = answer.address ?? "";
    for (const image of [this.small, this.large]) {
      image.hidden = !this.address;
      if (this.address) image.src = this.address;
    }
    const about = answer.error ?? { spctrl: words.readsIndex, openpose: words.readsSticks, "openpose-thick": words.readsThick }[answer.encoding];
    const told = answer.encoding ? words.encodings[answer.encoding === "spctrl" ? "spctrl" : "openpose"] : words.wordsAlone;
    fill(this.line, answer.error ?? told);
    fill(this.about, about ?? "");
  }
}
