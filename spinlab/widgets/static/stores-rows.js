// Changing rows: one cell, a new row, a row that goes.

import { TYPES, affinity, typeChoice } from "./cells.js";
import { asking, doing, sending, work } from "./asking.js";
import { el, fill } from "./dom.js";

/** @typedef {{channel: any, notice: any, label: string}} Database */

/**
 * The cell that is chosen in a table, and its row.
 * @param {Database} database
 * @param {() => void} changed
 * @param {() => void} left
 */
export function cellEditor({ channel, notice, label }, changed, left) {
  /** @type {{table: string, rowid: string, column: string, cell: any, editable: boolean} | null} */
  let at = null;
  const name = el("h3", {});
  const type = typeChoice("type of the value", TYPES, () => draw());
  const text = el("textarea", { "aria-label": "value of the cell", rows: "3", spellcheck: "false", onkeydown: keyed });
  const why = el("div", { class: "sl-muted" });
  const save = doing({ text: "Save cell", main: true, act: store, fail: notice.fail });
  const cancel = el("button", { type: "button", onclick: leave }, "Cancel");
  const remove = asking({
    text: "Delete row",
    yes: "Delete it",
    question: () => "Its values are lost.",
    act: async () => {
      if (!at) return;
      await channel.value("erase", { database: label, table: at.table, rowid: at.rowid });
      notice.say(`deleted row ${at.rowid} of ${at.table}`);
      close();
      changed();
    },
    fail: notice.fail,
  });
  const element = el("section", { class: "sl-detail sl-cell-editor", "aria-label": "cell", hidden: true }, el("div", { class: "sl-heading" }, name, el("span", { class: "sl-grow" }), type), text, why, el("div", { class: "sl-tools" }, save, cancel, el("span", { class: "sl-grow" }), remove));

  function draw() {
    text.disabled = !at?.editable || type.value === "null";
    type.disabled = !at?.editable;
    save.hidden = !at?.editable;
  }

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    if (event.key === "Escape") leave();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      work(save, store, notice.fail);
    }
  }

  function leave() {
    close();
    left();
  }

  function close() {
    at = null;
    element.hidden = true;
  }

  async function store() {
    if (!at) return;
    const to = { type: type.value, text: type.value === "null" ? "" : text.value };
    await channel.value("write", { database: label, table: at.table, rowid: at.rowid, column: at.column, was: { type: at.cell.type, text: at.cell.text }, to });
    notice.say(`saved ${at.column} of row ${at.rowid}`);
    at.cell = to;
    changed();
  }

  return {
    element,
    close,
    focus: () => (text.disabled ? type : text).focus(),
    /**
     * @param {any} rows what `rows` answered @param {number} line @param {number} column
     */
    async open(rows, line, column) {
      const [about, row] = [rows.columns[column], rows.rows[line]];
      let cell = row.cells[column];
      try {
        if (cell.size && !cell.masked && rows.keyed) {
          cell = (await channel.value("field", { database: label, table: rows.table, rowid: row.rowid, column: about.name })).cell;
        }
      } catch (error) {
        notice.fail(error);
        return;
      }
      const editable = rows.keyed && !cell.size && !cell.masked && !about.generated;
      at = { table: rows.table, rowid: row.rowid, column: about.name, cell, editable };
      fill(name, about.name, " ", el("span", { class: "sl-muted sl-light" }, rows.keyed ? `row ${row.rowid} of ${rows.table}` : `of ${rows.table}`));
      type.value = cell.type;
      text.value = cell.text;
      fill(why, editable ? "" : reason(rows, cell, about));
      remove.hidden = !rows.keyed;
      element.hidden = false;
      draw();
    },
    /** What is shown now; a row that is gone is let go. @param {any} rows */
    follow(rows) {
      if (at && (rows.table !== at.table || !rows.rows.some((/** @type {any} */ row) => row.rowid === at?.rowid))) close();
    },
  };
}

/** @param {any} rows @param {any} cell @param {any} column */
function reason(rows, cell, column) {
  if (cell.masked) return "There is a secret in it: it can't be edited here.";
  if (cell.size) return "It is too long to be edited here; an UPDATE statement can.";
  if (column.generated) return "It is generated from other columns.";
  return rows.keyed ? "" : "Rows of this table have no number to find them by: use an UPDATE or DELETE statement.";
}

/**
 * A new row.
 * @param {Database} database
 * @param {() => void} changed
 */
export function rowForm({ channel, notice, label }, changed) {
  let table = "";
  /** @type {{name: string, type: any, text: any}[]} */
  let fields = [];
  const list = el("div", { class: "sl-fields" });
  const button = el("button", { type: "submit", class: "sl-main" }, "Add it");
  const cancel = el("button", { type: "button", onclick: () => close() }, "Cancel");
  const title = el("h3", {});
  const element = el("form", { class: "sl-detail", hidden: true, "aria-label": "new row" }, title, list, el("div", { class: "sl-tools" }, button, cancel));
  sending(element, button, insert, notice.fail);

  async function insert() {
    /** @type {Record<string, any>} */
    const values = {};
    for (const field of fields) if (field.type.value !== "default") values[field.name] = { type: field.type.value, text: field.text.value };
    const made = await channel.value("insert", { database: label, table, values });
    notice.say(`added row ${made.rowid} to ${table}`);
    close();
    changed();
  }

  function close() {
    element.hidden = true;
  }

  return {
    element,
    close,
    /** @param {string} name @param {any[]} columns */
    open(name, columns) {
      table = name;
      fill(title, `New row of ${name}`);
      fields = columns.filter((column) => !column.generated).map(field);
      fill(list, fields.map((one) => el("div", { class: "sl-field" }, el("span", { class: "sl-field-name" }, one.name), one.type, one.text)));
      element.hidden = false;
      (fields.find((one) => !one.text.disabled) || fields[0])?.text.focus();
    },
  };
}

/** @param {any} column */
function field(column) {
  const text = el("input", { "aria-label": `value of ${column.name}`, spellcheck: "false", placeholder: column.default === null ? "" : `default ${column.default}` });
  const type = typeChoice(`type of ${column.name}`, ["default", ...TYPES], () => {
    text.disabled = type.value === "default" || type.value === "null";
  });
  type.value = column.required ? affinity(column.type) : "default";
  text.disabled = type.value === "default";
  return { name: column.name, type, text };
}
