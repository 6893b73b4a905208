// What must survive a reload, a crash and a lost server: the work, kept in the browser's IndexedDB.
// Pictures are stored once under their key; the document names the keys it needs.

const open = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("contrapposto", 1);
    request.onupgradeneeded = () => ["work", "pictures"].forEach((name) => request.result.createObjectStore(name));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const done = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = resolve;
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });

const answer = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** A name nothing else has; randomUUID is there on secure pages only. */
export const freshKey = () => crypto.randomUUID?.() ?? String(Math.random()).slice(2);

/** Keys of the pictures that lie on the canvas, and of those that were painted, with what they were painted from. */
const laid = (doc) => [doc.photo?.key, ...doc.references.map((r) => r.key)].filter(Boolean);
const painted = (doc) => (doc.pictures ?? []).flatMap(({ key, drawing, within }) => [key, drawing, within]).filter(Boolean);

/** Every document of a work, its steps of undo included. */
const documents = ({ doc, past = [], future = [] }) => [doc, ...past.map((s) => s.doc), ...future.map((s) => s.doc)];

/** Keys of every picture that a work needs. */
const needed = (work) => new Set(documents(work).flatMap((doc) => [...laid(doc), ...painted(doc)]));

export class Vault {
  /** Work is kept per tab, so that two tabs never write over each other; a new tab starts from the latest work. */
  constructor() {
    this.tab = sessionStorage.getItem("contrapposto-tab") ?? this.#renamed();
    this.pictures = new Map(); // key → {blob, bitmap}
    this.stored = new Set();
    this.db = null;
  }

  #renamed() {
    this.tab = freshKey();
    sessionStorage.setItem("contrapposto-tab", this.tab);
    return this.tab;
  }

  async start() {
    this.db = await open();
    // A duplicated tab has its twin's name: the first keeps it as long as it lives.
    await new Promise((resolve) => {
      if (!navigator.locks) return resolve();
      return navigator.locks.request(`contrapposto-${this.tab}`, { ifAvailable: true }, (lock) => {
        if (!lock) this.#renamed();
        resolve();
        return lock ? new Promise(() => {}) : undefined;
      });
    });
  }

  /** Keep a picture in memory; returns its key. It reaches the disk with the document that names it. */
  async keep(blob) {
    const key = this.hold(blob);
    await this.bitmap(key);
    return key;
  }

  /** Keep a picture packed, as one of many that are not all looked at. */
  hold(blob) {
    const key = freshKey();
    this.pictures.set(key, { blob });
    return key;
  }

  /** A picture's pixels, unpacked once. */
  async bitmap(key) {
    const picture = this.pictures.get(key);
    return picture && (picture.bitmap ??= await createImageBitmap(picture.blob));
  }

  /** An address under which the page can show a picture. */
  address(key) {
    const picture = this.pictures.get(key);
    return picture && (picture.address ??= URL.createObjectURL(picture.blob));
  }

  picture(key) {
    return key ? this.pictures.get(key) : undefined;
  }

  /** Write the work {doc, past, future, …} and the pictures it names, in one transaction. */
  async save(work) {
    if (!this.db) return;
    const transaction = this.db.transaction(["work", "pictures"], "readwrite");
    const fresh = [...needed(work)].filter((key) => !this.stored.has(key) && this.pictures.has(key));
    for (const key of fresh) transaction.objectStore("pictures").put(this.pictures.get(key).blob, key);
    transaction.objectStore("work").put({ ...work, saved: Date.now() }, this.tab); // what steps share is written once
    await done(transaction);
    for (const key of fresh) this.stored.add(key); // only now: a transaction that fails stores nothing
  }

  /** This tab's work, else the latest of any tab; null when there is none. Pictures come along. */
  async load() {
    const transaction = this.db.transaction(["work", "pictures"]);
    const works = transaction.objectStore("work");
    const own = await answer(works.get(this.tab));
    const all = await answer(works.getAll());
    const work = own ?? all.sort((a, b) => b.saved - a.saved)[0];
    if (!work) return null;
    for (const key of needed(work)) {
      const blob = await answer(transaction.objectStore("pictures").get(key));
      if (blob) this.stored.add(key) && this.pictures.set(key, { blob });
    }
    for (const key of new Set(documents(work).flatMap(laid))) {
      try {
        await this.bitmap(key);
      } catch (error) {
        console.warn(`picture ${key} cannot be read any more`, error);
        this.pictures.delete(key);
      }
    }
    return work;
  }

  /** Drop works older than the ten latest, and pictures that no work names. */
  async tidy() {
    const transaction = this.db.transaction(["work", "pictures"], "readwrite");
    const works = transaction.objectStore("work");
    const [keys, all] = await Promise.all([answer(works.getAllKeys()), answer(works.getAll())]);
    const ranked = keys.map((key, i) => [key, all[i]]).sort((a, b) => b[1].saved - a[1].saved);
    ranked.slice(10).forEach(([key]) => key !== this.tab && works.delete(key));
    const kept = new Set(ranked.slice(0, 10).flatMap(([, work]) => [...needed(work)]));
    const pictures = transaction.objectStore("pictures");
    for (const key of await answer(pictures.getAllKeys())) {
      if (!kept.has(key) && !this.pictures.has(key)) pictures.delete(key);
    }
    await done(transaction);
  }
}
