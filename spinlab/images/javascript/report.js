// What went wrong, in the places of the cell: stacks begin and end in the user's own code.
//
// A cell that was translated (TypeScript) or bundled has a source map; it is read when something went wrong, and
// never before.

const OWN = /^image\/|\/sources\/initializer\.js$/;
const FRAME = /^(.*?)@(.*?)(?::(\d+):(\d+))?$/;
const MOST = 20;

// File -> {before, map}: how many characters stand before its first line, and a function that gives its source map.
export const files = new Map();

const stackOf = Object.getOwnPropertyDescriptor(Error.prototype, "stack");

// Make `error.stack` and what the console prints of an error show the user's places alone.
export function watch() {
  Object.defineProperty(Error.prototype, "stack", {
    ...stackOf,
    get: new Proxy(stackOf.get, { apply: (get, error) => own(Reflect.apply(get, error, [])) }),
  });
  for (const name of ["debug", "error", "info", "log", "trace", "warn"]) {
    console[name] = new Proxy(console[name], {
      apply: (write, self, items) => Reflect.apply(write, self, items.map(shown)),
    });
  }
}

function shown(value) {
  return isError(value) ? format(value) : value;
}

// Errors of the host's interfaces are made in a realm of their own, so `instanceof` does not know them.
function isError(value) {
  return value instanceof Error || Object.prototype.toString.call(value) === "[object Error]";
}

// An error about the cell as a whole, which no line of it is to blame for.
export function complaint(text) {
  return Object.assign(new Error(text), { name: "" });
}

// Write an error to stderr.
export function report(error) {
  console.error(format(error));
}

// An error as text: what it is, then where.
export function format(error, seen = new Set()) {
  if (!isError(error)) return `Uncaught ${thrown(error)}`;
  seen.add(error);
  const lines = [error.name ? `${error.name}: ${message(error)}` : message(error)];
  const frames = own(stackOf.get.call(error)).split("\n").filter(Boolean);
  if (error instanceof SyntaxError) frames.unshift(...broken(error));
  for (const frame of frames.slice(0, MOST)) {
    const [, name, file, line, column] = FRAME.exec(frame) ?? [];
    if (file) lines.push(name ? `    at ${name} (${file}:${line}:${column})` : `    at ${file}:${line}:${column}`);
  }
  if (frames.length > MOST) lines.push(`    ... ${frames.length - MOST} more`);
  if (error.cause !== undefined && !seen.has(error.cause)) lines.push(`Caused by: ${format(error.cause, seen)}`);
  return lines.join("\n");
}

// What an interface of the host says of a failure stands in `payload`.
function message(error) {
  if (error.payload === undefined) return error.message;
  const { payload } = error;
  const told = payload && payload.tag ? payload.tag + (payload.val === undefined ? "" : `: ${payload.val}`) : payload;
  return typeof told === "string" ? told : JSON.stringify(told);
}

// What was thrown and is no error.
function thrown(value) {
  try {
    return (typeof value === "function" ? "" : JSON.stringify(value)) || String(value);
  } catch {
    return String(value);
  }
}

// The file that could not be read is not in the stack of its SyntaxError.
let reading = "";

export function begin(file) {
  const before = reading;
  reading = file;
  return before;
}

function broken(error) {
  return reading && OWN.test(error.fileName) ? [place("", reading, error.lineNumber, error.columnNumber)] : [];
}

// A stack without our own frames, each place as in the cell.
function own(stack) {
  if (typeof stack !== "string") return stack;
  const lines = [];
  for (const line of stack.split("\n")) {
    const found = FRAME.exec(line);
    if (!found || !found[3]) {
      if (line) lines.push(line);
      continue;
    }
    const [, name, file, row, column] = found;
    if (!OWN.test(file)) lines.push(place(name, file, Number(row), Number(column)));
  }
  return lines.length ? lines.join("\n") + "\n" : "";
}

function place(name, file, line, column) {
  const known = files.get(file);
  if (known) {
    if (line === 1) column = Math.max(1, column - known.before);
    const found = known.map?.(line, column);
    if (found) [file, line, column] = found;
  }
  return `${name.replace(/^(?:\$\$|anonymous$).*/, "")}@${file}:${line}:${column}`;
}

// A function that gives the place in the sources for a place in what was made of them, from a source map.
//
// Parameters:
//   text: the source map, as text.
//   name: gives what a source is called.
export function mapping(text, name) {
  let rows;
  return (line, column) => {
    rows ??= decode(JSON.parse(text()));
    const row = rows[line - 1] ?? [];
    const found = row.findLast((segment) => segment[0] < column) ?? row[0];
    return found && [name(found[1]), found[2] + 1, found[3] + 1];
  };
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The rows of a source map: `[column, source, line, column]` for each piece.
function decode({ mappings, sources }) {
  let source = 0;
  let line = 0;
  let column = 0;
  return mappings.split(";").map((row) => {
    let at = 0;
    const segments = [];
    for (const text of row ? row.split(",") : []) {
      const [step, ...rest] = numbers(text);
      at += step;
      if (rest.length < 3) continue;
      source += rest[0];
      line += rest[1];
      column += rest[2];
      segments.push([at, sources[source], line, column]);
    }
    return segments;
  });
}

function numbers(text) {
  const found = [];
  let value = 0;
  let shift = 0;
  for (const digit of text) {
    const bits = DIGITS.indexOf(digit);
    value += (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return found;
}
