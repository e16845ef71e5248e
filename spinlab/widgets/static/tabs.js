// Tabs: one panel of several is shown; arrow keys go from one to the next.

import { el, fill } from "./dom.js";

let tabsMade = 0;

/**
 * @param {string} label what the tabs are of, for screen readers
 * @param {{key: string, title: string, panel: any}[]} items
 */
export function tabs(label, items) {
  const own = `sl-tabs-${Math.random().toString(36).slice(2, 8)}-${++tabsMade}`;
  const buttons = items.map(({ key, title }) =>
    el(
      "button",
      {
        type: "button",
        role: "tab",
        id: `${own}-${key}`,
        "aria-controls": `${own}-${key}-panel`,
        class: "sl-tab",
        onclick: () => choose(key),
      },
      title,
    ),
  );
  const panels = items.map(({ key, panel }) =>
    el(
      "div",
      { role: "tabpanel", id: `${own}-${key}-panel`, "aria-labelledby": `${own}-${key}`, class: "sl-panel" },
      panel,
    ),
  );
  const list = el("div", { role: "tablist", "aria-label": label, class: "sl-tablist", onkeydown: move }, buttons);
  let chosen = "";
  /** @type {((key: string) => void) | null} */
  let listener = null;

  /** @param {string} key */
  function choose(key) {
    chosen = key;
    items.forEach((item, index) => {
      const on = item.key === key;
      buttons[index].setAttribute("aria-selected", String(on));
      buttons[index].tabIndex = on ? 0 : -1;
      panels[index].hidden = !on;
    });
    listener?.(key);
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const open = buttons.filter((button) => !button.hidden);
    const at = open.findIndex((button) => button.getAttribute("aria-selected") === "true");
    let next = step === undefined ? -1 : (at + step + open.length) % open.length;
    if (event.key === "Home") next = 0;
    if (event.key === "End") next = open.length - 1;
    if (next < 0) return;
    event.preventDefault();
    open[next].focus();
    open[next].click();
  }

  choose(items[0].key);
  return {
    element: el("div", { class: "sl-tabs" }, list, panels),
    choose,
    chosen: () => chosen,
    /** @param {(key: string) => void} told */
    onchoose: (told) => {
      listener = told;
    },
    /**
     * @param {string} key
     * @param {string} title
     * @param {string | number} [count] shown beside it
     */
    title: (key, title, count = "") => {
      const index = items.findIndex((item) => item.key === key);
      fill(buttons[index], title, count === "" || count === 0 ? null : el("span", { class: "sl-count" }, count));
    },
  };
}
