// The whole of a body: in pieces over the channel, into memory or into a file of the user's.

/** @typedef {import("./channel.js").Channel} Channel */

/**
 * A body, whole.
 * @param {Channel} channel
 * @param {{body: number, size: number}} answer
 * @param {(done: number) => void} [progress] told how much of it is here, from 0 to 1
 */
export async function fetched(channel, answer, progress = () => {}) {
  const pieces = await piecesOf(channel, answer, progress);
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

/**
 * Save a body as a file of the user's.
 * @param {Channel} channel
 * @param {any} answer
 * @param {(done: number) => void} progress
 */
export async function saved(channel, answer, progress) {
  const pieces = await piecesOf(channel, answer, progress);
  const type =
    answer.headers.find((/** @type {string[]} */ [name]) => name.toLowerCase() === "content-type")?.[1] || "";
  // Whatever it is, it is only saved: no page may be made of it that has the rights of this one.
  const address = URL.createObjectURL(new Blob(pieces, { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName(answer.target, type);
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/**
 * @param {Channel} channel
 * @param {{body: number, size: number}} answer
 * @param {(done: number) => void} progress
 */
async function piecesOf(channel, answer, progress) {
  /** @type {any[]} */
  const pieces = [];
  for (let offset = 0; ;) {
    const { value, buffers } = await channel.ask("body", { body: answer.body, offset });
    pieces.push(buffers[0]);
    progress(value.size ? value.next / value.size : 1);
    if (value.next >= value.size || value.next <= offset) return pieces;
    offset = value.next;
  }
}

const ENDINGS = {
  "application/json": "json",
  "text/html": "html",
  "text/plain": "txt",
  "text/css": "css",
  "text/csv": "csv",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/svg+xml": "svg",
};

/**
 * @param {string} target
 * @param {string} type
 */
export function fileName(target, type) {
  const last =
    target
      .split("?")[0]
      .split("/")
      .filter((x) => x)
      .pop() || "response";
  const plain =
    last
      .replace(/%[0-9a-f]{2}/gi, "-")
      .replace(/[^\w.-]+/g, "-")
      .replace(/^\.+/, "") || "response";
  const ending = ENDINGS[/** @type {keyof typeof ENDINGS} */ (type.split(";")[0].trim().toLowerCase())];
  return plain.includes(".") || !ending ? plain : `${plain}.${ending}`;
}
