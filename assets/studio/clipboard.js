// Figures and files by clipboard and by drop: copied figures travel between pictures, tabs and windows as a document.

import { dropped } from "./batch.js";
import { copyOf, shifted } from "./figure.js";
import { emptyDocument } from "./store.js";

/** Is this event meant for a field of text? */
export const typing = (event) =>
  event.composedPath().some((element) => /^(INPUT|SELECT|TEXTAREA)$/.test(element.tagName) && !/^(range|radio|checkbox)$/.test(element.type));

export function listenToClipboard(studio) {
  for (const type of ["copy", "cut"]) addEventListener(type, (event) => copy(studio, event));
  addEventListener("paste", (event) => paste(studio, event));
}

function copy(studio, event) {
  const { store, words } = studio;
  const people = store.picked.length ? store.picked.map(([p]) => p) : [store.active];
  const chosen = people.map((p) => store.doc.people[p]).filter(Boolean);
  if (typing(event) || !chosen.length || String(getSelection())) return;
  studio.copied = JSON.stringify({ ...emptyDocument(store.doc.size), people: chosen });
  event.clipboardData.setData("text/plain", studio.copied);
  event.preventDefault();
  if (event.type === "cut") store.remove(words.steps.delete, people);
  studio.status(words.copied);
}

/** A picture opens, copied figures join, any other pose text is read as a file. Only what this page copied is trusted unread. */
function paste(studio, event) {
  if (typing(event)) return;
  const file = [...event.clipboardData.files][0];
  const text = event.clipboardData.getData("text/plain");
  if (file) return void studio.files.open(file);
  if (!/^\s*[[{]/.test(text)) return;
  event.preventDefault();
  if (text === studio.copied) return join(studio, JSON.parse(text).people);
  const pasted = new File([text], "pasted.json", { type: "application/json" });
  if (/"contrapposto"/.test(text)) studio.files.read(pasted, (answer) => join(studio, answer.document.people));
  else studio.files.open(pasted);
}

function join({ store, words, body }, copied) {
  body.work.note(copied); // their bodies stand for them as they were copied, not where they are put
  const people = [...store.doc.people, ...copied.map((person) => shifted(copyOf(person), 16, 16))];
  store.commit(words.steps.paste, { ...store.doc, people });
  store.activate(people.length - 1);
}

/** A file dropped anywhere on the page opens; of several, or of a folder, a contact sheet is made. */
export function listenToDrops(studio) {
  let depth = 0; // enter and leave come for every element passed
  const over = (on) => studio.stage.classList.toggle("dropping", on);
  const hasFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => hasFile(event) && ((depth += 1), over(true)));
  addEventListener("dragleave", (event) => hasFile(event) && (depth = Math.max(0, depth - 1)) === 0 && over(false));
  addEventListener("dragover", (event) => hasFile(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!hasFile(event)) return;
    event.preventDefault();
    depth = 0;
    over(false);
    const single = event.dataTransfer.files.length === 1;
    dropped(event.dataTransfer).then((files) => {
      if (single && files.length === 1 && !studio.contact.isOpen) studio.files.open(files[0]);
      else if (files.length) studio.batch.take(files);
    });
  });
}
