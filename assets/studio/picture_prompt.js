// What to paint, in words: the prompt, styles that add words to it, what to leave out, and the words for the joints.

import { fill, h, refill, worded } from "./dom.js";

const pause = 250; // ms without a key before the server is asked what the model hears

export class PicturePrompt {
  constructor(step) {
    const { studio } = step;
    Object.assign(this, { step, studio });
    this.words = studio.words.painting;
    this.heard = null; // the server's last answer
    const { words } = this;
    const field = (name, rows, placeholder) => {
      const area = h("textarea", { name, rows, placeholder, spellcheck: true, ariaLabel: words[name] });
      area.addEventListener("input", () => step.set({ [name]: area.value }));
      return area;
    };
    this.prompt = field("prompt", 3);
    this.negative = field("negative", 2, words.negativeHint);
    this.styles = h("div.chips", { role: "group", ariaLabel: words.styles });
    this.line = h("summary");
    this.text = h("div.body");
    this.hears = h("details.more.hears", { hidden: true }, this.line, this.text);
    this.jointsLine = h("summary");
    this.all = h("input", { type: "checkbox", name: "words", onchange: () => step.set({ words: this.all.checked, silent: [] }) });
    this.tokens = h("div.chips", { role: "group", ariaLabel: words.joints });
    this.joints = h("details.more", { hidden: true }, this.jointsLine, h("div.body", {}, h("p.hint", {}, words.jointsHelp), h("label.choice", {}, this.all, words.jointsSay), this.tokens));
    this.element = h("section.prompt", {},
      h("label.field", {}, h("h2", {}, words.prompt), this.prompt), this.styles, this.hears,
      h("label.field", {}, h("span", {}, words.negative), this.negative), this.joints);
  }

  render() {
    const { prompt, negative } = this.step.request;
    // A field that is typed in has what was typed: to set it would move the caret.
    if (this.prompt.value !== prompt) this.prompt.value = prompt;
    if (this.negative.value !== negative) this.negative.value = negative;
    this.#renderStyles(prompt);
    this.#ask();
  }

  // ── styles ──

  /** A painter's own hint and styles, where it knows few words; else those that large models know. */
  get vocabulary() {
    return this.words.vocabularies[this.step.painters.model?.name] ?? this.words;
  }

  #renderStyles(prompt) {
    const { words } = this;
    const { styleNames, styleWords } = this.vocabulary;
    if (this.said !== styleWords) {
      this.said = styleWords;
      this.prompt.placeholder = this.vocabulary.promptHint;
      this.chips = Object.keys(styleNames).map((name) => h("button.chip", { type: "button", data: { style: name }, onclick: () => this.#toggle(styleWords[name]) }, styleNames[name]));
      fill(this.styles, this.chips);
    }
    for (const chip of this.chips) {
      const said = styleWords[chip.dataset.style];
      const on = prompt.includes(said);
      chip.classList.toggle("on", on);
      chip.ariaPressed = String(on);
      chip.title = worded(on ? words.styleOff : words.styleHelp, { words: said });
    }
  }

  /** A style is nothing but its words: pressed it adds them, pressed again it takes them out. */
  #toggle(said) {
    const { prompt } = this.step.request;
    const rest = prompt.split(said).map((part) => part.replace(/^[\s,]+|[\s,]+$/g, "")).filter(Boolean).join(", ");
    this.step.set({ prompt: prompt.includes(said) ? rest : [rest, said].filter(Boolean).join(", ") });
  }

  // ── what is heard ──

  /** Asked when the words or the figures have changed, and the keys rest. */
  #ask() {
    const { step } = this;
    const { prompt, negative, words, silent, model, encoding } = step.request;
    const { people } = step.store.doc;
    const now = JSON.stringify([prompt, negative, words, silent, model, encoding, step.painters.menu.auto]);
    if (now === this.asked && people === this.people) return;
    Object.assign(this, { asked: now, people });
    clearTimeout(this.timer);
    this.timer = setTimeout(async () => {
      const answer = await this.studio.server.functions.prompt({ document: step.document }).catch(() => null);
      if (!answer || this.asked !== now || this.people !== people) return;
      this.heard = answer.error ? null : answer;
      this.#renderHeard(answer.error);
      step.dispatchEvent(new Event("heard"));
    }, this.heard ? pause : 0);
  }

  /** Whether the painter has words for joints. */
  get hasWords() {
    return Boolean(this.heard?.tokens.length);
  }

  #renderHeard(error) {
    const { words, heard } = this;
    // Anew only when it is another: what is replaced while it is pressed never hears the click.
    const now = JSON.stringify([heard, error, Boolean(this.prompt.value.trim())]);
    if (now === this.told) return;
    this.told = now;
    this.hears.hidden = !heard && !error;
    this.joints.hidden = !heard?.tokens.length;
    if (error) return void (fill(this.line, words.heard), fill(this.text, h("p.hint", {}, error)));
    const sub = heard.dropped ? words.heardPart : this.prompt.value.trim() ? words.heardAll : words.heardNothing;
    fill(this.line, `${words.heard}: `, h("em", {}, sub));
    this.hears.classList.toggle("cut", Boolean(heard.dropped));
    fill(this.text, heard.kept && h("p.said-words", {}, heard.kept),
      heard.dropped && [h("small", {}, words.heardLeft), h("p.said-words", {}, h("s", {}, heard.dropped))],
      heard.unknown.length > 0 && h("p.hint", {}, worded(words.heardUnknown, { words: heard.unknown.join(", ") })),
      heard.notes.map((note) => h("p.hint", {}, note)));
    this.#renderJoints();
  }

  #renderJoints() {
    const { words, heard, step } = this;
    const { tokens } = heard;
    const said = tokens.filter((one) => one.said).length;
    this.all.checked = step.request.words;
    fill(this.jointsLine, `${words.joints}: `, h("em", {}, said ? worded(words.jointsSaid, { n: said, all: tokens.length }) : words.jointsNone));
    refill(this.tokens, tokens.map(({ token, joint, said }) =>
      h(`button.chip${said ? ".on" : ""}`, { type: "button", title: token, ariaPressed: String(said), data: { token }, onclick: () => this.#switch(joint) }, this.studio.words.jointName(joint))));
  }

  /** One joint's word on or off; with all of them off, it is the only one on. */
  #switch(joint) {
    const { words, silent } = this.step.request;
    if (!words) return this.step.set({ words: true, silent: this.heard.tokens.map((one) => one.joint).filter((one) => one !== joint) });
    this.step.set({ silent: silent.includes(joint) ? silent.filter((one) => one !== joint) : [...silent, joint] });
  }
}
