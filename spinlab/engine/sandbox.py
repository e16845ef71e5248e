"""Where a function runs: a fresh store and instance for each request, or one that was made ready before it."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from spinlab.engine.calls import Call, Collector, Sink, failure, wait
from spinlab.engine.commands import Gateway
from spinlab.engine.effects import Context
from spinlab.engine.ffi import Trap
from spinlab.engine.instances import Instances
from spinlab.engine.limits import exceeded
from spinlab.engine.logs import Tell
from spinlab.engine.ready import Spare, Stock
from spinlab.engine.tapes import Tape
from spinlab.engine.threads import threads
from spinlab.engine.traps import explain, import_failed, ran_out_of_memory, stopped_at_import
from spinlab.errors import Busy, CallError, GuestError, SpinError
from spinlab.function import MIB, Limits
from spinlab.host import Files, Host
from spinlab.http import Request, Response

if TYPE_CHECKING:
    from spinlab.engine.engine import Engine, Prepared

SLOW = 0.0005
"""Seconds of instantiation from which making instances ahead pays."""

SURE = 3
"""Instances whose quickest decides that; a single one may have been slow for other reasons."""

AHEAD = (2, 4)
"""Instances made ahead for a busy function: at first, and once a request found none."""

_PLAIN_HOST = Host()


class Sandbox:
    """One revision of a function, ready to serve requests.

    Parameters:
        engine: What runs it.
        prepared: The compiled component.
        name: The function's name.
        environment: The user's environment variables.
        injected: What an image needs in the environment beside them.
        files: Mounts: path -> bytes for read-only ones, or a tree of them.
        limits: What one request may use.
        reuse: Requests that an instance answers, one after the other, before it goes; a command's answers one.
        host: What the guest can ask for; nothing beside its files by default.
        tell: Called with stream and text as the guest writes; the limit on the log then bounds what is kept of it.
    """

    def __init__(
        self,
        engine: Engine,
        prepared: Prepared,
        *,
        name: str = "",
        environment: Mapping[str, str] | None = None,
        injected: Mapping[str, str] | None = None,
        files: Mapping[str, bytes] | Files | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        reuse: int = 1,
        host: Host | None = None,
        tell: Tell | None = None,
    ) -> None:
        self.name = name
        self.prepared = prepared
        self.limits = limits
        self.reuse = 1 if prepared.command else max(1, reuse)
        self.cold_start: float | None = None
        variables = {**(environment or {}), **(injected or {})}
        self._environment = "".join(f"{n}\0{v}\0" for n, v in variables.items())
        self._files = files if isinstance(files, Files) else Files(files)
        self._host = host or _PLAIN_HOST
        self._tell = tell
        self._threads = threads(engine)
        self._pooled = engine.settings.memory
        self._instances = Instances(prepared, prepared.caps(limits), self._pooled)
        self._stock = Stock(self._ahead, lambda: self._instances.generation, _cost(prepared))
        self._pays = prepared.warms
        self._makes_ahead = True
        self._stock_up = AHEAD[0]
        self._made = 0
        self._quickest = float("inf")

    def submit(self, request: Request, sink: Sink, gateway: Gateway | None = None, *, tape: Tape | None = None) -> Call:
        """Answer `request` into `sink` on a worker thread. Returns at once.

        Parameters:
            request: The request.
            sink: Where the response goes.
            gateway: What stands between HTTP and a command; for those only.
            tape: What stands between the guest and the world. The request then has an instance of its own, made for
                it, so that the tape sees the loading of its code as well.

        Raises:
            Busy: All workers are taken and the queue is full.
        """
        call = Call(self._context(tape=tape), request, sink, gateway, message=bool(self.prepared.trigger))
        self._threads.workers.submit(partial(self._serve, call), id(self), inner=request.hops > 0)
        return call

    def handle(self, request: Request, gateway: Gateway | None = None) -> Response:
        """Answer `request`. A guest that fails is a response with an `error`; an interrupt stops the guest."""
        collector = Collector()
        try:
            call = self.submit(request, collector, gateway)
        except Busy as busy:
            return failure(busy, Response(function=self.name))
        call.wait()
        return collector.response(self.name)

    def check(self) -> None:
        """Load the function's code once, as its first request would; keep what was loaded when it has a warm-up.

        Raises:
            SourceError: The code fails when it is imported; the details are its traceback.
            GuestError, LimitExceeded: The guest failed while it loaded the code; the details are what it wrote.
            Busy: All workers are taken and the queue is full.
        """
        loading = _Loading(self._context(loading=True))
        self._threads.workers.submit(partial(self._load, loading), id(self))
        wait(loading.done, loading.context)
        if loading.error is not None:
            raise loading.error

    def rehost(self, host: Host, limits: Limits) -> None:
        """Let requests that begin from now on ask another host, within other limits."""
        self._host = host
        if limits != self.limits:
            self.limits = limits
            self._instances = Instances(self.prepared, self.prepared.caps(limits), self._pooled)
            self._threads.makers.drop(self._stock)

    def close(self) -> None:
        """Requests that run are finished; instances that wait go."""
        self._threads.makers.drop(self._stock, closed=True)

    def _context(self, *, loading: bool = False, tape: Tape | None = None) -> Context:
        return Context(
            name=self.name,
            host=self._host,
            files=self._files,
            environment=self._environment,
            limits=self.limits,
            watch=self._threads.watch,
            loading=loading,
            tell=self._tell,
            aside=self._threads.workers.aside,
            tape=tape,
        )

    # On a worker.

    def _serve(self, call: Call) -> None:
        context, watch = call.context, self._threads.watch
        number = watch.add(context, time.monotonic() + self.limits.timeout)
        spare: Spare | None = None
        error: CallError | None = None
        healthy = False
        try:
            head, data = call.exchange.first()
            if context.error is None:
                spare = self._obtain(context)
                began = time.perf_counter()
                answer = self._run(spare, context, head, data)
                if spare.served == 0:
                    self.cold_start = spare.seconds + time.perf_counter() - began
                error = context.error or self._answer(call, *answer)
                healthy = context.error is None
        except Trap as trap:
            error = self._explain(trap, context, spare)
        except Exception as bug:  # noqa: BLE001 (a worker must live, and the request must get an answer)
            error = GuestError("the request failed inside spinlab", details=repr(bug))
        finally:
            watch.remove(number)
        kept = spare is not None and healthy and context.tape is None and self._keep(spare)
        self._finish(call, error or context.error)
        if spare is not None and not kept:
            self._discard(spare)

    def _run(self, spare: Spare, context: Context, head: str, data: bytes) -> tuple[str, bytes]:
        try:
            return spare.instance.run(context, head, data)
        except Trap:
            # A command may end by exiting; its output was handed over before.
            if self.prepared.command and context.exit_code == 0 and context.error is None:
                return "done", b""
            raise

    def _explain(self, trap: Trap, context: Context, spare: Spare | None) -> CallError:
        error = explain(trap, context, partial(self._stood_at_limit, spare))
        if self.prepared.command and context.exit_code is not None and context.error is None:
            error.hint = "a CGI program that has answered exits with 0; a line Status: 500 says that something is wrong"
        return error

    def _stood_at_limit(self, spare: Spare | None) -> bool | None:
        if spare is None:
            return False
        context = self._context(loading=True)
        number = self._threads.watch.add(context, time.monotonic() + 1.0)
        try:
            return self._instances.stood_at_limit(spare.instance, context)
        finally:
            self._threads.watch.remove(number)

    def _answer(self, call: Call, head: str, data: bytes) -> CallError | None:
        # An image answers for a cell that ran out of memory: empty, as a guest that is stopped.
        if head.startswith("500") and not data and ran_out_of_memory(call.context):
            return exceeded("memory", self.limits)
        error = call.exchange.answered(head, data)
        if error is not None and ran_out_of_memory(call.context):
            return exceeded("memory", self.limits)
        return error

    def _finish(self, call: Call, error: CallError | None) -> None:
        if error is not None and call.exchange.ended:
            # The client has its whole answer: what failed is what the guest did after it.
            call.context.note(f"after its response: {error.message}")
            error = None
        call.finish(error)

    def _obtain(self, context: Context) -> Spare:
        spare = self._threads.makers.take(self._stock) if context.tape is None else None
        if spare is None:
            return self._on_demand(context)
        if spare.context is not None:
            context.written.before(spare.context.written.lines())
            spare.context = None
        return spare

    def _on_demand(self, context: Context) -> Spare:
        context.loading = True
        if self._stock.wanted:
            self._stock_up = AHEAD[1]
        spare = self._instances.make(context)
        context.loading = False
        self._makes_ahead = True
        self._made += 1
        self._quickest = min(self._quickest, spare.seconds)
        if self._made >= SURE and self._quickest > SLOW:
            self._pays = True
        return spare

    def _keep(self, spare: Spare) -> bool:
        """Keep an instance that may serve one more request.

        Done before the answer is complete, so that whoever asks again at once finds it.
        """
        spare.served += 1
        return spare.served < self.reuse and self._threads.makers.keep(self._stock, spare)

    def _discard(self, spare: Spare) -> None:
        if not self._pays:
            spare.instance.close()
            return
        self._threads.makers.close_later(spare.instance)
        if self._makes_ahead and self.reuse == 1:
            self._threads.makers.want(self._stock, self._stock_up)

    def _load(self, loading: _Loading) -> None:
        context = loading.context
        spare, error = self._loaded(context)
        if error is not None:
            error.details = "\n".join(line.text for line in context.written.lines()) or error.details
            stopped_at_import(error)
            loading.error = error
        if spare is not None:
            self.cold_start = spare.seconds
            if spare.report:
                loading.error = import_failed(spare.report, self.name)
        kept = spare is not None and self.prepared.warms and self._threads.makers.put(self._stock, spare)
        loading.done.set()
        if spare is not None and not kept:
            spare.instance.close()

    def _loaded(self, context: Context) -> tuple[Spare | None, CallError | None]:
        """An instance that was loaded without a request, bounded by the same limits."""
        number = self._threads.watch.add(context, time.monotonic() + self.limits.timeout)
        try:
            spare = self._instances.make(context)
        except Trap as trap:
            return None, self._explain(trap, context, None)
        except Exception as bug:  # noqa: BLE001 (the thread must live)
            return None, GuestError("the request failed inside spinlab", details=repr(bug))
        finally:
            self._threads.watch.remove(number)
        spare.context = context
        return spare, None

    # On a maker.

    def _ahead(self) -> Spare | None:
        spare, error = self._loaded(self._context(loading=True))
        # What fails here fails for the next request as well, on demand, and is shown with it.
        self._makes_ahead = error is None
        return spare


class _Loading:
    """A load that somebody waits for."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.error: SpinError | None = None
        self.done = threading.Event()


def _cost(prepared: Prepared) -> int:
    """Bytes that a waiting instance holds: about half of a Python component's size is its initial memory."""
    return min(64 * MIB, len(prepared.program.component) // 2 + MIB)
