// From page to page of something long.

import { el, fill } from "./dom.js";

/**
 * @param {string} what of what, in the plural
 * @param {number} size of a page
 * @param {() => void} turned
 */
export function pager(what, size, turned) {
  let offset = 0;
  let total = 0;
  const told = el("span", { class: "sl-muted" });
  const back = el("button", { type: "button", "aria-label": `earlier ${what}`, onclick: () => turn(offset - size) }, "‹");
  const on = el("button", { type: "button", "aria-label": `later ${what}`, onclick: () => turn(offset + size) }, "›");
  const element = el("div", { class: "sl-tools sl-pager" }, back, told, on);

  /** @param {number} to */
  function turn(to) {
    offset = Math.max(0, to);
    turned();
    draw();
    const button = to < offset || on.disabled ? back : on;
    if (document.activeElement === document.body) button.focus();
  }

  function draw() {
    element.hidden = total <= size && offset === 0;
    const end = Math.min(total, offset + size);
    fill(told, total ? `${(offset + 1).toLocaleString("en")} to ${end.toLocaleString("en")} of ${total.toLocaleString("en")}` : "none");
    back.disabled = offset === 0;
    on.disabled = end >= total;
  }

  return {
    element,
    offset: () => offset,
    first: () => {
      offset = 0;
    },
    /** How many there are now. @param {number} count */
    show(count) {
      total = count;
      if (offset >= total) offset = Math.max(0, Math.floor((total - 1) / size) * size);
      draw();
    },
  };
}
