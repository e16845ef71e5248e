// The answer: status, body by its type, headers, log lines, what was denied and how to grant it, the trace.

import { bodyView, hasWrongBytes, mediaType, textOf, waysOf } from "./bodyview.js";
import { copy, el, fill, octets, problem, seconds } from "./dom.js";
import { denials } from "./denials.js";
import { fetched, saved } from "./saving.js";
import { tabs } from "./tabs.js";
import { timeline } from "./timeline.js";

/** @typedef {import("./channel.js").Channel} Channel */

const WAYS = { tree: "Tree", text: "Text", hex: "Bytes", page: "Page", image: "Image" };
const SHOWN_WHOLE = 4e6; // bytes of a body that can be shown whole

/**
 * @param {Channel} channel
 * @param {(text: string) => void} say told to screen readers as well
 */
export function responsePane(channel, say) {
  const status = el("div", { class: "sl-row sl-status" });
  const notes = el("div", {});
  const panels = {
    body: el("div", {}),
    headers: el("div", { class: "sl-scroll", tabindex: "0", role: "group", "aria-label": "headers" }),
    log: el("div", {}),
    trace: el("div", {}),
  };
  const parts = tabs("parts of the answer", [
    { key: "body", title: "Body", panel: panels.body },
    { key: "headers", title: "Headers", panel: panels.headers },
    { key: "log", title: "Log", panel: panels.log },
    { key: "trace", title: "Trace", panel: panels.trace },
  ]);
  const element = el("section", { class: "sl-response", "aria-label": "answer" }, status, notes, parts.element);
  parts.element.hidden = true;
  /** @type {any} */
  let shown = null;

  parts.onchoose((key) => key === "trace" && shown && drawTrace(shown));

  /** @param {any} answer */
  async function drawTrace(answer) {
    fill(
      panels.trace,
      el("p", { class: "sl-muted" }, answer.traced ? "…" : "no function was asked, or it is kept no more"),
    );
    if (!answer.traced) return;
    try {
      const [traced] = await channel.value("traces", { id: answer.traced });
      if (shown === answer)
        fill(panels.trace, traced ? timeline(traced) : el("p", { class: "sl-muted" }, "kept no more"));
    } catch (error) {
      fill(panels.trace, problem(/** @type {any} */ (error)));
    }
  }

  /** @param {any} answer @param {Uint8Array} bytes */
  function drawStatus(answer, bytes) {
    const look = answer.status < 300 ? "sl-good" : answer.status < 400 ? "sl-warn" : "sl-bad";
    const save = el("button", { type: "button", onclick: () => keep(answer, save) }, "Save");
    const copied = el("button", { type: "button", onclick: () => copyBody(answer, bytes) }, "Copy body");
    save.disabled = !answer.size;
    copied.disabled = !answer.size;
    fill(
      status,
      el("strong", { class: `sl-badge ${look}` }, answer.reason),
      answer.function ? el("span", {}, answer.function) : el("span", { class: "sl-muted" }, "the app itself"),
      answer.elapsed ? el("span", { class: "sl-muted" }, seconds(answer.elapsed)) : null,
      el("span", { class: "sl-muted" }, octets(answer.size)),
      el("span", { class: "sl-grow" }),
      copied,
      save,
    );
  }

  /** @param {any} answer @param {any} button */
  async function keep(answer, button) {
    button.disabled = true;
    try {
      await saved(channel, answer, (done) => fill(button, done < 1 ? `${Math.round(done * 100)} %` : "Save"));
      say(`saved ${octets(answer.size)}`);
    } catch (error) {
      notes.append(problem(/** @type {any} */ (error)));
    }
    fill(button, "Save");
    button.disabled = false;
  }

  /** @param {any} answer @param {Uint8Array} bytes */
  async function copyBody(answer, bytes) {
    await copy(textOf({ bytes, size: answer.size, type: typeOf(answer) }));
    say(bytes.length < answer.size ? `copied the first ${octets(bytes.length)}` : "copied the body");
  }

  /** @param {any} answer @param {Uint8Array} bytes @param {string} [way] */
  function drawBody(answer, bytes, way) {
    const body = { bytes, size: answer.size, type: typeOf(answer) };
    const ways = waysOf(body);
    const chosen = way && ways.includes(way) ? way : ways[0];
    const choices =
      ways.length < 2
        ? []
        : ways.map((one) =>
            el(
              "button",
              { type: "button", "aria-pressed": String(one === chosen), onclick: () => drawBody(answer, bytes, one) },
              WAYS[/** @type {keyof typeof WAYS} */ (one)],
            ),
          );
    const cut = bytes.length < answer.size;
    const more = el("button", { type: "button", onclick: () => drawWhole(answer, chosen, more) }, "Show all");
    more.hidden = !cut || answer.size > SHOWN_WHOLE;
    const said = [
      mediaType(body.type) || "no content type",
      cut ? `the first ${octets(bytes.length)} of ${octets(answer.size)}` : "",
      chosen === "text" && hasWrongBytes(body) ? "some bytes are no letters: see Bytes" : "",
    ];
    fill(
      panels.body,
      answer.size
        ? el(
            "div",
            { class: "sl-row" },
            el("div", { class: "sl-ways", role: "group", "aria-label": "show the body as" }, choices),
            el("span", { class: "sl-muted" }, said.filter((x) => x).join(" · ")),
            more,
          )
        : null,
      bodyView(body, chosen),
    );
  }

  /** @param {any} answer @param {string} way @param {any} button */
  async function drawWhole(answer, way, button) {
    button.disabled = true;
    try {
      const whole = await fetched(channel, answer);
      if (shown === answer)
        drawBody(
          answer,
          whole,
          way === "text" && waysOf({ bytes: whole, size: answer.size, type: typeOf(answer) })[0] === "tree"
            ? "tree"
            : way,
        );
    } catch (error) {
      panels.body.prepend(problem(/** @type {any} */ (error)));
    }
  }

  /** @param {any} answer */
  function drawNotes(answer) {
    fill(
      notes,
      answer.error ? failed(answer.error) : null,
      answer.advice ? el("p", { class: "sl-warn" }, answer.advice) : null,
      denials(channel, answer, say),
    );
  }

  return {
    element,
    /** @param {any} answer @param {DataView | undefined} buffer */
    show: (answer, buffer) => {
      shown = answer;
      const bytes = buffer ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength) : new Uint8Array();
      parts.element.hidden = false;
      element.setAttribute("aria-busy", "false");
      drawStatus(answer, bytes);
      drawNotes(answer);
      drawBody(answer, bytes);
      const fields = [
        ...answer.headers,
        ...answer.trailers.map((/** @type {string[]} */ [n, v]) => [`${n} (trailer)`, v]),
      ];
      fill(panels.headers, headerTable(fields));
      fill(panels.log, logLines(answer));
      parts.title("headers", "Headers", fields.length);
      parts.title("log", "Log", answer.lines);
      if (parts.chosen() === "trace") drawTrace(answer);
    },
    /** @param {any} error */
    fail: (error) => {
      shown = null;
      element.setAttribute("aria-busy", "false");
      fill(status);
      parts.element.hidden = true;
      fill(notes, problem(error), error.details ? el("pre", {}, error.details) : null);
    },
    wait: () => element.setAttribute("aria-busy", "true"),
  };
}

/** @param {any} answer */
export function typeOf(answer) {
  return answer.headers.find((/** @type {string[]} */ [name]) => name.toLowerCase() === "content-type")?.[1] || "";
}

/** @param {any} error */
function failed(error) {
  return el(
    "div",
    {},
    problem(error),
    error.details ? el("pre", { class: "sl-bad", tabindex: "0" }, error.details) : null,
  );
}

/** @param {string[][]} fields */
function headerTable(fields) {
  if (!fields.length) return el("p", { class: "sl-muted" }, "no headers");
  return el(
    "table",
    {},
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        ["name", "value"].map((name) => el("th", { scope: "col" }, name)),
      ),
    ),
    el(
      "tbody",
      {},
      fields.map(([name, value]) => el("tr", {}, el("td", {}, name), el("td", { class: "sl-mono" }, value))),
    ),
  );
}

/** @param {any} answer */
function logLines(answer) {
  if (!answer.logs.length) return el("p", { class: "sl-muted" }, "nothing was written");
  const before = answer.lines - answer.logs.length;
  return el(
    "div",
    {},
    before > 0 ? el("p", { class: "sl-muted" }, `${before} lines before`) : null,
    el(
      "pre",
      { tabindex: "0", "aria-label": "log lines" },
      answer.logs.map((/** @type {any} */ line) =>
        el("span", { class: line.stream === "stderr" ? "sl-bad" : null }, `${line.text}\n`),
      ),
    ),
  );
}
