/** What a click on a function does, wherever it is shown. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Connection } from './connection';
import { IConnections } from './connections';

export interface IActions {
  /** Go to the cell that defines a function. Answers whether it was found. */
  open(connection: Connection, cell: string | null): Promise<boolean>;
}

export class Actions implements IActions {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _connections: IConnections
  ) {}

  async open(connection: Connection, cell: string | null): Promise<boolean> {
    for (const panel of this._connections.notebooks(connection)) {
      const index = cell ? panel.content.widgets.findIndex(one => one.model.id === cell) : -1;
      if (index >= 0) {
        await this._show(panel, index);
        return true;
      }
    }
    return false;
  }

  private async _show(panel: NotebookPanel, index: number): Promise<void> {
    this._app.shell.activateById(panel.id);
    const notebook = panel.content;
    notebook.deselectAll();
    notebook.activeCellIndex = index;
    await notebook.scrollToItem?.(index, 'center');
    const cell = notebook.widgets[index];
    await cell.ready;
    notebook.mode = 'edit';
    cell.editor?.focus();
  }
}
