/** One function in the panel's list: a line that opens its details. */
import { IFunction, Sum } from '../overview';
import { el, fill } from '../shared';

export class Row {
  readonly element: HTMLLIElement;
  readonly button: HTMLButtonElement;
  private readonly _facts = el('span', { class: 'jp-spinlab-facts' });
  private readonly _routes = el('span', { class: 'jp-spinlab-routes' });
  private readonly _kind = el('span', { class: 'jp-spinlab-kind' });
  private _drawn = '';
  /** What the list is filtered by. */
  text = '';

  /**
   * @param name of the function
   * @param toggle called by a click
   */
  constructor(
    readonly name: string,
    toggle: (row: Row) => void
  ) {
    this.button = el(
      'button',
      { type: 'button', class: 'jp-spinlab-head', 'aria-expanded': 'false', onclick: () => toggle(this) },
      el('span', { class: 'jp-spinlab-name' }, name),
      this._kind,
      this._facts,
      this._routes
    );
    this.element = el('li', { class: 'jp-spinlab-row', 'data-function': name }, this.button);
  }

  /** Draw what is different. Answers whether anything was. */
  update(known: IFunction, sum: Sum | undefined): boolean {
    const facts = factsOf(known, sum);
    const routes = known.routes.join('   ') || (known.module ? 'module' : 'private');
    const drawn = JSON.stringify([facts, routes, known.title, known.language]);
    if (drawn === this._drawn) {
      return false;
    }
    this._drawn = drawn;
    this.text = `${known.name} ${known.title ?? known.language} ${routes}`.toLowerCase();
    fill(this._kind, known.title ?? known.language);
    fill(this._routes, routes);
    fill(
      this._facts,
      facts.map(([text, look]) => el('span', { class: `jp-spinlab-fact jp-mod-${look}` }, text))
    );
    return true;
  }

  /** Put the details below it, or take them away. */
  open(details: HTMLElement | null): void {
    this.button.setAttribute('aria-expanded', String(details !== null));
    this.element.classList.toggle('jp-mod-open', details !== null);
    while (this.element.children.length > 1) {
      this.element.lastChild!.remove();
    }
    if (details) {
      this.element.append(details);
    }
  }
}

function factsOf(known: IFunction, sum: Sum | undefined): [string, string][] {
  const [, errors] = sum ?? [0, 0, 0, 0];
  const denied = known.denied.reduce((all, one) => all + one.count, 0);
  const facts: [string, string][] = [];
  if (denied) {
    facts.push([`${denied} denied`, 'warn']);
  }
  if (errors) {
    facts.push([errors === 1 ? '1 error' : `${errors} errors`, 'bad']);
  }
  if (known.requests) {
    facts.push([known.requests === 1 ? '1 request' : `${known.requests} requests`, 'plain']);
  }
  if (known.revision) {
    facts.push([`r${known.revision}`, 'plain']);
  }
  return facts;
}
