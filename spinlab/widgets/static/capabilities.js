// What functions may touch, what they used and were denied; grants are given and taken by a click.

import { asking, copying, doing, notices, sending, when } from "./asking.js";
import { channelOf, refreshing } from "./channel.js";
import { el, fill, ownKeys, times } from "./dom.js";
import { listing } from "./listing.js";
import { counted } from "./plots.js";

const KINDS = [
  ["--allow", "may reach the host", "https://example.org"],
  ["--kv", "may open the key-value store", "default"],
  ["--sqlite", "may open the SQLite database", "default"],
  ["--var", "may read the variable", "greeting"],
  ["--ai-model", "may use the model", "all-minilm-l6-v2"],
];
const PAUSE = 300; // milliseconds in which requests come together

/** @param {{model: any, el: HTMLElement, signal?: AbortSignal}} given */
function renderCapabilities({ model, el: root, signal: ended }) {
  const ends = new AbortController();
  const signal = ended || ends.signal;
  const channel = channelOf(model, signal);
  root.classList.add("spinlab", "sl-board", "sl-capabilities");
  ownKeys(root);

  /** @type {Map<string, any>} */
  const functions = new Map();
  /** @type {any} */
  let about = { app: "", names: [], tracing: true };
  let stamp = 0;
  let shown = "";

  const notice = notices();
  const heading = el("div", { class: "sl-heading" });
  const filter = el("input", { type: "search", "aria-label": "filter functions and what they touch", placeholder: "filter", oninput: () => set("filter", filter.value) });
  const list = listing({ label: "functions", key: (item) => item.name, row, words, choose: (item) => set("selected", item.name), rows: 7 });
  const empty = el("div", { class: "sl-empty" });
  const title = el("h3", {});
  const table = el("div", {});
  const keeping = el("div", {});
  const detail = el("section", { class: "sl-detail", hidden: true }, title, table, keeping, granting());
  fill(root, heading, el("div", { class: "sl-tools" }, filter), list.element, empty, detail, notice.element);

  /** @param {string} trait @param {string} value */
  function set(trait, value) {
    if (model.get(trait) === value) return;
    model.set(trait, value);
    model.save_changes();
    draw();
  }

  const refresh = refreshing(async () => {
    try {
      const found = await channel.value("capabilities", { since: stamp });
      for (const one of found.functions) functions.set(one.name, one);
      for (const name of functions.keys()) if (!found.names.includes(name)) functions.delete(name);
      about = found;
      stamp = found.stamp;
      draw();
    } catch (error) {
      notice.fail(error);
    }
  });

  function listed() {
    const wanted = model.get("filter").toLowerCase();
    return about.names.map((/** @type {string} */ name) => functions.get(name)).filter((/** @type {any} */ one) => one && told(one).toLowerCase().includes(wanted));
  }

  /** @param {any[]} found */
  function selected(found) {
    return functions.get(model.get("selected")) || found.find((one) => one.denied.length) || found.find((one) => one.grants.length) || found[0];
  }

  function draw() {
    if (filter.value !== model.get("filter")) filter.value = model.get("filter");
    const found = listed();
    const one = selected(found);
    const denied = [...functions.values()].filter((any) => any.denied.length).length;
    when(heading, [about.app, about.names.length, denied, about.tracing], () => headingOf(about, denied));
    list.mark(one ? one.name : "");
    list.show(found);
    fill(empty, found.length ? null : about.names.length ? "no function has this in its name or capabilities" : "no functions yet: a cell that begins with %%spin NAME makes one");
    detail.hidden = !one;
    if (!one) return;
    shown = one.name;
    detail.setAttribute("aria-label", `capabilities of ${one.name}`);
    when(title, [one.name, one.title, one.revision, one.requests], () => [one.name, " ", el("span", { class: "sl-muted sl-light" }, `${one.title} · revision ${one.revision} · ${counted(one.requests, "request")}`)]);
    when(table, [one.name, one.revision, one.grants, one.denied, one.files, one.environment, one.requests > 0], () => tableOf(one));
    when(keeping, [one.name, one.add, one.leave_out], () => keepingOf(one));
  }

  /** @param {any} one */
  function row(one) {
    const unused = one.requests ? one.grants.filter((/** @type {any} */ grant) => !grant.used).length : 0;
    return [
      el("span", { class: "sl-name" }, one.name),
      el("span", { class: "sl-muted" }, one.title),
      el("span", {}, one.grants.length ? counted(one.grants.length, "grant") : "nothing granted"),
      el("span", { class: "sl-muted" }, unused ? `${unused} unused` : ""),
      el("span", { class: "sl-warn" }, one.denied.length ? `✗ ${one.denied.length} denied` : ""),
    ];
  }

  /** @param {any} one */
  function tableOf(one) {
    const rows = [...one.denied.map((/** @type {any} */ denied) => deniedRow(one, denied)), ...one.grants.map((/** @type {any} */ grant) => grantRow(one, grant))];
    for (const file of one.files) rows.push(plainRow(`file ${file}`));
    for (const name of one.environment) rows.push(plainRow(`environment ${name}`));
    if (!rows.length) return el("p", { class: "sl-muted" }, "It may touch nothing, and has asked for nothing.");
    const names = ["what", "state", "", ""];
    return el(
      "table",
      { class: "sl-grants" },
      el("thead", {}, el("tr", {}, names.slice(0, 2).map((text) => el("th", { scope: "col" }, text)), el("td", {}))),
      el("tbody", {}, rows),
    );
  }

  /** @param {any} one @param {any} grant */
  function grantRow(one, grant) {
    const state = grant.used ? `✓ used ${times(grant.used)}` : one.requests ? "unused" : "granted";
    const take = asking({
      text: "Take back",
      label: `take back ${grant.option} from ${one.name}`,
      yes: "Take it back",
      question: () => (grant.used ? `${one.name} used it ${times(grant.used)} since revision ${one.revision} went live.` : null),
      act: () => change(one.name, grant.option, true),
      fail: notice.fail,
    });
    return el(
      "tr",
      {},
      el("td", {}, grant.words, " ", el("code", {}, grant.item), grant.added ? el("span", { class: "sl-tag" }, "not in its cell") : null),
      el("td", { class: grant.used ? "sl-good" : "sl-muted" }, state),
      el("td", {}, take),
    );
  }

  /** @param {any} one @param {any} denied */
  function deniedRow(one, denied) {
    const give = doing({
      text: "Grant",
      label: `grant ${denied.option} to ${one.name}`,
      main: true,
      act: () => change(one.name, denied.option, false),
      fail: notice.fail,
    });
    return el(
      "tr",
      {},
      el(
        "td",
        {},
        denied.capability,
        " ",
        el("code", {}, denied.target),
        el("div", { class: "sl-muted" }, "in a cell ", el("code", {}, denied.option), copying(() => denied.option, denied.option, notice.say)),
        el("div", { class: "sl-muted" }, "in spin.toml ", el("code", {}, denied.manifest), copying(() => denied.manifest, denied.manifest, notice.say)),
      ),
      el("td", { class: "sl-warn" }, `✗ denied ${times(denied.count)}`),
      el("td", {}, give),
    );
  }

  /** @param {any} one */
  function keepingOf(one) {
    if (!one.add && !one.leave_out) return null;
    /** @param {string} what @param {string} words */
    const line = (what, words) => (words ? el("div", { class: "sl-tools" }, el("span", {}, what), el("code", {}, words), copying(() => words, words, notice.say)) : null);
    return el(
      "div",
      { class: "sl-keep" },
      el("div", { class: "sl-muted" }, "This lasts until the cell runs again. To keep it,"),
      line("add to its %%spin line", one.add),
      line("take from its %%spin line", one.leave_out),
    );
  }

  function granting() {
    const kind = el("select", { "aria-label": "what to grant", onchange: hint }, KINDS.map(([option, text]) => el("option", { value: option }, text)));
    const item = el("input", { "aria-label": "its name or address", spellcheck: "false" });
    const button = el("button", { type: "submit" }, "Grant");
    const form = el("form", { class: "sl-tools", "aria-label": "grant something else" }, el("span", { class: "sl-muted" }, "It"), kind, item, button);
    const give = async () => {
      if (item.value.trim()) {
        await change(shown, `${kind.value} ${item.value.trim()}`, false);
        item.value = "";
      }
      item.focus();
    };
    sending(form, button, give, notice.fail);
    function hint() {
      item.placeholder = (KINDS.find(([option]) => option === kind.value) || KINDS[0])[2];
    }
    hint();
    return form;
  }

  /** @param {string} name @param {string} option @param {boolean} back */
  async function change(name, option, back) {
    const one = await channel.value("grant", { function: name, options: [option], take_back: back });
    functions.set(name, one);
    notice.say(back ? `${name} has no ${option} any more` : `${name} has ${option} now`);
    draw();
  }

  let due = 0;
  channel.on("changed", ({ what }) => {
    if (what.includes("functions")) refresh();
    else if (what.includes("requests") && !due) {
      due = window.setTimeout(() => {
        due = 0;
        refresh();
      }, PAUSE);
    }
  });
  for (const trait of ["filter", "selected"]) model.on(`change:${trait}`, draw);
  const stop = () => {
    clearTimeout(due);
    for (const trait of ["filter", "selected"]) model.off(`change:${trait}`, draw);
  };
  signal.addEventListener("abort", stop);
  draw();
  refresh();
  return ended ? undefined : () => ends.abort();
}

/** @param {any} about @param {number} denied */
function headingOf(about, denied) {
  return [
    el("strong", {}, `Capabilities of ${about.app}`),
    el("span", { class: denied ? "sl-warn" : "sl-muted" }, denied ? `✗ ${counted(denied, "function")} denied something` : "nothing was denied"),
    about.tracing ? null : el("span", { class: "sl-muted" }, "calls are not recorded, only what was denied: %config Spin.trace = True"),
  ];
}

/** @param {string} text */
function plainRow(text) {
  return el("tr", {}, el("td", {}, text), el("td", { class: "sl-muted" }, "granted"), el("td", { class: "sl-muted" }, "by its cell"));
}

/** What a function is found by. @param {any} one */
function told(one) {
  return [one.name, one.title, ...one.grants.map((/** @type {any} */ grant) => `${grant.words} ${grant.item}`), ...one.denied.map((/** @type {any} */ denied) => `${denied.capability} ${denied.target}`), ...one.files].join("\n");
}

/** @param {any} one */
function words(one) {
  const unused = one.requests ? one.grants.filter((/** @type {any} */ grant) => !grant.used).length : 0;
  return `${one.name}, ${one.title}, ${counted(one.grants.length, "grant")}, ${unused} unused, ${one.denied.length} denied`;
}

export default { render: renderCapabilities };
