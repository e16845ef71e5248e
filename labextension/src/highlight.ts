/** Colours, indentation and comments of `%%spin` cells by the language that their first line names. */
import { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
export const highlight: JupyterFrontEndPlugin<void> = {
  id: 'spinlab:highlight',
  description: 'Colours, indentation and comments of %%spin cells.',
  autoStart: true,
  activate: (_: JupyterFrontEnd) => undefined
};
