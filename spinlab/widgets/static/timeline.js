// What a request asked of the host: a line for each call, with a bar where and how long it was.

import { el, octets, seconds } from "./dom.js";

/**
 * @typedef {{capability: string, operation: string, target: string, outcome: string, began: number, elapsed: number,
 *            sent: number, received: number, option: string | null}} HostCall
 * @typedef {{id: number, function: string, method: string, path: string, status: number, elapsed: number,
 *            error: string, calls: HostCall[]}} TracedRequest
 */

/** @param {TracedRequest} traced */
export function timeline(traced) {
  if (!traced.calls.length) {
    return el("p", { class: "sl-muted" }, `no calls to the host in ${seconds(traced.elapsed)}`);
  }
  const heads = ["at", "", "capability", "operation", "target", "outcome", "took", "bytes"];
  return el(
    "div",
    { class: "sl-scroll", tabindex: "0", role: "region", "aria-label": "calls to the host" },
    el(
      "table",
      { class: "sl-timeline" },
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          heads.map((head) => el("th", { scope: "col" }, head || hiddenText("timeline"))),
        ),
      ),
      el(
        "tbody",
        {},
        traced.calls.map((call) => callRow(call, traced.elapsed)),
      ),
    ),
  );
}

/**
 * @param {HostCall} call
 * @param {number} whole
 */
function callRow(call, whole) {
  const span = Math.max(whole, 1e-9);
  const begin = Math.min(Math.max(call.began / span, 0), 1);
  const length = Math.min(Math.max(call.elapsed / span, 0.01), 1 - begin + 0.01);
  const look = call.outcome === "ok" ? "sl-good" : call.outcome === "denied" ? "sl-warn" : "sl-bad";
  const bar = el("div", { class: `sl-bar ${look}` });
  bar.style.marginInlineStart = `${begin * 100}%`;
  bar.style.width = `${length * 100}%`;
  const bytes = [call.sent ? `${octets(call.sent)} out` : "", call.received ? `${octets(call.received)} in` : ""];
  return el(
    "tr",
    {},
    el("td", { class: "sl-muted" }, `+${seconds(call.began)}`),
    el("td", {}, el("div", { class: "sl-lane" }, bar)),
    el("td", {}, call.capability),
    el("td", { class: "sl-mono" }, call.operation),
    el("td", { class: "sl-mono" }, call.target),
    el("td", { class: look }, call.outcome),
    el("td", {}, seconds(call.elapsed)),
    el("td", { class: "sl-muted" }, bytes.filter((x) => x).join(", ")),
  );
}

/** @param {string} text */
function hiddenText(text) {
  return el("span", { class: "sl-hidden" }, text);
}
