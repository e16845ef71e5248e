// A value of a database's column: its type and its text.

import { el } from "./dom.js";

/** @typedef {{type: string, text: string, size?: number, masked?: boolean}} Cell */

export const TYPES = ["null", "integer", "real", "text", "blob"];

/** A value as a table shows it. @param {Cell} cell */
export function cellText(cell) {
  if (cell.type === "null") return el("span", { class: "sl-muted sl-null" }, "NULL");
  if (cell.type === "blob") return el("span", { class: "sl-mono" }, cell.masked ? "***" : `x'${cell.text.slice(0, 32)}${cell.text.length > 32 ? "…" : ""}'`, cell.size ? el("span", { class: "sl-muted" }, ` ${cell.size} bytes`) : null);
  const more = cell.size ? el("span", { class: "sl-muted" }, ` … ${cell.size.toLocaleString("en")} characters`) : null;
  return [cell.text.replaceAll("\n", "⏎"), more];
}

/** What is most likely typed for a column, by SQLite's rules of affinity. @param {string} type as the table declares it */
export function affinity(type) {
  const upper = type.toUpperCase();
  if (upper.includes("INT")) return "integer";
  if (/CHAR|CLOB|TEXT/.test(upper)) return "text";
  if (upper.includes("BLOB")) return "blob";
  if (/REAL|FLOA|DOUB/.test(upper)) return "real";
  return "text";
}

/**
 * A choice of types.
 * @param {string} label
 * @param {string[]} offered
 * @param {() => void} changed
 */
export function typeChoice(label, offered, changed) {
  const names = /** @type {Record<string, string>} */ ({ null: "NULL", blob: "blob, hexadecimal" });
  return el("select", { "aria-label": label, onchange: changed }, offered.map((type) => el("option", { value: type }, names[type] || type)));
}
