// A request in the words of other clients.

import { encoded } from "./pairs.js";

/**
 * @typedef {{method: string, path: string, headers: [string, string][], body: string | null, json: boolean,
 *            file: string}} Copied headers with the content type; json when the body is JSON
 */

/**
 * @param {Copied} request
 * @param {string} url what stands before the path
 */
export function asCurl(request, url) {
  const words = ["curl"];
  if (request.method === "HEAD") words.push("--head");
  else if (request.method !== "GET" || request.body !== null || request.file) words.push("-X", shell(request.method));
  words.push(shell(url + asciiPath(request.path)));
  for (const [name, value] of request.headers) words.push("-H", shell(value ? `${name}: ${value}` : `${name};`));
  if (request.file) words.push("--data-binary", shell(`@${request.file}`));
  else if (request.body !== null) words.push("--data-raw", shell(request.body));
  return words.join(" ");
}

/** @param {Copied} request */
export function asSpin(request) {
  const method = request.method.toLowerCase();
  const known = ["get", "post", "put", "patch", "delete", "head", "options"].includes(method);
  const body = request.json ? compact(request.body) : request.body;
  const all = [request.path, body || "", ...request.headers.flat()].join("");
  if (!known || request.file || /[\r\n]/.test(all) || (body || "").startsWith("@")) return asPython(request);
  const words = ["%spin", method, spinWord(asciiPath(request.path))];
  for (const [name, value] of request.headers) {
    if (!(request.json && body !== null && name.toLowerCase() === "content-type")) {
      words.push("-H", spinWord(`${name}: ${value}`));
    }
  }
  if (body !== null) words.push(request.json ? "--json" : "-d", spinWord(body));
  return words.join(" ");
}

/** @param {Copied} request */
export function asPython(request) {
  const parts = [pythonText(request.method), pythonText(request.path)];
  if (request.headers.length) {
    parts.push(
      `headers=spinlab.Headers([${request.headers.map((pair) => `(${pair.map(pythonText).join(", ")})`).join(", ")}])`,
    );
  }
  if (request.file) parts.push(`body=open(${pythonText(request.file)}, "rb").read()`);
  else if (request.body !== null) parts.push(`body=${pythonText(request.body)}`);
  return `spinlab.current_app().request(${parts.join(", ")})`;
}

/** @param {string} text */
function shell(text) {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!/[\x00-\x1f\x7f]/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = text
    .replace(/[\\']/g, "\\$&")
    .replace(/[\x00-\x1f\x7f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `$'${escaped}'`;
}

/** @param {string} text */
function spinWord(text) {
  if (/^[\w/.:,+-][\w/.:=&,+-]*$/.test(text) && !text.startsWith("-")) return text;
  return text.includes("'") ? `"${text.replace(/[\\"]/g, "\\$&")}"` : `'${text}'`;
}

/** @param {string} text */
function pythonText(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ud800-\udfff]/g, (c) =>
    /[\ud800-\udfff]/.test(c) ? c : `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** @param {string | null} body */
function compact(body) {
  try {
    return body === null ? null : JSON.stringify(JSON.parse(body));
  } catch {
    return body;
  }
}

/** @param {string} path */
function asciiPath(path) {
  return path.replace(/[^!-~]+/g, encoded);
}
