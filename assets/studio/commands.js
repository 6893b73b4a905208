// Every verb of the editor once: name, keys, what it does. Tool bar, keyboard and the key sheet all read this table.

import { copyOf, mirrored, mirroredToOtherSide, present, scaled, shifted, swapped, withState, boxOf, centerOf } from "./figure.js";

/** Joints a verb applies to: the selected ones of each person, else all joints of the active one. */
function targets(store) {
  if (store.picked.length) return store.picked;
  const person = store.doc.people[store.active];
  return person ? [[store.active, [...person.points.keys()]]] : [];
}

/** One step that changes several people. */
function eachPicked(store, label, pairs, change, options) {
  const doc = pairs.reduce((result, [p, joints]) => {
    const person = result.people[p];
    return person ? store.withPerson(p, change(person, store.skeletonOf(person), joints), result) : result;
  }, store.doc);
  store.commit(label, doc, options);
}

function markState({ store, words }, state) {
  if (store.selected.size) eachPicked(store, words.steps.state, store.picked, (person, _, joints) => withState(person, joints, state));
}

/** Selected joints become missing; a figure that is wholly selected, or has nothing selected, goes. */
function remove({ store, words }) {
  const { doc } = store;
  if (!doc.people.length) return;
  const picked = store.picked;
  const whole = (p, joints) => joints.length >= doc.people[p].points.filter((_, i) => present(doc.people[p], i)).length;
  const gone = picked.length ? picked.filter(([p, joints]) => whole(p, joints)).map(([p]) => p) : [store.active];
  let result = doc;
  for (const [p, joints] of picked) if (!gone.includes(p)) result = store.withPerson(p, withState(result.people[p], joints, "missing"), result);
  const people = result.people.filter((_, p) => !gone.includes(p));
  store.selected.clear();
  store.commit(words.steps.delete, { ...result, people });
}

export function duplicate({ store, words }, index = store.active) {
  const person = store.doc.people[index];
  if (!person) return;
  const people = [...store.doc.people, shifted(copyOf(person), 24, 16)];
  store.commit(words.steps.duplicate, { ...store.doc, people });
  store.activate(people.length - 1);
}

/** Move a figure between back and front. */
export function reorder({ store, words }, index, by) {
  const to = index + by;
  const people = [...store.doc.people];
  if (to < 0 || to >= people.length) return;
  [people[index], people[to]] = [people[to], people[index]];
  store.selected.clear();
  store.commit(words.steps.order, { ...store.doc, people });
  store.activate(to);
}

function flip({ store, words }, fx, fy) {
  const pairs = targets(store);
  const boxes = pairs.map(([p, joints]) => boxOf(store.doc.people[p], joints)).filter(Boolean);
  if (!boxes.length) return;
  const box = boxes.reduce((a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  eachPicked(store, words.steps.flip, pairs, (person, skeleton, joints) => {
    const flipped = scaled(person, fx, fy, centerOf(box), joints);
    const whole = joints.length >= person.points.filter((_, i) => present(person, i)).length;
    return whole && fx < 0 ? swapped(flipped, skeleton) : flipped; // a figure flipped whole is seen in a mirror
  });
}

function nudge({ store, words }, dx, dy) {
  if (store.doc.people.length) eachPicked(store, words.steps.nudge, targets(store), (person, _, joints) => shifted(person, dx, dy, joints), { merge: true });
}

/** Walk through the joints of the active figure. */
function step({ store }, by) {
  const person = store.doc.people[store.active];
  if (!person) return;
  const here = [...person.points.keys()].filter((i) => present(person, i));
  const now = here.indexOf(store.jointsOf(store.active)[0] ?? -1);
  if (here.length) store.select(store.active, [here[(now + by + here.length) % here.length]]);
}

/** From a joint to its limb, from a limb to the figure. */
function grow({ store }) {
  for (const [p, joints] of store.picked.slice(0, 1)) {
    const person = store.doc.people[p];
    const skeleton = store.skeletonOf(person);
    const group = skeleton.groupIndices[skeleton.groupOfJoint[joints[0]]] ?? [];
    const wanted = group.every((i) => joints.includes(i) || !present(person, i)) ? [...person.points.keys()] : group;
    store.select(p, wanted.filter((i) => present(person, i)));
  }
}

/** The limb group the selection lies in, if any. */
export function limbOf(store) {
  const [first] = store.picked;
  if (!first) return null;
  const skeleton = store.skeletonOf(store.doc.people[first[0]]);
  return { person: first[0], group: skeleton.groupOfJoint[first[1][0]], joints: first[1], skeleton };
}

/** Copies what is selected, or the limb of the selected joint, to the other side. */
function toOtherSide({ store, words }) {
  eachPicked(store, words.steps.otherSide, store.picked, (person, skeleton, joints) => {
    const limb = joints.length > 1 ? joints : skeleton.groupIndices[skeleton.groupOfJoint[joints[0]]];
    return mirroredToOtherSide(person, skeleton, limb ?? joints);
  });
}

function toFront({ store, words }) {
  const limb = limbOf(store);
  if (!limb?.group) return;
  store.editPerson(words.steps.front, limb.person, (person) => ({
    ...person,
    front: person.front.includes(limb.group) ? person.front.filter((g) => g !== limb.group) : [...person.front, limb.group],
  }));
}

/** Hides the bones between selected joints; shows them when all of them are hidden. */
function hideLimb({ store, words }) {
  eachPicked(store, words.steps.bone, store.picked, (person, skeleton, joints) => {
    const chosen = skeleton.bones.filter((_, i) => skeleton.boneIndices[i].every((joint) => joints.includes(joint)));
    const has = (bone) => person.hidden_bones.some((other) => other.join() === bone.join());
    const rest = person.hidden_bones.filter((bone) => !chosen.some((other) => other.join() === bone.join()));
    return { ...person, hidden_bones: chosen.every(has) ? rest : [...rest, ...chosen] };
  });
}

const wholeFigure = ({ store, words }, step, change) => () => store.editPerson(words.steps[step], store.active, change);

/** The table: [name, keys, run, icon?, {toggle?: name of the editor's switch}] */
export function makeCommands(studio) {
  const { store, editor, body } = studio;
  // The same verb for a figure in the drawing and for a body in space.
  const either = (drawn, standing) => () => (studio.step === "body" ? standing() : drawn());
  const switched = (name) => () => {
    body.editor[name] = !body.editor[name];
    body.editor.paint();
    studio.refresh();
  };
  const toggle = (name) => () => {
    editor[name] = !editor[name];
    studio.refresh();
  };
  const zoom = (factor) => either(() => {
    editor.view.zoom(factor, [editor.view.width / 2, editor.view.height / 2]);
    editor.paintAll();
  }, () => body.editor.zoom(factor));
  const ofMask = (verb) => () => studio.painting.photo?.mask.on && studio.painting.photo.mask[verb]();
  const table = [
    ["undo", ["Ctrl+Z"], () => store.undo(), "undo"],
    ["redo", ["Ctrl+Shift+Z", "Ctrl+Y"], () => store.redo(), "redo"],
    ["open", ["Ctrl+O"], () => studio.files.choose(), "open"],
    ["export", ["Ctrl+S", "Ctrl+E"], () => studio.exportMenu.open(), "export"],
    ["selectAll", ["Ctrl+A"], () => store.selectAll()],
    ["none", ["Escape"], either(() => store.clearSelection(), () => body.editor.select(null))],
    ["grow", ["G"], () => grow(studio)],
    ["next", ["Tab"], either(() => step(studio, 1), () => body.editor.step(1))],
    ["previous", ["Shift+Tab"], either(() => step(studio, -1), () => body.editor.step(-1))],
    ["copy", ["Ctrl+C"], null, "copy"],
    ["cut", ["Ctrl+X"], null],
    ["paste", ["Ctrl+V"], null],
    ["duplicate", ["Ctrl+D"], either(() => duplicate(studio), () => body.verbs.duplicate()), "copy"],
    ["delete", ["Delete", "Backspace"], either(() => remove(studio), () => body.verbs.remove()), "trash"],
    ["visible", ["1"], () => markState(studio, "visible"), "eye"],
    ["hidden", ["2"], () => markState(studio, "hidden"), "eyeoff"],
    ["missing", ["3"], () => markState(studio, "missing"), "close"],
    ["forward", ["]"], () => reorder(studio, store.active, 1), "up"],
    ["backward", ["["], () => reorder(studio, store.active, -1), "down"],
    ["mirror", ["M"], either(wholeFigure(studio, "mirror", (person, skeleton) => mirrored(person, skeleton)), () => body.verbs.mirror()), "mirror"],
    ["swap", ["S"], wholeFigure(studio, "swap", swapped), "swap"],
    ["otherSide", ["O"], either(() => toOtherSide(studio), () => body.verbs.otherSide()), "flip"],
    ["flipX", ["Shift+H"], () => flip(studio, -1, 1), "flip"],
    ["flipY", ["Shift+V"], () => flip(studio, 1, -1)],
    ["toFront", ["Shift+]"], () => toFront(studio)],
    ["hideLimb", ["Shift+B"], () => hideLimb(studio)],
    ["lock", ["L"], toggle("lock"), "lock", { toggle: "lock" }],
    ["symmetric", ["Y"], toggle("symmetric"), "symmetry", { toggle: "symmetric" }],
    ["split", ["P"], toggle("split"), "hand", { toggle: "split" }],
    ["liveBody", ["B"], () => studio.live.toggle(), "live", { toggle: "liveBody" }],
    ["marquee", [], toggle("marqueeTouch"), "marquee", { toggle: "marqueeTouch" }],
    ["lasso", ["K"], toggle("lasso"), "lasso", { toggle: "lasso" }],
    ["complete", ["C"], () => studio.complete.start(), "complete"],
    ["likeThis", ["Shift+L"], () => (studio.showLibrary(), studio.panels.library.alike.look(store.jointsOf(store.active).length > 2 ? "selection" : "figure"))],
    ["addPerson", ["N"], () => studio.library.addDefault("person"), "plus"],
    ["fit", ["F"], either(() => editor.fit(), () => body.editor.fit()), "fit"],
    ["actual", ["0"], () => zoom(1 / editor.view.scale)()],
    ["zoomIn", ["+", "="], zoom(1.25), "plus"],
    ["zoomOut", ["-"], zoom(0.8), "minus"],
    ["photoStep", ["Shift+1"], () => studio.goTo("photo")],
    ["poseStep", ["Shift+2"], () => studio.goTo("pose")],
    ["bodyStep", ["Shift+3"], () => studio.goTo("body")],
    ["pictureStep", ["Shift+4"], () => studio.goTo("picture")],
    ["paint", ["Ctrl+Enter"], () => studio.painting.paint()],
    ["maskSmaller", ["["], ofMask("smaller")],
    ["maskLarger", ["]"], ofMask("larger")],
    ["maskErase", ["E"], ofMask("erase"), "eraser"],
    ["maskInvert", ["I"], ofMask("invert"), "invert"],
    ["lift", ["L"], () => body.lift.all(), "lift"],
    ["resetPart", ["R"], () => body.verbs.reset(), "again"],
    ["pin", ["P"], () => body.editor.pin(), "pin"],
    ["unpinAll", ["Shift+P"], () => body.editor.unpin()],
    ["turnBack", ["Q", "Shift+Q"], (event) => body.verbs.turn(-1, event?.shiftKey ? 3 : 1)],
    ["turnOn", ["E", "Shift+E"], (event) => body.verbs.turn(1, event?.shiftKey ? 3 : 1)],
    ["focus", ["Shift+F"], () => body.editor.focus()],
    ["handles", ["H"], switched("handles"), "handles", { toggle: "handles" }],
    ["bones", ["B"], switched("bones"), "bones", { toggle: "bones" }],
    ["drawingView", ["0"], () => body.editor.follow()],
    ["frontView", ["1"], () => body.editor.ready("front")],
    ["backView", ["2"], () => body.editor.ready("back")],
    ["leftView", ["3"], () => body.editor.ready("left")],
    ["rightView", ["4"], () => body.editor.ready("right")],
    ["topView", ["5"], () => body.editor.ready("top")],
    ["threeQuarterView", ["6"], () => body.editor.ready("threeQuarter")],
    ["drawFrom", ["D"], () => body.verbs.drawFrom(), "body_draw"],
    ["vary", ["V"], () => body.natural.vary(), "vary"],
    ["newPose", ["N"], () => body.natural.newPose(), "dice"],
    ["flip", ["T"], () => body.flips.open(), "flips"],
    ["lookOff", ["W"], () => studio.lint.next(), "warning"],
    ["help", ["?"], () => studio.help.toggle(), "help"],
    ["nudge", ["Arrows"], null],
    ["nudgeBody", ["Arrows"], null],
  ];
  return {
    table,
    run: (name) => table.find(([n]) => n === name)[2](),
    keysOf: (name) => table.find(([n]) => n === name)[1],
    keyDown: (event) => keyDown(studio, table, event),
  };
}

const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function nameOf(event) {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  const digit = /^Digit(\d)$/.exec(event.code)?.[1];
  const bracket = { BracketLeft: "[", BracketRight: "]" }[event.code];
  const shifted = event.shiftKey && !["?", "+"].includes(key);
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + (shifted ? "Shift+" : "") + (digit ?? bracket ?? key);
}

// Commands that do not touch the pose: their keys count in every step.
const everywhere = new Set(["undo", "redo", "open", "export", "help", "fit", "actual", "zoomIn", "zoomOut", "photoStep", "poseStep", "bodyStep", "pictureStep"]);

// Those of the Body step alone, and those it shares with the Pose step.
const ofBodies = new Set(["vary", "newPose", "flip", "lift", "resetPart", "pin", "unpinAll", "turnBack", "turnOn", "focus", "handles", "bones", "drawFrom", "drawingView", "frontView", "backView", "leftView", "rightView", "topView", "threeQuarterView", "nudgeBody"]);
const ofBoth = new Set(["lookOff", "complete", "none", "next", "previous", "duplicate", "delete", "mirror", "otherSide", "likeThis"]);

const ofPictures = new Set(["paint", "maskSmaller", "maskLarger", "maskErase", "maskInvert"]);

const ofTheCanvas = new Set(["undo", "redo", "fit", "actual", "zoomIn", "zoomOut"]); // which a contact sheet covers

/** Whether a command counts in a step. */
export function counts(name, step) {
  if (step === "body") return ofBodies.has(name) || ofBoth.has(name) || (everywhere.has(name) && name !== "actual");
  if (ofPictures.has(name)) return step === "picture";
  return everywhere.has(name) || (step === "pose" && !ofBodies.has(name));
}

/** Runs the command of a key press; returns whether there was one. */
function keyDown(studio, table, event) {
  const { step } = studio;
  if (arrows[event.key] && !event.ctrlKey && !event.metaKey && (step === "pose" || step === "body")) {
    const size = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
    if (step === "body") studio.body.verbs.arrow(arrows[event.key], event);
    else nudge(studio, arrows[event.key][0] * size, arrows[event.key][1] * size);
    return true;
  }
  const name = nameOf(event);
  const found = table.find(([command, keys, run]) => run && keys.includes(name) && counts(command, step));
  if (!found || event.altKey || (studio.contact.isOpen && ofTheCanvas.has(found[0]))) return false;
  found[2](event);
  return true;
}
