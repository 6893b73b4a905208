// A button that opens a list to choose one thing from, in a popover of its own, by pointer and by keys.

import { fill, h, icon, refill } from "./dom.js";

export class PickList {
  /** `opening` is called before the list is shown, to lay it. */
  constructor(label, opening) {
    this.opening = opening;
    this.pick = h("button.pick", { type: "button", ariaHasPopup: "listbox", ariaExpanded: "false", onclick: () => this.#open() });
    this.list = h("div.models", { popover: "auto", role: "listbox", ariaLabel: label, onkeydown: (event) => this.#key(event), ontoggle: (event) => this.#toggled(event) });
    this.element = h("div.field", {}, h("span", {}, label), this.pick, this.list);
    addEventListener("resize", () => this.close());
  }

  get isOpen() {
    return this.list.matches(":popover-open");
  }

  close() {
    if (this.isOpen) this.list.hidePopover();
  }

  /** What is chosen, on the button. */
  tell(title, sub, disabled = false) {
    fill(this.pick, h("span", {}, h("strong", {}, title), h("small", {}, sub ?? "—")), icon("chevron"));
    this.pick.disabled = disabled;
  }

  /**
   * The list anew, only when there are others: a row that is built anew while it is pressed never hears the click.
   * `groups`: [label, rows], a row: [name, title, sub, is it unusable]; `choose(name)` when one is pressed.
   */
  lay(groups, chosen, choose) {
    const now = JSON.stringify([chosen, groups]);
    if (now === this.listed) return;
    this.listed = now;
    const row = ([name, title, sub, bad]) => {
      const on = name === chosen;
      const press = () => (this.close(), choose(name));
      return h(`button.model${on ? ".on" : ""}${bad ? ".bad" : ""}`, { type: "button", role: "option", ariaSelected: String(on), tabIndex: on ? 0 : -1, data: { model: name }, onclick: press },
        h("span", {}, h("strong", {}, title), h("small", {}, sub)), h("small.cost"));
    };
    refill(this.list, groups.filter(([, rows]) => rows.length).map(([label, rows]) => h("div", { role: "group", ariaLabel: label }, h("h3", {}, label), rows.map(row))));
  }

  /** [name, the cell at the end of its row] of every row, for what it costs. */
  get cells() {
    return [...this.list.querySelectorAll("[data-model]")].map((row) => [row.dataset.model, row.lastChild]);
  }

  #open() {
    if (this.isOpen) return this.list.hidePopover();
    this.opening();
    const { left, top, bottom, width } = this.pick.getBoundingClientRect();
    const below = innerHeight - bottom - 16;
    const under = below > 320 || below > top - 16;
    const wide = Math.min(Math.max(width, 320), innerWidth - 16);
    Object.assign(this.list.style, {
      width: `${wide}px`, left: `${Math.max(8, Math.min(left, innerWidth - wide - 8))}px`,
      top: under ? `${bottom + 4}px` : "auto", bottom: under ? "auto" : `${innerHeight - top + 4}px`, maxHeight: `${Math.min(under ? below : top - 16, 560)}px`,
    });
    this.list.showPopover();
    this.list.querySelector("[aria-selected=true]")?.focus();
  }

  #toggled({ newState }) {
    this.pick.ariaExpanded = String(newState === "open");
    if (newState === "closed" && this.list.contains(this.list.getRootNode().activeElement)) this.pick.focus();
  }

  #key(event) {
    const rows = [...this.list.querySelectorAll("[role=option]")];
    const at = rows.indexOf(this.list.getRootNode().activeElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to === undefined) return;
    rows[Math.max(0, Math.min(rows.length - 1, to))].focus();
    event.preventDefault();
    event.stopPropagation();
  }
}
