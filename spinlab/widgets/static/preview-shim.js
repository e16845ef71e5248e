// What runs in a previewed page before its own code: it sends what the page asks of its app through a port.

/**
 * The function is written into the page as text, so it uses nothing from around it.
 * @param {{page: string, origin: string}} at the address of the page, and the origin that stands for its app
 */
export function pageShim(at) {
  const realFetch = window.fetch.bind(window);
  /** @type {MessagePort | null} */
  let port = null;
  /** @type {any[]} */
  let early = [];
  let count = 0;
  /** @type {Map<number, {resolve: (answer: any) => void, reject: (error: Error) => void}>} */
  const waiting = new Map();

  const tell = (/** @type {any} */ message) => (port ? port.postMessage(message) : void early.push(message));

  const receive = (/** @type {MessageEvent} */ event) => {
    const asked = waiting.get(event.data.id);
    waiting.delete(event.data.id);
    if (event.data.error) asked?.reject(new TypeError(event.data.error));
    else asked?.resolve(event.data);
  };

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || port || !event.ports[0]) return;
    event.stopImmediatePropagation();
    port = event.ports[0];
    port.onmessage = receive;
    for (const message of early) port.postMessage(message);
    early = [];
  });
  window.parent.postMessage("hello", "*");

  /** @param {any} message @param {AbortSignal | null} [signal] */
  const ask = (message, signal) =>
    new Promise((resolve, reject) => {
      const id = ++count;
      const give = () => {
        waiting.delete(id);
        tell({ kind: "cancel", id });
        reject(signal?.reason || new DOMException("aborted", "AbortError"));
      };
      if (signal?.aborted) return give();
      signal?.addEventListener("abort", give, { once: true });
      waiting.set(id, { resolve, reject });
      tell({ ...message, kind: "request", id });
    });

  const isInside = (/** @type {string} */ url) => /^(https?|ws|wss):/i.test(url);
  const isBare = (/** @type {string} */ method) => method === "GET" || method === "HEAD";

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] */
  const fetchFromApp = async (input, init) => {
    const asked = new Request(input instanceof URL ? input.href : input, init);
    if (!isInside(asked.url)) return realFetch(input, init);
    const body = isBare(asked.method) ? null : await asked.arrayBuffer();
    const headers = [...asked.headers];
    const answer = await ask(
      { url: asked.url, method: asked.method, headers, body, redirect: asked.redirect },
      asked.signal,
    );
    const empty = [204, 205, 304].includes(answer.status);
    const made = new Response(empty ? null : answer.body, answer);
    Object.defineProperty(made, "url", { value: answer.url });
    Object.defineProperty(made, "redirected", { value: answer.redirected });
    return made;
  };
  window.fetch = /** @type {any} */ (fetchFromApp);

  class AppRequest extends EventTarget {
    static UNSENT = 0;
    static OPENED = 1;
    static HEADERS_RECEIVED = 2;
    static LOADING = 3;
    static DONE = 4;
    upload = new EventTarget();
    readyState = 0;
    status = 0;
    statusText = "";
    responseURL = "";
    responseType = "";
    timeout = 0;
    withCredentials = false;
    /** @type {any} */
    response = "";
    responseText = "";
    /** @type {Document | null} */
    responseXML = null;
    /** @type {any} */
    asked = { method: "GET", url: "", headers: [] };
    /** @type {Headers | null} */
    fields = null;
    ends = new AbortController();

    /** @param {string} method @param {string} url @param {boolean} [later] */
    open(method, url, later = true) {
      if (!later) throw new DOMException("a preview can't wait for an answer: use fetch", "InvalidAccessError");
      this.asked = { method: method.toUpperCase(), url: new URL(url, document.baseURI).href, headers: [] };
      this.ends = new AbortController();
      this.become(1);
    }
    /** @param {string} name @param {string} value */
    setRequestHeader(name, value) {
      this.asked.headers.push([name, value]);
    }
    overrideMimeType() {}
    /** @param {string} name */
    getResponseHeader(name) {
      return this.fields?.get(name) ?? null;
    }
    getAllResponseHeaders() {
      return [...(this.fields || [])].map(([name, value]) => `${name}: ${value}\r\n`).join("");
    }
    abort() {
      this.ends.abort();
    }
    /** @param {any} [body] */
    async send(body) {
      const { method, url, headers } = this.asked;
      const timer = this.timeout ? setTimeout(() => this.ends.abort("timeout"), this.timeout) : 0;
      this.tellEvent("loadstart");
      try {
        const sent = isBare(method) ? {} : { body };
        const answer = await fetchFromApp(url, { method, headers, signal: this.ends.signal, ...sent });
        this.fields = answer.headers;
        this.status = answer.status;
        this.statusText = answer.statusText;
        this.responseURL = answer.url;
        this.become(2);
        await this.take(answer);
        this.become(4);
        this.tellEvent("load");
      } catch {
        const reason = this.ends.signal.aborted
          ? this.ends.signal.reason === "timeout"
            ? "timeout"
            : "abort"
          : "error";
        this.become(4);
        this.tellEvent(reason);
      }
      clearTimeout(timer);
      this.tellEvent("loadend");
    }
    /** @param {Response} answer */
    async take(answer) {
      if (this.responseType === "arraybuffer") this.response = await answer.arrayBuffer();
      else if (this.responseType === "blob") this.response = await answer.blob();
      else {
        this.responseText = await answer.text();
        this.response = this.responseText;
        if (this.responseType === "json") this.response = parsed(this.responseText);
        if (this.responseType === "document") {
          this.responseXML = new DOMParser().parseFromString(this.responseText, "text/html");
          this.response = this.responseXML;
        }
      }
    }
    /** @param {number} state */
    become(state) {
      this.readyState = state;
      this.tellEvent("readystatechange");
    }
    /** @param {string} name */
    tellEvent(name) {
      const event = new ProgressEvent(name);
      /** @type {any} */ (this)[`on${name}`]?.call(this, event);
      this.dispatchEvent(event);
    }
  }
  for (const [name, value] of Object.entries({ UNSENT: 0, OPENED: 1, HEADERS_RECEIVED: 2, LOADING: 3, DONE: 4 })) {
    /** @type {any} */ (AppRequest.prototype)[name] = value;
  }
  window.XMLHttpRequest = /** @type {any} */ (AppRequest);

  /** @param {string} text */
  function parsed(text) {
    try {
      return JSON.parse(text);
    } catch {
      return null;
    }
  }

  // ---- what the page's code adds later: images, scripts, style sheets

  /** @param {string} url */
  const asBlob = async (url) => {
    const answer = await fetchFromApp(url);
    const type = answer.headers.get("content-type") || "";
    return URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type }));
  };

  /** @param {any} kind @param {string} name */
  const bringLater = (kind, name) => {
    const own = Object.getOwnPropertyDescriptor(kind.prototype, name);
    const setAttribute = kind.prototype.setAttribute;
    /** @param {Element} element @param {string} value */
    const bring = (element, value) => {
      const url = new URL(value, document.baseURI).href;
      if (!isInside(url)) return setAttribute.call(element, name, value);
      asBlob(url).then(
        (blob) => setAttribute.call(element, name, blob),
        () => element.dispatchEvent(new Event("error")),
      );
    };
    Object.defineProperty(kind.prototype, name, {
      ...own,
      set(/** @type {string} */ value) {
        bring(this, String(value));
      },
    });
    kind.prototype.setAttribute = function (/** @type {string} */ key, /** @type {string} */ value) {
      if (String(key).toLowerCase() === name) bring(this, String(value));
      else setAttribute.call(this, key, value);
    };
    return bring;
  };
  const bringImage = bringLater(HTMLImageElement, "src");
  bringLater(HTMLScriptElement, "src");
  bringLater(HTMLLinkElement, "href");
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const added of addedNodes) {
        if (!(added instanceof Element)) continue;
        for (const image of [added, ...added.querySelectorAll("img[src]")]) {
          const src = image instanceof HTMLImageElement && image.getAttribute("src");
          if (src && isInside(new URL(src, document.baseURI).href)) bringImage(image, src);
        }
      }
    }
  }).observe(document, { childList: true, subtree: true });

  // A policy says nothing of these: they would reach other hosts.
  for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "RTCDataChannel", "WebTransport"]) {
    Reflect.deleteProperty(window, name);
  }

  // ---- going from page to page

  /** @param {string} url */
  const follow = (url) => {
    const wanted = new URL(url, document.baseURI);
    if (wanted.hash && wanted.href.split("#")[0] === at.page.split("#")[0]) {
      document.getElementById(decodeURIComponent(wanted.hash.slice(1)))?.scrollIntoView();
    } else if (isInside(wanted.href)) {
      tell({ kind: "navigate", url: wanted.href });
    }
  };

  window.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button) return;
    const link = event.composedPath().find((x) => x instanceof HTMLAnchorElement && x.hasAttribute("href"));
    if (!(link instanceof HTMLAnchorElement) || /^(javascript|blob|data):/i.test(link.href)) return;
    event.preventDefault();
    follow(link.href);
  });

  /** @param {HTMLFormElement} form @param {HTMLElement | null} [by] */
  const submit = async (form, by) => {
    const of = (/** @type {string} */ name) => by?.getAttribute(`form${name}`) || form.getAttribute(name) || "";
    const url = new URL(of("action") || at.page, document.baseURI);
    const fields = new FormData(form, /** @type {any} */ (by));
    const texts = new URLSearchParams();
    for (const [name, value] of fields) texts.append(name, typeof value === "string" ? value : value.name);
    if (of("method").toLowerCase() !== "post") {
      url.search = texts.toString();
      return follow(url.href);
    }
    const body = of("enctype") === "multipart/form-data" ? fields : texts;
    const sent = new Request(url, { method: "POST", body });
    tell({
      kind: "navigate",
      url: url.href,
      method: "POST",
      headers: [...sent.headers],
      body: await sent.arrayBuffer(),
    });
  };
  window.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
    if ((event.submitter?.getAttribute("formmethod") || form.getAttribute("method")) === "dialog") return;
    event.preventDefault();
    submit(form, event.submitter);
  });
  HTMLFormElement.prototype.submit = function () {
    submit(this);
  };
  window.open = (url) => {
    if (url) follow(String(url));
    return null;
  };
  for (const way of /** @type {const} */ (["pushState", "replaceState"])) {
    History.prototype[way] = function (
      /** @type {any} */ _state,
      /** @type {string} */ _title,
      /** @type {any} */ url,
    ) {
      if (url)
        tell({ kind: "address", url: new URL(String(url), document.baseURI).href, replaces: way === "replaceState" });
    };
  }
  document.addEventListener("securitypolicyviolation", (event) => {
    tell({ kind: "blocked", url: event.blockedURI, what: event.effectiveDirective });
  });
  window.addEventListener("error", (event) => tell({ kind: "failed", text: event.message }));
  window.addEventListener("unhandledrejection", (event) => tell({ kind: "failed", text: String(event.reason) }));
}
