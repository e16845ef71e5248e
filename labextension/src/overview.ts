/** What an app is made of, as far as it is shown: kept up to date while somebody watches, by what changed alone. */
import { DisposableDelegate, IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';
import { Channel, refreshing } from './shared';

/** Something that was asked for and denied, and what would grant it. */
export interface IDenied {
  capability: string;
  target: string;
  option: string;
  manifest: string;
  count: number;
}

/** What a card says of a function, also in a saved notebook. */
export interface ICard {
  name: string;
  language: string;
  title?: string;
  revision: number;
  unchanged?: boolean;
  module: boolean;
  private: boolean;
  routes: string[];
  url: string;
  touches: string[];
  wasi: string;
  executor: string;
  argv?: string;
  sizes: { component: number; compressed: number; compiled: number };
  seconds: { build: number | null; compile: number | null; cold_start: number | null };
  cached: boolean;
  image: boolean;
  core?: boolean;
  reuse: number;
  modules: string[];
  requests: number;
  used: Record<string, number>;
  denied: IDenied[];
  remarks: string[];
  detailed?: boolean;
}

/** What the kernel says of a live function. */
export interface IFunction extends ICard {
  description: string;
  origin: string;
  source_size: number;
  cell: string | null;
  changed: string[];
  revisions: { revision: number; size: number; source_size: number }[];
}

export interface IRouteInfo {
  pattern: string;
  function: string;
  problem: string;
  url: string;
}

/** Requests, errors, seconds together, seconds of the slowest: of the last minute. */
export type Sum = [number, number, number, number];

const PACE = 200; // milliseconds between two looks, at least
const FADING = 5000; // milliseconds after which the last minute is another one

export class Overview implements IDisposable {
  app = '';
  url = '';
  names: readonly string[] = [];
  removed: readonly string[] = [];
  routes: readonly IRouteInfo[] = [];
  apps: readonly { name: string; functions: number; this: boolean }[] = [];
  readonly functions = new Map<string, IFunction>();
  sums: Record<string, Sum> = {};
  /** Whether it has been looked at once. */
  known = false;

  private readonly _changed = new Signal<this, ReadonlySet<string>>(this);
  private _stamp = 0;
  private _watchers = 0;
  private _stale = true;
  private _disposed = false;
  private _fading = 0;

  /** @param _channel what it is asked over */
  constructor(private readonly _channel: Channel) {
    _channel.on('changed', () => {
      this._stale = true;
      if (this._watchers) {
        void this.refresh();
      }
    });
  }

  /** Emits the names of the functions that are new, gone or different; an empty set when only the app is. */
  get changed(): ISignal<this, ReadonlySet<string>> {
    return this._changed;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    window.clearTimeout(this._fading);
    Signal.clearData(this);
  }

  /** Keep it up to date until what is returned is disposed. */
  watch(): IDisposable {
    this._watchers += 1;
    if (this._stale) {
      void this.refresh();
    }
    return new DisposableDelegate(() => {
      this._watchers -= 1;
    });
  }

  /** Look now; what changes meanwhile is looked at afterwards. */
  readonly refresh = refreshing(async () => {
    if (this._disposed) {
      return;
    }
    this._stale = false;
    try {
      await this._look();
    } catch (reason) {
      this._stale = true;
      console.warn('spinlab: the app can not be looked at.', reason);
    }
    await new Promise(resolve => window.setTimeout(resolve, PACE));
  });

  private async _look(): Promise<void> {
    let found = await this._channel.value('overview', { since: this._stamp });
    if (this._stamp && found.app !== this.app) {
      found = await this._channel.value('overview', { since: 0 });
      this.functions.clear();
    }
    const pulse = await this._channel.value('pulse', {});
    if (this._disposed) {
      return;
    }
    const changed = this._take(found);
    this._beat(pulse.sums, changed);
    this.known = true;
    this._changed.emit(changed);
  }

  private _take(found: any): Set<string> {
    const changed = new Set<string>();
    for (const one of found.functions as IFunction[]) {
      this.functions.set(one.name, one);
      changed.add(one.name);
    }
    const names = new Set<string>(found.names);
    for (const name of [...this.functions.keys()]) {
      if (!names.has(name)) {
        this.functions.delete(name);
        changed.add(name);
      }
    }
    this._stamp = found.stamp;
    this.app = found.app;
    this.url = found.url;
    this.names = found.names;
    this.removed = found.removed ?? [];
    this.routes = found.routes ?? [];
    this.apps = found.apps ?? [];
    return changed;
  }

  private _beat(sums: Record<string, Sum>, changed: Set<string>): void {
    for (const name of new Set([...Object.keys(sums), ...Object.keys(this.sums)])) {
      if (String(sums[name]) !== String(this.sums[name])) {
        changed.add(name);
      }
    }
    this.sums = sums;
    window.clearTimeout(this._fading);
    if (Object.keys(sums).length && this._watchers) {
      this._fading = window.setTimeout(() => this._watchers && void this.refresh(), FADING);
    }
  }
}
