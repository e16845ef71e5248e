/** The languages of a cell, told from its magic line as the kernel tells them. */

/** What a cell is written in: the name that Lab's registry knows the language by, or `zig`, which is ours. */
export type Inner = string;

const LANGUAGES: Readonly<Record<string, Inner>> = {
  c: 'C',
  cpp: 'C++',
  'c++': 'C++',
  go: 'Go',
  golang: 'Go',
  html: 'HTML',
  htm: 'HTML',
  javascript: 'Javascript',
  js: 'Javascript',
  python: 'Python',
  py: 'Python',
  rust: 'Rust',
  rs: 'Rust',
  typescript: 'TypeScript',
  ts: 'TypeScript',
  wat: 'WebAssembly',
  zig: 'Zig'
};

const MAGIC = /^(?:[ \t]*\n)*[ \t]*%%(spinsql|spintest|spin)(?![\w-])([^\n]*)/;

/** Whether a word of the magic line is the name of a language or one of its aliases. */
export function isLanguage(word: string): boolean {
  return Object.hasOwn(LANGUAGES, word);
}

/** Where the magic line of a cell begins and ends, and its two parts; null for a cell without one. */
export function magicLine(text: string): { from: number; to: number; magic: string; rest: string } | null {
  const found = MAGIC.exec(text);
  if (!found) {
    return null;
  }
  const [all, magic, rest] = found;
  return { from: all.length - rest.length - magic.length - 2, to: all.length, magic, rest };
}

/**
 * The language of a cell's body, or null for a cell that is not spinlab's.
 *
 * The first word after `%%spin` is a language, or else it is the function's name and the body is Python. Options may
 * come before it: then the first word that is a language counts.
 */
export function languageOf(text: string): Inner | null {
  const line = magicLine(text);
  if (!line) {
    return null;
  }
  if (line.magic === 'spinsql') {
    return 'SQL';
  }
  if (line.magic === 'spintest') {
    return 'TOML';
  }
  const words = line.rest.split(/[ \t]+/).filter(Boolean);
  const candidates = words[0]?.startsWith('-') ? words : words.slice(0, 1);
  const word = candidates.find(isLanguage);
  return word === undefined ? 'Python' : LANGUAGES[word];
}
