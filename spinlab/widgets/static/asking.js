// Buttons that do something in the kernel: one that asks before, and one place that says how it went.

import { copy, el, fill, problem } from "./dom.js";

/** One line that says what was done, or why not; read out when it changes. */
export function notices() {
  const element = el("div", { class: "sl-notice", role: "status" });
  return {
    element,
    /** @param {...any} children */
    say: (...children) => fill(element, ...children),
    /** @param {any} error */
    fail: (error) => fill(element, problem(error)),
    clear: () => fill(element),
  };
}

/**
 * A button whose work is under way until it is done.
 * @param {{text: string, act: () => Promise<void>, fail: (error: any) => void, label?: string | null, main?: boolean}} wanted
 */
export function doing({ text, act, fail, label = null, main = false }) {
  const button = el(
    "button",
    { type: "button", class: main ? "sl-main" : "", "aria-label": label, onclick: () => work(button, act, fail) },
    text,
  );
  return button;
}

/**
 * A button that asks first; Escape is no.
 * @param {{text: string, question: () => string | null, yes: string, act: () => Promise<void>,
 *          fail: (error: any) => void, label?: string | null, no?: string}} wanted a question of null asks nothing
 */
export function asking({ text, question, yes, act, fail, label = null, no = "Keep it" }) {
  const button = el("button", { type: "button", "aria-label": label, onclick: ask }, text);
  const element = el("span", { class: "sl-asking" }, button);

  function ask() {
    const asked = question();
    if (asked === null) {
      work(button, act, fail);
      return;
    }
    const agree = el("button", { type: "button", class: "sl-danger", onclick: agreed }, yes);
    const refuse = el("button", { type: "button", onclick: back }, no);
    const group = el(
      "span",
      {
        class: "sl-question",
        role: "group",
        "aria-label": asked,
        onkeydown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key === "Escape") back();
        },
      },
      el("span", { class: "sl-asked" }, asked),
      " ",
      agree,
      " ",
      refuse,
    );
    fill(element, group);
    refuse.focus();
  }

  function back() {
    fill(element, button);
    button.focus();
  }

  async function agreed() {
    fill(element, button);
    await work(button, act, fail);
  }

  return element;
}

/**
 * A button that copies a text.
 * @param {() => string} text
 * @param {string} label what it copies
 * @param {(...children: any[]) => void} say
 */
export function copying(text, label, say) {
  const press = async () => {
    await copy(text());
    say(`copied ${label}`);
  };
  return el("button", { type: "button", class: "sl-copy", "aria-label": `copy ${label}`, onclick: press }, "Copy");
}

/**
 * @param {any} button
 * @param {() => Promise<void>} act
 * @param {(error: any) => void} fail
 */
export async function work(button, act, fail) {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    await act();
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-busy");
    if (document.activeElement === document.body && button.isConnected) button.focus();
  }
}

/**
 * A form that is sent by its button, and by Enter in its fields: a notebook keeps the browser from doing that itself.
 * @param {any} form
 * @param {any} button
 * @param {() => Promise<void>} act
 * @param {(error: any) => void} fail
 */
export function sending(form, button, act, fail) {
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    work(button, act, fail);
  });
  form.addEventListener("keydown", (/** @type {any} */ event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault();
    work(button, act, fail);
  });
}

/**
 * Fill an element when what it is made of has changed, so that focus and selection survive.
 * @param {any} element
 * @param {any} of
 * @param {() => any} make
 */
export function when(element, of, make) {
  const now = JSON.stringify(of);
  if (element.slFilledWith === now) return;
  element.slFilledWith = now;
  fill(element, make());
}
