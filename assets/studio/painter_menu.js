// Who paints, and who tells it the pose: what is here, what could be fetched, and what is still needed to paint at all.

import { capital, fill, h, icon, refill, size, worded } from "./dom.js";
import { Fetching, still } from "./fetching.js";
import { PickList } from "./pick_list.js";

const lookAgain = 600; // ms between two looks at a download

// What a model does, and by what name others know it.
const does = (one) => one.does.split("; ")[0];
const made = (one) => one.does.split("; ")[1] ?? one.name;

export class PainterMenu extends EventTarget {
  constructor(step) {
    super();
    const { studio } = step;
    Object.assign(this, { step, studio });
    this.words = studio.words.painting;
    this.common = studio.words.models;
    this.menu = { auto: "", models: [], downloads: false };
    this.choices = new PickList(this.words.model, () => (this.refresh(), this.#rows()));
    this.fetches = new Fetching(this.studio, () => this.refresh());
    this.about = h("div.about");
    this.others = h("div.body");
    this.more = h("details.more", { hidden: true }, h("summary", {}, this.words.moreControls), this.others);
    this.element = h("section.modelmenu.painters", {}, this.choices.element, this.about, this.more);
  }

  /** Ask the server what is here: folders come and go, and downloads go on. */
  async refresh() {
    clearTimeout(this.timer);
    const before = this.#all.filter(({ download }) => download?.underWay).map(({ name }) => name);
    const menu = await this.studio.server.functions.painters(null).catch(() => null);
    if (!menu) return; // the server is away: the note on saving says so
    Object.assign(this, { menu, known: true });
    if (this.#all.some(({ download }) => download?.underWay)) this.timer = setTimeout(() => this.refresh(), lookAgain);
    for (const name of before) if (this.#all.find((one) => one.name === name)?.present) this.studio.status(worded(this.common.arrived, { name: this.title(name) }));
    this.dispatchEvent(new Event("change"));
  }

  get #all() {
    return this.menu.models.flatMap((model) => [model, ...model.controls]);
  }

  title(name) {
    return name === "auto" ? this.common.auto : (this.common.modelNames[name] ?? name);
  }

  // ── which ──

  /** [painter, what tells it the pose] for the figures there are, as they would paint, or as what is easiest to get; by the server's own rule. */
  get pair() {
    const { model: name, encoding } = this.step.asked;
    const { kinds } = this.step;
    const suits = (one) => kinds.every((kind) => kind === one.kind) && (encoding === "auto" || one.encoding.startsWith(encoding));
    const pairs = this.menu.models.filter((one) => name === "auto" || name === one.name).flatMap((model) => model.controls.filter(suits).map((control) => [model, control]));
    if (encoding === "auto") pairs.push(...this.menu.models.filter((one) => one.words_alone && ["auto", one.name].includes(name)).map((model) => [model]));
    const lacking = (pair) => pair.filter(({ present }) => !present);
    const effort = (pair) => [lacking(pair).filter(({ command }) => !command).length, lacking(pair).reduce((sum, { megabytes }) => sum + megabytes, 0)];
    const easier = (a, b) => effort(a)[0] - effort(b)[0] || effort(a)[1] - effort(b)[1];
    return pairs.find((pair) => !lacking(pair).length) ?? [...pairs].sort(easier)[0] ?? [this.entry(name) ?? this.menu.models[0]];
  }

  entry(name) {
    return this.menu.models.find((one) => one.name === name);
  }

  get model() {
    return this.pair[0];
  }

  get control() {
    return this.pair[1];
  }

  /** Whether words alone are painted from, as nothing tells this painter the pose. */
  get alone() {
    return Boolean(!this.control && this.model?.words_alone && this.step.asked.encoding === "auto");
  }

  get ready() {
    return Boolean(this.model?.present && (this.control?.present || this.alone) && this.step.kinds.length < 2);
  }

  /** What is not here and must be, to paint these figures. */
  get needs() {
    return this.pair.filter((one) => one && !one.present);
  }

  /** px a side that the painter is used to. */
  get side() {
    return this.model?.side ?? 512;
  }

  /** How strictly words usually count with it. */
  get guidance() {
    return this.model?.guidance ?? this.studio.config.request.guidance;
  }

  // ── on the page ──

  render() {
    const { ready, model, common } = this;
    const { model: chosen } = this.step.asked;
    const sub = chosen === "auto" ? (ready ? worded(common.autoDoes, { name: this.title(model.name) }) : this.needs.length > 0 && this.known && common.absent) : model && (model.problem ? common.unusable : made(model));
    this.choices.tell(this.title(chosen), sub || null, this.step.busy);
    if (this.choices.isOpen) this.#rows();
    this.#about();
    this.#others();
  }

  #rows() {
    const { common, menu } = this;
    const some = (fits) => menu.models.filter(fits).map((one) => [one.name, this.title(one.name), one.problem ? common.unusable : made(one), Boolean(one.problem)]);
    this.choices.lay([
      [common.here, [["auto", this.title("auto"), menu.auto ? this.title(menu.auto) : common.absent], ...some(({ present, own }) => present && !own)]],
      [common.own, some(({ own }) => own)],
      [menu.downloads ? common.toGet : common.absent, some(({ present, own }) => !present && !own)],
    ], this.step.asked.model, (model) => this.step.set({ model }));
    for (const [name, cell] of this.choices.cells) {
      const one = menu.models.find((other) => other.name === name);
      if (!one || one.problem || one.present) continue;
      fill(cell, one.download?.underWay ? `${Math.floor(100 * one.download.fraction)} %` : [size(one.megabytes, this.studio.words), menu.downloads && icon("download")]);
    }
  }

  #about() {
    const { words, model, control, alone, ready, needs, step } = this;
    this.fetches.move(this.#all);
    const now = JSON.stringify([this.known, model, control, alone, needs, this.menu.downloads, step.kinds], still);
    if (now === this.toldAbout) return;
    this.toldAbout = now;
    if (!this.known) return void fill(this.about);
    const kinds = step.kinds.map((kind) => words.kinds[kind]).join(", ");
    const both = step.kinds.length > 1;
    const facts = ready && [made(model), control && worded(words.toldBy, { name: this.title(control.name) }), model.licence, size(model.megabytes + (control?.megabytes ?? 0), this.studio.words)];
    refill(this.about,
      model?.problem && h("div.notice", { role: "alert" }, h("p", {}, capital(model.problem)), h("p", {}, this.common.mend)),
      ready && h("p.hint", {}, capital(does(model))),
      ready && h("small", { title: [model.name, control?.name].filter(Boolean).join(" + ") }, facts.filter(Boolean).join(" · ")),
      both && h("p.notice", {}, words.bothKinds),
      ready && alone && h("p.notice", {}, words.wordsAlone),
      !both && !control && !alone && h("p.notice", {}, worded(words.noControl, { kinds })),
      !both && control && needs.length > 0 && h("div.notice.needs", {},
        !this.menu.models.some(({ present }) => present) && h("p", {}, words.modelMissing), h("strong", {}, words.modelNeeds), needs.map((one) => this.#need(one)), this.#command(needs)));
  }

  /** Something that could be here: what it is and does, and how it is got. */
  #need(one) {
    const open = this.menu.downloads;
    return h("div.need", {}, h("strong", { title: one.name }, this.title(one.name)), h("p.hint", {}, capital(does(one)), h("small", {}, ` ${made(one)}`)),
      (open && this.fetches.element(one, open)) || (one.problem || !one.command ? h("p.hint", {}, capital(one.problem || one.where)) : h("small", {}, [size(one.megabytes, this.studio.words), one.licence].join(" · "))));
  }

  /** What one types to get all of that at once. */
  #command(needs) {
    const names = needs.filter(({ command }) => command).map(({ name }) => name);
    if (!names.length) return null;
    const code = h("code", {}, needs.find(({ command }) => command).command.replace(names[0], names.join(" ")));
    return this.menu.downloads ? h("details.more", {}, h("summary", {}, this.words.byCommand), h("div.body", {}, code)) : [h("p", {}, this.common.notHere), code];
  }

  /** Ways to tell the pose that this painter could have besides. */
  #others() {
    const { model, ready } = this;
    const absent = ready ? model.controls.filter((one) => !one.present && one.downloadable) : [];
    const now = JSON.stringify([absent, this.menu.downloads], still);
    if (now === this.toldOthers) return;
    this.toldOthers = now;
    this.more.hidden = !absent.length;
    refill(this.others, absent.map((one) => this.#need(one)), this.menu.downloads ? null : this.#command(absent));
  }
}
