// The list of what can be called: a function with its routes is a click away from being asked.

import { el, fill } from "./dom.js";

/**
 * @typedef {import("./routes.js").Callable} Callable
 * @typedef {import("./routes.js").Route} Route
 */

const FILTER_FROM = 8; // functions from which a filter helps

/** @param {(one: Callable, route: Route | null) => void} choose a function without a route is asked by its name */
export function functionList(choose) {
  const filter = el("input", {
    type: "search",
    placeholder: "filter",
    "aria-label": "filter functions",
    oninput: () => draw(),
  });
  const list = el("ul", { class: "sl-functions", "aria-label": "functions" });
  const none = el("p", { class: "sl-muted" });
  /** @type {Callable[]} */
  let functions = [];
  let current = "";

  /** @param {Callable} one @param {Route | null} route */
  const entry = (one, route) => {
    const key = `${one.name}\n${route?.pattern || ""}`;
    return el(
      "li",
      {},
      el(
        "button",
        {
          type: "button",
          class: "sl-function",
          "aria-current": key === current ? "true" : null,
          title: route?.problem || `${one.name}, revision ${one.revision}`,
          onclick: () => choose(one, route),
        },
        el(
          "span",
          { class: "sl-name" },
          one.name,
          route?.problem ? el("span", { class: "sl-warn" }, " (unreachable)") : null,
        ),
        el("span", { class: "sl-mono sl-muted" }, route ? route.pattern : "private"),
      ),
    );
  };

  function draw() {
    const wanted = filter.value.trim().toLowerCase();
    const fits = (/** @type {string} */ text) => text.toLowerCase().includes(wanted);
    const shown = functions.filter((one) => fits(one.name) || one.routes.some((route) => fits(route.pattern)));
    fill(
      list,
      shown.map((one) => (one.routes.length ? one.routes.map((route) => entry(one, route)) : entry(one, null))).flat(),
    );
    filter.hidden = functions.length < FILTER_FROM;
    fill(
      none,
      functions.length ? (shown.length ? "" : "none is called that") : "no functions yet: write a %%spin cell",
    );
    none.hidden = shown.length > 0;
  }

  return {
    element: el("nav", { class: "sl-side", "aria-label": "what can be called" }, filter, list, none),
    /** @param {Callable[]} told */
    set: (told) => {
      functions = told;
      draw();
    },
    /** @param {string} name @param {string} pattern */
    mark: (name, pattern) => {
      const key = `${name}\n${pattern}`;
      if (key === current) return;
      current = key;
      draw();
    },
  };
}
