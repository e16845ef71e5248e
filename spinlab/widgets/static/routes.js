// Which route a path belongs to, and the path that a route makes of its parameters. The kernel decides for real.

import { decoded, encoded } from "./pairs.js";

/**
 * @typedef {{pattern: string, params: string[], wildcard: boolean, problem: string}} Route
 * @typedef {{name: string, language: string, revision: number, routes: Route[]}} Callable
 * @typedef {{function: Callable, route: Route, values: string[]}} Found values of the parameters, then of the wildcard
 */

const PIECES = /(:[^/.]+|\/\.\.\.$|\/\*$)/;

/**
 * The fields of a route: its parameters, and the rest of the path when it ends in a wildcard.
 * @param {Route} route
 */
export function fieldsOf(route) {
  return route.wildcard ? [...route.params, "…"] : route.params;
}

/**
 * @param {Route} route
 * @param {string} path without its query
 * @returns {string[] | null} a placeholder such as `:a` is no value yet
 */
export function valuesOf(route, path) {
  const pattern = rooted(route.pattern);
  const pieces = pattern.split(PIECES).map((piece) => {
    if (piece.startsWith("/...") || piece === "/*") return "(?:/(.*))?";
    if (piece.startsWith(":")) return pattern.includes(`${piece}.`) ? "([^/.]*)" : "([^/]*)";
    return piece.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  const found = new RegExp(`^${pieces.join("").replace(/(?<!^)\/$/, "")}/?$`).exec(path);
  if (!found) return null;
  return found.slice(1).map((value, index) => (value === `:${route.params[index]}` ? "" : decoded(value || "")));
}

/**
 * @param {Route} route
 * @param {string[]} values
 */
export function pathOf(route, values) {
  let at = 0;
  const pieces = rooted(route.pattern)
    .split(PIECES)
    .map((piece) => {
      if (piece.startsWith("/...") || piece === "/*") {
        const rest = (values[at++] || "").split("/").map(encoded).join("/");
        return rest ? `/${rest}` : "";
      }
      if (!piece.startsWith(":")) return piece;
      const value = values[at++] || "";
      return value === "" ? piece : encoded(value);
    });
  return pieces.join("") || "/";
}

/**
 * The parameters of a path that have no value yet.
 * @param {Route} route
 * @param {string} path without its query
 */
export function missingIn(route, path) {
  const values = valuesOf(route, path) || [];
  return route.params.filter((_name, index) => !values[index]);
}

/**
 * The route that a path belongs to: the chosen one when it fits, else the one with the most letters of its own.
 * @param {Callable[]} functions
 * @param {string} path without its query
 * @param {Found | null} chosen
 * @returns {Found | null}
 */
export function findRoute(functions, path, chosen) {
  /** @type {Found[]} */
  const fitting = [];
  for (const one of functions) {
    for (const route of one.routes) {
      const values = valuesOf(route, path);
      if (values) fitting.push({ function: one, route, values });
    }
  }
  const same = fitting.find(
    (x) => x.function.name === chosen?.function.name && x.route.pattern === chosen?.route.pattern,
  );
  const own = (/** @type {Found} */ x) =>
    x.route.pattern.replace(/:[^/.]+/g, "").length - (x.route.wildcard ? 1000 : 0);
  return same || fitting.sort((a, b) => own(b) - own(a))[0] || null;
}

/** @param {string} pattern */
function rooted(pattern) {
  return pattern.startsWith("/") ? pattern : `/${pattern}`;
}
