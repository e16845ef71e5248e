/** How marks look in an editor: an underline at what an error points to, and a sign beside its line. */
import { RangeSet, RangeSetBuilder, StateEffect, StateField, Text } from '@codemirror/state';
import { Decoration, DecorationSet, EditorView, GutterMarker, Tooltip, gutter, hoverTooltip } from '@codemirror/view';

/** One thing that is wrong in a cell. */
export interface IDiagnostic {
  /** 1-based line of the cell; the magic line is 1. */
  line: number;
  /** 1-based column in characters; left out for the whole line. */
  column?: number | null;
  /** 1-based column after the last character; left out for the word at `column`. */
  end_column?: number | null;
  message: string;
}

interface Shown {
  underlines: DecorationSet;
  signs: RangeSet<GutterMarker>;
}

/** Show these instead of what was shown. */
export const show = StateEffect.define<readonly IDiagnostic[]>();

class Sign extends GutterMarker {
  constructor(private readonly _message: string) {
    super();
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Sign && other._message === this._message;
  }

  override toDOM(): Node {
    const sign = document.createElement('span');
    sign.className = 'jp-spinlab-errorSign';
    sign.textContent = '●';
    sign.title = this._message;
    return sign;
  }
}

/** Index in a line of a 1-based column; the kernel counts characters, an editor UTF-16 units. */
function indexOf(line: string, column: number): number {
  return Array.from(line).slice(0, Math.max(0, column - 1)).join('').length;
}

/** What to underline: never nothing where the line has a character. */
function rangeOf(doc: Text, diagnostic: IDiagnostic): { from: number; to: number } {
  const line = doc.line(Math.min(Math.max(1, Math.trunc(diagnostic.line) || 1), doc.lines));
  if (diagnostic.column == null) {
    return { from: line.from + line.text.search(/\S|$/), to: line.to };
  }
  const from = indexOf(line.text, diagnostic.column);
  const word = /^\w+/.exec(line.text.slice(from))?.[0].length ?? 1;
  const to = diagnostic.end_column == null ? from + word : indexOf(line.text, diagnostic.end_column);
  const end = Math.min(Math.max(to, from + 1), line.length);
  return { from: line.from + Math.max(0, Math.min(from, end - 1)), to: line.from + end };
}

function shown(doc: Text, diagnostics: readonly IDiagnostic[]): Shown {
  const placed = diagnostics.map(diagnostic => ({ diagnostic, ...rangeOf(doc, diagnostic) }));
  placed.sort((a, b) => a.from - b.from || a.to - b.to);
  const signs = new RangeSetBuilder<GutterMarker>();
  const lines = new Set<number>();
  for (const { diagnostic, from } of placed) {
    const start = doc.lineAt(from).from;
    if (!lines.has(start)) {
      lines.add(start);
      signs.add(start, start, new Sign(diagnostic.message));
    }
  }
  const underlines = placed
    .filter(({ from, to }) => to > from)
    .map(({ diagnostic, from, to }) => Decoration.mark({ class: 'jp-spinlab-error', diagnostic }).range(from, to));
  return { underlines: Decoration.set(underlines), signs: signs.finish() };
}

const NOTHING: Shown = { underlines: Decoration.none, signs: RangeSet.empty };

const field = StateField.define<Shown>({
  create: () => NOTHING,
  update: (value, transaction) => {
    for (const effect of transaction.effects) {
      if (effect.is(show)) {
        return effect.value.length ? shown(transaction.newDoc, effect.value) : NOTHING;
      }
    }
    const { changes } = transaction;
    return { underlines: value.underlines.map(changes), signs: value.signs.map(changes) };
  },
  provide: self => EditorView.decorations.from(self, value => value.underlines)
});

const tip = hoverTooltip((view, position): Tooltip | null => {
  const messages: string[] = [];
  view.state.field(field).underlines.between(position, position, (_from, _to, mark) => {
    messages.push(String(mark.spec.diagnostic.message));
  });
  if (!messages.length) {
    return null;
  }
  const create = () => {
    const dom = document.createElement('div');
    dom.className = 'jp-spinlab-errorTip';
    dom.textContent = messages.join('\n');
    return { dom };
  };
  return { pos: position, above: true, create };
});

/** What every editor has. */
export const marking = [field, tip];

/** What an editor has only while something is marked: an empty gutter would take room from the code. */
export const signs = gutter({
  class: 'jp-spinlab-errorGutter',
  markers: view => view.state.field(field).signs
});

/** What is shown, where the text that it points to is by now. */
export function current(view: EditorView): IDiagnostic[] {
  const found: IDiagnostic[] = [];
  const { doc } = view.state;
  view.state.field(field).underlines.between(0, doc.length, (from, to, mark) => {
    const line = doc.lineAt(from);
    const column = (at: number) => Array.from(doc.sliceString(line.from, at)).length + 1;
    const message = String(mark.spec.diagnostic.message);
    found.push({ line: line.number, column: column(from), end_column: column(Math.min(to, line.to)), message });
  });
  return found;
}
