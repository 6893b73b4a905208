// The canvas: the drawing below, the pose above, and the pointer. One class serves the main canvas and the zoomed pane.

import { h } from "./dom.js";
import { boneAt, frameOf, gathered, handleAt, jointAt, tagAt, tagOf } from "./hit.js";
import * as gestures from "./gestures.js";
import { hueOf, paintLabel, paintMissing, paintPerson, personColor } from "./paint.js";
import { present } from "./figure.js";
import { View } from "./view.js";

// Signs on the round handles, about their centre.
const knobs = {
  rotate: new Path2D("M3.6 -2.200A4.200 4.200 0 1 0 4.100 1.500M3.900 -5v3h-3"),
  move: new Path2D("M-5 0H5M0 -5V5M-5 0l1.700 -1.700M-5 0l1.700 1.700M5 0l-1.700 -1.700M5 0l-1.700 1.700M0 -5l-1.700 1.700M0 -5l1.700 1.700M0 5l-1.700 -1.700M0 5l1.700 -1.700"),
  flip: new Path2D("M0 -5V5M-1.800 -3L-5 0L-1.800 3M1.800 -3L5 0L1.800 3"),
};

export class Editor extends EventTarget {
  /** `only(person, skeleton)` limits the zoomed pane to some joints (a Set); null on the main canvas. */
  constructor(store, vault, words, { only = null } = {}) {
    super();
    Object.assign(this, { store, vault, words, onlyOf: only });
    this.view = new View();
    this.tool = "pose"; // pose | pan | box | look
    this.lock = true; // bones keep their length; Alt lets go
    this.symmetric = false;
    this.split = false; // hands and faces point by point at any zoom
    this.boxes = [];
    this.hover = {};
    this.tags = [];
    this.pointers = new Map();
    this.back = h("canvas");
    this.front = h("canvas", { tabIndex: only ? -1 : 0, ariaLabel: words.canvas });
    this.element = h("div.surface", {}, this.back, this.front);
    this.#listen();
    store.addEventListener("preview", () => this.paint());
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
      if (this.stale) this.#paintBack(), this.dispatchEvent(new CustomEvent("viewed"));
      this.stale = false;
      this.#paintFront();
    });
  }

  #paintBack() {
    const { view, store, vault } = this;
    const { size, photo, references } = store.shown;
    const ctx = this.back.getContext("2d");
    ctx.clearRect(0, 0, view.width, view.height);
    const place = (x, y, w, height) => [view.x + x * view.scale, view.y + y * view.scale, w * view.scale, height * view.scale];
    ctx.fillStyle = getComputedStyle(this.element).getPropertyValue("--sheet");
    ctx.shadowColor = "rgba(20,14,8,.25)";
    ctx.shadowBlur = 18;
    ctx.fillRect(...place(0, 0, ...size));
    ctx.shadowBlur = 0;
    ctx.imageSmoothingEnabled = view.scale < 3;
    ctx.imageSmoothingQuality = "high";
    const picture = vault.picture(photo?.key);
    if (picture) {
      ctx.globalAlpha = photo.opacity;
      ctx.drawImage(picture.bitmap, ...place(0, 0, ...size));
    }
    for (const reference of references) {
      const image = vault.picture(reference.key)?.bitmap;
      if (!image || !reference.visible) continue;
      ctx.globalAlpha = reference.opacity;
      ctx.drawImage(image, ...place(reference.x, reference.y, image.width * reference.scale, image.height * reference.scale));
    }
    ctx.globalAlpha = 1;
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
    if (!this.onlyOf) this.#paintTags(ctx, doc);
    this.#paintFrame(ctx, doc);
    this.#paintBoxes(ctx);
    this.#paintName(ctx, doc);
    this.painted = (this.painted ?? 0) + 1;
  }

  #paintTags(ctx, doc) {
    const label = (person, i) => person.name || `${this.words.figure} ${i + 1}`;
    this.tags = this.tool === "box" ? [] : doc.people.map((person, i) => tagOf(person, this.view, label(person, i)));
    ctx.font = "12px system-ui, sans-serif";
    ctx.textBaseline = "middle";
    this.tags.forEach((tag, i) => {
      if (!tag) return;
      const [x, y, w, height] = tag;
      ctx.fillStyle = i === this.store.active ? `hsl(${hueOf(i)} 45% 26% / .92)` : "rgba(40,34,28,.72)";
      ctx.beginPath();
      ctx.roundRect(x, y, w, height, 12);
      ctx.fill();
      ctx.fillStyle = personColor(i);
      for (const [dx, dy] of [[11, 8], [11, 12.5], [11, 17], [15.5, 8], [15.5, 12.5], [15.5, 17]]) ctx.fillRect(x + dx - 1, y + dy - 1, 2, 2);
      ctx.fillStyle = "#fffaf0";
      ctx.fillText(label(doc.people[i], i), x + 23, y + height / 2 + 0.5);
    });
  }

  #paintFrame(ctx, doc) {
    this.selectionFrame = this.tool === "pose" && !this.band ? frameOf(doc, this.store, this.view) : null;
    if (this.selectionFrame) {
      const { box, handles } = this.selectionFrame;
      ctx.strokeStyle = "rgba(255,250,240,.9)";
      ctx.lineWidth = 1;
      ctx.setLineDash([5, 4]);
      ctx.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]);
      ctx.setLineDash([]);
      for (const [name, [x, y]] of Object.entries(handles)) {
        ctx.fillStyle = "#fffaf0";
        ctx.strokeStyle = "rgba(28,24,20,.9)";
        ctx.lineWidth = 1.5;
        ctx.beginPath();
        if (knobs[name]) ctx.arc(x, y, 9, 0, Math.PI * 2);
        else ctx.roundRect(x - 4.5, y - 4.5, 9, 9, 2);
        ctx.fill();
        ctx.stroke();
        if (!knobs[name]) continue;
        ctx.save();
        ctx.translate(x, y);
        ctx.stroke(knobs[name]);
        ctx.restore();
      }
    }
    if (this.band) {
      const [x0, y0, x1, y1] = this.band;
      ctx.fillStyle = "rgba(222,120,80,.14)";
      ctx.strokeStyle = "rgba(222,120,80,.95)";
      ctx.fillRect(x0, y0, x1 - x0, y1 - y0);
      ctx.strokeRect(x0 + 0.5, y0 + 0.5, x1 - x0, y1 - y0);
    }
  }

  #paintBoxes(ctx) {
    const all = this.drawnBox ? [...this.boxes, this.drawnBox] : this.boxes;
    all.forEach((box, i) => {
      const [x0, y0] = this.view.toScreen([box[0] - 0.5, box[1] - 0.5]);
      const [x1, y1] = this.view.toScreen([box[2] - 0.5, box[3] - 0.5]);
      for (const [style, width] of [["rgba(20,16,12,.6)", 4], ["#ffb38a", 2]]) {
        ctx.strokeStyle = style;
        ctx.lineWidth = width;
        ctx.strokeRect(x0, y0, x1 - x0, y1 - y0);
      }
      paintLabel(ctx, `${this.words.box} ${i + 1}`, [x0 - 12, y0 + 30]);
    });
  }

  #paintName(ctx, doc) {
    const { person: p, joint, group } = this.hover;
    const person = doc.people[p];
    if (joint === undefined || !person) return;
    const skeleton = this.store.skeletonOf(person);
    const name = group ? this.words.groupName(group) : this.words.jointName(skeleton.joints[joint]);
    const state = person.states[joint] === "visible" ? "" : ` · ${this.words.states[person.states[joint]]}`;
    const score = person.sources[joint] === "model" && !group ? ` · ${Math.round(person.scores[joint] * 100)} %` : "";
    paintLabel(ctx, name + state + score, this.view.toScreen(person.points[joint]));
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
    if (event.button === 1 || this.space || tool === "pan") return gestures.pan(this, place);
    if (tool === "box") return gestures.box(this, place);
    if (this.movingReference !== undefined) return gestures.reference(this, place, this.movingReference);
    const handle = handleAt(this.selectionFrame, place, touch ? 20 : 11);
    if (handle === "flip") return void this.dispatchEvent(new CustomEvent("flip"));
    if (handle && tool === "pose") return gestures.transform(this, place, handle, this.selectionFrame);
    const tag = tagAt(this.tags, place);
    if (tag >= 0) {
      store.activate(tag);
      return tool === "pose" ? gestures.figure(this, place, tag) : gestures.pan(this, place);
    }
    if (tool === "look") return gestures.pan(this, place);
    const joint = jointAt(store.doc, store, this.view, place, { radius: touch ? 24 : 11, only, split: this.split || Boolean(only) });
    if (joint) return this.#onJoint(joint, place, event);
    const bone = boneAt(store.doc, store, this.view, place, { radius: touch ? 14 : 6, only });
    if (bone) {
      if (event.shiftKey) return void store.select(bone.person, bone.bone, { add: true });
      if (bone.bone.every((i) => store.isSelected(bone.person, i))) return gestures.selection(this, place);
      store.select(bone.person, bone.bone);
      return gestures.limb(this, place, bone);
    }
    if (touch && !this.marqueeTouch) return gestures.pan(this, place);
    return gestures.marquee(this, place, event, only);
  }

  #onJoint(found, place, event) {
    const { store } = this;
    const { person, joint, group } = found;
    const skeleton = store.skeletonOf(store.doc.people[person]);
    const joints = group ? skeleton.groupIndices[group] : [joint];
    if (event.shiftKey) return void store.select(person, joints, { toggle: true });
    const several = store.isSelected(person, joint) && store.selected.size > 1;
    if (!several) store.select(person, joints);
    return several || group ? gestures.selection(this, place) : gestures.joint(this, place, found);
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

  clearBoxes() {
    this.boxes = [];
    this.dispatchEvent(new CustomEvent("boxes"));
    this.paint();
  }

  /** Is this hand or face taken as one piece at the present zoom? */
  gathers(person, skeleton) {
    return gathered(person, skeleton, this.view, this.split).size > 0;
  }
}

const mid = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
