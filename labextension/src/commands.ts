/** Commands for the palette and the notebook's toolbar: export, console, doctor, load. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IConnections, mentions } from './connections';
import { exportApp } from './exporting';
import { icon } from './icon';
import { follow } from './settings';

const ID = 'spinlab:commands';
const CATEGORY = 'Serverless WebAssembly';
const EXPORT = 'spinlab:export';
const LOAD = 'spinlab:load';

/** Verbs that get a cell of their own: it stays in the notebook as the record of what was done. */
const CELLS = [
  { command: 'spinlab:console', label: 'Send requests (console)', caption: '%spin console, in a new cell', code: '%spin console' },
  { command: 'spinlab:doctor', label: 'Check this environment (doctor)', caption: '%spin doctor, in a new cell', code: '%spin doctor' }
];

/** Run code in a new cell below the active one. */
async function runBelow(panel: NotebookPanel, code: string): Promise<void> {
  const notebook = panel.content;
  NotebookActions.insertBelow(notebook);
  const cell = notebook.activeCell;
  if (cell) {
    cell.model.sharedModel.setSource(code);
    notebook.mode = 'command';
    await NotebookActions.run(notebook, panel.sessionContext);
  }
}

export const commands: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Export, console and doctor as commands and on the toolbar of notebooks.',
  autoStart: true,
  requires: [INotebookTracker, IConnections],
  optional: [ISettingRegistry, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    connections: IConnections,
    settings: ISettingRegistry | null,
    palette: ICommandPalette | null
  ) => {
    let on = true;
    const ready = () => on && connections.current?.state === 'ready';
    const there = () => tracker.currentWidget !== null;
    const used = () => on && tracker.currentWidget !== null && (ready() || mentions(tracker.currentWidget));
    app.commands.addCommand(EXPORT, {
      label: 'Export as a Spin project',
      caption: "Write the notebook's app as a Spin project",
      icon,
      isEnabled: ready,
      isVisible: used,
      execute: () => connections.current && exportApp(connections.current)
    });
    app.commands.addCommand(LOAD, {
      label: 'Load spinlab into the kernel',
      caption: '%load_ext spinlab',
      isEnabled: () => there() && !ready(),
      execute: () => connections.current?.load()
    });
    for (const { command, label, caption, code } of CELLS) {
      app.commands.addCommand(command, {
        label,
        caption,
        isEnabled: ready,
        execute: () => tracker.currentWidget && runBelow(tracker.currentWidget, code)
      });
    }
    const all = [EXPORT, LOAD, ...CELLS.map(one => one.command)];
    for (const command of all) {
      palette?.addItem({ command, category: CATEGORY });
    }
    const changed = () => all.forEach(command => app.commands.notifyCommandChanged(command)); // a toolbar hears no other
    connections.currentChanged.connect(() => {
      connections.current?.changed.disconnect(changed);
      connections.current?.changed.connect(changed);
      changed();
    });
    connections.current?.changed.connect(changed);
    void follow(settings, ID, wanted => {
      on = wanted;
      changed();
    });
  }
};
