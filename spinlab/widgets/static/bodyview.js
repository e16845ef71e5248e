// A body by its content type: JSON as a tree, text, images, HTML in a frame that may do nothing, the rest as bytes.

import { el, fill, octets } from "./dom.js";

/** @typedef {{bytes: Uint8Array, size: number, type: string}} Body type is the whole content-type header */

const TEXTS = ["javascript", "xml", "toml", "yaml", "x-yaml", "graphql", "x-sh", "sql"];
const IMAGES = ["png", "jpeg", "gif", "webp", "avif", "bmp", "svg+xml", "x-icon", "vnd.microsoft.icon"];
const HEX_SHOWN = 4096;
const ITEMS_SHOWN = 200;
const FRAME_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:";

/**
 * What a body can be shown as, the best first.
 * @param {Body} body
 * @returns {string[]}
 */
export function waysOf(body) {
  if (!body.size) return ["empty"];
  const type = mediaType(body.type);
  const whole = body.bytes.length >= body.size;
  if (type === "application/json" || type.endsWith("+json")) {
    return whole && parsedJson(textOf(body)) ? ["tree", "text", "hex"] : ["text", "hex"];
  }
  if (type === "text/html" || type === "application/xhtml+xml") return ["page", "text", "hex"];
  if (IMAGES.some((image) => type === `image/${image}`))
    return type.endsWith("xml") ? ["image", "text", "hex"] : ["image", "hex"];
  if (type.startsWith("text/") || TEXTS.some((text) => type === `application/${text}`)) return ["text", "hex"];
  return isText(body) ? ["text", "hex"] : ["hex", "text"];
}

/**
 * @param {Body} body
 * @param {string} way one of `waysOf`
 */
export function bodyView(body, way) {
  if (way === "empty") return el("p", { class: "sl-muted" }, "empty body");
  if (way === "tree") {
    const found = parsedJson(textOf(body));
    return el("div", { class: "sl-tree sl-mono" }, found ? node("", found.value, 0) : textOf(body));
  }
  if (way === "page") return page(body);
  if (way === "image") return image(body);
  if (way === "hex")
    return el("pre", { class: "sl-hex", tabindex: "0", "aria-label": "body as bytes" }, hex(body.bytes));
  return el("pre", { tabindex: "0", "aria-label": "body as text" }, textOf(body));
}

/** @param {Body} body */
export function textOf(body) {
  const charset = /charset="?([^;"\s]+)/i.exec(body.type)?.[1] || "utf-8";
  let decoder;
  try {
    decoder = new TextDecoder(charset);
  } catch {
    decoder = new TextDecoder();
  }
  // A letter that was cut at the end of a preview is left out, not shown as a wrong one.
  return decoder.decode(body.bytes, { stream: body.bytes.length < body.size });
}

/** @param {Body} body */
export function hasWrongBytes(body) {
  return textOf(body).includes("\ufffd") && !includesBytes(body.bytes, [0xef, 0xbf, 0xbd]);
}

/** @param {string} type */
export function mediaType(type) {
  return type.split(";")[0].trim().toLowerCase();
}

/**
 * @param {Uint8Array} bytes
 * @param {number[]} wanted
 */
function includesBytes(bytes, wanted) {
  return bytes.some((_byte, at) => wanted.every((x, i) => bytes[at + i] === x));
}

/** @param {Body} body */
function isText(body) {
  if (body.bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(body.bytes, { stream: body.bytes.length < body.size });
    return true;
  } catch {
    return false;
  }
}

class Number_ {
  /** @param {string} written a number that JavaScript can't hold as it is written */
  constructor(written) {
    this.written = written;
  }
}

/**
 * @param {string} text
 * @returns {{value: any} | null}
 */
function parsedJson(text) {
  const exact = (/** @type {string} */ _key, /** @type {any} */ value, /** @type {any} */ context) =>
    typeof value === "number" && context?.source && String(value) !== context.source
      ? new Number_(context.source)
      : value;
  for (const reviver of [/** @type {any} */ (exact), undefined]) {
    try {
      return { value: JSON.parse(text, reviver) };
    } catch (error) {
      if (error instanceof SyntaxError) return null; // what is left is a value too deep for a reviver
    }
  }
  return null;
}

/**
 * @param {string} label
 * @param {any} value
 * @param {number} depth
 * @returns {any}
 */
function node(label, value, depth) {
  const name = label ? el("span", { class: "sl-muted" }, `${label}: `) : null;
  const nested = value !== null && typeof value === "object" && !(value instanceof Number_);
  if (!nested || !Object.keys(value).length) {
    const text = value instanceof Number_ ? value.written : JSON.stringify(value);
    return el("div", {}, name, el("span", { class: "sl-value" }, text));
  }
  const keys = Object.keys(value);
  const braces = Array.isArray(value) ? `[${keys.length}]` : `{${keys.length}}`;
  const inner = el("div", { class: "sl-branch" });
  const grow = (/** @type {number} */ from) => {
    inner.append(...keys.slice(from, from + ITEMS_SHOWN).map((key) => node(key, value[key], depth + 1)));
    const left = keys.length - from - ITEMS_SHOWN;
    if (left <= 0) return;
    const more = el("button", { type: "button", class: "sl-quiet" }, `${left} more`);
    more.addEventListener("click", () => {
      more.remove();
      grow(from + ITEMS_SHOWN);
    });
    inner.append(more);
  };
  const made = el("details", {}, el("summary", {}, name, el("span", { class: "sl-muted" }, braces)), inner);
  const unfold = () => made.open && !inner.hasChildNodes() && grow(0); // a branch is drawn when it is first seen
  made.addEventListener("toggle", unfold);
  made.open = depth < 2 && keys.length <= 50;
  unfold();
  return made;
}

/** @param {Body} body */
function page(body) {
  const policy = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${FRAME_POLICY}">`;
  // An empty sandbox: no script, no form, an origin of its own.
  return el("iframe", {
    sandbox: "",
    srcdoc: policy + textOf(body),
    title: "body as a page, without its scripts",
    class: "sl-page",
  });
}

/** @param {Body} body */
function image(body) {
  const holder = el("div", {});
  if (body.bytes.length < body.size) {
    fill(holder, el("p", { class: "sl-muted" }, `an image of ${octets(body.size)}: show all of it, or save it`));
    return holder;
  }
  const type = mediaType(body.type);
  const letters = Array.from(body.bytes, (byte) => String.fromCharCode(byte));
  fill(
    holder,
    el("img", { src: `data:${type};base64,${btoa(letters.join(""))}`, alt: `body, ${type}`, class: "sl-image" }),
  );
  return holder;
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  const rows = [];
  for (let at = 0; at < Math.min(bytes.length, HEX_SHOWN); at += 16) {
    const row = [...bytes.slice(at, at + 16)];
    const digits = row.map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const letters = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${at.toString(16).padStart(8, "0")}  ${digits.padEnd(47)}  ${letters}`);
  }
  if (bytes.length > HEX_SHOWN) rows.push("...");
  return rows.join("\n");
}
