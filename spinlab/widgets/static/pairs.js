// An editor for pairs of texts: query parameters, headers, the fields of a form.

import { el } from "./dom.js";

/** @typedef {[string, string]} Pair */

/**
 * @param {string} what one of them is, such as "header"
 * @param {(pairs: Pair[]) => void} changed told of all that have a name or a value
 * @param {string[]} [names] offered for the names
 */
export function pairs(what, changed, names = []) {
  const own = `sl-names-${Math.random().toString(36).slice(2, 8)}`;
  const rows = el("div", { class: "sl-pairs" });
  const offered = names.length
    ? el(
        "datalist",
        { id: own },
        names.map((name) => el("option", { value: name })),
      )
    : null;

  /** @returns {Pair[]} */
  const read = () =>
    [...rows.children]
      .map((row) => /** @type {Pair} */ ([...row.querySelectorAll("input")].map((input) => input.value)))
      .filter(([name, value]) => name || value);

  const told = () => {
    const last = rows.lastElementChild;
    if (!last || [...last.querySelectorAll("input")].some((input) => input.value)) add("", "");
    changed(read());
  };

  /**
   * @param {string} name
   * @param {string} value
   */
  function add(name, value) {
    const first = el("input", {
      "aria-label": `${what} name`,
      placeholder: "name",
      value: name,
      list: offered ? own : null,
      spellcheck: "false",
      oninput: told,
    });
    const second = el("input", {
      "aria-label": `${what} value`,
      placeholder: "value",
      value,
      spellcheck: "false",
      oninput: told,
    });
    const remove = el(
      "button",
      {
        type: "button",
        class: "sl-quiet",
        "aria-label": `remove this ${what}`,
        onclick: () => {
          const next = row.nextElementSibling || row.previousElementSibling;
          row.remove();
          told();
          next?.querySelector("input")?.focus();
        },
      },
      "×",
    );
    const row = el("div", { class: "sl-pair" }, first, second, remove);
    rows.append(row);
  }

  add("", "");
  return {
    element: el("div", {}, rows, offered),
    /** @param {Pair[]} list */
    set: (list) => {
      if (JSON.stringify(list) === JSON.stringify(read())) return; // keeps the cursor where it is
      rows.replaceChildren();
      for (const [name, value] of list) add(name, value);
      add("", "");
    },
  };
}

/**
 * The pairs of an encoded query or form.
 * @param {string} text
 * @returns {Pair[]}
 */
export function decodedPairs(text) {
  return text
    .split("&")
    .filter((piece) => piece)
    .map((piece) => {
      const at = piece.indexOf("=");
      const [name, value] = at < 0 ? [piece, ""] : [piece.slice(0, at), piece.slice(at + 1)];
      return [decoded(name.replaceAll("+", " ")), decoded(value.replaceAll("+", " "))];
    });
}

/** @param {Pair[]} list */
export function encodedPairs(list) {
  return list.map(([name, value]) => `${encoded(name)}=${encoded(value)}`).join("&");
}

/** @param {string} text */
export function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {string} text half of a surrogate pair can't be encoded: it becomes what stands for what is no letter */
export function encoded(text) {
  return encodeURIComponent(
    text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd"),
  );
}
