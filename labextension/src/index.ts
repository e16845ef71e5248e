/** The plugins of spinlab, each of which can be disabled by itself. */
import { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { errors } from './errors';
import { highlight } from './highlight';

const plugins: JupyterFrontEndPlugin<any>[] = [highlight, errors];

export default plugins;
