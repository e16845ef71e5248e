// A list to choose from, of any length: only the rows in sight are drawn. Arrow keys, Home, End and pages move in it.

import { el, fill } from "./dom.js";

/**
 * @template T
 * @param {{label: string, key: (item: T) => string, row: (item: T) => any[], words: (item: T) => string,
 *          choose: (item: T) => void, seen?: () => void, height?: number, rows?: number}} wanted
 *        words is what a screen reader says of a row; seen is told when other rows are in sight
 */
export function listing({ label, key, row, words, choose, seen, height = 34, rows = 9 }) {
  const own = `sl-list-${Math.random().toString(36).slice(2, 9)}`;
  const space = el("div", { role: "presentation", class: "sl-list-space" });
  const element = el("div", { class: "sl-list", role: "listbox", tabindex: "0", "aria-label": label }, space);
  /** @type {T[]} */
  let items = [];
  let chosen = "";
  let at = 0;

  const first = () => Math.max(0, Math.floor(element.scrollTop / height) - 2);
  const last = () => Math.min(items.length, Math.ceil((element.scrollTop + element.clientHeight) / height) + 2);

  function draw() {
    const made = [];
    let active = "";
    for (let index = first(); index < last(); index++) {
      const item = items[index];
      const on = key(item) === chosen;
      if (index === at) active = `${own}-${index}`;
      const option = el(
        "div",
        {
          role: "option",
          id: `${own}-${index}`,
          class: index === at ? "sl-item sl-at" : "sl-item",
          "aria-selected": String(on),
          "aria-label": words(item),
          "aria-setsize": items.length,
          "aria-posinset": index + 1,
        },
        row(item),
      );
      option.style.top = `${index * height}px`;
      option.style.height = `${height}px`;
      made.push(option);
    }
    fill(space, made);
    if (active) element.setAttribute("aria-activedescendant", active);
    else element.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  function pick(index) {
    if (!items[index]) return;
    at = index;
    chosen = key(items[index]);
    into(index);
    draw();
    choose(items[index]);
  }

  /** @param {number} index */
  function into(index) {
    const top = index * height;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + height > element.scrollTop + element.clientHeight) element.scrollTop = top + height - element.clientHeight;
  }

  // By its place: a row may be drawn anew between the press of a button and its release.
  element.addEventListener("click", (/** @type {any} */ event) => {
    const option = event.target.closest('[role="option"]');
    const index = option ? option.getAttribute("aria-posinset") - 1 : Math.floor((event.clientY - space.getBoundingClientRect().top) / height);
    pick(index);
  });
  element.addEventListener("scroll", () => {
    draw();
    seen?.();
  });
  element.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const page = Math.max(1, Math.floor(element.clientHeight / height) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -items.length, End: items.length };
    const step = /** @type {Record<string, number>} */ (steps)[event.key];
    if (step !== undefined && items.length) {
      event.preventDefault();
      at = Math.min(items.length - 1, Math.max(0, at + step));
      pick(at);
    } else if ((event.key === "Enter" || event.key === " ") && items.length) {
      event.preventDefault();
      pick(at);
    }
  });

  return {
    element,
    /** @param {T[]} list */
    show(list) {
      items = list;
      element.hidden = !items.length;
      element.style.height = `${Math.min(rows, items.length) * height + 2}px`;
      space.style.height = `${items.length * height}px`;
      const found = items.findIndex((item) => key(item) === chosen);
      at = found >= 0 ? found : Math.min(at, Math.max(0, items.length - 1));
      draw();
    },
    draw,
    /** What is listed is another selection: begin at its top. */
    top() {
      at = 0;
      element.scrollTop = 0;
    },
    /** Mark one as chosen, and bring it into sight. @param {string} name */
    mark(name) {
      if (name === chosen) return;
      chosen = name;
      const found = items.findIndex((item) => key(item) === name);
      if (found >= 0) {
        at = found;
        into(found);
      }
      draw();
    },
    /** The keys of the rows in sight. */
    inSight: () => items.slice(first(), last()).map(key),
  };
}
