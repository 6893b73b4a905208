// The small window on the live body: in which corner it lies, and from where the body is seen in it.

import { BodyView, headingOf } from "./body_view.js";
import { boxOf } from "./figure.js";
import { button, h } from "./dom.js";

const quarter = 0.011; // rad a pixel turns the view
const still = 3; // px that a click may wander
const margin = 8; // px about the drawn figure
const [crown, soles, aside] = [0.12, 0.06, 0.05]; // of its height: what lies beyond the outermost joints
const [moving, resting] = [320, 640]; // px of the longer side of a picture
const corners = ["ne", "nw", "sw", "se"];
const aims = ["drawing", "side", "threeQuarter"];
const readyOf = { side: "left", threeQuarter: "threeQuarter" };
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class LiveInset extends EventTarget {
  /** Tells "seen" when another picture is wanted, and "over", "open" and "close" when those are asked for. */
  constructor(studio) {
    super();
    this.studio = studio;
    this.words = studio.words.live;
    this.view = new BodyView();
    this.aim = "drawing"; // or a free view: null
    this.framed = false;
    const tell = (type) => () => this.dispatchEvent(new CustomEvent(type));
    const { words } = this;
    this.image = h("img", { alt: "", draggable: false, hidden: true });
    this.window = h("div.window", { tabIndex: 0, role: "img", ariaLabel: words.window, title: words.windowHelp }, this.image);
    this.line = h("div.line", { role: "status", hidden: true });
    this.aims = h("div.segments", {}, aims.map((name) => h("button.segment", { type: "button", data: { aim: name }, title: words.aimHelp[name], onclick: () => this.look(name) }, words.aims[name])));
    this.overButton = button("over", words.over, tell("over"), { ariaPressed: "false" });
    this.grip = button("move", words.corner, () => this.#next());
    this.element = h("section.live", { hidden: true, ariaLabel: words.title },
      h("header", {}, this.grip, this.aims, h("div.grow"), this.overButton, button("body", words.open, tell("open")), button("close", words.close, tell("close"))),
      this.window, this.line);
    this.corner = localStorage.getItem("contrapposto-live-corner") ?? "ne";
    this.#listen();
    new ResizeObserver(() => this.#resized()).observe(this.window);
  }

  set corner(name) {
    this.element.dataset.corner = corners.includes(name) ? name : "ne";
    localStorage.setItem("contrapposto-live-corner", this.element.dataset.corner);
  }

  get corner() {
    return this.element.dataset.corner;
  }

  // ── from where ──

  /** Look from one of the ready sides. */
  look(aim) {
    this.aim = aim;
    this.framed = false;
    this.#changed();
  }

  /** Whether the frame holds the figure in good size; a figure that was carried out of it is framed anew. */
  holds(person, joints) {
    const { view } = this;
    const places = this.aim === "drawing" ? boxCorners(boxOf(person)).map((p) => view.paper.toScreen(p)) : joints.map((p) => view.project(p));
    const [xs, ys] = [0, 1].map((axis) => places.map((p) => p[axis]));
    const inside = Math.min(...xs) > -4 && Math.max(...xs) < view.width + 4 && Math.min(...ys) > -4 && Math.max(...ys) < view.height + 4;
    return inside && Math.max((Math.max(...xs) - Math.min(...xs)) / view.width, (Math.max(...ys) - Math.min(...ys)) / view.height) > 0.5;
  }

  /** The figure whole in the window: `joints` in space, those of left and right `sides`, and the drawing's camera. */
  frame(person, camera, joints, sides) {
    const { view } = this;
    if (this.aim === "drawing" || !joints) {
      view.follow(camera);
      view.paper.fit(roomy(boxOf(person)), margin);
      this.framed = this.aim === "drawing";
      return;
    }
    if (this.aim) view.ready(readyOf[this.aim], joints, headingOf(sides));
    else view.fit(joints);
    this.framed = true;
  }

  /** What the server is told of this view. */
  told(isMoving, look) {
    const { view } = this;
    const { camera } = view.picture(isMoving ? moving : resting, isMoving ? 1.25 : Math.min(2, devicePixelRatio || 1));
    return { camera, look: { ...look, ground: !view.drawn, shadows: true, background: colorOf(this.element, "--studio-floor") }, moving: isMoving };
  }

  /** Show a picture that the server sent. */
  async show(address) {
    const next = new Image();
    next.src = address;
    await next.decode();
    this.image.src = address;
    this.image.hidden = false;
  }

  /** One line under the figure: what is under way or wrong, with a bar for the share done. */
  say(text, { share = null, cancel = null } = {}) {
    this.line.hidden = !text;
    this.line.classList.toggle("busy", Boolean(cancel));
    if (!text) return;
    const bar = cancel && h("progress", share === null ? {} : { max: 1, value: share });
    this.line.replaceChildren(...[h("span", { title: text }, text), cancel && h("button.link", { type: "button", onclick: cancel }, this.studio.words.photo.cancel), bar].filter(Boolean));
  }

  #changed() {
    for (const one of this.aims.children) one.classList.toggle("on", one.dataset.aim === this.aim);
    this.dispatchEvent(new CustomEvent("seen"));
  }

  #resized() {
    const { clientWidth, clientHeight } = this.window;
    if (!clientWidth || !clientHeight || (clientWidth === this.view.width && clientHeight === this.view.height)) return;
    this.view.resize(clientWidth, clientHeight);
    this.framed = false;
    this.#changed();
  }

  // ── pointer and keys ──

  #listen() {
    const { window: pane, element } = this;
    let last = null;
    let begun = false;
    pane.addEventListener("pointerdown", (event) => {
      pane.setPointerCapture(event.pointerId);
      last = [event.clientX, event.clientY];
      begun = false;
    });
    pane.addEventListener("pointermove", (event) => {
      if (!last) return;
      const by = [event.clientX - last[0], event.clientY - last[1]];
      begun ||= Math.hypot(...by) > still;
      if (!begun) return;
      last = [event.clientX, event.clientY];
      this.orbit(-by[0] * quarter, by[1] * quarter);
    });
    for (const type of ["pointerup", "pointercancel", "lostpointercapture"]) pane.addEventListener(type, () => (last = null));
    pane.addEventListener("dblclick", () => this.look("drawing"));
    pane.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.view.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), [event.offsetX, event.offsetY]);
      this.#changed();
    }, { passive: false });
    pane.addEventListener("keydown", (event) => {
      const turn = arrows[event.key];
      if (!turn && event.key !== "0") return;
      event.preventDefault();
      event.stopPropagation(); // else the selected joint would be nudged
      if (turn) this.orbit(-turn[0] * 0.17, turn[1] * 0.17);
      else this.look("drawing");
    });
    this.grip.addEventListener("keydown", (event) => {
      const to = arrows[event.key];
      if (!to) return;
      event.preventDefault();
      event.stopPropagation();
      const [v, e] = this.corner;
      this.corner = (to[1] ? "nns"[to[1] + 1] : v) + (to[0] ? "wwe"[to[0] + 1] : e);
    });
    this.#carry(element.querySelector("header"), element);
  }

  /** Turn about the figure's middle. */
  orbit(yaw, pitch) {
    this.view.free(this.pivot ?? [0, 0.9, 0]);
    this.view.orbit(yaw, pitch);
    this.aim = null;
    this.framed = true;
    this.#changed();
  }

  /** What is dragged under the window is seen through it. */
  giveWay({ clientX: x, clientY: y }, dragging) {
    if (this.element.hidden) return;
    const { left, top, right, bottom } = this.element.getBoundingClientRect();
    this.element.classList.toggle("thin", dragging && x > left && x < right && y > top && y < bottom);
  }

  #next() {
    if (!this.carried) this.corner = corners[(corners.indexOf(this.corner) + 1) % corners.length];
  }

  /** Dragged by its head to the corner that is nearest where it is let go. */
  #carry(head, element) {
    let from = null;
    head.addEventListener("pointerdown", (event) => {
      this.carried = false;
      if (event.target.closest("button") && !event.target.closest("button").isSameNode(this.grip)) return;
      from = [event.clientX, event.clientY];
      head.setPointerCapture(event.pointerId);
    });
    head.addEventListener("pointermove", (event) => {
      if (!from) return;
      const by = [event.clientX - from[0], event.clientY - from[1]];
      this.carried ||= Math.hypot(...by) > still;
      if (this.carried) element.style.translate = `${by[0]}px ${by[1]}px`;
    });
    for (const type of ["pointerup", "pointercancel"]) head.addEventListener(type, () => {
      if (from && !this.carried) this.#next();
      else if (from) {
        const [a, b] = [element.getBoundingClientRect(), element.parentElement.getBoundingClientRect()];
        this.corner = (a.top + a.bottom < b.top + b.bottom ? "n" : "s") + (a.left + a.right < b.left + b.right ? "w" : "e");
      }
      element.style.translate = "";
      from = null;
      this.carried = true; // the click that follows is no other wish
      setTimeout(() => (this.carried = false));
    });
  }
}

/** The box of a figure's joints with room for the flesh about them. */
function roomy([x0, y0, x1, y1]) {
  const height = Math.max(y1 - y0, 0.6 * (x1 - x0), 1);
  return [x0 - aside * height, y0 - crown * height, x1 + aside * height, y1 + soles * height];
}

const boxCorners = ([x0, y0, x1, y1]) => [[x0, y0], [x1, y1]];

/** A colour of the page's own look. */
const colorOf = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();
