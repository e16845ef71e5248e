// A database: its tables, their rows in pages, and statements.

import { cellEditor, rowForm } from "./stores-rows.js";
import { cellText } from "./cells.js";
import { when } from "./asking.js";
import { el, fill } from "./dom.js";
import { pager } from "./pager.js";
import { refreshing } from "./channel.js";
import { statementBox } from "./stores-statements.js";

const ROWS = 50; // of one page

/** @param {import("./stores-keys.js").Surroundings} around */
export function databaseView({ channel, notice, label, get, set }) {
  /** @type {any[]} */
  let tables = [];
  /** @type {any} */
  let found = null;
  let order = "";
  let descending = false;
  let before = "";
  let [line, column] = [0, 0];

  const choice = el("select", { "aria-label": "table", onchange: () => set({ table: choice.value }) });
  const add = el("button", { type: "button", onclick: () => form.open(found.table, found.columns) }, "Add row");
  const empty = el("div", { class: "sl-empty" });
  const head = el("tr", { role: "row" });
  const body = el("tbody", { role: "rowgroup" });
  const grid = el("table", { class: "sl-grid", role: "grid", onkeydown: move, onclick: pressed, ondblclick: () => editor.focus() }, el("thead", { role: "rowgroup" }, head), body);
  const scroll = el("div", { class: "sl-window" }, grid);
  const pages = pager("rows", ROWS, () => refresh());
  const form = rowForm({ channel, notice, label }, () => refresh());
  const editor = cellEditor({ channel, notice, label }, () => refresh(), () => focusCell());
  const box = statementBox({ channel, label });
  const tablePart = el("div", {}, el("div", { class: "sl-tools" }, el("label", { class: "sl-row" }, el("span", { class: "sl-muted" }, "table"), choice), add), scroll, empty, pages.element, editor.element, form.element);
  const element = el("div", {}, tablePart, box.element);

  const current = () => (tables.some((one) => one.name === get("table")) ? get("table") : tables.length ? tables[0].name : "");

  const refresh = refreshing(async () => {
    try {
      tables = await channel.value("tables", { database: label });
      const table = current();
      when(choice, tables.map((one) => [one.name, one.kind]), () => tables.map((one) => el("option", { value: one.name }, one.kind === "view" ? `${one.name} (view)` : one.name)));
      choice.value = table;
      fill(empty, tables.length ? null : "no tables yet: a CREATE TABLE statement makes one");
      tablePart.querySelector(".sl-tools").hidden = scroll.hidden = !tables.length;
      if (table !== before) {
        before = table;
        [order, descending] = ["", false];
        [line, column] = [0, 0];
        pages.first();
        editor.close();
        form.close();
      }
      if (table) {
        const columns = tables.find((one) => one.name === table).columns.map((/** @type {any} */ one) => one.name);
        if (!columns.includes(order)) order = "";
        found = await channel.value("rows", { database: label, table, order, descending, limit: ROWS, offset: pages.offset() });
        draw();
      } else {
        pages.show(0);
      }
    } catch (error) {
      notice.fail(error);
    }
  });

  function draw() {
    add.hidden = tables.find((one) => one.name === found.table)?.kind === "view";
    grid.setAttribute("aria-label", `rows of ${found.table}`);
    grid.setAttribute("aria-rowcount", String(found.total + 1));
    pages.show(found.total);
    when(head, [found.columns, order, descending], () => found.columns.map(heading));
    const had = body.contains(document.activeElement);
    line = Math.min(line, Math.max(0, found.rows.length - 1));
    column = Math.min(column, Math.max(0, found.columns.length - 1));
    when(body, [found.table, found.columns.length, found.rows, found.offset], () => found.rows.map(row));
    if (!found.rows.length && !body.firstChild) {
      body.slFilledWith = "";
      fill(body, el("tr", { role: "row" }, el("td", { role: "gridcell", class: "sl-muted", colspan: String(found.columns.length) }, "no rows")));
    }
    rove();
    if (had) focusCell();
    editor.follow(found);
  }

  /** @param {any} one */
  function heading(one) {
    const on = order === one.name;
    const arrow = on ? (descending ? " ↓" : " ↑") : "";
    return el(
      "th",
      { role: "columnheader", scope: "col", "aria-sort": on ? (descending ? "descending" : "ascending") : "none" },
      el(
        "button",
        {
          type: "button",
          class: "sl-order",
          title: `order by ${one.name}`,
          onclick: () => {
            const again = order === one.name; // as of now: the rows may still be on their way
            [order, descending] = again && descending ? ["", false] : [one.name, again];
            pages.first();
            refresh();
          },
        },
        el("span", {}, one.name, arrow),
        el("span", { class: "sl-muted sl-type" }, [one.type || "any", one.key ? "key" : "", one.generated ? "generated" : ""].filter((part) => part).join(" ")),
      ),
    );
  }

  /** @param {any} one @param {number} index */
  function row(one, index) {
    return el(
      "tr",
      { role: "row", "aria-rowindex": found.offset + index + 2 },
      one.cells.map((/** @type {any} */ cell) => el("td", { role: "gridcell", tabindex: "-1", class: cell.type === "text" ? "" : `sl-${cell.type}` }, cellText(cell))),
    );
  }

  const cellAt = () => /** @type {any} */ (body.children[line]?.children[column]);

  function rove() {
    for (const cell of body.querySelectorAll('[tabindex="0"]')) cell.tabIndex = -1;
    const cell = cellAt();
    if (cell) cell.tabIndex = 0;
  }

  function focusCell() {
    rove();
    cellAt()?.focus();
  }

  /** @param {KeyboardEvent} event */
  function move(event) {
    if (!body.contains(/** @type {Node} */ (event.target)) || !found.rows.length) return;
    const steps = /** @type {Record<string, [number, number]>} */ ({ ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1], Home: [0, -1e6], End: [0, 1e6], PageDown: [10, 0], PageUp: [-10, 0] });
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      line = Math.min(found.rows.length - 1, Math.max(0, line + step[0]));
      column = Math.min(found.columns.length - 1, Math.max(0, column + step[1]));
      focusCell();
    } else if (event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      edit(true);
    }
  }

  /** @param {any} event */
  function pressed(event) {
    const cell = event.target.closest("td");
    if (!cell || !found || !found.rows.length) return;
    line = [...body.children].indexOf(cell.parentElement);
    column = [...cell.parentElement.children].indexOf(cell);
    focusCell();
    edit(false);
  }

  /** @param {boolean} focus */
  function edit(focus) {
    form.close();
    editor.open(found, line, column).then(() => focus && editor.focus());
  }

  return {
    element,
    refresh,
    follow() {
      if (current() && current() !== before) refresh();
    },
  };
}
