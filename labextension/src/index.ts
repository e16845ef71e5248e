/** The plugins of spinlab, each of which can be disabled by itself. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { commands } from './commands';
import { connection } from './connections';
import { errors } from './errors';
import { highlight } from './highlight';
import { launcher } from './launcher';
import { panel } from './panel';
import { renderer } from './renderer';

const plugins: JupyterFrontEndPlugin<any>[] = [highlight, errors, connection, panel, renderer, commands, launcher];

export default plugins;
