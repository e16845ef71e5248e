// A page made ready for its frame: what it names is brought along, since the frame reaches nothing by itself.

import { headerOf } from "./preview-travel.js";
import { mediaType } from "./bodyview.js";

/** @typedef {import("./preview-travel.js").Traveller} Traveller */

const BROUGHT = 200; // files of one page
const DEEP = 5; // style sheets and modules that name each other

const LINKED = { img: "src", source: "src", video: "src", audio: "src", input: "src", track: "src" };
const VOID = new Set("area base br col embed hr img input link meta source track wbr".split(" "));
const RAW = new Set("script style xmp iframe noembed noframes plaintext".split(" "));
const IMPORTS = /(\bfrom\s*|\bimport\s*\(\s*|\bimport\s*)(["'])(\.{0,2}\/[^"']*)\2/g;
const URLS = /url\(\s*(["']?)([^"')]+)\1\s*\)/g;
const CSS_IMPORTS = /@import\s+(?:url\(\s*)?(["']?)([^"')\s;]+)\1\s*\)?/g;

/**
 * @param {string} text
 * @param {string} url of the page
 * @param {Traveller} traveller
 * @returns {Promise<{text: string, standard: boolean, base: string, title: string}>}
 */
export async function readyPage(text, url, traveller) {
  const page = new DOMParser().parseFromString(text, "text/html"); // inert: it runs and loads nothing
  const own = page.querySelector("base[href]")?.getAttribute("href");
  const base = new URL(own || "", url).href;
  for (const one of page.querySelectorAll("base, meta[http-equiv='refresh' i]")) one.remove();
  const bringer = new Bringer(traveller);
  await Promise.all([...page.querySelectorAll("*")].map((element) => bringer.ready(element, base).catch(() => {})));
  const { documentElement: root, head, body } = page;
  const whole = `<html${attributesOf(root)}>${written(head)}</head><body${attributesOf(body)}>${written(body)}`;
  return { text: `${whole}</body></html>`, standard: page.compatMode !== "BackCompat", base, title: page.title };
}

class Bringer {
  /** @param {Traveller} traveller */
  constructor(traveller) {
    this.traveller = traveller;
    /** @type {Map<string, Promise<string>>} */
    this.known = new Map();
  }

  /** @param {Element} element @param {string} base */
  async ready(element, base) {
    const name = element.localName;
    if (name === "script") return this.script(element, base);
    if (name === "style") {
      element.textContent = await this.styles(element.textContent || "", base, 0);
    } else if (name === "link") {
      const relation = element.getAttribute("rel")?.toLowerCase() || "";
      if (relation.split(/\s+/).includes("stylesheet")) await this.replace(element, "href", base, "style");
      else if (/icon|preload|prefetch|preconnect|manifest/.test(relation)) element.remove();
    }
    const attribute = LINKED[/** @type {keyof typeof LINKED} */ (name)];
    if (attribute) await this.replace(element, attribute, base, "file");
    if (element.hasAttribute("poster")) await this.replace(element, "poster", base, "file");
    if (element.hasAttribute("srcset")) element.removeAttribute("srcset"); // src is what it falls back to
    const style = element.getAttribute("style");
    if (style?.includes("url(")) element.setAttribute("style", await this.styles(style, base, 0));
  }

  /** @param {Element} element @param {string} base */
  async script(element, base) {
    const module = element.getAttribute("type") === "module";
    if (element.hasAttribute("src")) await this.replace(element, "src", base, module ? "module" : "script");
    else if (module) element.textContent = await this.modules(element.textContent || "", base, 0);
  }

  /** @param {Element} element @param {string} attribute @param {string} base @param {string} kind */
  async replace(element, attribute, base, kind) {
    const value = element.getAttribute(attribute);
    const url = value && new URL(value, base).href;
    if (!url || this.traveller.pathOf(url) === null) return; // what is elsewhere is blocked, and said, by the frame
    element.setAttribute(attribute, await this.bring(url, kind, 0));
    for (const name of ["integrity", "crossorigin", "nonce"]) element.removeAttribute(name);
  }

  /**
   * A file as a data: address.
   * @param {string} url @param {string} kind @param {number} depth
   * @returns {Promise<string>}
   */
  bring(url, kind, depth) {
    const key = `${kind} ${url}`;
    const before = this.known.get(key);
    if (before) return before;
    if (this.known.size >= BROUGHT || depth > DEEP) return Promise.reject(new Error("too many files"));
    const brought = this.brought(url, kind, depth);
    this.known.set(key, brought);
    return brought;
  }

  /** @param {string} url @param {string} kind @param {number} depth */
  async brought(url, kind, depth) {
    const arrived = await this.traveller.bring({ method: "GET", url });
    if (arrived.answer.status >= 400) throw new Error(arrived.answer.reason);
    const type = headerOf(arrived.answer, "content-type");
    if (kind === "file") return dataUrl(arrived.bytes, mediaType(type) || "application/octet-stream");
    let text = new TextDecoder().decode(arrived.bytes);
    if (kind === "style") text = await this.styles(text, arrived.url, depth + 1);
    if (kind === "module") text = await this.modules(text, arrived.url, depth + 1);
    return dataUrl(new TextEncoder().encode(text), kind === "style" ? "text/css" : "text/javascript");
  }

  /** @param {string} text @param {string} base @param {number} depth */
  async styles(text, base, depth) {
    const sheets = await this.swapped(
      text,
      CSS_IMPORTS,
      base,
      "style",
      depth,
      (_found, url) => `@import url("${url}")`,
    );
    return this.swapped(sheets, URLS, base, "file", depth, (_found, url) => `url("${url}")`);
  }

  /** @param {string} text @param {string} base @param {number} depth */
  modules(text, base, depth) {
    return this.swapped(text, IMPORTS, base, "module", depth, (found, url) => `${found[1]}"${url}"`);
  }

  /**
   * The text with the addresses that a pattern finds brought along.
   * @param {string} text @param {RegExp} pattern @param {string} base @param {string} kind @param {number} depth
   * @param {(found: RegExpMatchArray, url: string) => string} put
   */
  async swapped(text, pattern, base, kind, depth, put) {
    const pieces = [];
    let at = 0;
    for (const found of text.matchAll(pattern)) {
      const url = new URL(found[3] || found[2], base).href;
      if (this.traveller.pathOf(url) === null) continue;
      const brought = await this.bring(url, kind, depth).catch(() => "");
      if (!brought) continue;
      pieces.push(text.slice(at, found.index), put(found, brought));
      at = found.index + found[0].length;
    }
    return pieces.join("") + text.slice(at);
  }
}

/** @param {Uint8Array} bytes @param {string} type */
function dataUrl(bytes, type) {
  const letters = [];
  for (let at = 0; at < bytes.length; at += 0x8000)
    letters.push(String.fromCharCode(...bytes.subarray(at, at + 0x8000)));
  return `data:${type};base64,${btoa(letters.join(""))}`;
}

/** @param {Element} element */
function attributesOf(element) {
  return [...element.attributes]
    .map((one) => ` ${one.name}="${escapedText(one.value).replaceAll('"', "&quot;")}"`)
    .join("");
}

/** @param {string} text */
function escapedText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll("\u00a0", "&nbsp;");
}

/**
 * The children of a node as a browser reads them.
 * @param {Node} parent
 * @returns {string}
 */
function written(parent) {
  const within = parent instanceof HTMLTemplateElement ? parent.content : parent;
  return [...within.childNodes]
    .map((node) => {
      if (node.nodeType === Node.COMMENT_NODE) return `<!--${node.nodeValue}-->`;
      if (node.nodeType === Node.TEXT_NODE) {
        return RAW.has(parent.nodeName.toLowerCase()) ? node.nodeValue : escapedText(node.nodeValue || "");
      }
      if (!(node instanceof Element)) return "";
      const name = node.tagName.toLowerCase() === node.localName.toLowerCase() ? node.localName : node.tagName;
      const open = `<${name}${attributesOf(node)}>`;
      if (VOID.has(name)) return open;
      const line = /^(pre|textarea|listing)$/.test(name) && node.firstChild?.nodeValue?.startsWith("\n") ? "\n" : "";
      return `${open}${line}${written(node)}</${name}>`;
    })
    .join("");
}
