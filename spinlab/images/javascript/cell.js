// The cell's source: found in the environment or in a file, and run once.

import { read } from "./files.js";
import { find, given } from "./interfaces.js";
import { wrap } from "./modules.js";
import { begin, complaint, files, mapping } from "./report.js";

const FOLDER = "/app";
const MAIN = "app";

// What the cell defined: `listeners` of fetch events, its `exports`, and a function called `handle`.
export const defined = { listeners: [], exports: null, handle: null };

const modules = new Map(); // name -> what it exports
let sources = null; // name -> [file, text, map, "bundle"]

// Run the cell; a promise where its top level awaits something.
export function load() {
  const text = given();
  sources = text === undefined ? null : JSON.parse(text);
  const main = source(MAIN);
  if (!main) throw complaint(`there is no ${FOLDER}/app.js: mount the folder with the source at ${FOLDER}`);
  const exports = namespace(MAIN);
  const done = run(main, exports, (handle) => (defined.handle = handle));
  return done ? done.then(() => finish(exports)) : finish(exports);
}

function finish(exports) {
  defined.exports = exports;
  if (typeof exports.handle === "function") defined.handle = exports.handle;
}

// `[file, text, map, kind]` of a module; null when there is none.
function source(name) {
  if (sources) return Object.hasOwn(sources, name) ? sources[name] : null;
  for (const [ending, kind] of [["cjs", "bundle"], ["js", "module"]]) {
    const file = `${FOLDER}/${name}.${ending}`;
    const text = read(file);
    if (text !== null) return [file, text, () => read(`${file}.map`), kind];
  }
  return null;
}

// Run a module. Gives a promise where it awaits something at its top level, else nothing.
function run([file, text, map, kind], exports, found) {
  const reading = begin(file);
  const [compiled, before] = kind === "bundle" ? bundle(text, file) : compile(text, file);
  files.set(file, { before, map: map ? places(map, file) : null });
  begin(reading);
  if (kind === "bundle") {
    const module = { exports: {} };
    compiled.call(module.exports, module, module.exports, fetchModule);
    const handle = Object.getOwnPropertyDescriptors(module.exports);
    Object.defineProperties(exports, handle);
    return undefined;
  }
  const meta = { url: `file://${FOLDER}/${MAIN}.js` };
  return compiled.call(undefined, fetchModule, async (name) => fetchModule(name), exporter(exports), meta, found);
}

// The place in the user's sources for a place in what was made of them.
function places(map, file) {
  const text = typeof map === "string" ? () => map : map;
  let missing = false;
  const found = mapping(
    () => text() ?? ((missing = true), '{"mappings":"","sources":[]}'),
    (name) => (name.includes("/") || !file.startsWith(FOLDER) ? name : `${FOLDER}/${name}`),
  );
  return (line, column) => (missing ? undefined : found(line, column));
}

// A module's function and what stands before its first line. A module that awaits at its top level is an async one.
function compile(text, file) {
  const end = `\n//# sourceURL=${file}`;
  const made = wrap(text);
  try {
    return [(0, eval)(made.code + end), made.before];
  } catch (error) {
    if (!(error instanceof SyntaxError) || !/\bawait\b/.test(text)) throw shifted(error, file, made.before);
  }
  const later = wrap(text, "async function");
  try {
    return [(0, eval)(later.code + end), later.before];
  } catch (error) {
    throw shifted(error, file, later.before);
  }
}

function bundle(text, file) {
  const before = "(function(module,exports,require){";
  return [(0, eval)(`${before}${text}\n})\n//# sourceURL=${file}`), before.length];
}

function shifted(error, file, before) {
  files.set(file, { before, map: null });
  return error;
}

// What a module exports, read when it is asked for.
function namespace(name) {
  const exports = Object.create(null);
  modules.set(name, exports);
  return exports;
}

function exporter(exports) {
  const add = (getters) => {
    for (const [name, get] of Object.entries(getters)) {
      Object.defineProperty(exports, name, { get, enumerable: true, configurable: true });
    }
  };
  add.all = (other) => {
    for (const name of Object.keys(other)) {
      if (name !== "default" && !(name in exports)) add({ [name]: () => other[name] });
    }
  };
  return add;
}

// What a name means in an import.
function fetchModule(name) {
  const own = find(name);
  if (own) return own;
  const local = /^(?:\.\/)?([\w-]+?)(?:\.[cm]?[jt]s)?$/.exec(name);
  if (!local || !name.startsWith("./")) throw new Error(`there is no module ${JSON.stringify(name)} in the sandbox`);
  if (modules.has(local[1])) return modules.get(local[1]);
  const there = source(local[1]);
  if (!there) throw new Error(`there is no module ${JSON.stringify(name)}`);
  if (run(there, namespace(local[1]), () => {})) {
    throw new Error(`${name} awaits something at its top level; only the function itself can`);
  }
  return modules.get(local[1]);
}
