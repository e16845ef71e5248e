// The request as one writes it: method, path, the fields of its route, query, headers, body.

import { decodedPairs, encodedPairs, pairs } from "./pairs.js";
import { el, fill, octets } from "./dom.js";
import { fieldsOf, pathOf } from "./routes.js";
import { tabs } from "./tabs.js";

/** @typedef {[string, string][]} PairList */

export const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
const HEADERS = ["accept", "authorization", "content-type", "cookie", "if-none-match", "origin", "range", "user-agent"];
const KINDS = {
  none: "",
  json: "application/json",
  form: "application/x-www-form-urlencoded",
  text: "text/plain; charset=utf-8",
  file: "application/octet-stream",
};
const KIND_TITLES = { none: "none", json: "JSON", form: "form", text: "text", file: "file" };

/**
 * @typedef {{method: string, path: string, headers: PairList, body: string, kind: keyof typeof KINDS, function: string,
 *            file: File | null}} Written
 */

/** @param {(change: Partial<Written>) => void} changed */
export function requestForm(changed) {
  const method = el(
    "select",
    { "aria-label": "method", class: "sl-method", onchange: () => changed({ method: method.value }) },
    METHODS.map((name) => el("option", { value: name }, name)),
  );
  const path = el("input", {
    "aria-label": "path and query",
    class: "sl-path sl-mono",
    spellcheck: "false",
    autocomplete: "off",
    oninput: () => changed({ path: path.value }),
  });
  const send = el("button", { type: "button", class: "sl-main sl-send", title: "Ctrl-Enter" }, "Send");
  const fields = el("div", { class: "sl-fields", role: "group", "aria-label": "parameters of the route" });
  const straight = el("div", { class: "sl-muted" });
  const query = pairs("query parameter", (list) => changed({ path: withQuery(path.value, encodedPairs(list)) }));
  const headers = pairs("header", (list) => changed({ headers: list }), HEADERS);
  const body = bodyEditor(changed);
  const parts = tabs("parts of the request", [
    { key: "query", title: "Query", panel: query.element },
    { key: "headers", title: "Headers", panel: headers.element },
    { key: "body", title: "Body", panel: body.element },
    { key: "history", title: "History", panel: el("ol", { class: "sl-history" }) },
  ]);
  /** @type {import("./routes.js").Found | null} */
  let drawn = null;

  /**
   * Fields for the parameters of a route, drawn anew for another route only: one may be written in.
   * @param {import("./routes.js").Found | null} found
   */
  function showFields(found) {
    const same = found && drawn && found.route.pattern === drawn.route.pattern;
    drawn = found;
    if (!found) {
      fill(fields);
      return;
    }
    if (!same) {
      fill(
        fields,
        fieldsOf(found.route).map((name, index) =>
          el(
            "label",
            { class: "sl-field" },
            el("span", { class: "sl-mono sl-muted" }, name === "…" ? "/..." : `:${name}`),
            el("input", { spellcheck: "false", autocomplete: "off", size: "12", oninput: () => write(index) }),
          ),
        ),
      );
    }
    [...fields.querySelectorAll("input")].forEach((input, index) => {
      const value = found.values[index] || "";
      if (input.value !== value) input.value = value;
    });
  }

  /** @param {number} index */
  function write(index) {
    if (!drawn) return;
    const values = [...fields.querySelectorAll("input")].map((input) => input.value);
    drawn = { ...drawn, values };
    changed({ path: pathOf(drawn.route, values) + queryOf(path.value) });
    fields.querySelectorAll("input")[index]?.focus();
  }

  return {
    element: el(
      "div",
      { class: "sl-request" },
      el("div", { class: "sl-line" }, method, path, send),
      straight,
      fields,
      parts.element,
    ),
    send,
    path,
    history: parts.element.querySelector(".sl-history"),
    parts,
    showFields,
    /** @param {Written} written */
    show: (written) => {
      if (!METHODS.includes(written.method) && ![...method.options].some((one) => one.value === written.method)) {
        method.append(el("option", { value: written.method }, written.method));
      }
      method.value = written.method;
      if (path.value !== written.path) path.value = written.path;
      const list = decodedPairs(queryOf(written.path).slice(1));
      query.set(list);
      headers.set(written.headers);
      body.show(written);
      fill(straight, written.function ? `straight to ${written.function}, whatever its routes are ` : "");
      if (written.function) {
        straight.append(
          el(
            "button",
            { type: "button", class: "sl-quiet", onclick: () => changed({ function: "" }) },
            "go by the routes",
          ),
        );
      }
      parts.title("query", "Query", list.length);
      parts.title("headers", "Headers", written.headers.length);
      parts.title("body", "Body", written.kind === "none" ? "" : KIND_TITLES[written.kind]);
    },
  };
}

/** @param {(change: Partial<Written>) => void} changed */
function bodyEditor(changed) {
  const own = `sl-kind-${Math.random().toString(36).slice(2, 8)}`;
  const kinds = el(
    "div",
    { class: "sl-row", role: "radiogroup", "aria-label": "kind of body" },
    Object.entries(KIND_TITLES).map(([kind, title]) =>
      el(
        "label",
        { class: "sl-choice" },
        el("input", {
          type: "radio",
          name: own,
          value: kind,
          onchange: () => changed({ kind: /** @type {any} */ (kind) }),
        }),
        title,
      ),
    ),
  );
  const text = el("textarea", {
    "aria-label": "body",
    rows: "6",
    spellcheck: "false",
    oninput: () => changed({ body: text.value }),
  });
  const format = el(
    "button",
    { type: "button", onclick: () => changed({ body: JSON.stringify(JSON.parse(text.value), null, 2) }) },
    "Format",
  );
  const said = el("span", { class: "sl-warn", role: "status" });
  const form = pairs("form field", (list) => changed({ body: encodedPairs(list) }));
  const chosen = el("span", { class: "sl-muted" });
  const file = el("input", {
    type: "file",
    "aria-label": "file to send",
    onchange: () => changed({ file: file.files[0] || null }),
  });
  const below = el("div", { class: "sl-row" }, format, said);
  const fileRow = el("div", { class: "sl-row" }, file, chosen);
  return {
    element: el("div", {}, kinds, text, form.element, fileRow, below),
    /** @param {Written} written */
    show: (written) => {
      const { kind } = written;
      for (const input of kinds.querySelectorAll("input")) input.checked = input.value === kind;
      text.hidden = kind !== "json" && kind !== "text";
      form.element.hidden = kind !== "form";
      fileRow.hidden = kind !== "file";
      below.hidden = kind !== "json";
      if (text.value !== written.body) text.value = written.body;
      if (kind === "form") form.set(decodedPairs(written.body));
      fill(chosen, written.file ? `${written.file.name}, ${octets(written.file.size)}` : "");
      const wrong = kind === "json" ? notJson(written.body) : "";
      fill(said, wrong ? `${wrong} (it can be sent as it is)` : "");
      format.disabled = Boolean(wrong) || !written.body;
    },
  };
}

/**
 * The body as it is sent, as one buffer or none.
 * @param {Written} now
 * @returns {Promise<any[]>}
 */
export async function bytesOf(now) {
  if (now.kind === "none") return [];
  if (now.kind !== "file") return now.body ? [new TextEncoder().encode(now.body)] : [];
  return now.file ? [await now.file.arrayBuffer()] : [];
}

/**
 * The headers as they are sent: the kind of the body says its type where nobody does.
 * @param {Written} now
 * @returns {PairList}
 */
export function headersOf(now) {
  const named = now.headers.filter(([name]) => name);
  const has = named.some(([name]) => name.toLowerCase() === "content-type");
  const type = now.kind === "file" ? now.file?.type || KINDS.file : KINDS[now.kind];
  const sends = now.kind === "file" ? now.file : now.body;
  return has || !type || !sends ? named : [...named, ["content-type", type]];
}

/**
 * Why a text is no JSON; empty when it is.
 * @param {string} text
 */
export function notJson(text) {
  if (!text.trim()) return "";
  try {
    JSON.parse(text);
    return "";
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : error}`;
  }
}

/** @param {string} path with its question mark */
export function queryOf(path) {
  const at = path.indexOf("?");
  return at < 0 ? "" : path.slice(at);
}

/** @param {string} path */
export function withoutQuery(path) {
  return path.split("?", 1)[0];
}

/**
 * @param {string} path
 * @param {string} query
 */
export function withQuery(path, query) {
  return withoutQuery(path) + (query ? `?${query}` : "");
}
