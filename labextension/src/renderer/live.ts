/**
 * The result of a live widget: the notebook's own widget renderer draws it while its model lives, else the static twin
 * that is saved beside it is shown. So a saved notebook never says that a widget can't be displayed.
 */
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { PanelLayout, Widget } from '@lumino/widgets';
import { messageOf } from '../comm';
import { Fallback } from './card';
import { Place } from './place';

const VIEW = 'application/vnd.jupyter.widget-view+json';
const FAILED = /^Error displaying widget/;

interface IResult {
  model_id: string;
  kind: string;
}

export class LiveResult extends Widget implements IRenderMime.IRenderer {
  private _model: IRenderMime.IMimeModel | null = null;
  private _shown: 'nothing' | 'twin' | 'widget' = 'nothing';
  private _leave: (() => void) | null = null;
  private _looking = 0;

  constructor(
    private readonly _type: string,
    private readonly _place: Place,
    private readonly _rendermime: IRenderMimeRegistry,
    private readonly _fallback: Fallback
  ) {
    super();
    this.addClass('jp-spinlab-liveResult');
    this.layout = new PanelLayout();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this._model = model;
    this._leave ??= this._place.follow(() => void this._look());
    await this._look();
  }

  override dispose(): void {
    this._leave?.();
    super.dispose();
  }

  /** Show the widget when its model lives, else the twin. */
  private async _look(): Promise<void> {
    const model = this._model;
    if (!model || this.isDisposed) {
      return;
    }
    const turn = ++this._looking;
    const lives = await this._lives((model.data[this._type] as unknown as IResult).model_id);
    if (turn !== this._looking || this.isDisposed) {
      return;
    }
    if (lives && this._shown !== 'widget') {
      await this._showWidget(model);
    } else if (!lives && this._shown !== 'twin') {
      await this._showTwin(model);
    }
  }

  private async _showTwin(model: IRenderMime.IMimeModel): Promise<void> {
    this._shown = 'twin';
    this._put(await this._fallback(model));
  }

  private async _showWidget(model: IRenderMime.IMimeModel): Promise<void> {
    const { model_id } = model.data[this._type] as unknown as IResult;
    const view = { version_major: 2, version_minor: 0, model_id };
    const renderer = this._rendermime.createRenderer(VIEW);
    this._shown = 'widget';
    this._put(renderer);
    const failed = () => FAILED.test(renderer.node.textContent ?? '') && void this._showTwin(model);
    const observer = new MutationObserver(failed);
    observer.observe(renderer.node, { childList: true, characterData: true, subtree: true });
    renderer.disposed.connect(() => observer.disconnect());
    await renderer.renderModel(new MimeModel({ data: { [VIEW]: view }, trusted: true })).catch(failed);
  }

  private _put(widget: Widget | null): void {
    const layout = this.layout as PanelLayout;
    for (const before of [...layout.widgets]) {
      before.dispose();
    }
    if (widget) {
      layout.addWidget(widget);
    }
  }

  /** Whether the kernel has the model, and this notebook can draw it. */
  private async _lives(model: string): Promise<boolean> {
    const kernel = this._place.panel.sessionContext.session?.kernel;
    if (!kernel || kernel.isDisposed || !kernel.handleComms || !model || !this._rendermime.getFactory(VIEW)) {
      return false; // of two notebooks on one kernel only the first has comms
    }
    const connection = this._place.connection;
    if (connection?.channel) {
      const alive: string[] = await connection.channel.value('alive', { ids: [model] }).catch(() => []);
      return alive.includes(model);
    }
    if (connection && ['restarted', 'dead', 'absent', 'unfit', 'closed'].includes(connection.state)) {
      return false;
    }
    const message = messageOf(kernel, null, 'comm_info_request', { target_name: 'jupyter.widget' });
    const reply: any = await kernel.sendShellMessage(message, true, true).done.catch(() => null);
    return model in (reply?.content?.comms ?? {});
  }
}
