// The way of a page's requests: over the widget's channel to the app, and to nobody else.

import { fetched } from "./saving.js";

/**
 * @typedef {import("./channel.js").Channel} Channel
 * @typedef {{method: string, url: string, headers?: [string, string][], body?: ArrayBuffer | null, redirect?: string,
 *            tag?: string}} Wanted
 * @typedef {{answer: any, bytes: Uint8Array, url: string, redirected: boolean}} Arrived
 */

const AT_ONCE = 6; // as browsers do for one host
const WAITING = 500;
const REDIRECTS = 20;
const DEADLINE = 600; // seconds; a function has its own, shorter one
const NOT_SENT = /^(cookie|host|connection|content-length|referer|origin|sec-.*|proxy-.*)$/i;

export class Traveller {
  /**
   * @param {Channel} channel
   * @param {string} origin the one that stands for the app
   * @param {(told: any) => void} told of each answer
   */
  constructor(channel, origin, told) {
    this.channel = channel;
    this.origin = origin;
    this.told = told;
    this.address = ""; // where the listener answers, which a page may have been told
    /** @type {Map<string, string>} */
    this.cookies = new Map();
    /** @type {(() => void)[]} */
    this.queue = [];
    this.running = 0;
  }

  /**
   * The path of an address, when it is one of the app.
   * @param {string} url
   * @returns {string | null}
   */
  pathOf(url) {
    let parsed;
    try {
      parsed = new URL(url, this.origin);
    } catch {
      return null;
    }
    const path = parsed.pathname + parsed.search;
    if (parsed.origin === this.origin) return path;
    if (!this.address) return null;
    const own = new URL(this.address, location.origin);
    const before = own.pathname.replace(/\/$/, "");
    if (parsed.origin !== own.origin || !path.startsWith(`${before}/`)) return null;
    return path.slice(before.length);
  }

  /**
   * Send a request, follow where it leads, and bring the whole body.
   * @param {Wanted} wanted
   * @returns {Promise<Arrived>}
   */
  async bring(wanted) {
    await this.turn();
    try {
      return await this.go(wanted);
    } finally {
      this.running -= 1;
      this.queue.shift()?.();
    }
  }

  async turn() {
    if (this.queue.length >= WAITING) throw new Error("the page asks for too much at once");
    if (this.running >= AT_ONCE) await new Promise((resolve) => this.queue.push(() => resolve(null)));
    this.running += 1;
  }

  /** @param {Wanted} wanted @returns {Promise<Arrived>} */
  async go(wanted) {
    let { method, url, body } = wanted;
    for (let count = 0; ; count += 1) {
      const path = this.pathOf(url);
      if (path === null) throw new Error(`a preview reaches its app only, not ${url.slice(0, 200)}`);
      const { answer, buffer } = await this.once(method, path, wanted, body || null);
      const next = answer.status >= 300 && answer.status < 400 && headerOf(answer, "location");
      if (!next || wanted.redirect === "manual") {
        const bytes = await this.whole(answer, buffer);
        return { answer, bytes, url: new URL(path, this.origin).href, redirected: count > 0 };
      }
      if (wanted.redirect === "error") throw new Error("the app answered with a redirect");
      if (count >= REDIRECTS) throw new Error("the app redirects without an end");
      url = new URL(next, new URL(path, this.origin)).href;
      if (answer.status === 303 || (answer.status < 303 && method === "POST")) [method, body] = ["GET", null];
    }
  }

  /** @param {string} method @param {string} path @param {Wanted} wanted @param {ArrayBuffer | null} body */
  async once(method, path, wanted, body) {
    const headers = (wanted.headers || []).filter(
      ([name]) => !NOT_SENT.test(name) && (body || !/^content-/i.test(name)),
    );
    if (this.cookies.size) headers.push(["cookie", [...this.cookies].map((pair) => pair.join("=")).join("; ")]);
    const asked = { method, target: path, headers, tag: wanted.tag || "" };
    const { value, buffers } = await this.channel.ask("request", asked, {
      deadline: DEADLINE,
      buffers: body ? [body] : [],
    });
    for (const [name, text] of value.headers) if (name.toLowerCase() === "set-cookie") this.bake(text);
    this.told(value);
    return { answer: value, buffer: buffers[0] };
  }

  /** @param {any} answer @param {DataView} buffer */
  async whole(answer, buffer) {
    if (answer.shown < answer.size) return fetched(this.channel, answer);
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength).slice();
  }

  /** @param {string} text of a set-cookie header; all paths of the app share its cookies */
  bake(text) {
    const [pair, ...rest] = text.split(";");
    const [name, ...value] = pair.split("=");
    const gone = rest.some((one) => /^\s*max-age\s*=\s*(0|-)/i.test(one) || isPast(one));
    if (gone) this.cookies.delete(name.trim());
    else if (name.trim() && this.cookies.size < 50) this.cookies.set(name.trim(), value.join("=").trim());
  }
}

/** @param {string} attribute */
function isPast(attribute) {
  const [name, value] = attribute.split("=");
  return name.trim().toLowerCase() === "expires" && Date.parse(value) < Date.now();
}

/** @param {any} answer @param {string} wanted */
export function headerOf(answer, wanted) {
  return answer.headers.find((/** @type {string[]} */ [name]) => name.toLowerCase() === wanted)?.[1] || "";
}
