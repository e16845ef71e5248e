// The image's entry: answer each request with what the cell defined.

import { defined, load } from "./cell.js";
import { complaint, format, report, watch } from "./report.js";
import { answer } from "./short.js";

const FORMS = "addEventListener('fetch', ...), export default { fetch(request) {...} } or function handle(request)";
const native = { addEventListener, removeEventListener };

let loaded = null; // a promise, or true
let failure = null; // {error}

// Run the cell once, at the first need. Gives a promise where that takes time.
function ready() {
  if (loaded !== null) return loaded;
  loaded = true;
  try {
    const running = load();
    if (running) return (loaded = running.then(choose, failed));
    choose();
  } catch (error) {
    failed(error);
  }
  return loaded;
}

function failed(error) {
  loaded = true;
  failure = { error };
}

let handler = null; // request event -> promise of a response, or nothing when a listener answers

function choose() {
  loaded = true;
  const { listeners, exports, handle } = defined;
  const main = exports.default;
  if (listeners.length) {
    if (typeof main?.fetch === "function") {
      throw complaint("the cell has two handlers: addEventListener('fetch', ...) and export default { fetch }; keep one");
    }
    handler = listen;
  } else if (typeof main?.fetch === "function") {
    handler = (event) => main.fetch(event.request, Object.create(null), context(event));
  } else if (typeof handle === "function") {
    handler = (event) => answer(handle, event.request, report);
  } else {
    throw complaint(`the cell defines no handler; write ${FORMS}`);
  }
}

// What a worker's `fetch(request, env, context)` gets third.
function context(event) {
  return { waitUntil: (promise) => event.waitUntil(promise), passThroughOnException: () => {} };
}

// Give the event to the cell's listeners; the promise is what one of them responds with.
function listen(event) {
  return new Promise((resolve, reject) => {
    let answered = false;
    let open = true;
    event.respondWith = new Proxy(event.respondWith, {
      apply(_respond, _event, [response]) {
        if (answered) throw new TypeError("FetchEvent#respondWith can't be called twice on the same event");
        if (!open) throw new TypeError("FetchEvent#respondWith must be called synchronously from within a FetchEvent handler");
        answered = true;
        resolve(response);
      },
    });
    try {
      for (const listener of defined.listeners) {
        if (typeof listener === "function") listener.call(globalThis, event);
        else listener.handleEvent(event);
      }
    } catch (error) {
      if (!answered) return reject(error);
      report(error);
    }
    open = false;
    if (!answered) reject(complaint("the fetch listener did not call event.respondWith(...)"));
  });
}

async function respond(event) {
  try {
    if (loaded !== true) await ready();
    if (failure) throw failure.error;
    const response = await handler(event);
    if (response instanceof Response) return response;
    throw new TypeError(`the handler answered with ${response === null ? "null" : typeof response}; answer with a Response`);
  } catch (error) {
    report(error);
    return new Response(null, { status: 500 });
  }
}

globalThis.addEventListener = new Proxy(native.addEventListener, {
  apply(add, self, [type, listener, ...rest]) {
    if (type !== "fetch") return Reflect.apply(add, self, [type, listener, ...rest]);
    if (listener && !defined.listeners.includes(listener)) defined.listeners.push(listener);
  },
});
globalThis.removeEventListener = new Proxy(native.removeEventListener, {
  apply(remove, self, [type, listener, ...rest]) {
    if (type !== "fetch") return Reflect.apply(remove, self, [type, listener, ...rest]);
    defined.listeners = defined.listeners.filter((other) => other !== listener);
  },
});
native.addEventListener.call(globalThis, "fetch", (event) => {
  const respondWith = event.respondWith;
  ready();
  respondWith.call(event, respond(event));
});
watch();

// What the host calls ahead of a request: gives the text of what failed, empty when nothing did.
export const warmUp = {
  async prepare() {
    await ready();
    return failure ? format(failure.error) : "";
  },
};
