/** One connection for each kernel that a notebook uses; marks where cells failed. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { Kernel } from '@jupyterlab/services';
import { Token } from '@lumino/coreutils';
import { ISignal, Signal } from '@lumino/signaling';
import { Connection } from './connection';
import { IErrorMarks } from './errors';

const MENTIONED = /%{1,2}(spin|spinsql|spintest)\b|\bspinlab\b/;

/** The connections of this page. */
export interface IConnections {
  /** The connection of the notebook that is in front; null when it has no kernel, or there is none. */
  readonly current: Connection | null;
  /** Emits when `current` is another one. */
  readonly currentChanged: ISignal<IConnections, void>;
  /** The connection to a notebook's kernel. */
  of(panel: NotebookPanel): Connection | null;
  /** Emits a notebook whose kernel is another one. */
  readonly moved: ISignal<IConnections, NotebookPanel>;
  /** The notebooks that use the kernel of a connection. */
  notebooks(connection: Connection): NotebookPanel[];
}

export const IConnections = new Token<IConnections>('spinlab:IConnections', 'The lines to the kernels.');

class Connections implements IConnections {
  readonly currentChanged = new Signal<this, void>(this);
  readonly moved = new Signal<this, NotebookPanel>(this);
  private readonly _known = new Map<string, Connection>();
  private readonly _kernels = new Map<NotebookPanel, Kernel.IKernelConnection>();
  private _current: Connection | null = null;

  constructor(
    private readonly _tracker: INotebookTracker,
    private readonly _marks: IErrorMarks | null
  ) {
    _tracker.forEach(panel => this._watch(panel));
    _tracker.widgetAdded.connect((_, panel) => this._watch(panel));
    _tracker.currentChanged.connect(() => this._choose());
    this._choose();
  }

  get current(): Connection | null {
    return this._current;
  }

  of(panel: NotebookPanel): Connection | null {
    const kernel = this._kernels.get(panel);
    return kernel ? (this._known.get(kernel.id) ?? null) : null;
  }

  notebooks(connection: Connection): NotebookPanel[] {
    return [...this._kernels].filter(([, kernel]) => kernel.id === connection.id).map(([panel]) => panel);
  }

  private _watch(panel: NotebookPanel): void {
    const session = panel.sessionContext;
    const moved = () => this._move(panel, session.session?.kernel ?? null);
    session.kernelChanged.connect(moved);
    panel.disposed.connect(() => {
      session.kernelChanged.disconnect(moved);
      this._move(panel, null);
    });
    moved();
  }

  private _move(panel: NotebookPanel, kernel: Kernel.IKernelConnection | null): void {
    const before = this._kernels.get(panel) ?? null;
    if (kernel === before) {
      return;
    }
    if (kernel) {
      this._kernels.set(panel, kernel);
      void this._attach(kernel, panel);
    } else {
      this._kernels.delete(panel);
    }
    if (before) {
      this._known.get(before.id)?.detach(before);
    }
    this.moved.emit(panel);
    this._choose();
  }

  private async _attach(kernel: Kernel.IKernelConnection, panel: NotebookPanel): Promise<void> {
    const known = this._known.get(kernel.id);
    if (known && !known.isDisposed) {
      known.attach(kernel);
      return;
    }
    const made = new Connection(kernel);
    this._known.set(kernel.id, made);
    made.told.connect((_, { event, value }) => {
      if (event === 'error') {
        this._marks?.mark(value.cell, [value]);
      } else {
        this._marks?.clear(value.cell);
      }
    });
    await panel.context.ready;
    if (mentions(panel)) {
      await made.check();
    }
  }

  private _choose(): void {
    const panel = this._tracker.currentWidget;
    const found = panel ? this.of(panel) : null;
    if (found !== this._current) {
      this._current = found;
      this.currentChanged.emit();
    }
  }
}

/** Whether a notebook has anything to do with spinlab. */
export function mentions(panel: NotebookPanel): boolean {
  const cells = panel.content.model?.cells;
  if (cells) {
    for (const cell of cells) {
      if (MENTIONED.test(cell.sharedModel.getSource())) {
        return true;
      }
    }
  }
  return false;
}

export const connection: JupyterFrontEndPlugin<IConnections> = {
  id: 'spinlab:connection',
  description: 'The line to each kernel that has spinlab.',
  autoStart: true,
  provides: IConnections,
  requires: [INotebookTracker],
  optional: [IErrorMarks],
  activate: (_: JupyterFrontEnd, tracker: INotebookTracker, marks: IErrorMarks | null) =>
    new Connections(tracker, marks)
};
