// Building the page: one element maker, one icon maker.

/** An element: h("button.tool.on", {title, onclick, ariaPressed: "true"}, "text", child, …). Falsy children are left out. */
export function h(selector, props = {}, ...children) {
  const [tag, ...classes] = selector.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "style") Object.assign(element.style, value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name in element) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

// One stroke weight, 24 px grid; each is drawn by hand for this studio.
const shapes = {
  photo: "M4 6h16v12H4zM4 15l4.5-4 4 3.5 3-2.5L20 15M15.5 9.5h.01",
  pose: "M12 5.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M12 6v8M6 9.5l6-1.5 6-2.5M12 14l-3.5 7M12 14l4 3-1 4.5",
  body: "M12 6a2 2 0 1 0 0-4 2 2 0 0 0 0 4M8.5 8h7l2 6-2 .8L14.5 12l.7 9h-2.4L12 15.5 11.200 21H8.800l.7-9-1 2.800-2-.8z",
  picture: "M4 20c1-4 3-4.500 4.500-3s0 3-4.500 3M9 15.500 19 4.500c.8-.9 2 .2 1.200 1.200L10.500 17",
  undo: "M9 7 5 11l4 4M5 11h9a5 5 0 0 1 0 10h-2",
  redo: "m15 7 4 4-4 4M19 11h-9a5 5 0 0 0 0 10h2",
  open: "M4 18V6h5l2 2.500h9V18zM12 16v-5M9.500 13 12 10.500 14.500 13",
  export: "M12 15V4M8 8l4-4 4 4M5 13v7h14v-7",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2.500v2M12 19.500v2M2.500 12h2M19.500 12h2M5.300 5.300l1.400 1.400M17.300 17.300l1.400 1.400M5.300 18.700l1.400-1.400M17.300 6.700l1.400-1.400",
  help: "M9 9a3 3 0 1 1 4.500 2.600c-1 .6-1.500 1.200-1.500 2.400M12 17.500h.01M12 21.500a9.500 9.500 0 1 0 0-19 9.500 9.500 0 0 0 0 19z",
  marquee: "M4 7V4h3M17 4h3v3M20 17v3h-3M7 20H4v-3M10.500 4h3M10.500 20h3M4 10.500v3M20 10.500v3",
  hand: "M8 12V5.500a1.300 1.300 0 0 1 2.600 0V11 4a1.300 1.300 0 0 1 2.600 0v7-5.500a1.300 1.300 0 0 1 2.600 0V12 8a1.300 1.300 0 0 1 2.600 0v6.500c0 4-2.500 6.500-6 6.500-3 0-4.500-1.500-6-4l-2.500-4c-.8-1.500 1-2.500 2-1.300z",
  box: "M5 6h14v12H5zM3 6h4M5 4v4M17 18h4M19 16v4",
  lock: "M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3",
  unlock: "M6 11h12v9H6zM8.500 11V7a3.500 3.500 0 0 1 6.800-1",
  symmetry: "M12 3v2M12 8v2M12 13v2M12 18v3M8.500 5.500 5 11l3.500 7M15.500 5.500 19 11l-3.500 7",
  mirror: "M12 3v2M12 8v2M12 13v2M12 18v3M9 7l-5.500 10H9zM15 7l5.500 10H15z",
  swap: "M7 8h12l-3-3.500M17 16H5l3 3.500",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  trash: "M5 7h14M9.500 7V4.500h5V7M7 7l1 13h8l1-13M10.500 11v5.500M13.500 11v5.500",
  copy: "M9 9h10v11H9zM5 15V4h10",
  up: "M12 19V5M6.500 10.500 12 5l5.500 5.500",
  down: "M12 5v14M6.500 13.500 12 19l5.500-5.500",
  eye: "M2.500 12S6 6 12 6s9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM12 14.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z",
  eyeoff: "M2.500 12S6 6 12 6s9.500 6 9.500 6-3.500 6-9.500 6-9.500-6-9.500-6zM4 20 20 4",
  camera: "M4 8h3.500l1.500-2.500h6L16.500 8H20v11H4zM12 16.500a3.200 3.200 0 1 0 0-6.400 3.200 3.200 0 0 0 0 6.400z",
  library: "M4 4.500h7V11H4zM13 4.500h7V11h-7zM4 13h7v6.500H4zM13 13h7v6.500h-7z",
  flip: "M4 12h16M7.500 8.500 4 12l3.500 3.500M16.500 8.500 20 12l-3.500 3.500",
  front: "M4 4h10v10H4zM17 10h3v10H10v-3",
  move: "M12 3v18M3 12h18M12 3 9.500 5.500M12 3l2.500 2.500M12 21l-2.500-2.500M12 21l2.500-2.500M3 12l2.500-2.500M3 12l2.500 2.500M21 12l-2.500-2.500M21 12l-2.500 2.500",
  chevron: "m7.500 10 4.500 4.500L16.500 10",
  download: "M12 4v11M8 11l4 4 4-4M5 13v7h14v-7",
  film: "M4 5h16v14H4zM8 5v14M16 5v14M4 9.700h4M4 14.300h4M16 9.700h4M16 14.300h4",
  folder: "M4 18.500V6h5l2 2.500h9v10z",
  again: "M19 12a7 7 0 1 1-2.200-5.100M17.500 3.500V7.200h-3.700",
  pin: "M9 3.500h6M10 3.500v6.200L7 13v1.500h10V13l-3-3.300V3.500M12 14.500v6",
  bones: "M8.200 8.200l7.600 7.600M8.200 8.200a2 2 0 1 1-3.600-1.200 2 2 0 1 1 2.400-2.400 2 2 0 1 1 1.200 3.600zM15.800 15.800a2 2 0 1 1 3.600 1.200 2 2 0 1 1-2.400 2.400 2 2 0 1 1-1.200-3.600z",
  handles: "M12 7a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M6 21a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M18 21a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5M11 6.800l-4 9.400M13 6.800l4 9.400",
  body_draw: "M4 5h16v11.500H4zM8 20h8M12 16.500V20M12 8.500a1 1 0 1 0 0-2 1 1 0 0 0 0 2M12 8.500v3l-1.800 3M12 11.500l1.800 3M9.500 9.800h5",
  vary: "M12 5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3M12 6v7M12 8.500 7.500 6M12 8.500l4.500-2.500M12 8.500l-5 2.500M12 8.500l5 2.500M12 13l-4 8M12 13l4 8M12 13l-1 8M12 13l1 8",
  flips: "M4.500 18.500 10 12 4.500 5.500M19.500 18.500 14 12l5.500-6.500M12 3v2.500M12 9v2M12 13.500v2M12 18.500V21",
  dice: "M5 5h14v14H5zM9 9h.01M15 9h.01M12 12h.01M9 15h.01M15 15h.01",
  complete: "M9 20v-6.500L6.500 11V7.500M9 13.500l1-7M11.500 13V5M14 13.500l1-6.500M9 20h6l1.500-6 2-3M18.500 3.500v3M17 5h3",
  lasso: "M7.500 15.500C5 14.500 3.500 12.500 3.500 10.200 3.500 6.700 7.300 4 12 4s8.500 2.700 8.500 6.200-3.800 6.200-8.500 6.200c-1.200 0-2.300-.2-3.300-.5M7.200 18a2 2 0 1 0 0-4 2 2 0 0 0 0 4M7.200 18c0 1.500-.7 2.500-2 3",
  live: "M4 4.500h16v15H4zM13 8.500a1.300 1.300 0 1 0 0-2.600 1.300 1.300 0 0 0 0 2.600M10.200 10.500h5.600M13 10.500v3.500l-1.600 3.200M13 14l1.600 3.200M6.500 7.500v9",
  lift: "M12 8a2 2 0 1 0 0-4 2 2 0 0 0 0 4M12 10v5M8 11.500l4-1.500 4 1.500M10 20l2-5 2 5M19.500 20V9M17 11.500 19.500 9 22 11.500M4 20h2M9 20h2M14 20h2",
  readings: "M8 4.500h8.500V17H8zM5.500 7v12.500H14M12.200 8.500h.01M12.200 10.500v2M10.800 14.500l1.400-2 1.400 2",
  over: "M12 4 20.500 8.500 12 13 3.500 8.500zM4 12.500l8 4 8-4M4 16l8 4 8-4",
  keep: "M7 4h10v16l-5-4-5 4z",
  turned: "M9 15.400C6.100 15 4 13.700 4 12c0-2.100 3.600-3.800 8-3.800s8 1.700 8 3.800c0 1.900-2.800 3.400-6.500 3.700M15.700 13l-2.400 2.700 2.600 2.300",
  warning: "M12 4.500 20.500 19h-17zM12 10v4M12 16.500h.01",
  brush: "M4 20.500c.500-4 2-5.500 4.200-5.500a2.800 2.800 0 0 1 2.800 2.800c0 2-2 2.700-7 2.700zM9.500 15.200 18.300 4.600c.9-1 2.500.3 1.700 1.400l-8.800 10.500",
  eraser: "M9.500 20 3.800 14.300a1.200 1.200 0 0 1 0-1.700l8.300-8.300a1.200 1.200 0 0 1 1.700 0l6 6a1.200 1.200 0 0 1 0 1.700L12 20M8 8.500l7.700 7.700M7.500 20h12",
  invert: "M12 20.500a8.500 8.500 0 1 0 0-17 8.500 8.500 0 0 0 0 17M12 3.500v17M12 8h5.800M12 12h7.800M12 16h5.800",
  tick: "M5 12.500 10 17.500 19 7",
  zoom: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13M15.500 15.500 21 21M10.500 7.500v6M7.500 10.500h6",
};

/** An inline SVG icon by name. */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", shapes[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon, a tooltip that is also its name, and optionally a text beside. */
export function button(iconName, title, onclick, { text, key, className = "", ...props } = {}) {
  const label = key ? `${title} (${key})` : title;
  const element = h("button", { type: "button", title: label, ariaLabel: title, onclick, ...props }, iconName && icon(iconName), text);
  element.className = `${text ? "labelled" : "square"} ${className}`.trim();
  return element;
}

/** The figure at rest: shoulders one way, hips the other. */
export function mark() {
  const svg = h("div.logo");
  svg.innerHTML = `<svg viewBox="0 0 48 48" aria-hidden="true"><path d="M14 17.500 33 14M16 30l15 3.500M23.500 15.800c1.500 5 1 11-.500 16M23.500 11.500a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM14 17.500 11 27l4 6M33 14l3.500 9-5 5M16.500 30 15 45M30.500 33.400 33 39l-1.500 6"/></svg>`;
  return svg;
}

/** A sentence: with a capital and a full stop. */
export const capital = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Words with their {gaps} filled in. */
export const worded = (text, values) => text.replace(/\{(\w+)\}/g, (gap, name) => values[name] ?? gap);

/** Seconds as people say them: 0.2 s, 40 s, 5 min, 2 h 10 min. */
export function duration(seconds, { units }) {
  if (seconds < 9.5) return worded(units.seconds, { n: seconds < 0.95 ? Math.max(0.1, Math.round(seconds * 10) / 10) : Math.round(seconds) });
  if (seconds < 90) return worded(units.seconds, { n: 5 * Math.round(seconds / 5) });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return worded(units.minutes, { n: minutes });
  return worded(units.hours, { h: Math.floor(minutes / 60), n: minutes % 60 });
}

/** Megabytes as people say them: 22 MB, 3.9 GB. */
export const size = (megabytes, { units }) => (megabytes < 1000 ? worded(units.megabytes, { n: Math.max(1, Math.round(megabytes)) }) : worded(units.gigabytes, { n: (megabytes / 1000).toFixed(1) }));

/** How a control is known again when it has been built anew. */
const called = (one) => one.dataset.model ?? one.ariaLabel ?? (one.title || (one.closest("label") ?? one).textContent);

/** Replace all children; the keyboard stays where it was, or goes to what there is to do now. What moves its place is made by a function. */
export function refill(element, ...children) {
  const focused = element.getRootNode().activeElement;
  const had = focused && element.contains(focused);
  fill(element, ...children.flatMap((child) => (typeof child === "function" ? child() : child)));
  if (!had) return element;
  const same = (one) => one.tagName === focused.tagName && called(one) === called(focused);
  const next = focused.isConnected ? focused : ([...element.querySelectorAll("button, input, select, summary, a")].find(same) ?? element.querySelector(".job button, .stop, .run, button.primary, .fetch button"));
  next?.focus({ preventScroll: true });
  return element;
}

/** Replace all children. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter(Boolean));
  return element;
}
