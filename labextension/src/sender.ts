/** A form that sends a request to a function, and its answer. The panel and the cards have one for each function. */
import { Channel, Pane, Route, el, fieldsOf, fill, pathOf, responsePane } from './shared';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const BODILESS = new Set(['GET', 'HEAD', 'OPTIONS']);
const DEADLINE = 600; // seconds; a function has its own, shorter one

/** What a form has to know of a function. */
export interface ICallable {
  name: string;
  routes: readonly string[];
}

/** A route's parameters. The kernel decides for real what a path leads to. */
export function routeOf(pattern: string): Route {
  const params = [...pattern.matchAll(/:([^/.]+)/g)].map(found => found[1]);
  return { pattern, params, wildcard: /\/(\.\.\.|\*)$/.test(pattern), problem: '' };
}

export class Sender {
  readonly element: HTMLFormElement;
  private readonly _say = el('div', { class: 'sl-muted sl-hidden', role: 'status' });
  private readonly _fields = el('div', { class: 'jp-spinlab-fields' });
  private readonly _line = el('div', { class: 'jp-spinlab-line' });
  private readonly _answer = el('div', { class: 'jp-spinlab-answer' });
  private readonly _method = el('select', { 'aria-label': 'method' });
  private readonly _body = el('textarea', { rows: 3, 'aria-label': 'body', placeholder: 'body', spellcheck: 'false' });
  private readonly _query = el('input', { 'aria-label': 'query', placeholder: 'query: a=1&b=2', class: 'sl-mono' });
  private readonly _send = el('button', { type: 'submit', class: 'sl-main jp-spinlab-send' }, 'Send');
  private _inputs: HTMLInputElement[] = [];
  private _route: Route | null = null;
  private _path: HTMLInputElement | null = null;
  private _pane: Pane | null = null;
  private _asked: Channel | null = null;
  private _drawn = '';

  /**
   * @param _callable whom to ask
   * @param _channel what to ask over; null while there is no kernel
   */
  constructor(
    private _callable: ICallable,
    private readonly _channel: () => Channel | null
  ) {
    fill(this._method, METHODS.map(name => el('option', { value: name }, name)));
    this._method.addEventListener('change', () => this._bodyOrNot());
    this.element = el(
      'form',
      {
        class: 'jp-spinlab-sender',
        'data-lm-suppress-shortcuts': 'true', // the notebook's keys would run or delete its cell
        'aria-label': `send a request to ${_callable.name}`,
        onsubmit: (event: Event) => {
          event.preventDefault();
          void this.send();
        }
      },
      this._line,
      this._fields,
      this._body,
      el('div', { class: 'spinlab sl-console jp-spinlab-pane' }, this._say, this._answer)
    );
    this.update(_callable);
    this._bodyOrNot();
  }

  /** The function may have other routes by now; what was written stays when they are the same. */
  update(callable: ICallable): void {
    this._callable = callable;
    const routes = JSON.stringify(callable.routes);
    if (routes === this._drawn) {
      return;
    }
    this._drawn = routes;
    const choice = el(
      'select',
      { 'aria-label': 'route', class: 'sl-mono' },
      callable.routes.map(pattern => el('option', { value: pattern }, pattern))
    );
    choice.addEventListener('change', () => this._choose(choice.value));
    const path = callable.routes.length === 1 ? el('code', {}, callable.routes[0]) : choice;
    this._path = callable.routes.length ? null : el('input', { 'aria-label': 'path', value: '/', class: 'sl-mono' });
    fill(this._line, this._method, this._path ?? path, this._send);
    this._choose(callable.routes[0] ?? '');
  }

  focus(): void {
    (this._inputs[0] ?? this._path ?? this._send).focus();
  }

  /** Send what is written. */
  async send(): Promise<void> {
    const channel = this._channel();
    if (!channel) {
      this._paneOn(null).fail({ message: 'the kernel is not there', hint: 'start it and run the cells' });
      return;
    }
    const pane = this._paneOn(channel);
    pane.wait();
    this._send.disabled = true;
    try {
      const { value, buffers } = await channel.ask('request', this._request(), {
        deadline: DEADLINE,
        buffers: BODILESS.has(this._method.value) ? [] : [new TextEncoder().encode(this._body.value)]
      });
      pane.show(value, buffers[0]);
      fill(this._say, `${value.status} from ${value.function || 'the app'}`);
    } catch (error) {
      pane.fail(error);
    } finally {
      this._send.disabled = false;
    }
  }

  private _request(): object {
    const path = this._route ? pathOf(this._route, this._inputs.map(input => input.value)) : this._path!.value;
    const query = this._query.value.replace(/^\?/, '').replace(/[^\x21-\x7e]/g, encodeURIComponent);
    const body = BODILESS.has(this._method.value) ? '' : this._body.value;
    const kind = isJson(body) ? 'application/json' : 'text/plain; charset=utf-8';
    return {
      method: this._method.value,
      target: query ? `${path}?${query}` : path,
      headers: body ? [['content-type', kind]] : [],
      ...(this._route ? {} : { function: this._callable.name })
    };
  }

  private _choose(pattern: string): void {
    this._route = pattern ? routeOf(pattern) : null;
    this._inputs = [];
    const labels = (this._route ? fieldsOf(this._route) : []).map(name => {
      const input = el('input', { class: 'sl-mono', placeholder: name === '…' ? 'rest of the path' : '' });
      this._inputs.push(input);
      return el('label', {}, el('span', {}, name), input);
    });
    fill(this._fields, labels, el('label', {}, el('span', {}, '?'), this._query));
  }

  private _bodyOrNot(): void {
    this._body.hidden = BODILESS.has(this._method.value);
  }

  private _paneOn(channel: Channel | null): Pane {
    if (!this._pane || channel !== this._asked) {
      this._asked = channel;
      this._pane = responsePane(channel, text => fill(this._say, text));
      fill(this._answer, this._pane.element);
    }
    return this._pane;
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
