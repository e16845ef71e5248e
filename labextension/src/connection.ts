/** The line to one kernel: whether spinlab is there, of which version, and what its app is made of. */
import { PageConfig } from '@jupyterlab/coreutils';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Comm, messageOf, subshellOf } from './comm';
import { Overview } from './overview';
import { Channel, CommandError } from './shared';
import { PROTOCOL, VERSION } from './version';

/**
 * Where a kernel is:
 * `unknown` nobody has looked; `absent` spinlab is not loaded; `loading` it is being loaded or connected; `ready`;
 * `refused` both sides do not fit, `problem` says why; `closed` the kernel has closed the comm; `restarted` its
 * functions are gone; `dead` there is no kernel any more; `unfit` it is not a Python kernel.
 */
export type State =
  | 'unknown'
  | 'absent'
  | 'loading'
  | 'ready'
  | 'refused'
  | 'closed'
  | 'restarted'
  | 'dead'
  | 'unfit';

export interface IProblem {
  message: string;
  hint: string;
}

const TARGET = 'spinlab';
const OURS = /spin/; // what a cell says that may load spinlab
const LOAD = '%load_ext spinlab';
const PATIENCE = 600; // seconds: a kernel without subshells answers after the cell that runs

export class Connection implements IDisposable {
  readonly id: string;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _told = new Signal<this, { event: string; value: any }>(this);
  private readonly _kernels = new Set<Kernel.IKernelConnection>();
  private _kernel: Kernel.IKernelConnection | null = null;
  private _state: State = 'unknown';
  private _problem: IProblem | null = null;
  private _version = '';
  private _subshell: Promise<string | null> | null = null;
  private _comm: Comm | null = null;
  private _channel: Channel | null = null;
  private _overview: Overview | null = null;
  private _cell = '';
  private _own = '';
  private _busy: Promise<void> | null = null;

  constructor(kernel: Kernel.IKernelConnection) {
    this.id = kernel.id;
    this.attach(kernel);
  }

  /** Emits when the state, the problem or the overview is another one. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Emits what the kernel tells: `error` and `cleared`. */
  get told(): ISignal<this, { event: string; value: any }> {
    return this._told;
  }

  get state(): State {
    return this._state;
  }

  get problem(): IProblem | null {
    return this._problem;
  }

  /** The version of the kernel's spinlab. */
  get version(): string {
    return this._version;
  }

  /** What commands are asked over; null unless `ready`. */
  get channel(): Channel | null {
    return this._state === 'ready' ? this._channel : null;
  }

  /** What the app is made of; null unless `ready`. */
  get overview(): Overview | null {
    return this._state === 'ready' ? this._overview : null;
  }

  get isDisposed(): boolean {
    return this._kernel === null;
  }

  /** Another notebook's connection to this kernel. */
  attach(kernel: Kernel.IKernelConnection): void {
    if (this._kernels.has(kernel)) {
      return;
    }
    this._kernels.add(kernel);
    kernel.disposed.connect(() => this.detach(kernel));
    if (this._kernel === null) {
      this._go(kernel);
    }
  }

  /** A notebook is closed, or has another kernel. */
  detach(kernel: Kernel.IKernelConnection): void {
    if (!this._kernels.delete(kernel) || kernel !== this._kernel) {
      return;
    }
    const next = [...this._kernels].find(other => !other.isDisposed) ?? null;
    kernel.statusChanged.disconnect(this._status, this);
    kernel.iopubMessage.disconnect(this._heard, this);
    if (next) {
      this._go(next);
      this._comm?.move(next);
      return;
    }
    this._comm?.dispose();
    this._drop('dead');
    this._kernel = null;
    Signal.clearData(this);
  }

  dispose(): void {
    for (const kernel of [...this._kernels]) {
      this.detach(kernel);
    }
  }

  /** See whether spinlab is there, and connect. */
  check(): Promise<void> {
    this._busy ??= this._check().finally(() => {
      this._busy = null;
    });
    return this._busy;
  }

  /** Load spinlab into the kernel, as its user would. */
  async load(): Promise<void> {
    if (!this._kernel) {
      return;
    }
    this._set('loading');
    const future = this._kernel.requestExecute({ code: LOAD, store_history: false });
    this._own = future.msg.header.msg_id;
    const content: any = (await future.done).content;
    if (content.status !== 'ok') {
      const missing = content.ename === 'ModuleNotFoundError';
      this._set('absent', {
        message: missing ? 'spinlab is not installed for this kernel' : `${content.ename}: ${content.evalue}`,
        hint: missing ? '%pip install spinlab, in a cell of the notebook' : `run ${LOAD} in a cell to see more`
      });
      return;
    }
    await this.check();
    if (this._state === 'absent') {
      this._set('absent', { message: `${LOAD} did not load it`, hint: 'run it in a cell to see what it says' });
    }
  }

  private async _check(): Promise<void> {
    const kernel = this._kernel;
    if (!kernel || this._state === 'ready') {
      return;
    }
    const before = this._state;
    try {
      const info = await kernel.info;
      if (info.language_info.name !== 'python') {
        this._set('unfit');
      } else if (await this._isLoaded(kernel)) {
        this._set('loading');
        await this._connect(kernel);
      } else {
        this._set(before === 'restarted' ? before : 'absent');
      }
    } catch (reason) {
      if (!kernel.isDisposed) {
        console.warn('spinlab: the kernel can not be asked.', reason);
      }
    }
  }

  /** Whether the kernel knows the magic. A comm to a target that is not there would leave an error in its log. */
  private async _isLoaded(kernel: Kernel.IKernelConnection): Promise<boolean> {
    this._subshell ??= subshellOf(kernel);
    const content = { code: 'spin', cursor_pos: 4, detail_level: 0 };
    const message = messageOf(kernel, await this._subshell, 'inspect_request', content);
    const reply: any = await kernel.sendShellMessage(message, true, true).done;
    return reply?.content?.found === true;
  }

  private async _connect(kernel: Kernel.IKernelConnection): Promise<void> {
    const comm = new Comm(kernel, await this._subshell);
    const channel = new Channel(comm);
    comm.closed.connect(() => this._lost(comm, channel));
    this._comm = comm;
    this._channel = channel;
    comm.open(TARGET);
    try {
      const hello = await channel.value('hello', greeting(), { deadline: PATIENCE });
      if (hello.protocol !== PROTOCOL) {
        throw unlike(hello.version);
      }
      this._version = hello.version;
      this._overview = new Overview(channel);
      for (const event of ['error', 'cleared']) {
        channel.on(event, value => this._told.emit({ event, value }));
      }
      this._set('ready');
      for (const value of await channel.value('errors')) {
        this._told.emit({ event: 'error', value });
      }
    } catch (reason) {
      if (comm === this._comm) {
        this._refuse(reason);
      }
    }
  }

  private _refuse(reason: unknown): void {
    const said = reason as Partial<CommandError>;
    const old = said.kind === 'Disconnected' || (said.message ?? '').includes("no command 'hello'");
    const error = old ? unlike('another version') : said;
    this._comm?.dispose();
    this._channel?.close();
    this._comm = this._channel = null;
    this._set('refused', { message: error.message ?? 'the kernel does not answer', hint: error.hint ?? '' });
  }

  /** The kernel has closed the comm: spinlab was unloaded, or too many pages are open. */
  private _lost(comm: Comm, channel: Channel): void {
    channel.close();
    if (comm === this._comm && this._state === 'ready') {
      this._drop('closed');
      const kernel = this._kernel;
      void (kernel && this._isLoaded(kernel).then(there => !there && this._state === 'closed' && this._set('absent')));
    }
  }

  private _drop(state: State): void {
    this._channel?.close();
    this._overview?.dispose();
    this._comm = this._channel = this._overview = null;
    this._set(state);
  }

  private _set(state: State, problem: IProblem | null = null): void {
    if (state !== this._state || problem !== this._problem) {
      this._state = state;
      this._problem = problem;
      this._changed.emit();
    }
  }

  private _go(kernel: Kernel.IKernelConnection): void {
    this._kernel = kernel;
    kernel.statusChanged.connect(this._status, this);
    kernel.iopubMessage.connect(this._heard, this);
  }

  private _status(_: Kernel.IKernelConnection, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this._subshell = null;
      if (this._state !== 'unknown' && this._state !== 'absent') {
        this._comm?.dispose();
        this._drop('restarted');
      }
    } else if (status === 'dead') {
      this._drop('dead');
    }
  }

  /** Look again once a cell is through that may have loaded spinlab. */
  private _heard(_: unknown, message: KernelMessage.IIOPubMessage): void {
    if (this._state === 'ready') {
      return;
    }
    const content = message.content as any;
    const parent = (message.parent_header as any)?.msg_id ?? '';
    if (parent && parent === this._own) {
      return; // `load` looks by itself
    }
    if (message.header.msg_type === 'execute_input' && OURS.test(content.code)) {
      this._cell = parent;
    } else if (message.header.msg_type === 'status' && content.execution_state === 'idle' && parent === this._cell) {
      this._cell = '';
      void this.check();
    }
  }
}

/** What the kernel is told: who we are, and where the browser reaches Jupyter. */
function greeting(): object {
  const base = new URL(PageConfig.getBaseUrl(), window.location.href);
  return { version: VERSION, protocol: PROTOCOL, base_url: base.pathname, host: window.location.host };
}

function unlike(version: string): Partial<CommandError> {
  return {
    message: `the extension of spinlab in JupyterLab is ${VERSION}, the kernel's spinlab is ${version}`,
    hint: 'install one version on both sides, reload the page and restart the kernel'
  };
}
