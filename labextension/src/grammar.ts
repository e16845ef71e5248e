/** A grammar for a magic line and, below it, another language. */
import {
  Language,
  LanguageSupport,
  TreeIndentContext,
  defineLanguageFacet,
  indentNodeProp,
  languageDataProp
} from '@codemirror/language';
import { Input, NodeSet, NodeType, Parser, PartialParse, Tree, TreeFragment, parseMixed } from '@lezer/common';
import { styleTags, tags } from '@lezer/highlight';
import { isLanguage, magicLine } from './languages';

type Ranges = readonly { from: number; to: number }[];

/**
 * Indentation at the very end of a cell. That position is no longer inside the body, whose languages often know only
 * by their top node what goes on there: an indented block of Python, or anything of a language that reads by lines.
 */
function indentAtEnd(context: TreeIndentContext): number | null {
  const node = context.node.lastChild;
  const strategy = node?.type.prop(indentNodeProp);
  return strategy ? strategy(Object.create(context, { node: { value: node } })) : 0;
}

// The language data of the cell's own nodes is empty: the magic line has no comment tokens, so that toggling
// comments over a whole cell leaves it alone.
const data = defineLanguageFacet({});

const set = new NodeSet([
  NodeType.define({ id: 0, name: 'SpinCell', top: true, props: [[languageDataProp, data]] }),
  NodeType.define({ id: 1, name: 'MagicLine' }),
  NodeType.define({ id: 2, name: 'MagicBody' }),
  NodeType.define({ id: 3, name: 'MagicName' }),
  NodeType.define({ id: 4, name: 'MagicLanguage' }),
  NodeType.define({ id: 5, name: 'MagicOption' }),
  NodeType.define({ id: 6, name: 'MagicWord' })
]).extend(
  styleTags({
    MagicName: tags.meta,
    MagicLanguage: tags.keyword,
    MagicOption: tags.attributeName,
    MagicWord: tags.meta
  }),
  indentNodeProp.add({ SpinCell: indentAtEnd })
);
const [CELL, LINE, BODY, NAME, LANGUAGE, OPTION, WORD] = set.types;

/** The words of a magic line, each in the colour of what it is. */
function lineTree(text: string): Tree {
  const children: Tree[] = [];
  const positions: number[] = [];
  let named = false;
  for (const found of text.matchAll(/[^ \t\n]+/g)) {
    const [word] = found;
    let type = WORD;
    if (children.length === 0) {
      type = NAME;
    } else if (word.startsWith('-')) {
      type = OPTION;
    } else if (!named && isLanguage(word)) {
      type = LANGUAGE;
      named = true;
    }
    children.push(new Tree(type, [], [], word.length));
    positions.push(found.index);
  }
  return new Tree(LINE, children, positions, text.length);
}

/** The whole cell: what is up to the end of the magic line, and the body below it. */
function cellTree(text: string): Tree {
  const end = magicLine(text)?.to ?? 0;
  const children = [lineTree(text.slice(0, end))];
  const positions = [0];
  if (end < text.length) {
    children.push(new Tree(BODY, [], [], text.length - end - 1));
    positions.push(end + 1);
  }
  return new Tree(CELL, children, positions, text.length);
}

/** Splits a cell at once: it is one regular expression, whatever its length. */
class Split implements PartialParse {
  readonly parsedPos = 0;
  stoppedAt: number | null = null;

  constructor(private readonly _input: Input) {}

  advance(): Tree {
    return cellTree(this._input.read(0, this._input.length));
  }

  stopAt(position: number): void {
    this.stoppedAt = position;
  }
}

class CellParser extends Parser {
  private readonly _mix;

  constructor(inner: Parser) {
    super();
    this._mix = parseMixed(node => (node.type === BODY ? { parser: inner } : null));
  }

  createParse(input: Input, fragments: readonly TreeFragment[], ranges: Ranges): PartialParse {
    return this._mix(new Split(input), input, fragments, ranges);
  }
}

/** The language of cells whose body is `inner`; the body keeps all of its own support. */
export function cellLanguage(name: string, inner: LanguageSupport): LanguageSupport {
  const language = new Language(data, new CellParser(inner.language.parser), [], name);
  return new LanguageSupport(language, inner.support);
}
