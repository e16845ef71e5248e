/** The panel on the right: the functions of the notebook's kernel. */
import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Actions } from './actions';
import { IConnections } from './connections';
import { icon } from './icon';
import { Panel } from './panel/widget';
import { follow } from './settings';

const ID = 'spinlab:panel';
const SHOW = 'spinlab:show-panel';

export const panel: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: "The functions of the notebook's kernel, in a panel on the right.",
  autoStart: true,
  requires: [IConnections],
  optional: [ISettingRegistry, ILayoutRestorer, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    connections: IConnections,
    settings: ISettingRegistry | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null
  ) => {
    let shown: Panel | null = null;
    const make = () => {
      shown = new Panel(connections, new Actions(app, connections));
      shown.id = 'spinlab-panel';
      shown.title.icon = icon;
      shown.title.caption = 'spinlab';
      restorer?.add(shown, shown.id);
      app.shell.add(shown, 'right', { rank: 700, type: 'spinlab' });
    };
    app.commands.addCommand(SHOW, {
      label: 'spinlab: Show the panel',
      icon,
      isEnabled: () => shown !== null,
      execute: ({ name }) => {
        if (shown) {
          app.shell.activateById(shown.id);
          shown.reveal(String(name ?? ''));
        }
      }
    });
    palette?.addItem({ command: SHOW, category: 'Serverless WebAssembly' });
    void follow(settings, ID, on => {
      if (on && !shown) {
        make();
      } else if (!on) {
        shown?.dispose();
        shown = null;
      }
      app.commands.notifyCommandChanged(SHOW);
    });
  }
};
