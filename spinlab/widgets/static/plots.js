// Plots of the last minute: bars and ranges of one ink, with their scale, and with what they show as text.

import { el, fill, put, seconds } from "./dom.js";

/**
 * @typedef {[number, number, number, number, number]} Second how long ago, requests, errors, seconds together, slowest
 * @typedef {{requests: number, errors: number, mean: number, slowest: number}} Beat
 */

const SVG = "http://www.w3.org/2000/svg";
const SPAN = 60;
const LEFT = 4;
const TOP = 14;
const FLOOR = 14;

/**
 * One element of a drawing.
 * @param {string} name
 * @param {Record<string, string | number | null>} attributes
 * @param {...any} children
 */
export function drawn(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== null) made.setAttribute(key, String(value));
  put(made, ...children);
  return made;
}

/**
 * The seconds of the last minute, the oldest first, those without requests as well.
 * @param {Second[]} series
 * @returns {Beat[]}
 */
export function minuteOf(series) {
  const minute = Array.from({ length: SPAN }, () => ({ requests: 0, errors: 0, mean: 0, slowest: 0 }));
  for (const [ago, requests, errors, total, slowest] of series) {
    if (ago >= 0 && ago < SPAN) minute[SPAN - 1 - ago] = { requests, errors, mean: requests ? total / requests : 0, slowest };
  }
  return minute;
}

/**
 * Requests, errors and latency side by side.
 * @param {string} of whose, for screen readers
 */
export function minutePlots(of) {
  const [requests, errors, latency] = ["Requests", "Errors", "Latency"].map((title) => plot(title));
  return {
    element: el("div", { class: "sl-plots" }, requests.element, errors.element, latency.element),
    /** @param {Second[]} series */
    show(series) {
      const minute = minuteOf(series);
      const drawnOf = JSON.stringify(series);
      const sum = (/** @type {"requests" | "errors"} */ key) => minute.reduce((all, beat) => all + beat[key], 0);
      const all = sum("requests");
      const failed = sum("errors");
      const together = minute.reduce((total, beat) => total + beat.mean * beat.requests, 0);
      const slowest = Math.max(...minute.map((beat) => beat.slowest));
      const most = Math.max(...minute.map((beat) => beat.requests));
      requests.show(
        drawnOf,
        all.toLocaleString("en"),
        "",
        `${of}: ${counted(all, "request")} in the last minute, ${most} in the busiest second`,
        () => columns(minute.map((beat) => beat.requests), "sl-ink"),
      );
      errors.show(
        drawnOf,
        failed ? `✗ ${failed.toLocaleString("en")}` : "none",
        failed ? `${percent(failed, all)} of all` : "",
        `${of}: ${failed ? `${counted(failed, "error")} in the last minute, ${percent(failed, all)} of all` : "no errors in the last minute"}`,
        () => columns(minute.map((beat) => beat.errors), "sl-ink sl-cross", true),
        failed > 0,
      );
      latency.show(
        drawnOf,
        all ? seconds(together / all) : "–",
        "",
        all ? `${of}: ${seconds(together / all)} on average in the last minute, the slowest ${seconds(slowest)}` : `${of}: no requests in the last minute`,
        () => ranges(minute),
      );
    },
  };
}

/**
 * Requests of the last minute as a line of bars without a scale, for a row of a list.
 * @param {Second[]} series
 */
export function spark(series) {
  const minute = minuteOf(series);
  const most = Math.max(1, ...minute.map((beat) => beat.requests));
  return drawn(
    "svg",
    { class: "sl-spark", viewBox: "0 0 60 16", preserveAspectRatio: "none", "aria-hidden": "true" },
    drawn("line", { x1: 0, x2: 60, y1: 15.5, y2: 15.5, class: "sl-axis" }),
    minute.map((beat, x) =>
      beat.requests
        ? drawn("rect", { x, y: 15 - 14 * (beat.requests / most), width: 0.9, height: 14 * (beat.requests / most), class: "sl-ink" })
        : null,
    ),
  );
}

/**
 * @param {number} count
 * @param {string} what
 */
export function counted(count, what) {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** @param {string} title */
function plot(title) {
  const value = el("strong", {});
  const note = el("span", { class: "sl-muted" });
  const image = drawn("svg", { class: "sl-plot-image", viewBox: "0 0 200 70", role: "img" });
  const element = el(
    "figure",
    { class: "sl-plot" },
    el("figcaption", {}, el("span", { class: "sl-muted" }, title), " ", value, " ", note),
    image,
  );
  let before = " ";
  return {
    element,
    /**
     * @param {string} of what it is drawn of @param {string} main @param {string} beside @param {string} told
     * @param {() => {most: string, shapes: any[]}} draw @param {boolean} [bad]
     */
    show(of, main, beside, told, draw, bad = false) {
      fill(value, main);
      value.className = bad ? "sl-bad" : "";
      fill(note, beside);
      image.setAttribute("aria-label", told);
      if (of === before) return;
      before = of;
      const { most, shapes } = draw();
      fill(
        image,
        drawn("line", { x1: LEFT, x2: 200 - LEFT, y1: 70 - FLOOR, y2: 70 - FLOOR, class: "sl-axis" }),
        drawn("text", { x: LEFT, y: 67, class: "sl-scale" }, "1 min ago"),
        drawn("text", { x: 200 - LEFT, y: 67, class: "sl-scale", "text-anchor": "end" }, "now"),
        most ? drawn("text", { x: LEFT, y: 10, class: "sl-scale" }, most) : null,
        most ? drawn("line", { x1: LEFT, x2: 200 - LEFT, y1: TOP, y2: TOP, class: "sl-axis sl-dotted" }) : null,
        shapes,
      );
    },
  };
}

/** @param {number} index */
const place = (index) => LEFT + (index * (200 - 2 * LEFT)) / SPAN;
const WIDE = (200 - 2 * LEFT) / SPAN;
const HIGH = 70 - TOP - FLOOR;

/**
 * @param {number[]} values
 * @param {string} ink
 * @param {boolean} [crossed] with a cross on top of each
 */
function columns(values, ink, crossed = false) {
  const most = Math.max(...values);
  const shapes = values.flatMap((value, index) => {
    if (!value) return [];
    const height = Math.max(2, HIGH * (value / most));
    const x = place(index);
    const y = 70 - FLOOR - height;
    const bar = drawn("rect", { x: x + 0.3, y, width: WIDE - 0.6, height, class: ink });
    const middle = x + WIDE / 2;
    const cross = `M${middle - 2} ${y - 5}l4 4m0-4l-4 4`;
    return crossed ? [bar, drawn("path", { d: cross, class: "sl-stroke" })] : [bar];
  });
  return { most: most ? String(most) : "", shapes };
}

/**
 * From the mean to the slowest of each second: a dot and a line above it.
 * @param {Beat[]} minute
 */
function ranges(minute) {
  const most = Math.max(...minute.map((beat) => beat.slowest));
  const shapes = minute.flatMap((beat, index) => {
    if (!beat.requests) return [];
    const x = place(index) + WIDE / 2;
    const height = (/** @type {number} */ value) => 70 - FLOOR - HIGH * (most ? value / most : 0);
    return [
      drawn("line", { x1: x, x2: x, y1: height(beat.mean), y2: height(beat.slowest), class: "sl-stroke" }),
      drawn("circle", { cx: x, cy: height(beat.mean), r: 1.6, class: "sl-ink" }),
    ];
  });
  return { most: most ? seconds(most) : "", shapes };
}

/**
 * @param {number} part
 * @param {number} all
 */
function percent(part, all) {
  const share = all ? (100 * part) / all : 0;
  return `${share > 0 && share < 1 ? "under 1" : Math.round(share)}%`;
}
