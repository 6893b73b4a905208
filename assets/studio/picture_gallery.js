// The painted pictures: a strip of them along the foot of the stage, and the chosen one large, with what can be done with it.

import { button, fill, h, icon, worded } from "./dom.js";
import { Compare } from "./picture_compare.js";
import { Check, percent, unjudged, wordFor } from "./picture_verdict.js";

const orders = ["newest", "best"];
const modes = ["plain", "compare", "check"];

export class Gallery {
  constructor(step) {
    const { studio } = step;
    Object.assign(this, { step, studio, history: studio.history, store: studio.store });
    this.words = studio.words.gallery;
    this.order = "newest";
    this.mode = "plain";
    this.key = null; // of the chosen picture
    this.#buildStrip();
    this.#buildLarge();
    this.store.addEventListener("change", () => this.render());
    step.addEventListener("view", () => this.#renderLarge());
    this.store.addEventListener("kept", ({ detail }) => detail.includes("pictures") && this.render());
    new ResizeObserver(() => this.#arrange()).observe(this.stage);
  }

  #buildStrip() {
    const { words } = this;
    this.count = h("span.hint");
    this.sorting = h("select", { ariaLabel: words.order, onchange: () => ((this.order = this.sorting.value), this.render()) },
      orders.map((name) => h("option", { value: name }, words.orders[name])));
    this.cards = h("div.painted", { role: "listbox", ariaLabel: words.title, ariaOrientation: "horizontal", onkeydown: (event) => this.#stripKey(event) });
    this.element = h("div.strip.pictures", { hidden: true }, h("div.order", {}, this.count, this.sorting), this.cards);
  }

  #buildLarge() {
    const { words } = this;
    this.image = h("img.full", { alt: "", draggable: false });
    this.compare = new Compare(this);
    this.check = new Check(this);
    this.frame = h("div.frame3", {}, this.image, this.compare.element, this.check.canvas);
    this.stage = h("div.wall", {}, this.frame);
    this.modes = h("div.segments", { role: "toolbar", ariaLabel: words.look }, modes.map((name) =>
      h("button.segment", { type: "button", data: { look: name }, onclick: () => this.show(name) }, words.modes[name])));
    this.caption = h("p.caption");
    const act = (name, run, props) => button(name, words[props.word], () => this.chosen && run(this.chosen), { ...props, data: { act: props.word } });
    this.verbs = h("div.row.verbs", {},
      act("again", (one) => this.studio.guarded(() => this.history.reuse(one)), { word: "reuse", text: words.reuse }),
      act("photo", (one) => this.history.toPhoto(one), { word: "toPhoto" }),
      act("download", (one) => this.history.download(one), { word: "download" }),
      act("trash", (one) => this.remove(one), { word: "remove", key: "Delete" }));
    this.large = h("div.large", { hidden: true, tabIndex: -1, ariaLabel: words.chosen, onkeydown: (event) => this.#key(event) },
      this.stage, h("div.label", {}, h("div.row.head", {}, this.modes, this.check.line, this.verbs), this.check.element, this.caption));
  }

  // ── what there is ──

  get any() {
    return this.history.list.length > 0;
  }

  /** The pictures in the order chosen. */
  get list() {
    const { list } = this.history;
    if (this.order === "newest") return list;
    return [...list].sort((a, b) => (b.verdict?.oks ?? -1) - (a.verdict?.oks ?? -1) || (b.verdict?.pck ?? -1) - (a.verdict?.pck ?? -1));
  }

  get chosen() {
    return this.history.of(this.key) ?? this.list[0] ?? null;
  }

  /** A finished picture as the server tells it. */
  async add(told) {
    const one = await this.history.add(told);
    if (!this.step.covers || this.step.view !== "picture") this.key = one.key; // what is being looked at stays
    this.render();
  }

  /** A run has ended: of its pictures the one that kept its pose best comes forward, or the first. */
  finished() {
    const run = this.history.list[0]?.run;
    const fresh = this.history.list.filter((one) => run && one.run === run);
    const best = fresh.filter(({ verdict }) => verdict).sort((a, b) => b.verdict.oks - a.verdict.oks)[0];
    if (this.step.view !== "picture" && fresh.length) this.pick((best ?? fresh.at(-1)).key);
    this.history.tellCrowded();
  }

  pick(key, { focus = false } = {}) {
    this.key = key;
    this.step.show("picture");
    this.render();
    const card = [...this.cards.children].find((one) => one.dataset.picture === key);
    card?.scrollIntoView({ block: "nearest", inline: "nearest" });
    if (focus) card?.focus({ preventScroll: true });
  }

  show(mode) {
    this.mode = mode;
    this.render();
  }

  /** Take a picture out; its neighbour comes forward. */
  remove(one) {
    const { list } = this;
    const at = list.indexOf(one);
    const held = this.element.getRootNode().activeElement;
    const inStrip = this.cards.contains(held);
    this.key = (list[at + 1] ?? list[at - 1])?.key ?? null;
    this.history.remove(one);
    if (!this.any) this.step.show("drawing");
    else if (inStrip) this.pick(this.key, { focus: true });
  }

  // ── drawing it ──

  render() {
    if (!this.step.isOpen) return;
    const was = this.element.hidden;
    this.element.hidden = !this.any;
    this.#renderStrip();
    if (!this.any && this.step.view === "picture") this.step.show("drawing");
    if (was !== this.element.hidden) {
      this.step.render();
      this.step.fit();
    }
    this.#renderLarge();
  }

  #renderStrip() {
    const { list, words } = this;
    this.count.textContent = list.length === 1 ? words.one : worded(words.count, { n: list.length });
    this.sorting.value = this.order;
    this.sorting.hidden = list.length < 2;
    const now = list.map(({ key, verdict }) => [key, verdict?.oks, verdict?.drifted.flat().length].join()).join(" ");
    if (now !== this.shown) {
      this.shown = now;
      const held = this.element.getRootNode().activeElement?.dataset?.picture;
      fill(this.cards, list.map((one, n) => this.#card(one, n)));
      if (held) [...this.cards.children].find((card) => card.dataset.picture === held)?.focus({ preventScroll: true });
    }
    for (const card of this.cards.children) {
      const on = card.dataset.picture === this.chosen?.key;
      card.classList.toggle("on", on);
      card.ariaSelected = String(on);
      card.tabIndex = on ? 0 : -1;
    }
  }

  #card(one, n) {
    const { words } = this;
    const { verdict } = one;
    const said = verdict ? `${wordFor(verdict, words)}, ${percent(verdict.oks)} %` : unjudged(one, words);
    const name = worded(words.card, { n: n + 1, said });
    return h("button.card", { type: "button", role: "option", data: { picture: one.key }, ariaLabel: name, title: [name, one.request.prompt].filter(Boolean).join("\n"),
      onclick: () => this.pick(one.key) },
      h("img", { src: this.studio.vault.address(one.key), alt: "", draggable: false, decoding: "async", style: { aspectRatio: one.pose.size.join(" / ") } }),
      verdict && h("span.score", {}, icon(verdict.drifted.flat().length ? "warning" : "tick"), `${percent(verdict.oks)}`));
  }

  #renderLarge() {
    const one = this.chosen;
    if (!one || this.large.hidden) return;
    const address = this.studio.vault.address(one.key);
    if (this.image.src !== address) this.image.src = address;
    this.image.alt = one.request.prompt || this.words.untitled;
    for (const segment of this.modes.children) {
      const on = segment.dataset.look === this.mode;
      segment.classList.toggle("on", on);
      segment.setAttribute("aria-pressed", String(on));
    }
    this.frame.dataset.look = this.mode;
    this.compare.show(this.mode === "compare" ? one : null);
    this.check.show(one, this.mode === "check");
    this.caption.hidden = this.mode === "check";
    this.caption.textContent = this.#told(one);
    this.caption.title = one.request.prompt;
    this.#arrange();
  }

  /** What a picture was asked for, in one line. */
  #told({ request, pose, model, control }) {
    const { words } = this;
    const title = (name) => this.studio.words.models.modelNames[name] ?? name;
    const by = [model, control].filter(Boolean).map(title).join(" + ");
    return [request.prompt || words.untitled, by, pose.size.join(" × "), worded(words.steps, { n: request.steps }), worded(words.throw, { n: request.seed })].filter(Boolean).join(" · ");
  }

  /** The picture as large as the wall has room for. */
  #arrange() {
    const one = this.chosen;
    const { clientWidth, clientHeight } = this.stage;
    if (!one || !clientWidth || this.large.hidden) return;
    const [w, h0] = one.pose.size;
    const scale = Math.min(clientWidth / w, clientHeight / h0);
    Object.assign(this.frame.style, { width: `${Math.floor(w * scale)}px`, height: `${Math.floor(h0 * scale)}px` });
    this.compare.paint();
    this.check.paint();
  }

  // ── keys ──

  #go(by) {
    const { list } = this;
    const at = list.indexOf(this.chosen);
    return list[Math.min(list.length - 1, Math.max(0, at + by))]?.key;
  }

  #stripKey(event) {
    const { list } = this;
    const to = { ArrowRight: () => this.#go(1), ArrowDown: () => this.#go(1), ArrowLeft: () => this.#go(-1), ArrowUp: () => this.#go(-1), Home: () => list[0]?.key, End: () => list.at(-1)?.key }[event.key]?.();
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (to) this.pick(to, { focus: true });
    else if (/^(Delete|Backspace)$/.test(event.key) && this.chosen) this.remove(this.chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT)$/.test(event.target.tagName) || event.target.role === "slider") return;
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) this.pick(this.#go(by));
    else if (event.key === "Delete" && this.chosen) this.remove(this.chosen);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
