// A key-value store: its keys in pages, and the value of one of them.

import { asking, doing, notices, when, work } from "./asking.js";
import { decodedBytes, encodedBytes, hexOf } from "./hex.js";
import { el, fill, octets } from "./dom.js";
import { listing } from "./listing.js";
import { refreshing } from "./channel.js";

/**
 * @typedef {{channel: any, notice: ReturnType<typeof notices>, label: string, get: (trait: string) => any,
 *            set: (values: Record<string, any>) => void}} Surroundings
 */

const PAGE = 100;
const MODES = /** @type {Record<string, string>} */ ({ text: "text", json: "JSON", hex: "hexadecimal" });

/** @param {Surroundings} around */
export function keyValueView({ channel, notice, label, get, set }) {
  let starts = [""]; // where each page begins
  let page = 0;
  let total = 0;
  let asked = "";

  const prefix = el("input", { type: "search", "aria-label": "keys that begin with", placeholder: "keys that begin with", spellcheck: "false", oninput: () => set({ prefix: prefix.value }) });
  const add = el("button", { type: "button", onclick: () => editor.fresh() }, "Add key");
  const list = listing({
    label: "keys",
    key: (item) => item.key,
    row: (item) => [el("span", { class: "sl-mono" }, visibleKey(item.key))],
    words: (item) => visibleKey(item.key),
    choose: (item) => {
      notice.clear();
      set({ key: item.key });
    },
    height: 28,
    rows: 12,
  });
  const empty = el("div", { class: "sl-empty" });
  const told = el("span", { class: "sl-muted" });
  const back = el("button", { type: "button", "aria-label": "earlier keys", onclick: () => turn(-1) }, "‹");
  const on = el("button", { type: "button", "aria-label": "later keys", onclick: () => turn(1) }, "›");
  const pages = el("div", { class: "sl-tools" }, back, told, on);
  const editor = valueEditor({ channel, notice, label, get, set }, () => refresh());
  const element = el(
    "div",
    { class: "sl-two" },
    el("div", { class: "sl-side" }, el("div", { class: "sl-tools" }, prefix, add), list.element, empty, pages),
    editor.element,
  );

  const refresh = refreshing(async () => {
    try {
      const found = await channel.value("keys", { store: label, prefix: get("prefix"), after: starts[page], limit: PAGE });
      total = found.total;
      starts = starts.slice(0, page + 1);
      if (found.more) starts.push(found.keys[found.keys.length - 1].key);
      list.show(found.keys);
      list.mark(get("key") ?? "");
      fill(empty, found.keys.length ? null : get("prefix") ? "no key begins with this" : "no keys yet");
      const first = page * PAGE;
      fill(told, `${(first + 1).toLocaleString("en")} to ${(first + found.keys.length).toLocaleString("en")} of ${total.toLocaleString("en")}`);
      pages.hidden = !page && !found.more;
      back.disabled = !page;
      on.disabled = !found.more;
    } catch (error) {
      notice.fail(error);
    }
    await editor.refresh();
  });

  /** @param {number} step */
  async function turn(step) {
    page = Math.min(starts.length - 1, Math.max(0, page + step));
    await refresh();
    if (document.activeElement === document.body) (on.disabled ? back : on).focus();
  }

  return {
    element,
    refresh,
    follow() {
      if (prefix.value !== get("prefix")) prefix.value = get("prefix");
      if (asked !== get("prefix")) {
        asked = get("prefix");
        starts = [""];
        page = 0;
        refresh();
      }
      list.mark(get("key") ?? "");
      editor.follow();
    },
  };
}

/**
 * The value of one key, or of a new one.
 * @param {Surroundings} around
 * @param {() => void} changed
 */
function valueEditor({ channel, notice, label, get, set }, changed) {
  /** @type {any} */
  let read = null;
  /** @type {string | null} */
  let key = null;
  let fresh = false;
  let mode = "text";
  let written = "";

  const name = el("h3", {});
  const facts = el("span", { class: "sl-muted" });
  const warning = el("div", { role: "status" });
  const newKey = el("input", { "aria-label": "new key", placeholder: "key", spellcheck: "false" });
  const choice = el("select", { "aria-label": "shown as", onchange: () => convert(choice.value) });
  const text = el("textarea", { "aria-label": "value", rows: "10", spellcheck: "false", oninput: () => draw(), onkeydown: keyed });
  const save = doing({ text: "Save", main: true, act: store, fail: notice.fail });
  const revert = el("button", { type: "button", onclick: () => load() }, "Read again");
  const cancel = el("button", { type: "button", onclick: () => leave() }, "Cancel");
  const remove = asking({
    text: "Delete",
    yes: "Delete it",
    question: () => `What is in ${visibleKey(key || "")} is lost.`,
    act: async () => {
      await channel.value("delete", { store: label, key });
      notice.say(`deleted ${visibleKey(key || "")}`);
      set({ key: null });
      changed();
    },
    fail: notice.fail,
  });
  const element = el(
    "section",
    { class: "sl-detail sl-editor", "aria-label": "value", hidden: true },
    el("div", { class: "sl-heading" }, name, newKey, facts, el("span", { class: "sl-grow" }), el("label", { class: "sl-row" }, el("span", { class: "sl-muted" }, "as"), choice)),
    warning,
    text,
    el("div", { class: "sl-tools" }, save, revert, cancel, el("span", { class: "sl-grow" }), remove),
  );
  const dirty = () => (fresh ? Boolean(text.value || newKey.value) : text.value !== written);
  const editable = () => fresh || (read && read.whole && !read.masked);

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    if ((event.ctrlKey || event.metaKey) && (event.key === "Enter" || event.key === "s")) {
      event.preventDefault();
      event.stopPropagation();
      if (!save.disabled) work(save, store, notice.fail);
    }
  }

  async function load() {
    try {
      const wanted = key;
      const found = await channel.value("value", { store: label, key: wanted });
      if (wanted !== key) return;
      const keeps = read && read.key === found.key && offered(found).includes(mode);
      read = found;
      mode = keeps ? mode : found.kind === "bytes" ? "hex" : found.kind === "json" ? "json" : "text";
      write();
    } catch (error) {
      read = null;
      element.hidden = true;
      notice.fail(error);
    }
  }

  function write() {
    written = { text: read.text, json: read.pretty, hex: read.hex }[mode] ?? "";
    text.value = written;
    written = text.value; // a browser takes out carriage returns
    draw();
  }

  /** @param {string} to */
  function convert(to) {
    try {
      if (!dirty() && !fresh) {
        mode = to;
        write();
        return;
      }
      if (mode === "hex") text.value = decodedBytes(text.value);
      else if (to === "hex") text.value = hexOf(encodedBytes(text.value));
      mode = to;
    } catch {
      notice.fail({ message: "these bytes are no text", hint: "leave them as hexadecimal digits" });
    }
    draw();
  }

  function draw() {
    element.hidden = !fresh && !read;
    if (element.hidden) return;
    name.hidden = fresh;
    newKey.hidden = !fresh;
    fill(name, fresh ? "" : visibleKey(read.key));
    fill(facts, fresh ? "" : `${read.kind === "json" ? "JSON" : read.kind} · ${octets(read.size)}`);
    const modes = fresh ? Object.keys(MODES) : offered(read);
    when(choice, modes, () => modes.map((one) => el("option", { value: one }, MODES[one])));
    choice.value = mode;
    text.readOnly = !editable();
    save.disabled = !editable() || (!fresh && !dirty());
    save.hidden = !editable();
    cancel.hidden = !fresh;
    revert.hidden = fresh;
    remove.hidden = fresh;
    when(warning, [fresh, read && read.whole, read && read.masked, read && read.newer], () => warningOf(fresh ? null : read));
  }

  async function store() {
    const made = fresh ? newKey.value : key;
    const value = mode === "hex" ? { hex: text.value } : { text: text.value, json: mode === "json" };
    const found = await channel.value("set", { store: label, key: made, ...value, ...(fresh ? { create: true } : { version: read.version }) });
    notice.say(`saved ${visibleKey(found.key)}, ${octets(found.size)}`);
    fresh = false;
    written = text.value;
    if (made !== key) set({ key: made });
    changed();
    await load();
  }

  function leave() {
    fresh = false;
    if (read) write();
    else draw();
  }

  return {
    element,
    fresh() {
      notice.clear();
      fresh = true;
      mode = "text";
      text.value = "";
      newKey.value = get("prefix");
      draw();
      newKey.focus();
    },
    follow() {
      if (get("key") === key) return;
      key = get("key");
      fresh = false;
      read = null;
      if (key === null) draw();
      else load();
    },
    async refresh() {
      if (fresh || key === null || !read) return;
      try {
        const found = await channel.value("value", { store: label, key });
        if (!read || found.key !== read.key || (found.version === read.version && found.size === read.size && !read.masked)) return;
        if (dirty()) {
          read.newer = true;
          draw();
        } else {
          await load();
        }
      } catch (error) {
        if (!dirty()) {
          read = null;
          notice.fail(error);
          draw();
        }
      }
    },
  };
}

/** @param {any} read */
function offered(read) {
  return [read.text === null ? "" : "text", read.pretty === null ? "" : "json", read.hex === null ? "" : "hex"].filter((one) => one);
}

/** @param {any} read */
function warningOf(read) {
  if (!read) return null;
  if (read.masked) return el("span", { class: "sl-warn" }, "There is a secret in it, shown as ***: it can't be edited here.");
  if (!read.whole) return el("span", { class: "sl-warn" }, `This is its beginning: a value over 64 KB can't be edited here, but app.kv() has all of it.`);
  if (read.newer) return el("span", { class: "sl-warn" }, "It was changed meanwhile; what you wrote is still here. Read it again before you save.");
  return null;
}

/** @param {string} key */
export function visibleKey(key) {
  return key === "" ? "(empty key)" : key.replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
