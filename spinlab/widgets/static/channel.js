// The line to the kernel: commands that are answered or fail at their deadline, and events.

/**
 * @typedef {{send: (message: any, buffers?: any[]) => void,
 *            listen: (receive: (message: any, buffers: DataView[]) => void) => () => void}} Line
 * @typedef {{value: any, buffers: DataView[]}} Answered
 */

/** A command that failed: in the kernel, on the way, or at its deadline. */
export class CommandError extends Error {
  /** @param {{kind?: string, message?: string, hint?: string, details?: string}} error */
  constructor(error) {
    super(error.message || "the command failed");
    this.name = "CommandError";
    this.kind = error.kind || "";
    this.hint = error.hint || "";
    this.details = error.details || "";
  }
}

const GONE = {
  kind: "KernelGone",
  message: "the kernel ended or was restarted",
  hint: "run the cells again: this widget belongs to the kernel that is gone",
};

const ENDS = ["restarting", "autorestarting", "dead", "terminating"];

const SPARE = 1.5; // seconds that the kernel's own word about a deadline may take

export class Channel {
  /** @param {Line} line */
  constructor(line) {
    this.line = line;
    this.count = 0;
    /** @type {Map<string, {resolve: (answer: Answered) => void, reject: (error: Error) => void, timer: any}>} */
    this.waiting = new Map();
    /** @type {Map<string, Set<(value: any) => void>>} */
    this.handlers = new Map();
    this.own = Math.random().toString(36).slice(2, 10); // several views share one widget
    this.gone = false;
    this.stop = line.listen((message, buffers) => this.receive(message, buffers));
  }

  /**
   * Ask a command.
   * @param {string} command
   * @param {Record<string, any>} [args]
   * @param {{deadline?: number, buffers?: any[]}} [options] deadline in seconds
   * @returns {Promise<Answered>}
   */
  ask(command, args = {}, { deadline = 30, buffers = [] } = {}) {
    const id = `${this.own}-${++this.count}`;
    if (this.gone) return Promise.reject(new CommandError(GONE));
    return new Promise((resolve, reject) => {
      const late = () =>
        this.settle(id, {
          kind: "NoAnswer",
          message: "the kernel did not answer",
          hint: "is it busy, or was it restarted? Then run the cells again",
        });
      const timer = setTimeout(late, (deadline + SPARE) * 1000);
      this.waiting.set(id, { resolve, reject, timer });
      try {
        this.line.send({ id, command, arguments: args, deadline }, buffers);
      } catch (error) {
        this.settle(id, { kind: "Disconnected", message: "the kernel is gone", hint: "start it and run the cells" });
      }
    });
  }

  /**
   * Ask, and answer the value alone.
   * @param {string} command
   * @param {Record<string, any>} [args]
   * @param {{deadline?: number, buffers?: any[]}} [options]
   */
  async value(command, args = {}, options = {}) {
    return (await this.ask(command, args, options)).value;
  }

  /**
   * Call `handler` at each event of that name, until what is returned is called.
   * @param {string} event
   * @param {(value: any) => void} handler
   */
  on(event, handler) {
    const known = this.handlers.get(event) || new Set();
    this.handlers.set(event, known.add(handler));
    return () => known.delete(handler);
  }

  /** The kernel that knew this front end ended: what waits fails, and so does what is asked from now on. */
  lose() {
    if (this.gone) return;
    this.gone = true;
    for (const id of [...this.waiting.keys()]) this.settle(id, GONE);
    this.receive({ event: "gone", value: GONE }, []);
  }

  /** Nobody listens any more: what waits fails. */
  close() {
    this.stop();
    for (const id of [...this.waiting.keys()]) {
      this.settle(id, { kind: "Disconnected", message: "the connection to the kernel was closed" });
    }
  }

  /**
   * @param {any} message
   * @param {DataView[]} buffers
   */
  receive(message, buffers) {
    if (!message || typeof message !== "object") return;
    if (typeof message.event === "string") {
      for (const handler of this.handlers.get(message.event) || []) handler(message.value);
      return;
    }
    const waiting = this.waiting.get(message.id);
    if (!waiting) return; // of another view, or too late
    if (!message.ok) {
      this.settle(message.id, message.error || {});
      return;
    }
    clearTimeout(waiting.timer);
    this.waiting.delete(message.id);
    waiting.resolve({ value: message.value, buffers });
  }

  /**
   * @param {string} id
   * @param {{kind?: string, message?: string, hint?: string, details?: string}} error
   */
  settle(id, error) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.waiting.delete(id);
    waiting.reject(new CommandError(error));
  }
}

/**
 * The channel of one view of a widget; it ends with the view.
 * @param {any} model anywidget's
 * @param {AbortSignal} [signal] aborted when the view goes
 */
export function channelOf(model, signal) {
  const channel = new Channel({
    send: (message, buffers) => model.send(message, undefined, buffers),
    listen: (receive) => {
      const told = (/** @type {any} */ message, /** @type {DataView[]} */ buffers) => receive(message, buffers || []);
      model.on("msg:custom", told);
      return () => model.off("msg:custom", told);
    },
  });
  const forget = watchKernel(model, () => channel.lose());
  signal?.addEventListener("abort", () => {
    forget();
    channel.close();
  });
  return channel;
}

/**
 * Call `lost` when the kernel of a widget ends, where the front end tells of it.
 * @param {any} model anywidget's
 * @param {() => void} lost
 * @returns {() => void} to stop
 */
function watchKernel(model, lost) {
  const told = (/** @type {any} */ _kernel, /** @type {string} */ status) => ENDS.includes(status) && lost();
  const kernel = model.widget_manager?.kernel;
  const closed = () => lost();
  kernel?.statusChanged?.connect(told);
  model.on("comm:close", closed);
  return () => {
    kernel?.statusChanged?.disconnect(told);
    model.off("comm:close", closed);
  };
}

/**
 * Call `work` when something changed, never twice at once, and once more when it changed meanwhile.
 * @param {() => Promise<void>} work
 */
export function refreshing(work) {
  let running = false;
  let again = false;
  return async function refresh() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    try {
      do {
        again = false;
        await work();
      } while (again);
    } finally {
      running = false;
    }
  };
}
