// What is to be done about a model that is not here: download it, see it come, or be told the command.

import { button, h, size, worded } from "./dom.js";

/** For JSON.stringify: a model as it is told, whatever the progress of its download. */
export const still = (key, value) => (key === "download" && value?.underWay ? "under way" : value);

export class Fetching {
  /** `taken(menu)` hears the server's menu of estimators after every click. */
  constructor(studio, taken) {
    Object.assign(this, { studio, taken });
    this.words = studio.words.models;
    this.bars = new Map(); // of downloads under way, by model
  }

  /** Bars that are on the page already are moved in place: a button that is built anew while it is pressed never hears the click. */
  move(models) {
    for (const { name, download } of models) {
      const bar = download?.underWay && this.bars.get(name);
      if (!bar) continue;
      bar.firstChild.value = download.fraction;
      bar.children[1].textContent = download.text;
    }
  }

  /** The element for one model; `titled` says its name above the button, `open` whether visitors may download. */
  element(one, open, titled = "") {
    const { words } = this;
    if (one.download?.underWay) {
      const bar = h("div.job", { role: "status" }, h("progress", { max: 1, value: one.download.fraction }), h("span", {}, one.download.text || words.underWay),
        button("close", words.stopDownload, () => this.#ask("stop_download", one.name), { text: words.stopDownload }));
      this.bars.set(one.name, bar);
      return bar;
    }
    if (!one.downloadable) return null;
    if (!open) return h("div.notice", {}, titled && h("strong", {}, titled), h("p", {}, words.notHere), h("code", {}, one.command));
    const { failure, text, fraction } = one.download ?? {};
    const label = failure ? words.retry : text || one.begun ? words.continue : worded(words.download, { size: size(one.megabytes, this.studio.words) });
    return h("div.fetch", {},
      failure ? h("p.notice", { role: "alert" }, failure) : text && h("p.hint", {}, text),
      fraction > 0 && h("progress", { max: 1, value: fraction }),
      titled && h("strong", {}, titled),
      button("download", label, () => this.#ask("download", one.name), { text: label, data: { fetch: one.name } }),
      h("small", {}, worded(words.source, { where: one.where, licence: one.licence })));
  }

  async #ask(what, name) {
    try {
      this.taken(await this.studio.server.functions[what](name));
    } catch {
      this.studio.toast(this.studio.words.offline);
    }
  }
}
