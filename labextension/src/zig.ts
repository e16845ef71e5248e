/** Zig, which Lab does not bring: words, literals, comments and the depth of brackets. */
import { LanguageSupport, StreamLanguage, StringStream } from '@codemirror/language';

const KEYWORDS = new Set(
  (
    'addrspace align allowzero and anyframe anytype asm break callconv catch comptime const continue defer else enum ' +
    'errdefer error export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse packed pub ' +
    'resume return struct suspend switch test threadlocal try union unreachable usingnamespace var volatile while'
  ).split(' ')
);
const ATOMS = new Set(['true', 'false', 'null', 'undefined']);
const TYPES =
  /^(?:[iu]\d+|f(?:16|32|64|80|128)|[iu]size|c_\w+|bool|void|noreturn|type|anyerror|anyopaque|comptime_(?:int|float))$/;

interface State {
  /** How many brackets are open. */
  depth: number;
  /** What was read last of a declaration, so that its name is known. */
  declares: boolean;
}

function word(text: string, state: State): string {
  const declared = state.declares;
  state.declares = text === 'fn' || text === 'const' || text === 'var';
  if (KEYWORDS.has(text)) {
    return 'keyword';
  }
  if (ATOMS.has(text)) {
    return 'atom';
  }
  if (TYPES.test(text)) {
    return 'type';
  }
  return declared ? 'def' : 'variable';
}

function token(stream: StringStream, state: State): string | null {
  if (stream.eatSpace()) {
    return null;
  }
  if (stream.match('//')) {
    stream.skipToEnd();
    return 'comment';
  }
  if (stream.match('\\\\')) {
    stream.skipToEnd();
    return 'string';
  }
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/) || stream.match(/^'(?:[^'\\]|\\.)*'?/)) {
    return 'string';
  }
  if (stream.match(/^@"(?:[^"\\]|\\.)*"?/)) {
    return 'variable';
  }
  if (stream.match(/^@[A-Za-z_]\w*/)) {
    return 'builtin';
  }
  if (stream.match(/^0[xob][\da-fA-F_.]+(?:p[+-]?\d+)?/) || stream.match(/^\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?/i)) {
    return 'number';
  }
  const found = stream.match(/^[A-Za-z_]\w*/) as RegExpMatchArray | null;
  if (found) {
    return word(found[0], state);
  }
  const char = stream.next() ?? '';
  if ('{[('.includes(char)) {
    state.depth += 1;
  } else if ('}])'.includes(char)) {
    state.depth = Math.max(0, state.depth - 1);
  }
  return /[{}()[\];,.:]/.test(char) ? 'punctuation' : 'operator';
}

const language = StreamLanguage.define<State>({
  name: 'zig',
  startState: () => ({ depth: 0, declares: false }),
  copyState: state => ({ ...state }),
  token,
  indent: (state, after, context) => Math.max(0, state.depth - (/^[}\])]/.test(after) ? 1 : 0)) * context.unit,
  languageData: {
    commentTokens: { line: '//' },
    closeBrackets: { brackets: ['(', '[', '{', "'", '"'] },
    indentOnInput: /^\s*[}\])]$/
  }
});

/** Zig as Lab's own languages are: ready to be put into an editor. */
export const zig = new LanguageSupport(language);
