// One edit of one body under way: what a pointer or slider asks for is tried, the latest first, and becomes one step at its end.

export class BodyEdit {
  constructor(work, index, label) {
    Object.assign(this, { work, index, label });
    this.before = work.store.doc;
    this.start = this.before.people[index].body;
    this.wanted = null; // the edit to ask for next
    this.body = null; // as the server made it
    this.points = null;
    this.done = false;
  }

  /** Ask for this edit of the body as it was at the start; an edit asked for meanwhile and not begun is forgotten. */
  try(edit) {
    this.wanted = edit;
    this.running ??= this.#run().finally(() => (this.running = null));
  }

  get dead() {
    return this.work.edit !== this || this.work.store.doc !== this.before;
  }

  async #run() {
    const { work, before, index, start } = this;
    try {
      await work.load();
      const person = before.people[index];
      const camera = work.cameraOf(before);
      if (camera) this.was ??= await work.seen(start, person.skeleton, camera);
      while (this.wanted && !this.dead) {
        const { view, picture } = work.viewFor(true);
        const wanted = this.wanted;
        this.wanted = null;
        const edit = typeof wanted === "function" ? wanted(picture) : wanted;
        const standing = work.standing;
        const began = performance.now();
        const answer = await work.ask("body_edit", { bodies: standing.map((i) => before.people[i].body), index: standing.indexOf(index), edit, view, drawing: camera && { camera, skeleton: person.skeleton } });
        if (this.dead) return;
        Object.assign(this, { body: answer.body, points: answer.points });
        if (answer.points) work.projected.set(answer.body, { camera, skeleton: person.skeleton, points: answer.points });
        if (answer.joints) work.joints.set(answer.body, answer.joints[standing.indexOf(index)]);
        work.dispatchEvent(new CustomEvent("tried", { detail: { answer, picture, took: performance.now() - began } }));
      }
    } catch (error) {
      this.failed = true;
      this.wanted = null;
      if (!this.dead) work.cancel();
      work.complain(error);
    }
  }

  /** When all that was asked for is answered: one step, unless something else changed the work meanwhile. */
  async settle() {
    this.done = true;
    while (this.running) await this.running;
    const { work, before, index, body } = this;
    if (work.edit === this) work.edit = null;
    if (!body || this.failed || work.store.doc !== before) return void work.dispatchEvent(new CustomEvent("dropped"));
    work.store.commit(this.label, work.store.withPerson(index, work.moved(before.people[index], body, this.was, this.points)));
  }

  cancel() {
    this.wanted = null;
    this.body = null;
  }
}
