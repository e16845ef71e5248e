// A box for statements: what they gave, or where one failed.

import { cellText } from "./cells.js";
import { counted } from "./plots.js";
import { el, fill, seconds } from "./dom.js";
import { work } from "./asking.js";

const DEADLINE = 15; // seconds

/** @param {{channel: any, label: string}} database */
export function statementBox({ channel, label }) {
  const text = el("textarea", { "aria-label": "SQL statements", rows: "3", spellcheck: "false", placeholder: "SELECT * FROM ...", onkeydown: keyed });
  const button = el("button", { type: "button", class: "sl-main", onclick: () => work(button, run, fail) }, "Run");
  const results = el("div", { class: "sl-results", "aria-live": "polite" });
  const hint = el("span", { class: "sl-muted" }, "Ctrl+Enter runs");
  const element = el("section", { class: "sl-statements", "aria-label": "statements" }, el("div", { class: "sl-muted" }, "SQL"), text, el("div", { class: "sl-tools" }, button, hint), results);

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      work(button, run, fail);
    }
  }

  async function run() {
    const statements = text.value;
    const found = await channel.value("sql", { database: label, text: statements }, { deadline: DEADLINE });
    fill(
      results,
      found.count > found.results.length ? el("div", { class: "sl-muted" }, `the last ${found.results.length} of ${found.count} statements:`) : null,
      found.results.map(resultOf),
      found.failed ? failure(found.failed, statements) : null,
      found.uncommitted ? el("div", { class: "sl-warn" }, "a transaction was begun and not committed: what it changed is undone") : null,
    );
    if (found.failed) point(found.failed, statements);
  }

  /** @param {any} error */
  function fail(error) {
    fill(results, el("div", { class: "sl-error", role: "alert" }, el("span", { class: "sl-bad" }, error.message), error.hint ? el("div", { class: "sl-muted" }, `hint: ${error.hint}`) : null));
  }

  /** Select what failed. @param {any} failed @param {string} statements */
  function point(failed, statements) {
    if (text.value !== statements) return;
    const start = startOf(statements, failed.line) + failed.column - 1;
    text.focus();
    text.setSelectionRange(start, start + Math.max(1, failed.end - failed.column));
  }

  return { element };
}

/** @param {string} statements @param {number} line */
function startOf(statements, line) {
  return statements.split("\n").slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
}

/** @param {any} failed @param {string} statements */
function failure(failed, statements) {
  const line = statements.split("\n")[failed.line - 1] || "";
  const mark = " ".repeat(failed.column - 1) + "^".repeat(Math.max(1, failed.end - failed.column));
  return el(
    "div",
    { class: "sl-error", role: "alert" },
    el("span", { class: "sl-bad" }, failed.message),
    el("div", { class: "sl-muted" }, `line ${failed.line}, column ${failed.column}`),
    el("pre", {}, `${line}\n${mark}`),
    failed.hint ? el("div", { class: "sl-muted" }, `hint: ${failed.hint}`) : null,
  );
}

/** @param {any} result */
function resultOf(result) {
  const told = result.columns.length ? (result.more ? `the first ${counted(result.rows.length, "row")}` : counted(result.rows.length, "row")) : result.changes ? `${counted(result.changes, "row")} changed` : "done";
  const rows = result.rows.map((/** @type {any[]} */ row) => el("tr", {}, row.map((cell) => el("td", { class: cell.type === "text" ? "" : `sl-${cell.type}` }, cellText(cell)))));
  const table = el("table", { class: "sl-grid" }, el("thead", {}, el("tr", {}, result.columns.map((/** @type {string} */ name) => el("th", { scope: "col" }, name)))), el("tbody", {}, rows));
  return el(
    "div",
    { class: "sl-result" },
    el("div", { class: "sl-muted" }, el("code", {}, result.statement), ` ${told}, ${seconds(result.elapsed)}`),
    result.columns.length ? el("div", { class: "sl-window", tabindex: "0", role: "region", "aria-label": "rows" }, table) : null,
  );
}
