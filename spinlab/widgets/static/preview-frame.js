// The two frames of a preview: ours, which lets nothing out, and in it the page.

import { pageShim } from "./preview-shim.js";

// The page is a guest's: it reaches its app, through us, and nobody else. What a browser has besides (navigation of the
// frame itself) is held back by the frame around it, whose policy counts for where the inner one may go.
const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob: data:",
  "style-src 'unsafe-inline' blob: data:",
  "img-src blob: data:",
  "font-src blob: data:",
  "media-src blob: data:",
  "connect-src blob: data:",
  "worker-src blob:",
  "frame-src 'none'",
  "form-action 'none'",
].join("; ");

export const SANDBOX = "allow-scripts allow-forms";

/**
 * The function is written into the outer frame as text.
 * @param {string} sandbox
 */
function frameShim(sandbox) {
  /** @type {HTMLIFrameElement | null} */
  let inner = null;
  /** @type {MessagePort | null} */
  let port = null;
  /** @type {MessagePort | null} */
  let control = null;
  let greeted = false;
  window.addEventListener("message", (event) => {
    if (event.source === window.parent && typeof event.data?.page === "string") {
      inner?.remove();
      [port, control] = event.ports;
      greeted = false;
      const made = document.createElement("iframe");
      made.setAttribute("sandbox", sandbox);
      made.title = "page of the app";
      made.srcdoc = event.data.page;
      made.addEventListener("load", () => {
        if (made === inner && !(greeted && port === null)) control?.postMessage("left");
        greeted = false;
      });
      inner = made;
      document.body.append(made);
    } else if (inner && event.source === inner.contentWindow && event.data === "hello") {
      greeted = true;
      if (port) inner.contentWindow?.postMessage("port", "*", [port]);
      port = null;
    }
  });
}

/** The text of the outer frame. */
export function outerPage() {
  const style = "html,body,iframe{margin:0;border:0;width:100%;height:100%;display:block;background:#fff}";
  return (
    `<!doctype html><html lang="en"><meta http-equiv="Content-Security-Policy" content="${POLICY}">` +
    `<meta http-equiv="x-dns-prefetch-control" content="off"><title>preview</title><style>${style}</style><body>` +
    `<script>(${frameShim})(${JSON.stringify(SANDBOX)})</script>`
  );
}

/**
 * The text of a page: what it needs to reach its app, then what it is.
 * @param {{text: string, standard: boolean, base: string}} page
 * @param {{page: string, origin: string}} at
 */
export function innerPage(page, at) {
  const settings = JSON.stringify(at).replaceAll("<", "\\u003c");
  const base = page.base.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return (
    `${page.standard ? "<!doctype html>" : ""}<base href="${base}">` +
    `<script>(${pageShim})(${settings});document.currentScript.remove()</script>${page.text}`
  );
}
