// The console: an HTTP client on the functions of an app.

import { asCurl, asSpin } from "./copying.js";
import { channelOf, refreshing } from "./channel.js";
import { copy, el, fill, ownKeys, problem, seconds } from "./dom.js";
import { findRoute, missingIn, pathOf } from "./routes.js";
import { functionList } from "./console-functions.js";
import { bytesOf, headersOf, notJson, queryOf, requestForm, withoutQuery } from "./console-request.js";
import { responsePane } from "./console-response.js";

/**
 * @typedef {import("./console-request.js").Written} Written
 * @typedef {import("./routes.js").Found} Found
 */

const DEADLINE = 600; // seconds; a function has its own, shorter one
const SETTLED = 150; // milliseconds without a key before the kernel hears of what was written
const TRAITS = ["method", "path", "headers", "body", "body_kind", "function"];

class ConsoleView {
  /** @param {any} model @param {AbortSignal} signal @param {HTMLElement} root */
  constructor(model, signal, root) {
    this.model = model;
    this.signal = signal;
    this.channel = channelOf(model, signal);
    /** @type {any[]} */
    this.functions = [];
    this.address = "";
    /** @type {Found | null} */
    this.found = null;
    /** @type {File | null} */
    this.file = null;
    this.waiting = "";
    this.timer = 0;
    this.status = el("span", { class: "sl-muted", role: "status" });
    this.gone = el("div", { role: "status" });
    this.form = requestForm((changes) => this.change(changes));
    this.list = functionList((one, route) => this.choose(one, route));
    this.pane = responsePane(this.channel, (text) => this.say(text));
    this.refresh = refreshing(() => this.askRoutes());
    fill(root, this.layout());
    this.listen(root);
    this.draw();
    this.drawHistory();
    this.refresh();
    this.showLast();
  }

  layout() {
    const words = (/** @type {string} */ label, /** @type {() => void} */ act) =>
      el("button", { type: "button", class: "sl-quiet", onclick: act }, label);
    const actions = el(
      "div",
      { class: "sl-row sl-actions" },
      words("Copy as curl", () => this.copyAs(asCurl, "as curl")),
      words("Copy as %spin", () => this.copyAs(asSpin, "as %spin")),
      this.status,
    );
    const column = el("div", { class: "sl-main-column" }, this.form.element, actions, this.gone, this.pane.element);
    return el("div", { class: "sl-split" }, this.list.element, column);
  }

  /** @param {HTMLElement} root */
  listen(root) {
    const { model, channel, signal } = this;
    const redraw = () => this.draw();
    const history = () => this.drawHistory();
    this.form.send.addEventListener("click", () => (this.waiting ? this.cancel() : this.send()));
    root.addEventListener("keydown", (event) => this.key(event), { signal });
    for (const trait of TRAITS) model.on(`change:${trait}`, redraw);
    model.on("change:history", history);
    channel.on("changed", ({ what }) => what.includes("functions") && this.refresh());
    channel.on("answered", ({ by }) => (!by || by !== this.waiting) && this.showLast());
    channel.on("gone", (error) => fill(this.gone, problem(error)));
    signal.addEventListener("abort", () => {
      clearTimeout(this.timer);
      for (const trait of TRAITS) model.off(`change:${trait}`, redraw);
      model.off("change:history", history);
    });
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const enter = event.key === "Enter" && !event.isComposing;
    if (enter && (event.ctrlKey || event.metaKey || event.target === this.form.path)) {
      event.preventDefault();
      event.stopPropagation();
      this.send();
    } else if (event.key === "Escape" && this.waiting) {
      event.stopPropagation();
      this.cancel();
    }
  }

  /** @param {string} text */
  say(text) {
    fill(this.status, text);
  }

  /** @returns {Written} */
  written() {
    const { model } = this;
    return {
      method: model.get("method"),
      path: model.get("path"),
      headers: model.get("headers"),
      body: model.get("body"),
      kind: model.get("body_kind"),
      function: model.get("function"),
      file: this.file,
    };
  }

  /** @param {Partial<Written>} changes */
  change(changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (key === "file") this.file = /** @type {any} */ (value);
      else this.model.set(key === "kind" ? "body_kind" : key, value);
    }
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.model.save_changes(), SETTLED);
    this.draw();
  }

  draw() {
    const now = this.written();
    const before = now.function || this.found?.function.name || "";
    this.form.show(now);
    this.found = now.function ? null : findRoute(this.functions, withoutQuery(now.path), this.found);
    this.form.showFields(this.found);
    const name = now.function || this.found?.function.name || "";
    this.list.mark(name, this.found?.route.pattern || "");
    const there = this.functions.some((one) => one.name === before);
    if (before && !there) {
      fill(this.gone, el("p", { class: "sl-warn" }, `${before} was removed: %spin undo ${before} brings it back`));
    } else if (name) {
      fill(this.gone);
    }
  }

  /** @param {any} one @param {any} route */
  choose(one, route) {
    if (!route) {
      this.change({ function: one.name });
    } else {
      this.found = { function: one, route, values: [] };
      this.change({ function: "", path: pathOf(route, []) + queryOf(this.model.get("path")) });
    }
    (this.form.element.querySelector(".sl-fields input") || this.form.path).focus();
  }

  /** Whether each parameter of the route has a value; else say which has none. */
  complete() {
    const missing = this.found ? missingIn(this.found.route, withoutQuery(this.model.get("path"))) : [];
    if (!missing.length) return true;
    const names = missing.map((name) => `:${name}`).join(" and ");
    this.pane.fail({ message: `${names} has no value yet`, hint: "fill in the field below the path" });
    const inputs = [...this.form.element.querySelectorAll(".sl-fields input")];
    inputs.find((input) => !input.value)?.focus();
    return false;
  }

  async send() {
    if (this.waiting || !this.complete()) return;
    this.model.save_changes();
    const now = this.written();
    const asked = {
      method: now.method,
      target: now.path,
      headers: headersOf(now),
      typed: now.headers,
      kind: now.kind,
      function: now.function,
      tag: this.begin(),
    };
    try {
      const buffers = await bytesOf(now);
      const {
        value,
        buffers: [shown],
      } = await this.channel.ask("request", asked, { deadline: DEADLINE, buffers });
      this.pane.show(value, shown);
      this.say(`${value.reason}, ${seconds(value.elapsed)}`);
    } catch (error) {
      this.pane.fail(error);
      this.say("");
    }
    this.waiting = "";
    fill(this.form.send, "Send");
  }

  /** Show that a request is under way; the name that it is cancelled by. */
  begin() {
    const began = performance.now();
    const tag = Math.random().toString(36).slice(2);
    this.waiting = tag;
    this.pane.wait();
    fill(this.form.send, "Cancel");
    this.say("sending");
    const tick = setInterval(() => {
      if (this.waiting !== tag || this.signal.aborted) clearInterval(tick);
      else this.say(`waiting for ${Math.round((performance.now() - began) / 1000)} s`);
    }, 1000);
    return tag;
  }

  async cancel() {
    if (this.waiting) await this.channel.value("cancel", { tag: this.waiting }).catch(() => {});
  }

  async askRoutes() {
    try {
      const told = await this.channel.value("routes");
      this.functions = told.functions;
      this.address = told.url;
      this.list.set(this.functions);
      this.draw();
    } catch (error) {
      if (!this.channel.gone) fill(this.gone, problem(/** @type {any} */ (error)));
    }
  }

  async showLast() {
    try {
      const { value, buffers } = await this.channel.ask("last");
      if (value && !this.waiting) this.pane.show(value, buffers[0]);
    } catch {
      // There is nothing to show then; the next request says why.
    }
  }

  /** @param {(request: import("./copying.js").Copied, url: string) => string} words @param {string} what */
  async copyAs(words, what) {
    const now = this.written();
    const sent = now.kind !== "none" && now.kind !== "file" && now.body ? now.body : null;
    const request = {
      method: now.method,
      path: now.path,
      headers: headersOf(now),
      body: sent,
      json: now.kind === "json" && sent !== null && !notJson(sent),
      file: now.kind === "file" ? now.file?.name || "FILE" : "",
    };
    await copy(words(request, this.address.startsWith("/") ? location.origin + this.address : this.address));
    this.say(`copied ${what}`);
  }

  drawHistory() {
    const entries = this.model.get("history");
    const none = el("li", { class: "sl-muted" }, "nothing was sent yet");
    fill(this.form.history, entries.length ? entries.map((/** @type {any} */ entry) => this.historyLine(entry)) : none);
    this.form.parts.title("history", "History", entries.length);
  }

  /** @param {any} entry */
  historyLine(entry) {
    const { method, path, headers, kind } = entry;
    const look = entry.status < 300 ? "sl-good" : entry.status < 400 ? "sl-warn" : "sl-bad";
    const restore = () => {
      this.change({ method, path, headers, body: entry.body || "", kind });
      this.form.path.focus();
    };
    const button = el(
      "button",
      { type: "button", class: "sl-entry", onclick: restore },
      el("span", { class: look }, entry.status),
      el("span", { class: "sl-mono" }, `${method} ${path}`),
      el("span", { class: "sl-muted" }, seconds(entry.elapsed)),
    );
    return el("li", {}, button);
  }
}

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} drawn */
function renderConsole({ model, el: root, signal }) {
  const ends = new AbortController();
  root.classList.add("spinlab", "sl-console");
  ownKeys(root);
  new ConsoleView(model, signal || ends.signal, root);
  return () => ends.abort();
}

export default { render: renderConsole };
