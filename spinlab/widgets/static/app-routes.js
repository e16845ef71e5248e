// The routes of an app, a page at a time.

import { el, fill } from "./dom.js";
import { pager } from "./pager.js";

const ROUTES = 50; // of one page

/** @param {(name: string) => void} choose shows a function */
export function routeTable(choose) {
  const body = el("tbody", {});
  const table = el(
    "table",
    { class: "sl-routes" },
    el("thead", {}, el("tr", {}, ["route", "function", "note"].map((text) => el("th", { scope: "col" }, text)))),
    body,
  );
  const empty = el("div", { class: "sl-empty" });
  const pages = pager("routes", ROUTES, () => draw());
  /** @type {any[]} */
  let found = [];
  let before = "";

  function draw() {
    const shown = found.slice(pages.offset(), pages.offset() + ROUTES);
    const now = JSON.stringify(shown);
    if (now === before) return;
    before = now;
    fill(body, shown.map(line));
  }

  /** @param {any} route */
  function line(route) {
    const address = route.url ? el("a", { href: route.url, target: "_blank", rel: "noopener noreferrer", class: "sl-mono" }, route.pattern) : el("code", {}, route.pattern);
    const owner = route.static ? el("span", {}, route.function, " ", el("span", { class: "sl-muted" }, "static response")) : el("button", { type: "button", class: "sl-link", onclick: () => choose(route.function) }, route.function);
    return el("tr", {}, el("td", {}, address), el("td", {}, owner), el("td", {}, route.problem ? el("span", { class: "sl-warn" }, route.problem) : null));
  }

  return {
    element: el("div", {}, table, empty, pages.element),
    /** @param {any[]} routes @param {string} wanted */
    show(routes, wanted) {
      found = routes.filter((route) => !wanted || `${route.pattern} ${route.function}`.toLowerCase().includes(wanted));
      table.hidden = !found.length;
      fill(empty, found.length ? null : routes.length ? "no route has this" : "no routes yet");
      pages.show(found.length);
      draw();
    },
  };
}
