// The last requests of a page, and what its frame held back.

import { el, fill, octets, seconds } from "./dom.js";

const REQUESTS_SHOWN = 30;

export function requestList() {
  const list = el("ol", { "aria-label": "last requests" });
  const scrolled = el("div", { class: "sl-requests", tabindex: "0", role: "group", "aria-label": "last requests" }, list);
  const count = el("summary", {}, "no requests yet");
  /** @type {any[]} */
  let told = [];

  /** @param {any} one */
  function line(one) {
    const look = one.status && one.status < 400 ? "sl-good" : "sl-bad";
    const about = [one.function, one.elapsed ? seconds(one.elapsed) : "", one.size ? octets(one.size) : ""];
    return el(
      "li",
      {},
      el("span", { class: look }, one.reason || "failed"),
      " ",
      el("span", { class: "sl-mono" }, `${one.method} ${one.target}`),
      " ",
      el("span", { class: "sl-muted" }, about.filter((x) => x).join(" · ")),
    );
  }

  return {
    element: el("details", {}, count, scrolled),
    /** @param {any} one an answer, or what stands for one */
    note: (one) => {
      told = [one, ...told].slice(0, REQUESTS_SHOWN);
      const wrong = told.filter(({ status }) => !status || status >= 400).length;
      fill(
        count,
        told.length === 1 ? "1 request" : `${told.length} requests`,
        wrong ? el("span", { class: "sl-bad" }, `, ${wrong} failed`) : null,
      );
      fill(list, told.map(line));
    },
  };
}
