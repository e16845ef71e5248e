/** Where a result stands: the notebook, and the line to its kernel, which may come and go. */
import { NotebookPanel } from '@jupyterlab/notebook';
import { Connection } from '../connection';
import { IConnections } from '../connections';

export class Place {
  constructor(
    readonly panel: NotebookPanel,
    private readonly _connections: IConnections
  ) {}

  get connection(): Connection | null {
    return this._connections.of(this.panel);
  }

  /** Call `told` whenever the connection is another one, or in another state, until what is returned is called. */
  follow(told: () => void): () => void {
    let followed: Connection | null = null;
    const state = () => told();
    const moved = (_: unknown, panel?: NotebookPanel) => {
      if (panel && panel !== this.panel) {
        return;
      }
      followed?.changed.disconnect(state);
      followed = this.connection;
      followed?.changed.connect(state);
      told();
    };
    this._connections.moved.connect(moved);
    moved(null);
    return () => {
      this._connections.moved.disconnect(moved);
      followed?.changed.disconnect(state);
    };
  }
}
