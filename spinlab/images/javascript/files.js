// Read the files that the host mounts, through WASI.

import { getDirectories } from "wasi:filesystem/preopens@0.2.10";

const CHUNK = 1 << 20;

// The text of a file; null when there is none.
export function read(path) {
  const inside = (folder) => folder === "/" || path === folder || path.startsWith(folder.replace(/\/?$/, "/"));
  const candidates = getDirectories()
    .filter(([, folder]) => inside(folder))
    .sort(([, a], [, b]) => b.length - a.length);
  for (const [directory, folder] of candidates) {
    let file;
    try {
      file = directory.openAt({ symlinkFollow: true }, path.slice(folder.length).replace(/^\//, ""), {}, { read: true });
    } catch {
      continue;
    }
    return new TextDecoder().decode(whole(file));
  }
  return null;
}

function whole(file) {
  const parts = [];
  let at = 0n;
  for (let ended = false; !ended; ) {
    const [bytes, end] = file.read(BigInt(CHUNK), at);
    parts.push(bytes);
    at += BigInt(bytes.length);
    ended = end || bytes.length === 0;
  }
  if (parts.length === 1) return parts[0];
  const all = new Uint8Array(Number(at));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}
