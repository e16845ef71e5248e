/**
 * A comm of our own on a kernel.
 *
 * Lab's comms belong to one connection of a kernel, and only the first notebook's has any. This one sends and listens
 * by plain messages, so that it works over each connection, and outlives the notebook that it was opened over. It uses
 * a subshell where the kernel knows such things, so that it is answered while a cell runs.
 */
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { UUID } from '@lumino/coreutils';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Line } from './shared';

type Content = Record<string, unknown>;
type Receive = (message: any, buffers: DataView[]) => void;

/** The subshell of a kernel that takes our messages; null for its main shell. */
export async function subshellOf(kernel: Kernel.IKernelConnection): Promise<string | null> {
  await kernel.info;
  if (!kernel.supportsSubshells) {
    return null;
  }
  try {
    const reply = await kernel.requestCreateSubshell({}).done;
    return (reply.content as any).subshell_id ?? null;
  } catch {
    return null;
  }
}

/** A message for a subshell of a kernel. */
export function messageOf(
  kernel: Kernel.IKernelConnection,
  subshell: string | null,
  kind: string,
  content: Content,
  buffers: any[] = []
): KernelMessage.IShellMessage<any> {
  const message: any = KernelMessage.createMessage({
    msgType: kind as any,
    channel: 'shell',
    username: kernel.username,
    session: kernel.clientId,
    content: content as any,
    buffers
  } as any);
  if (subshell) {
    message.header.subshell_id = subshell;
  }
  return message;
}

export class Comm implements Line, IDisposable {
  readonly id = UUID.uuid4();
  private readonly _closed = new Signal<this, void>(this);
  private _receivers = new Set<Receive>();
  private _kernel: Kernel.IKernelConnection;
  private _disposed = false;

  /**
   * @param kernel what it goes over first
   * @param subshell what takes its messages, as `subshellOf` answers it
   */
  constructor(
    kernel: Kernel.IKernelConnection,
    private readonly _subshell: string | null
  ) {
    this._kernel = kernel;
    kernel.iopubMessage.connect(this._heard, this);
  }

  /** Emits when the kernel has closed it. */
  get closed(): ISignal<this, void> {
    return this._closed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  open(target: string): void {
    this._post('comm_open', { target_name: target, data: {} });
  }

  /** Go over another connection of the same kernel from now on. */
  move(kernel: Kernel.IKernelConnection): void {
    this._kernel.iopubMessage.disconnect(this._heard, this);
    this._kernel = kernel;
    kernel.iopubMessage.connect(this._heard, this);
  }

  send(message: any, buffers: any[] = []): void {
    this._post('comm_msg', { data: message }, buffers);
  }

  listen(receive: Receive): () => void {
    this._receivers.add(receive);
    return () => this._receivers.delete(receive);
  }

  /** Close it, as far as the kernel can still be told. */
  dispose(): void {
    if (this._disposed) {
      return;
    }
    try {
      this._post('comm_close', { data: {} });
    } catch {
      // The kernel or the connection is gone already.
    }
    this._end();
  }

  private _end(): void {
    this._disposed = true;
    this._kernel.iopubMessage.disconnect(this._heard, this);
    this._receivers.clear();
  }

  private _post(kind: string, content: Content, buffers: any[] = []): void {
    if (this._disposed || this._kernel.isDisposed) {
      throw new Error('the comm is closed');
    }
    const message = messageOf(this._kernel, this._subshell, kind, { comm_id: this.id, ...content }, buffers);
    this._kernel.sendShellMessage(message, false, true);
  }

  private _heard(_: unknown, message: KernelMessage.IIOPubMessage): void {
    const content = message.content as any;
    if (content?.comm_id !== this.id) {
      return;
    }
    if (message.header.msg_type === 'comm_close') {
      this._end();
      this._closed.emit();
      return;
    }
    if (message.header.msg_type === 'comm_msg') {
      for (const receive of this._receivers) {
        receive(content.data, (message.buffers ?? []).map(viewOf));
      }
    }
  }
}

function viewOf(buffer: ArrayBuffer | ArrayBufferView): DataView {
  return ArrayBuffer.isView(buffer)
    ? new DataView(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength)
    : new DataView(buffer);
}
