/** The card of a function: drawn from its JSON alone, and live while the kernel has the function. */
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Widget } from '@lumino/widgets';
import { ICard, Overview } from '../overview';
import { Sender } from '../sender';
import { el, fill, problem } from '../shared';
import { factsOf, headOf, remarksOf } from './facts';
import { Place } from './place';

/** Renders what only the HTML beside the JSON says, such as the source. */
export type Fallback = (model: IRenderMime.IMimeModel) => Promise<Widget | null>;

export class FunctionCard extends Widget implements IRenderMime.IRenderer {
  private readonly _static = el('div', { class: 'jp-spinlab-static' });
  private readonly _live = el('div', { class: 'jp-spinlab-live' });
  private readonly _notes = el('div', { role: 'status' });
  private readonly _form = el('div', {});
  private _card: ICard | null = null;
  private _overview: Overview | null = null;
  private _sender: Sender | null = null;
  private _leave: (() => void)[] = [];
  private _drawn = '';

  /**
   * @param _type the media type
   * @param _place where it stands; null outside a notebook, where it is never live
   * @param _fallback renders the HTML beside it
   */
  constructor(
    private readonly _type: string,
    private readonly _place: Place | null,
    private readonly _fallback: Fallback
  ) {
    super();
    this.addClass('jp-spinlab-card');
    this.node.addEventListener('keydown', event => event.stopPropagation()); // a notebook takes the focus at any key
    this.node.append(el('div', { class: 'spinlab' }, this._static, this._live, this._notes, this._form));
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    const card = model.data[this._type] as unknown as ICard;
    let drawn: any[] | null = null;
    try {
      drawn = card.detailed
        ? null
        : [el('div', { class: 'jp-spinlab-cardHead' }, headOf(card)), factsOf(card), remarksOf(card)];
    } catch (reason) {
      console.warn('spinlab: what is said of a function is not as this version knows it.', reason);
    }
    drawn ??= [(await this._fallback(model))?.node ?? "a card that can't be drawn; run the cell again"];
    fill(this._static, ...drawn);
    this._card = card;
    if (this._place && !this._leave.length && card.revision) {
      this._leave.push(this._place.follow(() => this._follow()));
    }
  }

  override dispose(): void {
    for (const leave of this._leave) {
      leave();
    }
    this._leave = [];
    this._watch(null);
    super.dispose();
  }

  /** The line to the kernel is another one, or in another state. */
  private _follow(): void {
    this._watch(this._place?.connection?.overview ?? null);
    this._draw();
  }

  private _watch(overview: Overview | null): void {
    if (overview === this._overview) {
      return;
    }
    this._overview?.changed.disconnect(this._update, this);
    this._overview = overview;
    this._watching?.dispose();
    this._watching = overview?.watch() ?? null;
    overview?.changed.connect(this._update, this);
  }

  private _watching: { dispose(): void } | null = null;

  private _update(_: Overview, changed: ReadonlySet<string>): void {
    if (this._card && (changed.has(this._card.name) || !this._drawn)) {
      this._draw();
    }
  }

  private _draw(): void {
    const { _card: card, _overview: overview } = this;
    if (!card || !overview?.known) {
      this._fill('', []);
      if (!overview) {
        fill(this._form);
        this._sender = null;
      }
      return;
    }
    const live = overview.functions.get(card.name);
    const removed = overview.removed.includes(card.name);
    if (!live) {
      const back = removed ? [this._button('Bring back', 'undo')] : [];
      this._fill(`gone ${removed}`, [el('span', { class: 'sl-muted' }, removed ? 'removed' : 'not in the app'), ...back]);
      return;
    }
    this._sender?.update(live);
    const newer = live.revision !== card.revision;
    const count = live.requests === 1 ? '1 request' : `${live.requests} requests`;
    this._fill(JSON.stringify([live.revision, live.requests, live.revisions.length, live.denied.length]), [
      this._sendButton(),
      el('span', { class: 'sl-muted' }, `${count} so far`),
      newer ? el('span', { class: 'sl-warn' }, `revision ${live.revision} is live now`) : null,
      live.revisions.length > 1 ? this._button('Undo', 'undo') : null
    ]);
  }

  private _fill(state: string, parts: any[]): void {
    if (state !== this._drawn || !state) {
      const had = this._live.contains(document.activeElement) ? document.activeElement?.textContent : null;
      this._drawn = state;
      fill(this._live, ...parts);
      const again = [...this._live.querySelectorAll('button')].find((one: any) => one.textContent === had);
      (again as HTMLElement | undefined)?.focus();
    }
  }

  private _sendButton(): any {
    const toggle = () => {
      if (this._sender) {
        this._sender = null;
        fill(this._form);
      } else if (this._card) {
        const known = this._overview?.functions.get(this._card.name) ?? this._card;
        this._sender = new Sender(known, () => this._place?.connection?.channel ?? null);
        fill(this._form, this._sender.element);
        this._sender.focus();
      }
      button.setAttribute('aria-expanded', String(this._sender !== null));
    };
    const button = el(
      'button',
      { type: 'button', class: 'jp-spinlab-open', 'aria-expanded': String(this._sender !== null), onclick: toggle },
      'Send a request'
    );
    return button;
  }

  private _button(label: string, command: string): any {
    const does = async () => {
      try {
        await this._place?.connection?.channel?.value(command, { name: this._card?.name });
        fill(this._notes);
      } catch (error) {
        fill(this._notes, problem(error as Error));
      }
    };
    return el('button', { type: 'button', onclick: () => void does() }, label);
  }
}
