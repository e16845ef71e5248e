// A cell's text as the body of a function: its imports and exports are rewritten, every line stays where it is.
//
// Nothing in the engine loads a module once the image is made, so a module becomes a strict function of a few
// parameters. What it imports is taken before its first line, what it exports is read when somebody asks, as with
// modules. Text, comments, templates and regular expressions are stepped over, so that an HTML page in a template
// may say `import`.

// The engine has no tables of Unicode: whatever is not ASCII counts as a letter.
const NAME = "[A-Za-z_$\\u0080-\\uffff][\\w$\\u0080-\\uffff]*";
const STRING = "\"[^\"\\n]*\"|'[^'\\n]*'";
const WITH = "(?:\\s*with\\s*\\{[^}]*\\})?[ \\t]*;?";

// What has to be looked at, outside of a template and, with braces, inside of one.
const PIECES =
  "//[^\\n]*|/\\*[^]*?\\*/|'(?:[^'\\\\\\n]|\\\\[^])*'|\"(?:[^\"\\\\\\n]|\\\\[^])*\"|[`/]|(?<![\\w$.#\\u0080-\\uffff])(?:import|export)(?![\\w$\\u0080-\\uffff])";
const OUTSIDE = new RegExp(PIECES, "g");
const INSIDE = new RegExp(`${PIECES}|[{}]`, "g");
const TEMPLATE = /(?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const EXPRESSION = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const BEFORE_EXPRESSION =
  /(?:^|[^+]\+|[^-]-|[(,=:[!&|?{};*%~^<>]|(?<![\w$.\u0080-\uffff])(?:return|typeof|case|in|of|delete|void|throw|new|do|else|instanceof|await|yield))$/;

const IMPORT = new RegExp(
  `import\\s*(?:(?:(${NAME})\\s*,?\\s*)?(?:\\{([^}]*)\\}|\\*\\s*as\\s+(${NAME}))?\\s*from\\s*)?(${STRING})${WITH}`,
  "y",
);
const META = /import\s*\.\s*meta(?![\w$])/y;
const DYNAMIC = /import(?=\s*\()(?!\s*\([^()]*\)\s*\{)/y;
const EXPORT_LIST = new RegExp(`export\\s*\\{([^}]*)\\}(?:\\s*from\\s*(${STRING})${WITH})?[ \\t]*;?`, "y");
const EXPORT_ALL = new RegExp(`export\\s*\\*\\s*(?:as\\s+(${NAME})\\s*)?from\\s*(${STRING})${WITH}`, "y");
const EXPORT_DEFAULT = new RegExp(
  `export\\s+default\\s+(?=(?:(?:async\\s+)?function\\s*\\*?\\s*|class\\s+)(?!extends\\s)(${NAME}))`,
  "y",
);
const EXPORT_VALUE = /export\s+default(?![\w$])/y;
const EXPORT_FUNCTION = new RegExp(`export\\s+(?=(?:(?:async\\s+)?function\\s*\\*?\\s*|class\\s+)(${NAME}))`, "y");
const EXPORT_VARIABLE = /export\s+(?=(?:const|let|var)\s+([^]*))/y;

// What a module's function is called with.
const PARAMETERS = ["$$import", "$$load", "$$export", "$$meta", "$$found"];

// The text of a function around a module.
//
// Gives `{code, before}`: the text, and how many characters stand before the module's own first line.
export function wrap(source, kind = "function") {
  const { head, body } = rewrite(source);
  const before = `(${kind}(${PARAMETERS}){"use strict";${head}`;
  const after = '\n;if(typeof handle==="function")$$found(handle)})';
  return { code: before + body + after, before: before.length };
}

// Take imports and exports out of a module: `{head, body}`, where `head` is what has to run before it.
export function rewrite(source) {
  if (!/(?<![\w$.])(?:import|export)(?![\w$])/.test(source)) return { head: "", body: source };
  const found = { imports: [], exports: [] };
  const parts = [];
  let at = 0;
  for (const [place, end, text] of statements(source, found)) {
    parts.push(source.slice(at, place), text);
    at = end;
  }
  parts.push(source.slice(at));
  const exported = found.exports.length ? `$$export({${found.exports}});` : "";
  const local = found.exports.some((line) => line === DEFAULT) ? "let $$default;" : "";
  return { head: local + exported + found.imports.join(""), body: parts.join("") };
}

const DEFAULT = '"default":()=>$$default';

// Every import and export: where it begins and ends, and what stands there instead.
function* statements(source, found) {
  const open = []; // the braces around this place, from the template on that they are in
  let before = ""; // the last characters that count, before what is looked at
  let end = 0;
  for (;;) {
    const looking = open.length ? INSIDE : OUTSIDE;
    looking.lastIndex = end;
    const match = looking.exec(source);
    if (!match) return;
    const place = match.index;
    const token = match[0];
    before = source.slice(Math.max(end, place - 80), place).trimEnd().slice(-12) || before;
    end = place + token.length;
    if (token.startsWith("//") || token.startsWith("/*")) continue;
    if (token === "/") {
      if (BEFORE_EXPRESSION.test(before)) end = matchAt(EXPRESSION, source, place)?.end ?? end;
    } else if (token === "{") {
      open.push(token);
    } else if (token === "`" || (token === "}" && open.pop() === "`")) {
      const rest = matchAt(TEMPLATE, source, end);
      end = rest ? rest.end : source.length;
      if (rest?.text.endsWith("${")) open.push("`");
      before = rest?.text.endsWith("${") ? "{" : "`";
      continue;
    } else if (token === "import" || token === "export") {
      const instead = (token === "import" ? imported : exported)(source, place, found);
      if (instead) {
        end = instead.end;
        before = ";";
        yield [place, end, instead.text];
        continue;
      }
    }
    before = token;
  }
}

function matchAt(pattern, source, place) {
  pattern.lastIndex = place;
  const match = pattern.exec(source);
  return match && Object.assign(match, { text: match[0], end: place + match[0].length });
}

// Something else in the place of a match, which keeps its lines and, where there is room, its columns.
function blank(match, instead = "") {
  return instead + match.text.slice(instead.length).replace(/[^\n]/g, " ");
}

// A statement that is gone.
function gone(match) {
  return { end: match.end, text: blank(match, ";") };
}

function imported(source, place, found) {
  let match;
  if ((match = matchAt(META, source, place))) return { end: match.end, text: blank(match, "$$meta") };
  if ((match = matchAt(DYNAMIC, source, place))) return { end: match.end, text: "$$load" };
  if (!(match = matchAt(IMPORT, source, place))) return null;
  const [, alone, list, all, from] = match;
  const names = [...(alone ? [`default:${alone}`] : []), ...pairs(list).map(([name, as]) => `${name}:${as}`)];
  const module = `$$import(${from})`;
  found.imports.push(names.length ? `const {${names}}=${module};` : all ? "" : `${module};`);
  if (all) found.imports.push(`const ${all}=${module};`);
  return gone(match);
}

function exported(source, place, found) {
  let match;
  if ((match = matchAt(EXPORT_LIST, source, place))) {
    const [, list, from] = match;
    if (from) found.imports.push(`$$import(${from});`);
    const owner = from ? `$$import(${from})` : "";
    for (const [name, as] of pairs(list)) add(found, as, owner ? `${owner}[${quoted(name)}]` : name);
    return gone(match);
  }
  if ((match = matchAt(EXPORT_ALL, source, place))) {
    const [, as, from] = match;
    found.imports.push(as ? `$$import(${from});` : `$$export.all($$import(${from}));`);
    if (as) add(found, as, `$$import(${from})`);
    return gone(match);
  }
  if ((match = matchAt(EXPORT_DEFAULT, source, place))) {
    add(found, "default", match[1]);
    return { end: match.end, text: blank(match) };
  }
  if ((match = matchAt(EXPORT_VALUE, source, place))) {
    found.exports.push(DEFAULT);
    return { end: match.end, text: blank(match, "$$default=") };
  }
  if ((match = matchAt(EXPORT_FUNCTION, source, place))) {
    add(found, match[1], match[1]);
  } else if ((match = matchAt(EXPORT_VARIABLE, source, place))) {
    for (const name of declared(match[1])) add(found, name, name);
  }
  return match && { end: match.end, text: blank(match) };
}

function add(found, name, value) {
  found.exports.push(`${quoted(name)}:()=>${value}`);
}

function quoted(name) {
  return /^["']/.test(name) ? name : JSON.stringify(name);
}

// `[name, as]` of each part of the braces of an import or export.
function pairs(list) {
  const parts = (list ?? "").replace(/\/\/[^\n]*|\/\*[^]*?\*\//g, "").split(",");
  return parts
    .map((part) => part.trim().split(/\s+as\s+/))
    .filter(([name]) => name)
    .map(([name, as]) => [name, as ?? name]);
}

// The names that a declaration binds, from its text after `const`.
function declared(text) {
  const names = [];
  for (let at = 0; at >= 0; at = afterComma(text, at)) {
    const begin = text.slice(at).search(/\S/);
    if (begin < 0) break;
    at += begin;
    if ("{[".includes(text[at])) {
      const parts = split(text, at);
      names.push(...parts.flatMap((part) => bound(part, text[at] === "{")));
      at = parts.end;
    } else {
      const name = matchAt(FIRST_NAME, text, at);
      if (!name) break;
      names.push(name.text);
      at = name.end;
    }
  }
  return names;
}

const FIRST_NAME = new RegExp(NAME, "y");
const PIECE = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[^])*`|\/\/[^\n]*|\/\*[^]*?\*\/|[^]/g;

// The names that one part of a destructuring pattern binds.
function bound(part, keyed) {
  let target = part.trim().replace(/^\.\.\./, "");
  if (keyed) target = target.replace(/^(?:[\w$\u0080-\uffff]+|"[^"]*"|'[^']*'|\[[^\]]*\])\s*:\s*/, "");
  if (/^[{[]/.test(target)) return split(target, 0).flatMap((inner) => bound(inner, target[0] === "{"));
  return target.match(new RegExp(`^${NAME}`)) ?? [];
}

// What stands between the commas of the bracket that opens at `at`; `end` is the place after it.
function split(text, at) {
  const parts = [];
  let depth = 0;
  let part = "";
  PIECE.lastIndex = at;
  for (let match; (match = PIECE.exec(text)); ) {
    const piece = match[0];
    if ("([{".includes(piece) && depth++ === 0) continue;
    if (")]}".includes(piece) && --depth === 0) break;
    if (piece === "," && depth === 1) {
      parts.push(part);
      part = "";
    } else if (!/^\/[/*]/.test(piece)) {
      part += piece;
    }
  }
  parts.push(part);
  parts.end = PIECE.lastIndex || text.length;
  return parts;
}

// Where the next declarator begins; -1 at the end of the statement.
function afterComma(text, at) {
  let depth = 0;
  let last = "";
  PIECE.lastIndex = at;
  for (let match; (match = PIECE.exec(text)); ) {
    const piece = match[0];
    if ("([{".includes(piece)) depth++;
    else if (")]}".includes(piece) && --depth < 0) return -1;
    else if (depth === 0 && piece === ",") return PIECE.lastIndex;
    else if (depth === 0 && (piece === ";" || (piece === "\n" && last && !"=,+-*/%&|?:.<>".includes(last)))) return -1;
    if (!/^\s|^\/[/*]/.test(piece)) last = piece;
  }
  return -1;
}
