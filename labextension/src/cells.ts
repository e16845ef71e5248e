/** What an editor edits. */
import { ICodeCellModel } from '@jupyterlab/cells';
import { CodeEditor } from '@jupyterlab/codeeditor';

/** Whether an editor's model is that of a code cell, in a notebook or a console, and not of a file or of prose. */
export function isCodeCell(model: CodeEditor.IModel): model is ICodeCellModel {
  return 'type' in model && model.type === 'code';
}
