// The tray of choices along the foot of the canvas: pointed at, they are tried on the work; picked, one is kept.

import { button, fill, h } from "./dom.js";

/** One tray for the whole studio: `open` with what there is to choose from, `update` with what has changed of it, `close`. */
export class Tray {
  constructor(studio) {
    this.studio = studio;
    this.words = studio.words.tray;
    this.head = h("header");
    this.strip = h("div.choices", { role: "listbox", ariaOrientation: "horizontal" });
    this.element = h("section.tray", { hidden: true }, this.head, this.strip);
    studio.stage.append(this.element);
    this.#listen();
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /**
   * `told`: {title, choices: [{id, picture, second, note, name}], on, busy, fraction, text, seed, picked, controls}.
   * A picture is a function that makes an element; `name` is what a screen reader hears. `picked` is an id. `controls`
   * is an element of the caller's own for the tray's head. `on`: hover(choice | null), pick(choice), blend(choice,
   * amount 0 … 1, done), again(seed), stop() the work that is to bring other choices, cancel(), closed(); those left out are not offered.
   */
  open(told) {
    this.#end();
    this.told = { choices: [], on: {}, busy: false, picked: null, ...told };
    this.step = this.studio.step;
    this.amount = 1;
    this.pointed = this.under = null;
    this.wasFocused = this.element.getRootNode().activeElement;
    this.element.hidden = false;
    this.element.ariaLabel = this.strip.ariaLabel = told.title;
    this.#lay();
    this.#render();
    if (this.told.choices.length) this.#focus(this.told.picked ?? this.told.choices[0].id);
    else this.element.querySelector(".stop")?.focus({ preventScroll: true });
  }

  update(part) {
    if (!this.isOpen) return;
    const fresh = part.choices && part.choices !== this.told.choices;
    const held = this.element.contains(this.element.getRootNode().activeElement);
    const empty = !this.told.choices.length;
    Object.assign(this.told, part, part.on && { on: { ...this.told.on, ...part.on } });
    if (fresh) {
      const had = this.pointed?.id;
      this.pointed = this.under = null;
      this.#lay();
      // Choices that came under the keyboard are begun at the first; those that were only drawn anew stay where they were.
      if (held && part.choices.length) this.#focus(part.choices.some((one) => one.id === had) ? had : empty || part.choices.every((one) => one.id !== had) ? part.choices[0].id : null);
    }
    this.#render();
  }

  /** Put the tray away; what was picked stays. */
  close() {
    const { wasFocused } = this;
    const held = this.element.contains(this.element.getRootNode().activeElement);
    this.#end();
    if (held && wasFocused?.isConnected) wasFocused.focus({ preventScroll: true });
  }

  /** Without a pick, or with work under way, the caller is told to give up. */
  #end() {
    if (!this.isOpen) return;
    const { on, picked, busy } = this.told;
    this.element.hidden = true;
    this.told = { choices: [], on: {} };
    if (picked === null || picked === undefined || busy) on.cancel?.();
    on.closed?.();
  }

  // ── what is to be seen ──

  #lay() {
    const { choices } = this.told;
    fill(this.strip, choices.map((choice, n) => {
      const card = h("button.choosing", { type: "button", role: "option", tabIndex: n ? -1 : 0, data: { choice: choice.id }, ariaLabel: choice.name ?? `${n + 1}`, title: choice.note ?? "" },
        h("div.pair", {}, choice.picture?.(), choice.second?.()),
        h("small", {}, n < 9 && h("b", {}, `${n + 1}`), choice.note));
      card.choice = choice;
      return card;
    }));
  }

  #render() {
    const { title, choices, on, busy, fraction, text, seed, picked, controls } = this.told;
    const { words } = this;
    this.element.classList.toggle("busy", Boolean(busy));
    this.strip.ariaBusy = String(Boolean(busy));
    for (const card of this.strip.children) {
      const is = card.choice.id === picked;
      card.classList.toggle("on", is);
      card.ariaSelected = String(is);
    }
    const choice = choices.find((one) => one.id === picked);
    if (!choice) this.amount = 1;
    this.bar ??= h("progress", { max: 1 });
    this.bar.hidden = !busy;
    if (fraction === undefined || fraction === null) this.bar.removeAttribute("value");
    else this.bar.value = fraction;
    this.line ??= h("span.hint", { role: "status" });
    this.line.textContent = busy ? (text ?? words.busy) : "";
    this.heading ??= h("h2");
    this.heading.textContent = title;
    this.ways ??= h("div.row.ways");
    // Built anew only when what is offered changes, so that no control goes from under the hand.
    const offered = JSON.stringify([Boolean(busy), Boolean(choice), choices.length > 0, Boolean(on.blend), Boolean(on.again)]);
    if (offered !== this.offered || controls !== this.controls || !this.ways.isConnected) {
      Object.assign(this, { offered, controls });
      const held = this.ways.contains(this.element.getRootNode().activeElement);
      fill(this.ways, choice && on.blend && this.#blend(), controls, on.again && seed !== undefined && this.#again(busy),
        busy ? button("close", words.cancel, () => this.#stop(), { text: words.cancel, className: "stop" })
          : choice && h("button.primary", { type: "button", onclick: () => this.close() }, words.done),
        button("close", words.close, () => this.close(), { key: words.escape }));
      if (held && !this.ways.contains(this.element.getRootNode().activeElement)) (this.ways.querySelector(".stop, .dice") ?? this.strip.firstChild)?.focus({ preventScroll: true });
    }
    if (this.seed && this.seed !== this.element.getRootNode().activeElement) this.seed.value = seed ?? 0;
    if (this.slider && !this.slider.matches(":active")) this.slider.value = Math.round(100 * this.amount);
    if (!this.heading.isConnected) fill(this.head, this.heading, this.line, h("div.grow"), this.ways, this.bar);
  }

  #again(busy) {
    const { words } = this;
    this.seed = h("input.seed", { type: "number", min: 0, max: 999999, step: 1, value: this.told.seed, ariaLabel: words.seed, title: words.seed, disabled: busy });
    this.seed.addEventListener("change", () => this.#roll(Math.max(0, Math.round(Number(this.seed.value) || 0))));
    return h("div.row.roll", {}, button("dice", words.again, () => this.#roll(this.told.seed + 1), { text: words.again, className: "dice", disabled: busy }), this.seed);
  }

  #roll(seed) {
    if (!this.told.busy) this.told.on.again?.(seed);
  }

  #blend() {
    this.slider = h("input", { type: "range", min: 0, max: 100, value: Math.round(100 * this.amount), ariaLabel: this.words.blend });
    const move = (done) => {
      this.amount = this.slider.value / 100;
      const choice = this.told.choices.find((one) => one.id === this.told.picked);
      if (choice) this.told.on.blend(choice, this.amount, done);
    };
    this.slider.addEventListener("input", () => move(false));
    this.slider.addEventListener("change", () => move(true));
    return h("label.blend", {}, h("span", {}, this.words.blend), this.slider);
  }

  /** With choices there already only the work under way is given up. */
  #stop() {
    if (this.told.choices.length && this.told.on.stop) this.told.on.stop();
    else this.close();
  }

  // ── pointing and picking ──

  /** Try on the work what is pointed at, else what holds the keyboard, else what is picked. */
  #try() {
    const { choices, picked, on } = this.told;
    const active = this.element.getRootNode().activeElement;
    const focused = active?.choice && this.strip.contains(active) ? active.choice : null;
    const choice = this.under ?? focused ?? choices.find((one) => one.id === picked) ?? null;
    if (choice === this.pointed) return;
    this.pointed = choice;
    on.hover?.(choice && choice.id === picked && this.amount < 1 ? null : choice);
  }

  #pick(choice) {
    if (this.told.busy) return;
    if (this.told.picked !== choice.id) this.amount = 1;
    this.told.picked = choice.id;
    this.pointed = choice;
    this.told.on.pick?.(choice);
    this.#render();
  }

  #focus(id) {
    const card = [...this.strip.children].find((one) => one.choice.id === id);
    if (!card) return;
    for (const one of this.strip.children) one.tabIndex = one === card ? 0 : -1;
    card.focus({ preventScroll: true });
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #listen() {
    const { strip, element, studio } = this;
    const cardOf = (event) => event.composedPath().find((one) => one.choice);
    strip.addEventListener("pointerover", (event) => event.pointerType !== "touch" && ((this.under = cardOf(event)?.choice ?? null), this.#try()));
    strip.addEventListener("pointerleave", () => ((this.under = null), this.#try()));
    strip.addEventListener("focusin", () => this.#try());
    strip.addEventListener("focusout", () => setTimeout(() => this.isOpen && this.#try()));
    strip.addEventListener("click", (event) => {
      const card = cardOf(event);
      if (card) this.#focus(card.choice.id), this.#pick(card.choice);
    });
    strip.addEventListener("dblclick", (event) => cardOf(event) && this.close());
    element.addEventListener("keydown", (event) => this.#key(event));
    // Escape from anywhere puts the tray away, when nothing else is under way.
    addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen || event.defaultPrevented || studio.editor.gesture || studio.editor.pinch) return;
      if ([studio.exportMenu, studio.help, studio.camera].some((sheet) => sheet.isOpen)) return;
      event.stopImmediatePropagation();
      this.close();
    }, true);
    new MutationObserver(() => this.isOpen && studio.step !== this.step && this.close()).observe(studio.element, { attributeFilter: ["data-step"] });
  }

  #key(event) {
    const active = this.element.getRootNode().activeElement;
    const onCard = this.strip.contains(active);
    if (event.ctrlKey || event.metaKey || event.altKey || active?.tagName === "INPUT") return;
    const cards = [...this.strip.children];
    const go = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : -1;
    if (go && onCard) this.#focus(cards[(cards.indexOf(active) + go + cards.length) % cards.length].choice.id);
    else if (event.key === "Home" && onCard) this.#focus(cards[0].choice.id);
    else if (event.key === "End" && onCard) this.#focus(cards.at(-1).choice.id);
    else if (digit >= 0 && cards[digit]) this.#focus(cards[digit].choice.id), this.#pick(cards[digit].choice);
    else if (event.key === "Enter" && onCard) {
      if (active.choice.id === this.told.picked) this.close();
      else this.#pick(active.choice);
    } else if (event.key === " " && onCard) this.#pick(active.choice);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * What is chosen, on the work: shown while it is pointed at, one step of undo once taken, and still that one step when
 * another is taken or blended in its place. `over` is called when the work was changed by anything else.
 */
export class Trial {
  constructor(store, label, over = () => {}) {
    Object.assign(this, { store, label, over });
    this.before = this.kept = store.doc;
    this.listener = () => store.doc !== this.kept && this.#leave();
    store.addEventListener("change", this.listener);
  }

  get alive() {
    return this.store.doc === this.kept && !this.ended;
  }

  /** Show a document; null shows what is kept. */
  show(doc) {
    if (!this.alive) return;
    if (doc && doc !== this.kept) this.store.preview(doc);
    else this.store.drop();
  }

  /** Keep a document as the step. */
  take(doc) {
    if (!this.alive) return;
    const { store, before } = this;
    if (this.kept !== before) store.retract();
    this.kept = doc;
    store.commit(this.label, doc);
  }

  #leave() {
    this.end();
    this.over();
  }

  end() {
    if (this.ended) return;
    this.ended = true;
    this.store.removeEventListener("change", this.listener);
    if (this.store.draft) this.store.drop();
  }
}
