// Which model finds the pose: a list to choose from, what the chosen one is and costs here, its download, its options.

import { capital, duration, fill, h, icon, refill, size, worded } from "./dom.js";
import { Fetching, still } from "./fetching.js";
import { ModelOptions } from "./model_options.js";
import { PickList } from "./pick_list.js";

const kept = "contrapposto-model"; // in the browser's localStorage: the name chosen last
const lookAgain = 600; // ms between two looks at a download

export class ModelMenu extends EventTarget {
  constructor(studio) {
    super();
    this.studio = studio;
    this.words = studio.words.models;
    this.busy = false;
    this.choices = new PickList(this.words.label, () => {
      this.refresh(); // a folder may have come or gone
      this.#rows();
    });
    this.fetches = new Fetching(studio, (menu) => this.take(menu));
    this.about = h("div.about");
    this.options = new ModelOptions(this);
    this.element = h("div.modelmenu", {}, this.choices.element, this.about, this.options.element);
    this.forecasts = new Map(); // by model and options
    this.stale = new Set(); // of them, those to be asked for anew
    this.visible = false; // nothing is reckoned before there is a drawing to look at
    this.name = localStorage.getItem(kept) ?? "auto";
    this.take(studio.config.menu);
  }

  /** The menu as the server tells it. */
  take(menu) {
    this.menu = menu;
    if (this.name !== "auto" && !menu.models.some(({ name }) => name === this.name)) this.name = "auto"; // its folder is gone
    this.render();
    clearTimeout(this.timer);
    if (this.#all.some(({ download }) => download?.underWay)) this.timer = setTimeout(() => this.refresh(), lookAgain);
  }

  async refresh() {
    const before = this.#all.filter(({ download }) => download?.underWay).map(({ name }) => name);
    try {
      this.take(await this.studio.server.functions.menu(null));
    } catch {
      this.timer = setTimeout(() => this.refresh(), 5 * lookAgain); // the server is away: the note on saving says so
      return;
    }
    for (const name of before) if (this.entry(name)?.present) this.studio.status(worded(name === this.name ? this.words.arrivedChosen : this.words.arrived, { name: this.title(name) }));
  }

  get #all() {
    return [...this.menu.models, ...this.menu.detectors];
  }

  entry(name) {
    return this.#all.find((one) => one.name === name);
  }

  /** The model that would work: the chosen one, or what `auto` takes. */
  get model() {
    return this.entry(this.name === "auto" ? this.menu.auto : this.name);
  }

  get ready() {
    return Boolean(this.model?.present && !this.model.problem);
  }

  /** Whether it cannot find figures by itself: animals are seen by the careful finder alone. */
  get blind() {
    return this.model?.kind === "animal" && !this.menu.detectors.some(({ present }) => present);
  }

  title(name) {
    return name === "auto" ? this.words.auto : (this.words.modelNames[name] ?? name);
  }

  choose(name) {
    this.name = name;
    localStorage.setItem(kept, name);
    this.choices.close();
    this.render();
  }

  /** The menu has come into sight: from now on it tells what things cost. */
  show() {
    if (this.visible) return;
    this.visible = true;
    this.render();
  }

  /** Nothing can be chosen while a pose is looked for. */
  lock(busy) {
    if (busy === this.busy) return;
    this.busy = busy;
    this.render();
    if (!busy) this.measured();
  }

  render() {
    const { model } = this;
    const sub = this.name !== "auto" ? this.#points(model) : model && worded(this.words.autoDoes, { name: this.title(model.name) });
    this.choices.tell(this.title(this.name), sub, this.busy);
    if (this.choices.isOpen) this.#rows();
    this.#about();
    this.options.render();
    this.dispatchEvent(new Event("change"));
  }

  #points({ skeleton }) {
    return this.words.pointsOf[skeleton] ?? this.studio.words.skeletons[skeleton] ?? skeleton;
  }

  // ── the list ──

  #rows() {
    const { words, menu } = this;
    const some = (fits) => menu.models.filter(fits).map((one) => [one.name, this.title(one.name), one.problem ? words.unusable : this.#points(one), Boolean(one.problem)]);
    this.choices.lay([
      [words.here, [["auto", this.title("auto"), this.title(menu.auto)], ...some(({ present, own }) => present && !own)]],
      [words.own, some(({ own }) => own)],
      [menu.downloads ? words.toGet : words.absent, some(({ present, own }) => !present && !own)],
    ], this.name, (name) => this.choose(name));
    for (const [name, cell] of this.choices.cells) this.#cost(cell, this.entry(name));
  }

  /** In a word, at the end of a row: seconds a figure, or what is to be downloaded. */
  #cost(cell, one) {
    if (!one || one.problem) return;
    const { name, present, download, megabytes } = one;
    if (download?.underWay) return void fill(cell, `${Math.floor(100 * download.fraction)} %`);
    if (!present) return void fill(cell, size(megabytes, this.studio.words), this.menu.downloads && icon("download"));
    const forecast = this.#forecast(one);
    if (!forecast?.seconds) return;
    cell.dataset.cost = name;
    fill(cell, `${forecast.measured ? "" : "≈ "}${duration(forecast.seconds, this.studio.words)}`);
  }

  // ── the chosen one ──

  #about() {
    const { words, model } = this;
    this.fetches.move(this.#all);
    // As the rows: anew only when something else than a download's progress has changed.
    const cost = model && (this.visible ? this.forecastText(model) : capital(model.speed));
    const now = JSON.stringify([model, cost, this.menu.downloads, this.blind && this.menu.detectors], still);
    if (now === this.told) return;
    this.told = now;
    if (!model) return void fill(this.about);
    const [does, made] = model.does.split("; "); // what it does, and by what
    const focused = this.about.contains(this.about.getRootNode().activeElement);
    refill(this.about,
      !model.own && h("p.hint", {}, capital(does)),
      this.blind && [h("p.hint", {}, words.animalsNeed), ...this.menu.detectors.map((one) => this.fetching(one))],
      model.problem ? h("div.notice", { role: "alert" }, h("p", {}, capital(model.problem)), h("p", {}, words.mend)) : h("p.hint.forecast", {}, cost),
      h("small", { title: model.name }, [made ?? model.name, size(model.megabytes, this.studio.words), model.own ? words.ownLicence : model.present && model.licence].filter(Boolean).join(" · ")),
      !model.present && !model.problem && this.fetching(model));
    if (focused && !this.about.contains(this.about.getRootNode().activeElement)) this.choices.pick.focus(); // it has arrived
  }

  /** What `figures` figures cost with the options as they are: {seconds, gigabytes, measured}, or {refusal}. */
  foresee(figures, model = this.model) {
    return this.studio.server.functions.forecast({ model: model.name, options: this.options.request, figures });
  }

  /** After work: what was a guess has been measured, and a folder may have gone. */
  measured() {
    this.stale = new Set(this.forecasts.keys());
    this.refresh();
  }

  /** The forecast for one figure once it is known; asked for when it is first looked at. */
  #forecast(model) {
    const asked = JSON.stringify([model.name, this.options.request, model.present]);
    if (!this.forecasts.has(asked) || this.stale.delete(asked)) {
      const told = (forecast) => (this.forecasts.set(asked, forecast), this.render());
      if (!this.forecasts.has(asked)) this.forecasts.set(asked, null); // what was known is told until the news are here
      this.foresee(1, model).then(told, () => this.forecasts.delete(asked));
    }
    return this.forecasts.get(asked);
  }

  forecastText(model) {
    const forecast = this.#forecast(model);
    if (!forecast) return this.words.reckoning;
    if (forecast.refusal) return capital(model.speed);
    const told = { time: duration(forecast.seconds, this.studio.words), memory: size(forecast.gigabytes * 1000, this.studio.words) };
    return `${worded(this.words.forecast, told)} (${forecast.measured ? this.words.measured : this.words.guess}).`;
  }

  /** What is to be done about something that is not here; a finder, below the model it is for, says its name. */
  fetching(one) {
    return this.fetches.element(one, this.menu.downloads, one.kind === undefined ? this.title(one.name) : "");
  }
}
