// One function of the app: what it is, its revisions and source, and what can be done with it.

import { asking, copying, doing, when } from "./asking.js";
import { el, fill, octets, seconds, times } from "./dom.js";
import { minutePlots } from "./plots.js";

/**
 * @param {any} channel
 * @param {any} notice where it says what was done
 * @param {() => void} changed
 */
export function functionDetails(channel, notice, changed) {
  /** @type {any} */
  let one = null;
  const title = el("h3", {});
  const facts = el("dl", { class: "sl-facts" });
  const revisions = el("div", { class: "sl-revisions" });
  const description = el("div", {});
  const source = el("pre", { tabindex: "0", role: "region", "aria-label": "source" });
  const sourceBar = el("div", { class: "sl-tools" }, el("span", { class: "sl-muted" }, "source"), copying(() => source.textContent || "", "the source", notice.say));
  const sourceBox = el("div", { hidden: true }, sourceBar, source);
  let plots = minutePlots("this function");

  const show = el("button", { type: "button", "aria-expanded": "false", onclick: toggle }, "Show source");
  const undo = doing({
    text: "Undo",
    act: async () => {
      const found = await channel.value("undo", { name: one.name });
      notice.say(`${found.name} is revision ${found.revision} again; running its cell makes a new one`);
      changed();
    },
    fail: notice.fail,
  });
  const remove = asking({
    text: "Remove",
    yes: "Remove it",
    question: () => (one.module ? `${one.name} is a module: only running its cell brings it back.` : null),
    act: async () => {
      const found = await channel.value("remove", { name: one.name });
      notice.say(found.back ? `removed ${found.name}; it can be brought back` : `removed ${found.name}`);
      changed();
    },
    fail: notice.fail,
  });
  const holder = el("div", {});
  const element = el(
    "section",
    { class: "sl-detail", hidden: true },
    el("div", { class: "sl-heading" }, title, el("span", { class: "sl-grow" }), show, undo, remove),
    description,
    facts,
    revisions,
    holder,
    sourceBox,
  );

  async function toggle() {
    sourceBox.hidden = !sourceBox.hidden;
    show.setAttribute("aria-expanded", String(!sourceBox.hidden));
    fill(show, sourceBox.hidden ? "Show source" : "Hide source");
    if (!sourceBox.hidden) await load();
  }

  async function load() {
    try {
      const found = await channel.value("source", { name: one.name });
      fill(source, found.source ?? `${octets(found.size)} of a ready component`);
    } catch (error) {
      notice.fail(error);
    }
  }

  return {
    element,
    /** @param {any} card @param {any[]} routes */
    show(card, routes) {
      element.hidden = !card;
      if (!card) {
        one = null;
        return;
      }
      const other = !one || one.name !== card.name;
      const newer = other || one.revision !== card.revision;
      one = card;
      if (other) {
        plots = minutePlots(card.name);
        fill(holder, card.module ? null : plots.element);
        sourceBox.hidden = true;
        show.setAttribute("aria-expanded", "false");
        fill(show, "Show source");
        element.setAttribute("aria-label", `function ${card.name}`);
      } else if (newer && !sourceBox.hidden) {
        load();
      }
      when(title, [card.name, card.title, card.wasi, card.revision], () => titleOf(card));
      when(description, card.description, () => card.description || null);
      when(facts, [card, routes.filter((route) => route.function === card.name)], () => factsOf(card, routes));
      when(revisions, card.revisions, () => revisionsOf(card));
      const earlier = card.revisions.length > 1 ? card.revisions[card.revisions.length - 2].revision : 0;
      undo.hidden = !earlier;
      if (earlier) fill(undo, `Undo to revision ${earlier}`);
    },
    /** @param {any[]} series */
    showPulse(series) {
      if (one && !one.module) plots.show(series);
    },
  };
}

/** @param {any} card */
function titleOf(card) {
  const parts = [card.title, card.wasi ? `WASI ${card.wasi}` : "", card.revision ? `revision ${card.revision}` : "module"];
  return [card.name, " ", el("span", { class: "sl-muted sl-light" }, parts.filter((part) => part).join(" · "))];
}

/** @param {any} card @param {any[]} routes */
function factsOf(card, routes) {
  /** @type {[string, any][]} */
  const rows = [];
  const own = routes.filter((route) => route.function === card.name);
  own.forEach((route) => rows.push(["route", routeOf(route)]));
  card.started.forEach((/** @type {string} */ what) => rows.push(["started by", what]));
  if (!own.length && !card.started.length) rows.push(["route", card.module ? `none: other ${card.title} cells import it` : "none: only other functions reach it"]);
  if (!card.module) rows.push(["may touch", card.touches.length ? card.touches.map((/** @type {string} */ what) => el("div", {}, what, " ", el("span", { class: "sl-muted" }, usedOf(card, what)))) : "nothing"]);
  if (card.changed.length) rows.push(["since its cell", card.changed.map((/** @type {string} */ what) => el("div", { class: "sl-mono" }, what))]);
  for (const denied of card.denied) rows.push(["denied", el("span", {}, el("span", { class: "sl-warn" }, `✗ ${denied.capability} ${denied.target}, ${times(denied.count)}`), " ", el("code", {}, denied.option))]);
  if (card.sizes.component) rows.push(["size", sizesOf(card)]);
  const spent = timesOf(card);
  if (spent) rows.push(["time", spent]);
  if (card.requests) rows.push(["requests", `${card.requests.toLocaleString("en")} since this revision is live`]);
  if (card.origin) rows.push(["from", card.origin]);
  return rows.map(([name, value], index) => [el("dt", {}, index && rows[index - 1][0] === name ? "" : name), el("dd", {}, value)]).flat();
}

/** @param {any} route */
function routeOf(route) {
  const address = route.url ? el("a", { href: route.url, target: "_blank", rel: "noopener noreferrer", class: "sl-mono" }, route.pattern) : el("code", {}, route.pattern);
  return route.problem ? [address, " ", el("span", { class: "sl-warn" }, route.problem)] : address;
}

/** @param {any} card @param {string} what */
function usedOf(card, what) {
  const count = card.used[what];
  if (!card.requests || count === undefined) return "";
  return count ? `used ${times(count)}` : "unused";
}

/** @param {any} card */
function sizesOf(card) {
  const { component, compressed, compiled } = card.sizes;
  const shared = card.image ? ", an image that every cell of its language shares" : "";
  return `${octets(component)} (${octets(compressed)} compressed), compiled ${octets(compiled)}${shared}`;
}

/** @param {any} card */
function timesOf(card) {
  const { build, compile, cold_start: cold } = card.seconds;
  return [
    build === null ? "" : `build ${seconds(build)}`,
    compile === null ? "" : card.cached ? "compile none (cached)" : `compile ${seconds(compile)}`,
    cold === null ? "" : `cold start ${seconds(cold)}`,
  ]
    .filter((part) => part)
    .join(", ");
}

/** @param {any} card */
function revisionsOf(card) {
  if (card.revisions.length < 2) return null;
  const live = card.revisions.length - 1;
  return el(
    "ol",
    { class: "sl-revision-list", "aria-label": "revisions, oldest first" },
    card.revisions.map((/** @type {any} */ kept, /** @type {number} */ index) =>
      el("li", {}, `revision ${kept.revision}`, " ", el("span", { class: "sl-muted" }, octets(card.image ? kept.source_size : kept.size)), index === live ? el("strong", {}, " live") : null),
    ),
  );
}
