// Keeping the work: autosave in the browser, the last work restored, and the server's session told what the pose is.

const quiet = 250; // ms without a change before the work is written
const steps = 200; // of undo that outlive a reload
const patience = 8000; // ms after which a telling without an answer counts as lost

export class Keeper {
  constructor(studio) {
    this.studio = studio;
    this.away = false;
    studio.store.addEventListener("change", () => {
      this.#saveSoon();
      clearTimeout(this.tellTimer);
      this.tellTimer = setTimeout(() => this.#tell(), 60);
    });
    studio.store.addEventListener("kept", () => this.#saveSoon());
    addEventListener("pagehide", () => this.#save());
    addEventListener("visibilitychange", () => document.hidden && this.#save());
  }

  #saveSoon() {
    this.studio.saved(this.studio.words.saving);
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => this.#save(), quiet);
  }

  async #save() {
    const { studio } = this;
    clearTimeout(this.saveTimer);
    try {
      const { doc, past, future } = studio.store;
      await studio.vault.save({ doc, past: past.slice(-steps), future: future.slice(-steps), name: studio.workName, step: studio.step });
      studio.saved(this.away ? studio.words.savedAway : studio.words.saved);
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error) {
    console.error(error);
    this.studio.saved(this.studio.words.unsaved, true);
  }

  /**
   * Tell the server's session what the pose is now. One telling at a time: the answer comes back in the same value,
   * and would overwrite a second one on its way. Without an answer the browser goes on alone, and tries again later.
   */
  #tell() {
    const { api, store, files } = this.studio;
    if (performance.now() - (this.toldAt ?? -Infinity) < patience) return;
    this.told = store.rev;
    this.toldAt = performance.now();
    api.props.value = { rev: this.told, document: files.bare() };
    api.trigger("commit", {});
    clearTimeout(this.awayTimer);
    this.awayTimer = setTimeout(() => this.#alone(true), patience);
  }

  /** Whether the server is away: the work goes on in the browser, and the note on saving says so. */
  #alone(away) {
    if (this.away === away) return;
    this.away = away;
    this.studio.saved(away ? this.studio.words.savedAway : this.studio.words.saved);
  }

  /** The server's answer to a telling. */
  heard(value) {
    const { studio } = this;
    if (value?.heard !== this.told) return;
    studio.commitTime = performance.now() - this.toldAt;
    this.toldAt = undefined;
    clearTimeout(this.awayTimer);
    this.#alone(false);
    if (value.refusal) studio.toast(value.refusal);
    if (studio.store.rev !== this.told) this.#tell();
  }

  /** Open this tab's last work, or the latest there is, or the welcome. */
  async start() {
    const { studio } = this;
    const { vault, store, words } = studio;
    let work = null;
    try {
      await vault.start();
      work = await vault.load();
    } catch (error) {
      this.#failed(error);
    }
    if (work && (work.doc.people.length || work.doc.photo || work.doc.pictures?.length)) {
      studio.workName = work.name;
      const whole = (doc) => withoutLost(doc, vault);
      const steps = (list = []) => list.map((step) => ({ ...step, doc: whole(step.doc) }));
      store.restore(whole(work.doc), steps(work.past), steps(work.future));
      studio.goTo(["photo", "body", "picture"].includes(work.step) ? work.step : "pose");
      studio.toast(words.restored, [{ label: words.fresh, run: () => studio.startFresh() }]);
    } else studio.goTo("photo");
    studio.editor.fit();
    vault.tidy().catch((error) => console.error(error));
  }
}

/** The document without the pictures that the browser has lost. */
function withoutLost(doc, vault) {
  const here = (one) => vault.picture(one.key);
  const { photo, references, pictures = [] } = doc;
  if ((!photo || here(photo)) && references.every(here) && pictures.every(here)) return doc;
  return { ...doc, photo: photo && here(photo) ? photo : null, references: references.filter(here), pictures: pictures.filter(here) };
}
