/** The launcher's card "Serverless WebAssembly": a notebook to begin with. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette, showErrorMessage } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IDefaultFileBrowser } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { Contents } from '@jupyterlab/services';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IDisposable } from '@lumino/disposable';
import { icon } from './icon';
import { follow } from './settings';
import { starter } from './starter';

const ID = 'spinlab:launcher';
const NEW = 'spinlab:new';
const TITLE = 'Serverless WebAssembly';
const NAME = 'serverless';
const TRIES = 100;

/** The path of a notebook that is not there yet. */
async function freePath(contents: Contents.IManager, folder: string): Promise<string> {
  for (let number = 1; number <= TRIES; number++) {
    const path = PathExt.join(folder, number === 1 ? `${NAME}.ipynb` : `${NAME}-${number}.ipynb`);
    try {
      await contents.get(path, { content: false });
    } catch {
      return path;
    }
  }
  return PathExt.join(folder, `${NAME}-${Date.now()}.ipynb`);
}

export const launcher: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A card of the launcher that opens a notebook to begin with.',
  autoStart: true,
  optional: [ILauncher, ISettingRegistry, ICommandPalette, IDefaultFileBrowser],
  activate: (
    app: JupyterFrontEnd,
    cards: ILauncher | null,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null,
    browser: IDefaultFileBrowser | null
  ) => {
    const { contents, kernelspecs } = app.serviceManager;
    const kernel = () => {
      const known = Object.values(kernelspecs.specs?.kernelspecs ?? {}).filter(spec => spec?.language === 'python');
      const found = known.find(spec => spec?.name === kernelspecs.specs?.default) ?? known[0];
      return { name: found?.name ?? 'python3', display_name: found?.display_name ?? 'Python 3' };
    };
    app.commands.addCommand(NEW, {
      label: args => (args['isPalette'] ? `New notebook: ${TITLE}` : TITLE),
      caption: 'A notebook with a first function, and a request to it',
      icon,
      execute: async args => {
        const folder = String(args['cwd'] ?? browser?.model.path ?? '');
        try {
          const path = await freePath(contents, folder);
          await contents.save(path, { type: 'notebook', format: 'json', content: starter(kernel()) });
          return await app.commands.execute('docmanager:open', { path, factory: 'Notebook' });
        } catch (reason) {
          return showErrorMessage('The notebook can not be made', reason as Error);
        }
      }
    });
    let card: IDisposable | null = null;
    palette?.addItem({ command: NEW, category: TITLE, args: { isPalette: true } });
    void follow(settings, ID, on => {
      card?.dispose();
      card = on && cards ? cards.add({ command: NEW, category: 'Notebook', rank: 50 }) : null;
    });
  }
};
