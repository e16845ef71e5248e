// What an app keeps: its key-value stores and databases, looked into and changed.

import { channelOf, refreshing } from "./channel.js";
import { counted } from "./plots.js";
import { databaseView } from "./stores-database.js";
import { el, fill, octets, ownKeys } from "./dom.js";
import { keyValueView } from "./stores-keys.js";
import { notices, when } from "./asking.js";

const TRAITS = ["kind", "label", "prefix", "key", "table"];
const PAUSE = 500; // milliseconds in which requests come together

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} given */
function renderStores({ model, el: root, signal: ended }) {
  const ends = new AbortController();
  const signal = ended || ends.signal;
  const channel = channelOf(model, signal);
  root.classList.add("spinlab", "sl-board", "sl-stores");
  ownKeys(root);

  /** @type {any} */
  let about = { app: "", stores: [] };
  /** @type {Map<string, any>} */
  const views = new Map();
  const notice = notices();
  const heading = el("div", { class: "sl-heading" });
  const chooser = el("div", { class: "sl-tools", role: "group", "aria-label": "stores and databases" });
  const place = el("div", { class: "sl-muted sl-place" });
  const panel = el("div", {});
  fill(root, heading, chooser, place, panel, notice.element);

  /** @param {Record<string, any>} values */
  function set(values) {
    for (const [trait, value] of Object.entries(values)) model.set(trait, value);
    model.save_changes();
    draw();
  }

  const refresh = refreshing(async () => {
    try {
      about = await channel.value("kept");
      draw();
    } catch (error) {
      notice.fail(error);
    }
  });

  function draw() {
    const [kind, label] = [model.get("kind"), model.get("label")];
    const one = about.stores.find((/** @type {any} */ store) => store.kind === kind && store.label === label);
    when(heading, about.app, () => el("strong", {}, `Stores of ${about.app}`));
    when(chooser, [about.stores, kind, label], () => about.stores.map((/** @type {any} */ store) => choice(store, store === one)));
    when(place, one || null, () => (one ? placeOf(one) : null));
    if (!one) {
      fill(panel, about.app ? el("p", { class: "sl-muted" }, `there is no ${kind === "sqlite" ? "database" : "key-value store"} called ${label}`) : null);
      return;
    }
    const view = viewOf(kind, label);
    if (panel.firstChild !== view.element) fill(panel, view.element);
    view.follow();
  }

  /** @param {string} kind @param {string} label */
  function viewOf(kind, label) {
    const name = JSON.stringify([kind, label]);
    const known = views.get(name);
    if (known) return known;
    const make = kind === "sqlite" ? databaseView : keyValueView;
    const made = make({ channel, notice, label, get: (trait) => model.get(trait), set });
    views.set(name, made);
    made.refresh();
    return made;
  }

  /** @param {any} store @param {boolean} on */
  function choice(store, on) {
    const holds = store.problem ? "can't be read" : store.kind === "sqlite" ? counted(store.tables.length, "table") : counted(store.keys, "key");
    return el(
      "button",
      {
        type: "button",
        "aria-pressed": String(on),
        class: "sl-choice",
        onclick: () => {
          notice.clear();
          set({ kind: store.kind, label: store.label, key: null, prefix: "", table: "" });
        },
      },
      el("span", { class: "sl-muted" }, store.kind === "sqlite" ? "SQLite" : "key-value"),
      " ",
      el("strong", {}, store.label),
      " ",
      el("span", { class: store.problem ? "sl-bad" : "sl-muted" }, holds),
    );
  }

  function again() {
    refresh();
    for (const view of views.values()) if (view.element.isConnected) view.refresh();
  }

  let due = 0;
  channel.on("changed", ({ what }) => {
    if (what.includes("stores")) again();
    else if (what.includes("functions")) refresh();
    if (!what.includes("stores") && what.includes("requests") && !due) {
      due = window.setTimeout(() => {
        due = 0;
        again();
      }, PAUSE);
    }
  });
  for (const trait of TRAITS) model.on(`change:${trait}`, draw);
  const stop = () => {
    clearTimeout(due);
    for (const trait of TRAITS) model.off(`change:${trait}`, draw);
  };
  signal.addEventListener("abort", stop);
  draw();
  refresh();
  return ended ? undefined : () => ends.abort();
}

/** @param {any} store */
function placeOf(store) {
  if (store.problem) return el("span", { class: "sl-bad" }, store.problem);
  const size = store.size === null ? "" : `, ${octets(store.size)}`;
  const who = store.functions.length ? `opened by ${store.functions.join(", ")}` : "no function may open it";
  return ["in ", el("code", {}, store.place), `${size}; ${who}`];
}

export default { render: renderStores };
