// The preview: a page of the app in a frame of its own, with the bar of a browser above.

import { bodyView, mediaType, textOf, waysOf } from "./bodyview.js";
import { channelOf } from "./channel.js";
import { denials } from "./denials.js";
import { el, fill, ownKeys, problem, safe, seconds } from "./dom.js";
import { headerOf, Traveller } from "./preview-travel.js";
import { innerPage, outerPage, SANDBOX } from "./preview-frame.js";
import { readyPage } from "./preview-page.js";
import { requestList } from "./preview-requests.js";

const PAGES = ["text/html", "application/xhtml+xml"];

class PreviewView {
  /** @param {any} model @param {AbortSignal} signal @param {HTMLElement} root */
  constructor(model, signal, root) {
    this.model = model;
    this.channel = channelOf(model, signal);
    this.traveller = new Traveller(this.channel, `http://${model.get("host")}`, (told) => this.requests.note(told));
    /** @type {string[]} */
    this.pages = [];
    this.at = -1;
    this.turn = 0; // the page that comes, or is there
    /** @type {MessagePort[]} */
    this.ports = [];
    this.requests = requestList();
    this.served = { name: "", revision: 0 };
    this.draw(root);
    this.follow(signal);
    this.start();
  }

  /** @param {HTMLElement} root */
  draw(root) {
    const tool = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {() => void} */ act) =>
      el("button", { type: "button", "aria-label": label, title: label, onclick: act }, sign);
    this.back = tool("back", "←", () => this.step(-1));
    this.forward = tool("forward", "→", () => this.step(1));
    this.address = el("input", {
      "aria-label": "address in the app",
      class: "sl-path sl-mono",
      spellcheck: "false",
      autocomplete: "off",
    });
    this.address.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
      if (event.key === "Enter" && !event.isComposing) this.visit(this.address.value);
    });
    this.live = el("input", { type: "checkbox", checked: true });
    this.status = el("span", { class: "sl-muted", role: "status" });
    this.notes = el("div", { class: "sl-notes" });
    this.frame = el("iframe", {
      sandbox: SANDBOX,
      title: "preview of the app",
      class: "sl-frame",
      srcdoc: outerPage(),
      referrerpolicy: "no-referrer",
    });
    this.loaded = new Promise((resolve) => this.frame.addEventListener("load", resolve, { once: true }));
    this.plain = el("div", { class: "sl-plain" });
    this.plain.hidden = true;
    const bar = el(
      "div",
      { class: "sl-line" },
      this.back,
      this.forward,
      tool("reload", "↻", () => this.reload()),
      this.address,
      el("button", { type: "button", class: "sl-main", onclick: () => this.visit(this.address.value) }, "Open"),
    );
    const below = el(
      "div",
      { class: "sl-row" },
      el("label", { class: "sl-choice" }, this.live, "reload when its function changes"),
      this.status,
    );
    fill(root, bar, this.notes, this.frame, this.plain, below, this.requests.element);
  }

  /** @param {AbortSignal} signal */
  follow(signal) {
    const moved = () => this.model.get("path") !== this.pages[this.at] && this.visit(this.model.get("path"));
    this.model.on("change:path", moved);
    const reload = () => this.reload();
    this.model.on("change:reloads", reload);
    signal.addEventListener("abort", () => {
      this.model.off("change:path", moved);
      this.model.off("change:reloads", reload);
      for (const port of this.ports) port.close();
    });
    this.channel.on("changed", ({ what }) => what.includes("functions") && this.changed());
    this.channel.on("gone", (error) => this.say(problem(error)));
  }

  async start() {
    const told = await this.channel.value("routes").catch(() => null);
    this.traveller.address = told?.url || "";
    this.visit(this.model.get("path"));
  }

  /** @param {...any} children */
  say(...children) {
    fill(this.notes, ...children);
  }

  /** @param {number} step */
  step(step) {
    if (!this.pages[this.at + step]) return;
    this.at += step;
    this.load({ method: "GET", url: this.pages[this.at] });
  }

  reload() {
    if (this.at >= 0) this.load({ method: "GET", url: this.pages[this.at] });
  }

  /**
   * Go to a page, and remember it.
   * @param {string} url
   * @param {Partial<import("./preview-travel.js").Wanted>} [with_] how it is asked for
   */
  visit(url, with_ = {}) {
    const path = this.traveller.pathOf(url);
    if (path === null) return this.outside(url);
    this.enter(path, false);
    return this.load({ method: "GET", url: path, ...with_ });
  }

  /** @param {string} path @param {boolean} replaces */
  enter(path, replaces) {
    if (!replaces && this.pages[this.at] !== path) this.pages.splice(++this.at, this.pages.length, path);
    this.pages[this.at] = path;
    this.showAddress(path);
  }

  /** @param {string} path */
  showAddress(path) {
    this.address.value = path;
    this.back.disabled = this.at <= 0;
    this.forward.disabled = this.at >= this.pages.length - 1;
    if (this.model.get("path") !== path) {
      this.model.set("path", path);
      this.model.save_changes();
    }
  }

  /** @param {import("./preview-travel.js").Wanted} wanted */
  async load(wanted) {
    const turn = ++this.turn;
    fill(this.status, "loading");
    this.frame.setAttribute("aria-busy", "true");
    this.showAddress(this.pages[this.at]);
    try {
      const arrived = await this.traveller.bring({
        headers: [["accept", "text/html,application/xhtml+xml,*/*;q=0.8"]],
        ...wanted,
      });
      if (turn !== this.turn) return;
      this.enter(this.traveller.pathOf(arrived.url) || "/", true);
      await this.show(arrived, turn);
      fill(this.status, `${arrived.answer.reason} in ${seconds(arrived.answer.elapsed)}`);
    } catch (error) {
      if (turn !== this.turn) return;
      this.say(problem(/** @type {any} */ (error)));
      fill(this.status);
    }
    this.frame.setAttribute("aria-busy", "false");
  }

  /** @param {import("./preview-travel.js").Arrived} arrived @param {number} turn */
  async show({ answer, bytes, url }, turn) {
    const say = (/** @type {string} */ text) => fill(this.status, text);
    const why = answer.error
      ? [problem(answer.error), answer.error.details ? el("pre", { tabindex: "0" }, answer.error.details) : null]
      : [];
    this.say(
      ...why,
      answer.advice ? el("p", { class: "sl-warn" }, answer.advice) : null,
      denials(this.channel, answer, say),
    );
    this.served = { name: answer.function, revision: await this.revision(answer.function) };
    const body = { bytes, size: bytes.length, type: headerOf(answer, "content-type") };
    const page = PAGES.includes(mediaType(body.type));
    this.frame.hidden = !page;
    this.plain.hidden = page;
    if (!page) return fill(this.plain, bodyView(body, waysOf(body)[0]));
    const ready = await readyPage(textOf(body), url, this.traveller);
    await this.loaded;
    if (turn !== this.turn) return;
    for (const port of this.ports) port.close(); // the page before has nothing to ask any more
    const [pipe, control] = [new MessageChannel(), new MessageChannel()];
    this.ports = [pipe.port1, control.port1];
    pipe.port1.onmessage = (event) => this.receive(event.data, pipe.port1);
    control.port1.onmessage = () => this.left();
    const text = innerPage(ready, { page: url, origin: this.traveller.origin });
    this.frame.contentWindow.postMessage({ page: text }, "*", [pipe.port2, control.port2]);
    this.frame.title = ready.title ? `preview: ${ready.title}` : "preview of the app";
  }

  /**
   * What the page says. It is a guest's: each message is taken for what it may mean, and nothing else.
   * @param {any} message @param {MessagePort} port
   */
  receive(message, port) {
    if (!message || typeof message !== "object") return;
    const url = typeof message.url === "string" ? message.url.slice(0, 16384) : "";
    if (message.kind === "request") this.request(asWanted(message, url), Number(message.id), port);
    else if (message.kind === "cancel")
      this.channel.value("cancel", { tag: this.tag(Number(message.id)) }).catch(() => {});
    else if (message.kind === "navigate") this.visit(url, asWanted(message, url));
    else if (message.kind === "address") this.move(url, message.replaces === true);
    else if (message.kind === "blocked")
      this.requests.note({ status: 0, method: String(message.what).slice(0, 40), target: url, reason: "blocked" });
    else if (message.kind === "failed")
      this.requests.note({ status: 0, method: "error", target: String(message.text).slice(0, 500), reason: "" });
  }

  /** @param {import("./preview-travel.js").Wanted} wanted @param {number} id @param {MessagePort} port */
  async request(wanted, id, port) {
    try {
      const { answer, bytes, url, redirected } = await this.traveller.bring({ ...wanted, tag: this.tag(id) });
      const headers = answer.headers.filter((/** @type {string[]} */ [name]) => name.toLowerCase() !== "set-cookie");
      const statusText = answer.reason.split(" ").slice(1).join(" ");
      port.postMessage({ id, status: answer.status, statusText, headers, body: bytes.buffer, url, redirected }, [
        bytes.buffer,
      ]);
    } catch (error) {
      port.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
    }
  }

  /** @param {number} id */
  tag(id) {
    return `${this.channel.own}-${this.turn}-${id}`;
  }

  /** @param {string} url @param {boolean} replaces */
  move(url, replaces) {
    const path = this.traveller.pathOf(url);
    if (path !== null) this.enter(path, replaces);
  }

  /** @param {string} url */
  outside(url) {
    const link = safe(url)
      ? el("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, url.slice(0, 200))
      : url.slice(0, 200);
    this.say(el("p", { class: "sl-warn" }, "that is outside of the app: ", link));
  }

  left() {
    this.say(
      el("div", { class: "sl-warn" }, "the page tried to go elsewhere by itself, and was held back"),
      el(
        "div",
        { class: "sl-muted" },
        "links, forms and fetch work here; location = ... does not: %spin open --browser",
      ),
    );
  }

  /** @param {string} name */
  async revision(name) {
    const told = await this.channel.value("routes").catch(() => ({ functions: [] }));
    return told.functions.find((/** @type {any} */ one) => one.name === name)?.revision || 0;
  }

  async changed() {
    const { name, revision } = this.served;
    if (!this.live.checked || (await this.revision(name)) === revision) return;
    this.served.revision = -1; // once
    this.reload();
  }
}

/**
 * @param {any} message of a page
 * @param {string} url
 * @returns {import("./preview-travel.js").Wanted}
 */
function asWanted(message, url) {
  const pairs = Array.isArray(message.headers) ? message.headers : [];
  return {
    url,
    method: typeof message.method === "string" ? message.method : "GET",
    headers: pairs
      .filter((/** @type {any} */ pair) => Array.isArray(pair) && pair.length === 2)
      .map((/** @type {any[]} */ pair) => [String(pair[0]), String(pair[1])]),
    body: message.body instanceof ArrayBuffer && message.body.byteLength ? message.body : null,
    redirect: message.redirect === "manual" || message.redirect === "error" ? message.redirect : "follow",
  };
}

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} drawn */
function renderPreview({ model, el: root, signal }) {
  const ends = new AbortController();
  root.classList.add("spinlab", "sl-preview");
  ownKeys(root);
  new PreviewView(model, signal || ends.signal, root);
  return () => ends.abort();
}

export default { render: renderPreview };
