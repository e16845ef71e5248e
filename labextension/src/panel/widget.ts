/** The panel itself: the app of the notebook that is in front, or why there is none. */
import { NotebookActions } from '@jupyterlab/notebook';
import { IDisposable } from '@lumino/disposable';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { IActions } from '../actions';
import { Connection } from '../connection';
import { IConnections } from '../connections';
import { exportApp } from '../exporting';
import { Overview } from '../overview';
import { el, fill } from '../shared';
import { VERSION } from '../version';
import { FunctionList } from './list';
import { IRemedies, stateOf } from './states';

const EMPTY = 'No functions yet. A cell that begins with %%spin NAME becomes one.';

export class Panel extends Widget implements IRemedies {
  private readonly _head = el('div', { class: 'jp-spinlab-top' });
  private readonly _state = el('div', { 'aria-live': 'polite' });
  private readonly _body = el('div', { class: 'jp-spinlab-body' });
  private _connection: Connection | null = null;
  private _overview: Overview | null = null;
  private _watching: IDisposable | null = null;
  private _list: FunctionList | null = null;
  private _drawn = '';

  constructor(
    private readonly _connections: IConnections,
    private readonly _actions: IActions
  ) {
    super({ node: el('div', { class: 'jp-spinlab-panel spinlab', role: 'region', 'aria-label': 'spinlab' }) });
    this.node.style.minWidth = '300px'; // Lab's own rule for panels at the side is stronger than a class
    this.node.append(this._head, this._state, this._body);
    _connections.currentChanged.connect(this._choose, this);
    this._choose();
  }

  override dispose(): void {
    this._connections.currentChanged.disconnect(this._choose, this);
    this._leave();
    super.dispose();
  }

  /** Open the details of a function. */
  reveal(name: string): void {
    this._list?.reveal(name);
  }

  load(): void {
    void this._connection?.load();
  }

  connect(): void {
    void this._connection?.check();
  }

  runAll(): void {
    const panel = this._connection ? this._connections.notebooks(this._connection)[0] : null;
    if (panel) {
      void NotebookActions.runAll(panel.content, panel.sessionContext);
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._watch();
    if (this._connection?.state === 'unknown') {
      void this._connection.check();
    }
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._watching?.dispose();
    this._watching = null;
  }

  private _choose(): void {
    this._leave();
    this._connection = this._connections.current;
    this._connection?.changed.connect(this._draw, this);
    if (this._connection?.state === 'unknown' && this.isVisible) {
      void this._connection.check();
    }
    this._draw();
  }

  private _leave(): void {
    this._connection?.changed.disconnect(this._draw, this);
    this._forget();
  }

  private _forget(): void {
    this._watching?.dispose();
    this._overview?.changed.disconnect(this._update, this);
    this._watching = this._overview = this._list = null;
    fill(this._body);
    fill(this._head);
    this._drawn = '';
  }

  /** Another state: an app to show, or what to say instead. */
  private _draw(): void {
    const overview = this._connection?.overview ?? null;
    const said = stateOf(this._connection, this);
    fill(this._state, said);
    if (overview !== this._overview) {
      this._forget();
    }
    if (!this._connection || !overview || this._overview) {
      return;
    }
    this._overview = overview;
    this._list = new FunctionList(this._connection, this._actions);
    fill(this._body, this._list.element);
    overview.changed.connect(this._update, this);
    if (overview.known) {
      this._update(overview, new Set(overview.names));
    }
    this._watch();
  }

  private _watch(): void {
    if (this._overview && this.isVisible && !this._watching) {
      this._watching = this._overview.watch();
    }
  }

  private _update(overview: Overview, changed: ReadonlySet<string>): void {
    this._list?.update(overview, changed);
    const version = this._connection?.version ?? '';
    const state = [overview.app, overview.url, overview.names.length === 0, version];
    if (JSON.stringify(state) !== this._drawn) {
      this._drawn = JSON.stringify(state);
      fill(this._head, ...this._top(overview, version));
    }
  }

  private _top(overview: Overview, version: string): any[] {
    const { app, url } = overview;
    const channel = () => this._connection?.channel;
    const listener = async () => {
      await channel()?.value(url ? 'stop' : 'up');
      await overview.refresh();
    };
    const title = url ? 'Stop the listener; the functions stay' : 'Let browsers and other programs reach the app';
    return [
      el(
        'div',
        { class: 'jp-spinlab-bar' },
        el('strong', {}, app),
        url ? el('a', { href: `${url}/`, target: '_blank', rel: 'noopener' }, url) : null,
        el('span', { class: 'jp-spinlab-space' }),
        el('button', { type: 'button', title, onclick: () => void listener() }, url ? 'Stop' : 'Start'),
        el(
          'button',
          {
            type: 'button',
            title: 'Write the app as a Spin project',
            onclick: () => this._connection && void exportApp(this._connection)
          },
          'Export'
        )
      ),
      version !== VERSION
        ? el('p', { class: 'sl-warn' }, `The kernel's spinlab is ${version}, this page's is ${VERSION}.`)
        : null,
      overview.names.length ? null : el('p', { class: 'sl-muted' }, EMPTY)
    ];
  }
}
