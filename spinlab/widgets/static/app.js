// The app: its functions and routes, how it has been doing, and its manifest.

import { copying, notices, when } from "./asking.js";
import { channelOf, refreshing } from "./channel.js";
import { el, fill, octets, ownKeys, seconds } from "./dom.js";
import { functionDetails } from "./app-function.js";
import { listing } from "./listing.js";
import { counted, minutePlots, spark } from "./plots.js";
import { routeTable } from "./app-routes.js";
import { tabs } from "./tabs.js";

const ORDERS = { registered: "as registered", name: "name", requests: "most requests", errors: "most errors", latency: "slowest", size: "largest" };
const BEAT = 1000; // milliseconds from one look at the pulse to the next
const MINUTE = 61_000;

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} given */
function renderApp({ model, el: root, signal: ended }) {
  const ends = new AbortController();
  const signal = ended || ends.signal;
  const channel = channelOf(model, signal);
  root.classList.add("spinlab", "sl-board", "sl-app");
  ownKeys(root);

  /** @type {Map<string, any>} */
  const functions = new Map();
  /** @type {any} */
  let about = { app: "", url: "", names: [], removed: [], routes: [], apps: [] };
  /** @type {any} */
  let pulse = { app: { sum: [0, 0, 0, 0], series: [] }, sums: {}, series: {} };
  let stamp = 0;
  let active = 0;
  let before = "";
  let inSight = true;

  const notice = notices();
  const heading = el("div", { class: "sl-heading" });
  const plots = minutePlots("the app");
  const filter = el("input", { type: "search", "aria-label": "filter functions and routes", placeholder: "filter", oninput: () => set("filter", filter.value) });
  const order = el("select", { "aria-label": "order of the functions", onchange: () => set("order", order.value) }, Object.entries(ORDERS).map(([key, text]) => el("option", { value: key }, text)));
  const list = listing({ label: "functions", key: (item) => item.name, row, words, choose: (item) => set("selected", item.name), seen: () => beat() });
  const columns = el("div", { class: "sl-columns", "aria-hidden": "true" }, ["function", "language", "routes", "last minute", "requests", "errors", "latency", "size"].map((text, index) => el("span", { class: index > 3 ? "sl-number" : "" }, text)));
  const empty = el("div", { class: "sl-empty" });
  const removed = el("div", { class: "sl-removed" });
  const details = functionDetails(channel, notice, () => refresh());
  const routes = routeTable((name) => {
    set("selected", name);
    set("tab", "functions");
  });
  const text = el("pre", { class: "sl-manifest", tabindex: "0", role: "region", "aria-label": "spin.toml" });
  const manifest = el(
    "div",
    {},
    el("div", { class: "sl-tools" }, el("span", { class: "sl-muted" }, "spin.toml as %spin export writes it"), copying(() => text.textContent || "", "the manifest", notice.say)),
    text,
  );
  const panels = tabs("what of the app is shown", [
    { key: "functions", title: "Functions", panel: el("div", {}, columns, list.element, empty, removed, details.element) },
    { key: "routes", title: "Routes", panel: routes.element },
    { key: "manifest", title: "Manifest", panel: manifest },
  ]);
  panels.onchoose((key) => set("tab", key));
  fill(root, heading, plots.element, el("div", { class: "sl-tools" }, filter, el("label", { class: "sl-row" }, el("span", { class: "sl-muted" }, "order"), order)), panels.element, notice.element);

  /** @param {string} trait @param {string} value */
  function set(trait, value) {
    if (model.get(trait) === value) return;
    model.set(trait, value);
    model.save_changes();
    follow();
  }

  /** What the traits say, whoever set them. */
  function follow() {
    const now = JSON.stringify([model.get("filter"), model.get("order")]);
    if (now !== before) list.top();
    before = now;
    if (filter.value !== model.get("filter")) filter.value = model.get("filter");
    order.value = model.get("order");
    if (panels.chosen() !== model.get("tab")) panels.choose(model.get("tab"));
    if (model.get("tab") === "manifest") showManifest();
    draw();
  }

  const refresh = refreshing(async () => {
    try {
      const found = await channel.value("overview", { since: stamp });
      for (const one of found.functions) functions.set(one.name, one);
      for (const name of functions.keys()) if (!found.names.includes(name)) functions.delete(name);
      if (found.routes === null) found.routes = about.routes;
      about = found;
      stamp = found.stamp;
      draw();
    } catch (error) {
      notice.fail(error);
    }
  });

  const beat = refreshing(async () => {
    try {
      const names = [...new Set([...list.inSight(), model.get("selected")])].filter((name) => name);
      pulse = await channel.value("pulse", { names });
      drawPulse();
    } catch {
      // the overview says what is wrong
    }
  });

  const showManifest = refreshing(async () => {
    try {
      const found = await channel.value("manifest");
      if (text.textContent !== found.text) fill(text, found.text);
    } catch (error) {
      notice.fail(error);
    }
  });

  /** @param {any} one */
  function sums(one) {
    const [requests = 0, errors = 0, total = 0] = pulse.sums[one.name] || [];
    return { requests, errors, mean: requests ? total / requests : 0 };
  }

  function listed() {
    const wanted = model.get("filter").toLowerCase();
    const found = about.names.map((/** @type {string} */ name) => functions.get(name)).filter((/** @type {any} */ one) => one && hasText(one, wanted));
    const ranks = /** @type {Record<string, (one: any) => any>} */ ({
      requests: (one) => -sums(one).requests,
      errors: (one) => -sums(one).errors,
      latency: (one) => -sums(one).mean,
      size: (one) => -sizeOf(one),
    });
    const rank = ranks[model.get("order")];
    if (model.get("order") === "name") found.sort((/** @type {any} */ a, /** @type {any} */ b) => (a.name < b.name ? -1 : 1));
    else if (rank) found.sort((/** @type {any} */ a, /** @type {any} */ b) => rank(a) - rank(b));
    return found;
  }

  function draw() {
    const found = listed();
    when(heading, [about.app, about.url, about.names.length, about.routes.length, about.apps], () => headingOf(about));
    list.mark(model.get("selected"));
    list.show(found);
    columns.hidden = !found.length;
    fill(empty, found.length ? null : about.names.length ? "no function has this in its name, language or routes" : "no functions yet: a cell that begins with %%spin NAME makes one");
    panels.title("functions", "Functions", found.length === about.names.length ? found.length : `${found.length} of ${about.names.length}`);
    panels.title("routes", "Routes", about.routes.length);
    when(removed, about.removed, () => removedOf(about.removed, bringBack));
    details.show(functions.get(model.get("selected")), about.routes);
    routes.show(about.routes, model.get("filter").toLowerCase());
    drawPulse();
  }

  function drawPulse() {
    plots.show(pulse.app.series);
    list.draw();
    details.showPulse(pulse.series[model.get("selected")] || []);
  }

  /** @param {any} one */
  function row(one) {
    const { requests, errors, mean } = sums(one);
    return [
      el("span", { class: "sl-name" }, one.name),
      el("span", { class: "sl-muted" }, one.title),
      el("span", { class: "sl-mono" }, routesOf(one)),
      spark(pulse.series[one.name] || []),
      el("span", { class: "sl-number" }, requests),
      el("span", { class: errors ? "sl-number sl-bad" : "sl-number" }, errors ? `✗ ${errors}` : "0"),
      el("span", { class: "sl-number" }, requests ? seconds(mean) : "–"),
      el("span", { class: "sl-number" }, octets(sizeOf(one))),
    ];
  }

  /** @param {any} one */
  function words(one) {
    const { requests, errors, mean } = sums(one);
    const did = requests ? `${counted(requests, "request")}, ${counted(errors, "error")}, ${seconds(mean)} in the last minute` : "no requests in the last minute";
    return `${one.name}, ${one.title}, ${routesOf(one)}, ${did}, ${octets(sizeOf(one))}`;
  }

  /** @param {string} name */
  async function bringBack(name) {
    try {
      await channel.value("undo", { name });
      notice.say(`${name} is back`);
      set("selected", name);
    } catch (error) {
      notice.fail(error);
    }
  }

  let due = 0;
  channel.on("changed", ({ what }) => {
    active = Date.now();
    if (what.includes("functions")) {
      refresh();
      if (model.get("tab") === "manifest") showManifest();
    } else if (what.includes("requests") && !due) {
      due = window.setTimeout(() => {
        due = 0;
        refresh();
        beat();
      }, BEAT / 4);
    }
  });
  for (const trait of ["filter", "order", "tab", "selected"]) model.on(`change:${trait}`, follow);
  const watch = new IntersectionObserver((seen) => {
    inSight = seen.some((one) => one.isIntersecting);
  });
  watch.observe(root);
  const timer = setInterval(() => {
    if (inSight && !document.hidden && Date.now() - active < MINUTE) beat();
  }, BEAT);
  const stop = () => {
    clearInterval(timer);
    clearTimeout(due);
    watch.disconnect();
    for (const trait of ["filter", "order", "tab", "selected"]) model.off(`change:${trait}`, follow);
  };
  signal.addEventListener("abort", stop);
  active = Date.now();
  follow();
  refresh();
  beat();
  return ended ? undefined : () => ends.abort();
}

/** @param {any} about */
function headingOf(about) {
  const others = about.apps.filter((/** @type {any} */ one) => !one.this).map((/** @type {any} */ one) => one.name);
  return [
    el("strong", {}, about.app),
    about.url ? el("a", { href: `${about.url}/`, target: "_blank", rel: "noopener noreferrer" }, about.url) : el("span", { class: "sl-muted" }, "no listener: %spin up starts one"),
    el("span", { class: "sl-muted" }, `${counted(about.names.length, "function")}, ${counted(about.routes.length, "route")}`),
    others.length ? el("span", { class: "sl-muted" }, `other apps: ${others.join(", ")}`) : null,
  ];
}

/**
 * @param {string[]} names
 * @param {(name: string) => void} bringBack
 */
function removedOf(names, bringBack) {
  if (!names.length) return null;
  return el(
    "div",
    { class: "sl-tools" },
    el("span", { class: "sl-muted" }, "removed:"),
    names.map((name) => el("button", { type: "button", onclick: () => bringBack(name) }, `bring back ${name}`)),
  );
}

/** @param {any} one */
function routesOf(one) {
  return one.module ? "module" : one.routes.length ? one.routes.join(", ") : "private";
}

/** Its own bytes: a component's, or those of the source when it runs on a shared image. @param {any} one */
function sizeOf(one) {
  return one.image || one.module ? one.source_size : one.sizes.component;
}

/** @param {any} one @param {string} wanted */
function hasText(one, wanted) {
  return !wanted || [one.name, one.title, one.language, ...one.routes].some((part) => part.toLowerCase().includes(wanted));
}

export default { render: renderApp };
