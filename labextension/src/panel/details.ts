/** What the panel shows of the function that is open: actions, a form, grants, the last requests. */
import { IActions } from '../actions';
import { Connection } from '../connection';
import { IDenied, IFunction } from '../overview';
import { Sender } from '../sender';
import { Channel, el, fill, problem, seconds, timeline, times } from '../shared';

const TRACES = 8;

export class Details {
  readonly element: HTMLElement;
  private readonly _about = el('div', { class: 'jp-spinlab-about' });
  private readonly _bar = el('div', { class: 'jp-spinlab-bar' });
  private readonly _notes = el('div', { role: 'status', class: 'jp-spinlab-notes' });
  private readonly _grants = el('div', { class: 'jp-spinlab-grants' });
  private readonly _requests = el('div', { class: 'jp-spinlab-requests' });
  private readonly _sender: Sender;
  private readonly _drawn = new Map<HTMLElement, string>();
  private _latest = 0;
  private _asking = false;

  /**
   * @param _connection to the function's kernel
   * @param _actions what buttons do
   * @param _known the function
   */
  constructor(
    private readonly _connection: Connection,
    private readonly _actions: IActions,
    private _known: IFunction
  ) {
    this._sender = new Sender(_known, () => _connection.channel);
    this.element = el(
      'div',
      { class: 'jp-spinlab-details', role: 'region', 'aria-label': _known.name },
      this._about,
      this._bar,
      this._notes,
      _known.module ? null : this._sender.element,
      this._grants,
      this._requests
    );
    this.update(_known);
  }

  /** Draw what is different. */
  update(known: IFunction): void {
    this._known = known;
    this._sender.update(known);
    this._once(this._about, [known.description, known.origin, known.changed, known.sizes], () => [
      known.description ? el('p', {}, known.description) : null,
      known.changed.length
        ? el('p', { class: 'sl-warn' }, `changed by grants: ${known.changed.join(', ')}`)
        : null
    ]);
    this._once(this._bar, [known.cell, known.revisions.length, known.module], () => this._buttons());
    this._once(this._grants, [known.touches, known.used, known.denied, known.module], () => this._reach());
    void this._traces();
  }

  private _once(part: HTMLElement, state: unknown, draw: () => any[]): void {
    const now = JSON.stringify(state);
    if (this._drawn.get(part) !== now) {
      this._drawn.set(part, now);
      fill(part, ...draw());
    }
  }

  private _buttons(): any[] {
    const { name, cell, revisions } = this._known;
    const button = (label: string, title: string, does: (channel: Channel) => Promise<unknown>) =>
      el('button', { type: 'button', title, onclick: () => void this._do(does) }, label);
    return [
      el(
        'button',
        { type: 'button', title: 'Go to the cell that defines it', onclick: () => void this._open(cell) },
        'Open cell'
      ),
      revisions.length > 1
        ? button('Undo', 'Go back to the revision before', channel => channel.value('undo', { name }))
        : null,
      button('Remove', 'Take it away; it can be brought back', channel => channel.value('remove', { name }))
    ];
  }

  private async _open(cell: string | null): Promise<void> {
    if (await this._actions.open(this._connection, cell)) {
      fill(this._notes);
      return;
    }
    const origin = this._known.origin ? `it comes from ${this._known.origin}` : 'it was not defined by a cell';
    fill(this._notes, el('p', { class: 'sl-muted' }, `no open notebook has its cell; ${origin}`));
  }

  /** Ask something of the kernel; what fails is said here. */
  private async _do(does: (channel: Channel) => Promise<unknown>): Promise<void> {
    const channel = this._connection.channel;
    if (!channel) {
      return;
    }
    try {
      await does(channel);
      fill(this._notes);
    } catch (error) {
      fill(this._notes, problem(error as Error));
    }
  }

  private _reach(): any[] {
    const { touches, used, denied, module } = this._known;
    if (module) {
      return [el('p', { class: 'sl-muted' }, 'A module: other cells import it.')];
    }
    const lines = touches.map(item => {
      const count = used[item];
      const told = count === undefined ? '' : count ? `used ${times(count)}` : 'unused';
      return el('li', {}, el('span', { class: 'sl-mono' }, item), ' ', el('span', { class: 'sl-muted' }, told));
    });
    const nothing = el('li', { class: 'sl-muted' }, 'nothing');
    return [
      el('h4', {}, 'May touch'),
      el('ul', {}, lines.length ? lines : [nothing]),
      denied.length ? el('h4', {}, 'Was denied') : null,
      denied.length ? el('ul', {}, denied.map(one => this._denied(one))) : null
    ];
  }

  private _denied(denied: IDenied): HTMLElement {
    const options = [denied.option];
    const grant = el(
      'button',
      {
        type: 'button',
        class: 'jp-spinlab-grant',
        title: `add ${denied.option} to the function; its cell stays as it is`,
        onclick: () => void this._do(channel => channel.value('grant', { function: this._known.name, options }))
      },
      'Grant'
    );
    const what = `${denied.capability} ${denied.target}`;
    return el(
      'li',
      { class: 'jp-spinlab-denial' },
      el('span', { class: 'sl-warn' }, what),
      el('span', { class: 'sl-muted' }, ` ${times(denied.count)} `),
      denied.option ? grant : null
    );
  }

  private async _traces(): Promise<void> {
    const channel = this._connection.channel;
    if (this._known.module || this._asking || !channel) {
      return;
    }
    this._asking = true;
    try {
      const found: any[] = await channel.value('traces', { function: this._known.name, limit: TRACES });
      const latest = found.length ? found[found.length - 1].id : 0;
      if (latest !== this._latest) {
        this._latest = latest;
        const open = new Set([...this._requests.querySelectorAll('details[open]')].map((one: any) => one.dataset.id));
        fill(
          this._requests,
          el('h4', {}, 'Last requests'),
          found.reverse().map(one => requestOf(one, open.has(String(one.id))))
        );
      }
    } catch {
      // The next change asks again.
    } finally {
      this._asking = false;
    }
  }
}

/** One of the last requests, with its timeline folded. */
function requestOf(traced: any, open: boolean): HTMLElement {
  const good = traced.status > 0 && traced.status < 400;
  const line = el('div', { class: 'spinlab jp-spinlab-pane' });
  const made = el(
    'details',
    { 'data-id': traced.id },
    el(
      'summary',
      {},
      el('span', { class: good ? 'sl-good' : 'sl-bad' }, traced.status || '—'),
      ' ',
      el('span', { class: 'sl-mono' }, `${traced.method} ${traced.path}`),
      ' ',
      el('span', { class: 'sl-muted' }, seconds(traced.elapsed))
    ),
    line
  );
  made.addEventListener('toggle', () => {
    if (made.open && !line.hasChildNodes()) {
      fill(line, traced.error ? el('p', { class: 'sl-bad' }, traced.error) : null, timeline(traced));
    }
  });
  made.open = open;
  return made;
}
