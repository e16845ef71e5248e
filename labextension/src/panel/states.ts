/** What the panel says when there is no app to show, and the button that helps. */
import { Connection } from '../connection';
import { el, problem } from '../shared';

/** What buttons do. */
export interface IRemedies {
  load(): void;
  connect(): void;
  runAll(): void;
}

/** The text for a state; null when there is an app to show. */
export function stateOf(connection: Connection | null, remedies: IRemedies): HTMLElement | null {
  const button = (label: string, does: () => void) =>
    el('button', { type: 'button', class: 'sl-main', onclick: does }, label);
  const said = (text: string, ...more: any[]) => el('div', { class: 'jp-spinlab-state' }, el('p', {}, text), more);
  if (!connection) {
    return said('Open a notebook to see the functions of its kernel.');
  }
  const trouble = connection.problem ? problem(connection.problem) : null;
  switch (connection.state) {
    case 'ready':
      return null;
    case 'loading':
      return said('Connecting to the kernel …');
    case 'refused':
      return said('The kernel and this page do not fit together.', trouble, button('Try again', () => remedies.connect()));
    case 'closed':
      return said('The kernel has closed the line to this page.', button('Connect again', () => remedies.connect()));
    case 'restarted':
      return said(
        'The kernel was restarted, and its functions are gone: run the cells.',
        button('Run all cells', () => remedies.runAll())
      );
    case 'dead':
      return said('The kernel is gone. Start it, then run the cells.');
    case 'unfit':
      return said("This notebook's kernel is no Python kernel; spinlab lives in those.");
    default:
      return said('spinlab is not loaded in this kernel.', trouble, button('Run %load_ext spinlab', () => remedies.load()));
  }
}
