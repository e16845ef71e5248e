/** The functions of an app as a list: only what changed is drawn again, and one function is open at a time. */
import { IActions } from '../actions';
import { Connection } from '../connection';
import { Overview } from '../overview';
import { el, fill } from '../shared';
import { Details } from './details';
import { Row } from './row';

const FILTERED = 8; // functions from which a list wants a filter

export class FunctionList {
  readonly element: HTMLElement;
  private readonly _list = el('ul', { class: 'jp-spinlab-list', 'aria-label': 'functions' });
  private readonly _filter = el('input', {
    type: 'search',
    class: 'jp-spinlab-filter',
    placeholder: 'Filter functions',
    'aria-label': 'filter functions'
  });
  private readonly _removed = el('div', { class: 'jp-spinlab-removed' });
  private readonly _rows = new Map<string, Row>();
  private _open: { row: Row; details: Details } | null = null;
  private _told = '';

  constructor(
    private readonly _connection: Connection,
    private readonly _actions: IActions
  ) {
    this._filter.addEventListener('input', () => this._sift());
    this._list.addEventListener('keydown', (event: KeyboardEvent) => this._move(event));
    this.element = el('div', {}, this._filter, this._list, this._removed);
    this._filter.hidden = true;
  }

  /** Draw these functions again, as far as they look different. */
  update(overview: Overview, changed: Iterable<string>): void {
    for (const name of changed) {
      const known = overview.functions.get(name);
      if (!known) {
        this._drop(name);
        continue;
      }
      let row = this._rows.get(name);
      if (!row) {
        row = new Row(name, one => this._toggle(one));
        this._rows.set(name, row);
      }
      row.update(known, overview.sums[name]);
      if (this._open?.row === row) {
        this._open.details.update(known);
      }
    }
    this._order(overview.names);
    this._gone(overview.removed);
    this._filter.hidden = overview.names.length <= FILTERED;
    this._sift();
  }

  /** Open the details of a function. */
  reveal(name: string): void {
    const row = this._rows.get(name);
    if (row && this._open?.row !== row) {
      this._toggle(row);
    }
    row?.element.scrollIntoView({ block: 'nearest' });
    row?.button.focus();
  }

  private _order(names: readonly string[]): void {
    let next: Element | null = this._list.firstElementChild;
    for (const name of names) {
      const element = this._rows.get(name)?.element;
      if (!element) {
        continue;
      }
      if (element === next) {
        next = next.nextElementSibling;
      } else {
        this._list.insertBefore(element, next);
      }
    }
  }

  private _drop(name: string): void {
    const row = this._rows.get(name);
    row?.element.remove();
    this._rows.delete(name);
    if (this._open?.row === row) {
      this._open = null;
    }
  }

  private _toggle(row: Row): void {
    const before = this._open;
    before?.row.open(null);
    this._open = null;
    const known = this._connection.overview?.functions.get(row.name);
    if (before?.row === row || !known) {
      return;
    }
    const details = new Details(this._connection, this._actions, known);
    this._open = { row, details };
    row.open(details.element);
  }

  private _gone(removed: readonly string[]): void {
    const told = JSON.stringify(removed);
    if (told === this._told) {
      return;
    }
    this._told = told;
    const back = (name: string) =>
      el(
        'li',
        {},
        el('span', { class: 'jp-spinlab-name' }, name),
        el('button', { type: 'button', onclick: () => void this._undo(name) }, 'Bring back')
      );
    fill(this._removed, removed.length ? [el('h4', {}, 'Removed'), el('ul', {}, removed.map(back))] : []);
  }

  private async _undo(name: string): Promise<void> {
    await this._connection.channel?.value('undo', { name }).catch(() => undefined);
  }

  private _sift(): void {
    const wanted = this._filter.hidden ? '' : this._filter.value.trim().toLowerCase();
    for (const row of this._rows.values()) {
      const hidden = wanted !== '' && !row.text.includes(wanted);
      if (row.element.hidden !== hidden) {
        row.element.hidden = hidden;
      }
    }
  }

  private _move(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (!target.classList.contains('jp-spinlab-head')) {
      return;
    }
    const heads = [...this._list.querySelectorAll('li:not([hidden]) > .jp-spinlab-head')] as HTMLElement[];
    const at = heads.indexOf(target);
    const places: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: heads.length - 1 };
    const next = heads[places[event.key] ?? -1];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  }
}
