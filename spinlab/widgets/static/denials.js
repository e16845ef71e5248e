// What was denied, each with a button that grants it.

import { el, fill, problem, put } from "./dom.js";

/**
 * @param {import("./channel.js").Channel} channel
 * @param {any} answer
 * @param {(text: string) => void} say told to screen readers as well
 * @returns {any[]}
 */
export function denials(channel, answer, say) {
  return answer.denied.map((/** @type {any} */ denied) => {
    const line = el("div", { class: "sl-denied sl-row" });
    const button = el("button", { type: "button", onclick: grant }, "Grant ", el("code", {}, denied.option));
    async function grant() {
      button.disabled = true;
      try {
        const now = await channel.value("grant", { function: answer.function, options: [denied.option] });
        const kept = `send it again; to keep it, add to the %%spin line: ${now?.add || denied.option}`;
        fill(
          line,
          el("span", { class: "sl-good" }, `granted: ${denied.option}`),
          el("span", { class: "sl-muted" }, kept),
        );
        say(`granted ${denied.option}`);
      } catch (error) {
        button.disabled = false;
        line.append(problem(/** @type {any} */ (error)));
      }
    }
    const words = el("span", { class: "sl-warn" }, `denied: ${denied.capability} ${denied.target}`);
    put(line, words, denied.option && answer.function ? button : null);
    return line;
  });
}
