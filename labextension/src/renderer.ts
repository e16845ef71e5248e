/** Draws the results of spinlab in notebooks: cards of functions, and live widgets. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry, MimeModel } from '@jupyterlab/rendermime';
import { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IConnections } from './connections';
import { FunctionCard } from './renderer/card';
import { LiveResult } from './renderer/live';
import { Place } from './renderer/place';
import { follow } from './settings';

const ID = 'spinlab:renderer';
const CARD = 'application/vnd.spinlab.function.v1+json';
const LIVE = 'application/vnd.spinlab.widget.v1+json';
const HTML = 'text/html';
const FIRST = -20; // before HTML, and before other renderers of our types

/** What renders the HTML that every result of ours has beside it. */
function twinIn(rendermime: IRenderMimeRegistry) {
  return async (model: IRenderMime.IMimeModel) => {
    const html = model.data[HTML];
    if (html === undefined || !rendermime.getFactory(HTML)) {
      return null;
    }
    const renderer = rendermime.createRenderer(HTML);
    await renderer.renderModel(new MimeModel({ data: { [HTML]: html }, trusted: model.trusted }));
    return renderer;
  };
}

/** Cards without a kernel, for whatever is no notebook. */
function addCards(rendermime: IRenderMimeRegistry, place: Place | null): void {
  const twin = twinIn(rendermime);
  const factory = {
    safe: true,
    mimeTypes: [CARD],
    createRenderer: (options: IRenderMime.IRendererOptions) => new FunctionCard(options.mimeType, place, twin)
  };
  rendermime.addFactory(factory, FIRST);
}

function addWidgets(rendermime: IRenderMimeRegistry, place: Place): void {
  const twin = twinIn(rendermime);
  const factory = {
    safe: true,
    mimeTypes: [LIVE],
    createRenderer: (options: IRenderMime.IRendererOptions) =>
      new LiveResult(options.mimeType, place, rendermime, twin)
  };
  rendermime.addFactory(factory, FIRST);
}

export const renderer: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Cards of functions, and live widgets that never fail to be displayed.',
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker, IConnections],
  optional: [ISettingRegistry],
  activate: (
    _: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker,
    connections: IConnections,
    settings: ISettingRegistry | null
  ) => {
    let on = true; // results that are drawn before the settings are read stay as they are
    const draw = (panel: NotebookPanel) => {
      const own = panel.content.rendermime;
      const place = new Place(panel, connections);
      addWidgets(own, place); // also without cards: nothing else knows this type, and HTML comes later
      if (on) {
        addCards(own, place);
      } else {
        own.removeMimeType(CARD);
      }
    };
    addCards(rendermime, null);
    tracker.forEach(draw);
    tracker.widgetAdded.connect((_, panel) => draw(panel));
    void follow(settings, ID, wanted => {
      if (wanted === on) {
        return;
      }
      on = wanted;
      rendermime.removeMimeType(CARD);
      if (on) {
        addCards(rendermime, null);
      }
      tracker.forEach(draw);
    });
  }
};
