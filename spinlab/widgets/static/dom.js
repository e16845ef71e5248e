// Elements of plain values. Foreign text only ever becomes a text node or an attribute that can't run.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * One element.
 * @param {string} name
 * @param {Record<string, any>} [attributes] `class`, `on` + event -> listener, others as they are; null leaves one out
 * @param {...(Child | Child[])} children text becomes text nodes
 * @returns {any} the element
 */
export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) {
      if (typeof value !== "function") throw new TypeError(`${key} is no function`);
      made.addEventListener(key.slice(2), value);
    } else if (key === "href") {
      if (safe(String(value))) made.setAttribute("href", String(value));
    } else if (key === "value" || key === "checked" || key === "disabled" || key === "selected") {
      /** @type {any} */ (made)[key] = value;
    } else {
      made.setAttribute(key, value === true ? "" : String(value));
    }
  }
  put(made, ...children);
  return made;
}

/**
 * Append children: texts as text nodes.
 * @param {Element | DocumentFragment} parent
 * @param {...(Child | Child[])} children
 */
export function put(parent, ...children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * Replace all children.
 * @param {Element} parent
 * @param {...(Child | Child[])} children
 */
export function fill(parent, ...children) {
  parent.replaceChildren();
  put(parent, ...children);
}

/**
 * Whether an address may stand in a link: of the web, or within this site.
 * @param {string} address
 */
export function safe(address) {
  return /^(https?:\/\/|\/(?!\/))/i.test(address);
}

/** @param {number} value in seconds */
export function seconds(value) {
  if (value < 0.001) return `${Math.round(value * 1e6)} µs`;
  if (value < 1) return `${(value * 1000).toPrecision(value < 0.1 ? 2 : 3)} ms`;
  return `${value.toPrecision(3)} s`;
}

/** @param {number} value in bytes */
export function octets(value) {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${(value / 1000).toPrecision(3)} KB`;
  return `${(value / 1e6).toPrecision(3)} MB`;
}

/** @param {number} count */
export function times(count) {
  return count === 1 ? "once" : count === 2 ? "twice" : `${count} times`;
}

/**
 * A labelled control.
 * @param {string} label
 * @param {any} control
 */
export function labelled(label, control) {
  return el("label", { class: "sl-row" }, el("span", { class: "sl-muted" }, label), control);
}

/**
 * What went wrong, with its remedy, for a live region.
 * @param {{message?: string, hint?: string}} error
 */
export function problem(error) {
  return el(
    "div",
    { class: "sl-error", role: "alert" },
    el("span", { class: "sl-bad" }, error.message || "something failed"),
    error.hint ? el("div", { class: "sl-muted" }, `hint: ${error.hint}`) : null,
  );
}

/**
 * Copy a text to the clipboard, also where the page may not use it by itself.
 * @param {string} text
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return;
  } catch {
    const area = el("textarea", { "aria-hidden": "true", class: "sl-hidden", value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/**
 * Keep the notebook's keys from a widget: its letters run, move and delete cells. JupyterLab looks for the mark on the
 * element that has the focus.
 * @param {HTMLElement} root
 */
export function ownKeys(root) {
  root.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLElement) event.target.dataset.lmSuppressShortcuts = "true";
  });
}
