// Bytes as hexadecimal digits, and texts as bytes.

/** @param {Uint8Array} bytes sixteen a line */
export function hexOf(bytes) {
  const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
  const lines = [];
  for (let at = 0; at < pairs.length; at += 16) lines.push(pairs.slice(at, at + 16).join(" "));
  return lines.join("\n");
}

/** The text of hexadecimal digits; throws when they are none. @param {string} digits */
export function decodedBytes(digits) {
  const plain = digits.replace(/\s+/g, "");
  if (!/^([0-9a-f]{2})*$/i.test(plain)) throw new TypeError("no hexadecimal digits");
  const bytes = new Uint8Array((plain.match(/../g) || []).map((pair) => parseInt(pair, 16)));
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** @param {string} text */
export function encodedBytes(text) {
  return new TextEncoder().encode(text);
}
