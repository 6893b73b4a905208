// The canvas: the drawing below, the pose above, and the pointer. One class serves the main canvas and the zoomed pane.

import { h } from "./dom.js";
import { boneAt, handleAt, jointAt, tagAt } from "./hit.js";
import * as gestures from "./gestures.js";
import { paintMissing, paintPerson } from "./paint.js";
import { paintBack, paintBoxes, paintFrame, paintName, paintTags } from "./surface.js";
import { present } from "./figure.js";
import { View } from "./view.js";

export class Editor extends EventTarget {
  /** `only(person, skeleton)` limits the zoomed pane to some joints (a Set); null on the main canvas. */
  constructor(store, vault, words, { only = null } = {}) {
    super();
    Object.assign(this, { store, vault, words, onlyOf: only });
    this.view = new View();
    this.tool = "pose"; // pose | box | look
    this.lock = true; // bones keep their length; Alt lets go
    this.symmetric = false;
    this.lasso = false; // a drag on the empty canvas draws around joints instead of framing them
    this.split = false; // hands and faces point by point at any zoom
    this.boxes = [];
    this.hover = {};
    this.tags = [];
    this.pointers = new Map();
    this.painters = []; // of others, over the figures
    this.brush = null; // what takes every press, in place of the tool: {begin(place, event)} makes a gesture
    this.back = h("canvas");
    this.front = h("canvas", { tabIndex: only ? -1 : 0, ariaLabel: words.canvas });
    this.element = h("div.surface", {}, this.back, this.front);
    this.#listen();
    store.addEventListener("preview", () => {
      const { photo, references } = store.shown;
      if (photo !== store.doc.photo || references !== store.doc.references) this.paintAll();
      else this.paint();
    });
    store.addEventListener("select", () => this.paint());
    store.addEventListener("change", () => this.paintAll());
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  get only() {
    const person = this.store.shown.people[this.store.active];
    return this.onlyOf && person ? this.onlyOf(person, this.store.skeletonOf(person)) : null;
  }

  // ── painting ──

  resized() {
    const { clientWidth, clientHeight } = this.element;
    if (!clientWidth || !clientHeight) return;
    const first = this.view.width <= 1;
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    this.view.resize(clientWidth, clientHeight);
    for (const canvas of [this.back, this.front]) {
      canvas.width = Math.round(clientWidth * ratio);
      canvas.height = Math.round(clientHeight * ratio);
      canvas.getContext("2d").setTransform(ratio, 0, 0, ratio, 0, 0);
    }
    if (first) this.fit();
    this.paintAll();
  }

  fit(box = null) {
    this.view.fit(box ?? gestures.documentBox(this.store.doc));
    this.paintAll();
  }

  paintAll() {
    this.stale = true;
    this.paint();
  }

  paint() {
    if (this.element.closest("[hidden]")) return;
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      if (this.stale) paintBack(this), this.dispatchEvent(new CustomEvent("viewed"));
      this.stale = false;
      this.#paintFront();
    });
  }

  #paintFront() {
    const { view, store } = this;
    const ctx = this.front.getContext("2d");
    ctx.clearRect(0, 0, view.width, view.height);
    const doc = store.shown;
    const only = this.only;
    doc.people.forEach((person, index) => {
      if (this.onlyOf && index !== store.active) return;
      const active = index === store.active || doc.people.length === 1;
      const hovered = this.hover.person === index ? (this.hover.joint ?? -1) : -1;
      const selected = new Set(store.jointsOf(index));
      paintPerson(ctx, view, person, store.skeletonOf(person), { index, active, selected, hovered, only });
      if (active && this.tool === "pose") paintMissing(ctx, view, person, store.skeletonOf(person), doc.size, only);
    });
    if (this.ghost) paintPerson(ctx, view, this.ghost, store.skeletonOf(this.ghost), { index: store.active, ghost: true });
    if (!this.onlyOf) paintTags(this, ctx, doc);
    paintFrame(this, ctx, doc);
    paintBoxes(this, ctx);
    paintName(this, ctx, doc);
    for (const paint of this.painters) paint(ctx);
    this.painted = (this.painted ?? 0) + 1;
  }

  // ── pointer ──

  #listen() {
    const { front } = this;
    const at = (event) => {
      const rect = front.getBoundingClientRect();
      return [event.clientX - rect.left, event.clientY - rect.top];
    };
    front.addEventListener("pointerdown", (event) => this.#down(at(event), event));
    front.addEventListener("pointermove", (event) => this.#move(at(event), event));
    for (const type of ["pointerup", "pointercancel"]) front.addEventListener(type, (event) => this.#up(event));
    front.addEventListener("pointerleave", () => this.#hoverAt(null));
    front.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      if (!this.longPressed) this.#cycleAt(at(event));
      this.longPressed = false;
    });
    front.addEventListener("dblclick", (event) => this.#double(at(event)));
    front.addEventListener("wheel", (event) => {
      event.preventDefault();
      const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015));
      if (event.shiftKey) this.view.pan(-event.deltaY, 0);
      else this.view.zoom(factor, at(event));
      this.paintAll();
    }, { passive: false });
  }

  #down(place, event) {
    this.front.focus?.({ preventScroll: true });
    this.front.setPointerCapture(event.pointerId);
    this.longPressed = false; // not every browser sends a contextmenu after a long press to reset it
    this.pointers.set(event.pointerId, place);
    if (this.pointers.size === 2) return this.#startPinch();
    if (event.button === 2) return;
    this.dispatchEvent(new CustomEvent("touched"));
    this.gesture = this.#gestureAt(place, event);
    this.front.style.cursor = this.gesture?.cursor ?? "";
    clearTimeout(this.pressTimer);
    if (event.pointerType !== "mouse") {
      this.pressPlace = place;
      this.pressTimer = setTimeout(() => this.#longPress(place), 550);
    }
  }

  /** What a press at this place begins. */
  #gestureAt(place, event) {
    const { store, tool } = this;
    const touch = event.pointerType === "touch";
    const only = this.only;
    if (event.button === 1 || this.space) return gestures.pan(this, place);
    if (this.brush) return this.brush.begin(place, event);
    if (tool === "box") return gestures.box(this, place);
    if (this.movingReference !== undefined) return gestures.reference(this, place, this.movingReference);
    const found = tool === "pose" ? jointAt(store.doc, store, this.view, place, { radius: touch ? 24 : 11, only, split: this.split || Boolean(only) }) : null;
    const sure = found && found.distance <= 6; // right on a joint: nothing that floats over it comes first
    const handle = sure || tool !== "pose" ? null : handleAt(this.selectionFrame, place, touch ? 20 : 11);
    if (handle === "flip") return void this.dispatchEvent(new CustomEvent("flip"));
    if (handle) return gestures.transform(this, place, handle, this.selectionFrame);
    const tag = sure ? -1 : tagAt(this.tags, place);
    if (tag >= 0) {
      store.activate(tag);
      return tool === "pose" ? gestures.figure(this, place, tag) : gestures.pan(this, place);
    }
    if (tool === "look") return gestures.pan(this, place);
    if (found) return this.#onJoint(found, place, event);
    const bone = boneAt(store.doc, store, this.view, place, { radius: touch ? 14 : 6, only });
    if (bone) {
      if (event.shiftKey) return void store.select(bone.person, bone.bone, { add: true });
      const several = store.selected.size > 2 && bone.bone.every((i) => store.isSelected(bone.person, i));
      if (several && !this.#holdsAll()) return gestures.selection(this, place);
      store.select(bone.person, bone.bone);
      return gestures.limb(this, place, bone);
    }
    if (this.lasso || (event.altKey && !touch)) return gestures.lasso(this, place, event, only);
    if (touch && !this.marqueeTouch) return gestures.pan(this, place, () => store.clearSelection());
    return gestures.marquee(this, place, event, only);
  }

  #onJoint(found, place, event) {
    const { store } = this;
    const { person, joint, group } = found;
    const skeleton = store.skeletonOf(store.doc.people[person]);
    const joints = group ? skeleton.groupIndices[group] : [joint];
    if (event.shiftKey) return void store.select(person, joints, { toggle: true });
    const several = store.isSelected(person, joint) && store.selected.size > Math.max(2, joints.length);
    if (several && !this.#holdsAll()) return gestures.selection(this, place);
    store.select(person, joints);
    const carrier = group ? carrierOf(store.doc.people[person], skeleton, group) : joint;
    return carrier === null ? gestures.selection(this, place) : gestures.joint(this, place, { person, joint: carrier });
  }

  /** In the closer look, a hand or face that is selected whole still bends joint by joint. */
  #holdsAll() {
    const { only, store } = this;
    return Boolean(only) && store.jointsOf(store.active).length >= only.size;
  }

  #move(place, event) {
    if (this.pointers.has(event.pointerId)) this.pointers.set(event.pointerId, place);
    if (this.pressPlace && Math.hypot(place[0] - this.pressPlace[0], place[1] - this.pressPlace[1]) > 8) clearTimeout(this.pressTimer);
    if (this.pinch) this.#movePinch();
    else if (this.gesture) this.gesture.move(place, event);
    else if (event.pointerType !== "touch") this.#hoverAt(place);
  }

  #up(event) {
    this.pointers.delete(event.pointerId);
    clearTimeout(this.pressTimer);
    if (this.pinch) {
      if (this.pointers.size === 0) this.pinch = null;
      return;
    }
    const { gesture } = this;
    this.gesture = null;
    this.front.style.cursor = "";
    if (event.type === "pointercancel") gesture?.cancel();
    else gesture?.up();
  }

  /** Give up the gesture under way; true when there was one. */
  cancelGesture() {
    const { gesture } = this;
    this.gesture = null;
    gesture?.cancel();
    return Boolean(gesture);
  }

  #startPinch() {
    this.cancelGesture();
    clearTimeout(this.pressTimer);
    const [a, b] = [...this.pointers.values()];
    this.pinch = { center: mid(a, b), span: gap(a, b) };
  }

  #movePinch() {
    const [a, b] = [...this.pointers.values()];
    if (!b) return;
    const { center, span } = this.pinch;
    this.view.zoom(gap(a, b) / Math.max(span, 1), mid(a, b));
    this.view.pan(mid(a, b)[0] - center[0], mid(a, b)[1] - center[1]);
    this.pinch = { center: mid(a, b), span: gap(a, b) };
    this.paintAll();
  }

  #longPress(place) {
    if (this.brush) return;
    this.cancelGesture();
    this.longPressed = true;
    this.#cycleAt(place, 24);
  }

  #hoverAt(place) {
    const { store } = this;
    const found = place && this.tool === "pose" ? jointAt(store.doc, store, this.view, place, { only: this.only, split: this.split || Boolean(this.only) }) : null;
    const same = found?.person === this.hover.person && found?.joint === this.hover.joint;
    this.hover = found ?? {};
    if (place && this.tool === "pose") {
      const handle = handleAt(this.selectionFrame, place, 11);
      const grabs = found || tagAt(this.tags, place) >= 0 || handle;
      this.front.style.cursor = grabs ? "grab" : this.space ? "grab" : "";
    }
    if (!same) this.paint();
  }

  /** Right click or long press: visible → hidden → missing → visible. */
  #cycleAt(place, radius = 11) {
    if (this.tool !== "pose") return;
    const found = jointAt(this.store.doc, this.store, this.view, place, { radius, only: this.only, split: true });
    if (found) this.dispatchEvent(new CustomEvent("cycle", { detail: found }));
  }

  /** Double click: the whole hand, face or limb. */
  #double(place) {
    if (this.tool !== "pose") return;
    const { store } = this;
    const found = jointAt(store.doc, store, this.view, place, { only: this.only, split: true });
    if (!found) return;
    const person = store.doc.people[found.person];
    const skeleton = store.skeletonOf(person);
    const group = skeleton.groupOfJoint[found.joint];
    if (!group) return;
    store.select(found.person, skeleton.groupIndices[group].filter((i) => present(person, i)));
    this.dispatchEvent(new CustomEvent("group", { detail: { group } }));
  }

  addBox(box) {
    this.boxes = [...this.boxes, box];
    this.dispatchEvent(new CustomEvent("boxes"));
    this.paint();
  }

  /** The box drawn last, taken back. */
  dropBox() {
    this.boxes = this.boxes.slice(0, -1);
    this.dispatchEvent(new CustomEvent("boxes"));
    this.paint();
  }

  clearBoxes() {
    this.boxes = [];
    this.dispatchEvent(new CustomEvent("boxes"));
    this.paint();
  }
}

/** The joint by which a hand or face taken as one piece is led: the arm bends after its hand, the head turns with its face. */
function carrierOf(person, skeleton, group) {
  const joint = skeleton.at[{ left_hand: "left_wrist", right_hand: "right_wrist", face: "nose" }[group]];
  return joint !== undefined && present(person, joint) ? joint : null;
}

const mid = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
