/** Writing the app as a Spin project: asks for the folder, says what came of it. */
import { InputDialog, Notification } from '@jupyterlab/apputils';
import { Connection } from './connection';

const PATIENCE = 600; // seconds

/** Ask where to, and write. */
export async function exportApp(connection: Connection): Promise<void> {
  const channel = connection.channel;
  if (!channel) {
    return;
  }
  const name = connection.overview?.app || 'app';
  const asked = await InputDialog.getText({
    title: 'Write the app as a Spin project',
    label: "Folder, seen from the notebook's:",
    text: name,
    okLabel: 'Export'
  });
  if (!asked.button.accept || !asked.value) {
    return;
  }
  const written = channel.value('export', { directory: asked.value }, { deadline: PATIENCE });
  Notification.promise(written, {
    pending: { message: `Exporting to ${asked.value} …` },
    success: { message: (value: any) => told(value), options: { autoClose: false } },
    error: {
      message: (reason: any) => [reason?.message, reason?.hint].filter(Boolean).join('. '),
      options: { autoClose: false } // else it is shown nowhere but in the list of notifications
    }
  });
  await written.catch(() => undefined);
}

function told(value: any): string {
  const news = value.changed ? `${value.changed} of them new or changed` : 'nothing has changed';
  return `${value.directory}: ${value.files} files, ${news}. Serve it with: ${value.command}`;
}
