// The console: an HTTP client on the functions of an app.

import { asCurl, asSpin } from "./copying.js";
import { channelOf, refreshing } from "./channel.js";
import { copy, el, fill, problem, seconds } from "./dom.js";
import { findRoute, missingIn, pathOf } from "./routes.js";
import { functionList } from "./console-functions.js";
import { KINDS, notJson, queryOf, requestForm, withoutQuery } from "./console-request.js";
import { responsePane } from "./console-response.js";

/**
 * @typedef {import("./console-request.js").Written} Written
 * @typedef {import("./routes.js").Found} Found
 */

const DEADLINE = 600; // seconds; a function has its own, shorter one
const TRAITS = ["method", "path", "headers", "body", "body_kind", "function"];

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} drawn */
function renderConsole({ model, el: root, signal: given }) {
  const ends = new AbortController();
  const signal = given || ends.signal;
  const channel = channelOf(model, signal);
  root.classList.add("spinlab", "sl-console");
  root.dataset.lmSuppressShortcuts = "true"; // the notebook's keys would run or delete its cell

  const live = el("span", { class: "sl-muted", role: "status" });
  const say = (/** @type {string} */ text) => fill(live, text);
  const gone = el("div", { role: "status" });
  const form = requestForm(change);
  const list = functionList(chooseFunction);
  const pane = responsePane(channel, say);
  /** @type {any[]} */
  let functions = [];
  let address = "";
  /** @type {Found | null} */
  let found = null;
  /** @type {File | null} */
  let file = null;
  let waiting = "";

  const written = () =>
    /** @type {Written} */ ({
      method: model.get("method"),
      path: model.get("path"),
      headers: model.get("headers"),
      body: model.get("body"),
      kind: model.get("body_kind"),
      function: model.get("function"),
      file,
    });

  /** @param {Partial<Written>} changes */
  function change(changes) {
    for (const [key, value] of Object.entries(changes)) {
      if (key === "file") file = /** @type {any} */ (value);
      else model.set(key === "kind" ? "body_kind" : key, value);
    }
    later();
    draw();
  }

  let timer = 0;
  const later = () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => model.save_changes(), 150);
  };

  function draw() {
    const now = written();
    form.show(now);
    const before = found;
    found = now.function ? null : findRoute(functions, withoutQuery(now.path), found);
    form.showFields(found);
    list.mark(now.function || found?.function.name || "", found?.route.pattern || "");
    const name = before?.function.name || "";
    if (name && !functions.some((one) => one.name === name)) {
      fill(gone, el("span", { class: "sl-warn" }, `${name} was removed: %spin undo ${name} brings it back`));
    } else if (now.function && functions.length && !functions.some((one) => one.name === now.function)) {
      fill(gone, el("span", { class: "sl-warn" }, `${now.function} was removed: %spin undo ${now.function} brings it back`));
    } else if (found || now.function) {
      fill(gone);
    }
  }

  /** @param {any} one @param {any} route */
  function chooseFunction(one, route) {
    if (!route) {
      change({ function: one.name });
    } else {
      found = { function: one, route, values: [] };
      change({ function: "", path: pathOf(route, []) + queryOf(model.get("path")) });
    }
    (form.element.querySelector(".sl-fields input") || form.path).focus();
  }

  /** @returns {Promise<any[]>} */
  async function bytesOf(/** @type {Written} */ now) {
    if (now.kind === "none") return [];
    if (now.kind !== "file") return now.body ? [new TextEncoder().encode(now.body)] : [];
    return now.file ? [await now.file.arrayBuffer()] : [];
  }

  /** @param {Written} now @returns {[string, string][]} */
  function headersOf(now) {
    const named = now.headers.filter(([name]) => name);
    const has = named.some(([name]) => name.toLowerCase() === "content-type");
    const type = now.kind === "file" ? now.file?.type || KINDS.file : KINDS[now.kind];
    const sends = now.kind === "file" ? now.file : now.body;
    return has || !type || !sends ? named : [...named, ["content-type", type]];
  }

  async function send() {
    if (waiting) return;
    const now = written();
    const missing = found ? missingIn(found.route, withoutQuery(now.path)) : [];
    if (missing.length) {
      pane.fail({ message: `${missing.map((name) => `:${name}`).join(" and ")} has no value yet`, hint: "fill in the field below the path" });
      const inputs = [...form.element.querySelectorAll(".sl-fields input")];
      inputs.find((input) => !input.value)?.focus();
      return;
    }
    model.save_changes();
    waiting = Math.random().toString(36).slice(2);
    begin();
    const shown = { method: now.method, target: now.path, headers: headersOf(now), typed: now.headers, kind: now.kind, function: now.function, tag: waiting };
    try {
      const { value, buffers } = await channel.ask("request", shown, { deadline: DEADLINE, buffers: await bytesOf(now) });
      pane.show(value, buffers[0]);
      say(`${value.reason}, ${seconds(value.elapsed)}`);
    } catch (error) {
      pane.fail(error);
      say("");
    }
    waiting = "";
    fill(form.send, "Send");
  }

  function begin() {
    const began = performance.now();
    pane.wait();
    fill(form.send, "Cancel");
    say("sending");
    const tick = setInterval(() => {
      if (!waiting || signal.aborted) clearInterval(tick);
      else say(`waiting for ${Math.round((performance.now() - began) / 1000)} s`);
    }, 1000);
  }

  async function cancel() {
    if (waiting) await channel.value("cancel", { tag: waiting }).catch(() => {});
  }

  const refresh = refreshing(async () => {
    try {
      const told = await channel.value("routes");
      ({ functions } = told);
      address = told.url;
      list.set(functions);
      draw();
    } catch (error) {
      if (!channel.gone) fill(gone, problem(/** @type {any} */ (error)));
    }
  });

  async function showLast() {
    try {
      const { value, buffers } = await channel.ask("last");
      if (value && !waiting) pane.show(value, buffers[0]);
    } catch {
      // There is nothing to show then; the next request says why.
    }
  }

  /** @param {(request: any, url: string) => string} words @param {string} what */
  async function copyAs(words, what) {
    const now = written();
    const json = now.kind === "json" && Boolean(now.body) && !notJson(now.body);
    const body = now.kind === "none" || now.kind === "file" || !now.body ? null : now.body;
    const name = now.kind === "file" ? now.file?.name || "FILE" : "";
    const base = address.startsWith("/") ? location.origin + address : address;
    await copy(words({ method: now.method, path: now.path, headers: headersOf(now), body, json, file: name }, base));
    say(`copied ${what}`);
  }

  function drawHistory() {
    const entries = model.get("history");
    fill(form.history, entries.length ? entries.map(historyLine) : el("li", { class: "sl-muted" }, "nothing was sent yet"));
    form.parts.title("history", "History", entries.length);
  }

  /** @param {any} entry */
  function historyLine(entry) {
    const look = entry.status < 300 ? "sl-good" : entry.status < 400 ? "sl-warn" : "sl-bad";
    const restore = () => {
      change({ method: entry.method, path: entry.path, headers: entry.headers, body: entry.body || "", kind: entry.kind });
      form.path.focus();
    };
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "sl-entry", onclick: restore },
        el("span", { class: look }, entry.status),
        el("span", { class: "sl-mono" }, `${entry.method} ${entry.path}`),
        el("span", { class: "sl-muted" }, seconds(entry.elapsed)),
      ),
    );
  }

  form.send.addEventListener("click", () => (waiting ? cancel() : send()));
  const keys = (/** @type {KeyboardEvent} */ event) => {
    const enter = event.key === "Enter" && !event.isComposing;
    if (enter && (event.ctrlKey || event.metaKey || event.target === form.path)) {
      event.preventDefault();
      event.stopPropagation();
      send();
    } else if (event.key === "Escape" && waiting) {
      event.stopPropagation();
      cancel();
    }
  };
  root.addEventListener("keydown", keys, { signal });
  const redraw = () => draw();
  for (const trait of TRAITS) model.on(`change:${trait}`, redraw);
  model.on("change:history", drawHistory);
  channel.on("changed", ({ what }) => what.includes("functions") && refresh());
  channel.on("answered", ({ by }) => by !== waiting && showLast());
  channel.on("gone", (error) => fill(gone, problem(error)));

  fill(
    root,
    el(
      "div",
      { class: "sl-split" },
      list.element,
      el(
        "div",
        { class: "sl-main-column" },
        form.element,
        el(
          "div",
          { class: "sl-row sl-actions" },
          el("button", { type: "button", class: "sl-quiet", onclick: () => copyAs(asCurl, "as curl") }, "Copy as curl"),
          el("button", { type: "button", class: "sl-quiet", onclick: () => copyAs(asSpin, "as %spin") }, "Copy as %spin"),
          live,
        ),
        gone,
        pane.element,
      ),
    ),
  );
  draw();
  drawHistory();
  refresh();
  showLast();
  return () => {
    clearTimeout(timer);
    for (const trait of TRAITS) model.off(`change:${trait}`, redraw);
    model.off("change:history", drawHistory);
    ends.abort();
  };
}

export default { render: renderConsole };
