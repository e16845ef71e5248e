/** Marks in the cells at what the last error points to, until the cell runs well. */
import { Compartment } from '@codemirror/state';
import { EditorView, PluginValue, ViewPlugin, ViewUpdate } from '@codemirror/view';
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { NotebookActions } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Token } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';
import { isCodeCell } from './cells';
import { IDiagnostic, current, marking, show, signs } from './marks';
import { follow } from './settings';

const ID = 'spinlab:errors';

/** Where others say what is wrong in a cell. */
export interface IErrorMarks {
  /** Mark these in the cell with this id, instead of what was marked there. */
  mark(cell: string, diagnostics: readonly IDiagnostic[]): void;
  /** Nothing is wrong in the cell any more. */
  clear(cell: string): void;
}

export const IErrorMarks = new Token<IErrorMarks>('spinlab:IErrorMarks', 'Marks errors in the cells of notebooks.');

class ErrorMarks implements IErrorMarks {
  /** Emits the id of a cell, or null when all are meant. */
  readonly changed = new Signal<this, string | null>(this);
  private readonly _known = new Map<string, readonly IDiagnostic[]>();
  private _enabled = true;

  mark(cell: string, diagnostics: readonly IDiagnostic[]): void {
    this._known.set(cell, diagnostics);
    this.changed.emit(cell);
  }

  clear(cell: string): void {
    if (this._known.delete(cell)) {
      this.changed.emit(cell);
    }
  }

  /** Take over where the marks of a cell have moved to by editing: its next editor shows them there. */
  moved(cell: string, diagnostics: readonly IDiagnostic[]): void {
    if (this._known.has(cell)) {
      this._known.set(cell, diagnostics);
    }
  }

  of(cell: string): readonly IDiagnostic[] {
    return this._enabled ? (this._known.get(cell) ?? []) : [];
  }

  enable(on: boolean): void {
    this._enabled = on;
    this.changed.emit(null);
  }
}

/** Shows the marks of one cell in one of its editors. */
class Marker implements PluginValue {
  private _gone = false;
  private _any = false;

  constructor(
    private readonly _view: EditorView,
    private readonly _gutter: Compartment,
    private readonly _cell: string,
    private readonly _marks: ErrorMarks
  ) {
    _marks.changed.connect(this._changed, this);
    this._later();
  }

  update(update: ViewUpdate): void {
    if (update.docChanged && this._any) {
      this._marks.moved(this._cell, current(update.view));
    }
  }

  destroy(): void {
    this._gone = true;
    Signal.clearData(this);
  }

  private _changed(_: ErrorMarks, cell: string | null): void {
    if (cell === null || cell === this._cell) {
      this._later();
    }
  }

  // An editor that is being made or changed takes no other change.
  private _later(): void {
    void Promise.resolve().then(() => {
      const diagnostics = this._marks.of(this._cell);
      const any = diagnostics.length > 0;
      if (this._gone || (!any && !this._any)) {
        return;
      }
      this._any = any;
      this._view.dispatch({ effects: [show.of(diagnostics), this._gutter.reconfigure(any ? signs : [])] });
    });
  }
}

export const errors: JupyterFrontEndPlugin<IErrorMarks> = {
  id: ID,
  description: 'Marks in the cells at what the last error points to.',
  autoStart: true,
  provides: IErrorMarks,
  requires: [IEditorExtensionRegistry],
  optional: [ISettingRegistry],
  activate: (_: JupyterFrontEnd, extensions: IEditorExtensionRegistry, settings: ISettingRegistry | null) => {
    const marks = new ErrorMarks();
    extensions.addExtension({
      name: ID,
      factory: ({ model }) => {
        if (!isCodeCell(model)) {
          return null;
        }
        const gutter = new Compartment();
        const plugin = ViewPlugin.define(view => new Marker(view, gutter, model.id, marks));
        return EditorExtensionRegistry.createImmutableExtension([marking, gutter.of([]), plugin]);
      }
    });
    NotebookActions.executed.connect((_, { cell, success }) => {
      if (success) {
        marks.clear(cell.model.id);
      }
    });
    void follow(settings, ID, on => marks.enable(on));
    return marks;
  }
};
