/** The modules that the live widgets and this extension share, plain JavaScript checked by tsconfig.widgets.json. */

declare module '*/static/dom.js' {
  type Child = Node | string | number | null | undefined | false;
  export function el(name: string, attributes?: Record<string, any>, ...children: (Child | Child[])[]): any;
  export function put(parent: Element | DocumentFragment, ...children: (Child | Child[])[]): void;
  export function fill(parent: Element, ...children: (Child | Child[])[]): void;
  export function safe(address: string): boolean;
  export function seconds(value: number): string;
  export function octets(value: number): string;
  export function times(count: number): string;
  export function problem(error: { message?: string; hint?: string }): any;
}

declare module '*/static/channel.js' {
  export interface Line {
    send: (message: any, buffers?: any[]) => void;
    listen: (receive: (message: any, buffers: DataView[]) => void) => () => void;
  }
  export interface Options {
    deadline?: number;
    buffers?: any[];
  }
  export class CommandError extends Error {
    kind: string;
    hint: string;
    details: string;
  }
  export class Channel {
    constructor(line: Line);
    ask(command: string, args?: object, options?: Options): Promise<{ value: any; buffers: DataView[] }>;
    value(command: string, args?: object, options?: Options): Promise<any>;
    on(event: string, handler: (value: any) => void): () => void;
    close(): void;
  }
  export function refreshing(work: () => Promise<void>): () => Promise<void>;
}

declare module '*/static/console-response.js' {
  export interface Pane {
    element: HTMLElement;
    show: (answer: any, buffer: DataView | undefined) => void;
    fail: (error: any) => void;
    wait: () => void;
  }
  export function responsePane(channel: any, say: (text: string) => void): Pane;
}

declare module '*/static/routes.js' {
  export interface Route {
    pattern: string;
    params: string[];
    wildcard: boolean;
    problem: string;
  }
  export function fieldsOf(route: Route): string[];
  export function pathOf(route: Route, values: string[]): string;
}

declare module '*/static/timeline.js' {
  export function timeline(traced: any): HTMLElement;
}
