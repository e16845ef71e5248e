"""The listeners of an app: one for each trigger of a live function, for as long as the function has it.

A listener outlives the revisions of its function: a cell that runs again changes what the next message meets, not the
connection. What is lost is tried again, at first soon, then less and less often.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from spinlab.engine import Call, Outcome, Sink
from spinlab.errors import Busy, SpinError
from spinlab.host.loop import LOOP
from spinlab.http import Headers, Request
from spinlab.live import Live
from spinlab.triggers import kind
from spinlab.triggers.kind import Config, Delivered

RETRY_FIRST: Final = 0.2
RETRY_LAST: Final = 10.0
FULL: Final = 0.02
"""Seconds until a message is tried again when all workers are taken."""
DRAIN: Final = 10.0
"""Seconds that messages under way have when the app closes."""

Submit = Callable[[Live, Request, Sink], Call]
Log = Callable[[str, str], None]


@dataclass(frozen=True)
class Surroundings:
    """What listeners need of their app.

    Attributes:
        lives: The live functions by name; looked at for each message.
        settings: Of ``[application.trigger.TYPE]``, by type.
        resolve: A template's text.
        submit: Begins a run.
        log: Told a function's name and a line.
        failed: Told a function's name and why it failed with a message.
        changed: Told that a listener does something else now.
    """

    lives: Callable[[], Mapping[str, Live]]
    settings: Callable[[str], Config]
    resolve: Callable[[str], str]
    submit: Submit
    log: Log
    failed: Callable[[str, Exception], None]
    changed: Callable[[], None]


class Listener:
    """Waits for what starts a function.

    Attributes:
        function: Its name.
        type: Of the trigger.
        config: Its keys, as declared.
        state: What it does as of now, for people.
        since: When that began, in seconds since the epoch.
        handled, failed: How many messages succeeded, and how many did not.
    """

    def __init__(self, name: str, type_: str, config: Config, around: Surroundings) -> None:
        self.function = name
        self.type = type_
        self.config = config
        self.state, self.since = "starting", time.time()
        self.handled = self.failed = 0
        self._kind = kind(type_)
        self._around = around
        self._up = threading.Event()
        self._failures = 0
        self._under_way: dict[asyncio.Future[Delivered], Call] = {}
        self._task: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"Listener({self.function}, {self.type} {self.subject}: {self.state})"

    @property
    def subject(self) -> str:
        """What it waits for, such as a channel; no secret."""
        return self._kind.subject(self.config)

    @property
    def is_listening(self) -> bool:
        """Whether messages come in now."""
        return self._up.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until messages come in; False when that took too long."""
        return self._up.wait(timeout)

    def listening(self, where: str) -> None:
        """See `spinlab.triggers.kind.Place`."""
        if self._failures:
            self._around.log(self.function, f"{self.type}: listening again to {where}")
        self._failures = 0
        self._become(f"listening to {where}")
        self._up.set()

    async def deliver(self, data: bytes, subject: str) -> Delivered:
        """See `spinlab.triggers.kind.Place`."""
        done: asyncio.Future[Delivered] = asyncio.get_running_loop().create_future()
        while True:
            live = self._around.lives().get(self.function)
            if live is None:
                return Delivered(False)
            try:
                call = self._around.submit(live, request(self.type, subject, data), _Told(done, self._unanswered))
                break
            except Busy:
                await asyncio.sleep(FULL)
        self._under_way[done] = call
        done.add_done_callback(self._ended)
        return await asyncio.shield(done)

    def _unanswered(self, error: Exception) -> None:
        self._around.failed(self.function, error)

    # In the loop.

    def _ended(self, done: asyncio.Future[Delivered]) -> None:
        self._under_way.pop(done, None)
        if not done.cancelled() and done.result().succeeded:
            self.handled += 1
        else:
            self.failed += 1

    def _become(self, state: str) -> None:
        self.state, self.since = state, time.time()
        self._around.changed()

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.ensure_future(self._run())

    def stop(self) -> None:
        """Take no more messages; the one under way goes on."""
        self._up.clear()
        self._become("stopped")
        if self._task is not None:
            self._task.cancel()

    async def drain(self, seconds: float) -> None:
        """Wait until nothing is under way any more; what takes longer is stopped."""
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=seconds)
        for call in list(self._under_way.values()):
            call.cancel("the app is closed")

    async def _run(self) -> None:
        while True:
            try:
                await self._kind.listen(self._resolved(), self)
                self._become("done")
                return
            except Exception as error:  # noqa: BLE001 (whatever is wrong out there may be right again)
                self._up.clear()
                wait = min(RETRY_FIRST * 2**self._failures, RETRY_LAST)
                self._failed(error, wait)
            await asyncio.sleep(wait)

    def _failed(self, error: Exception, wait: float) -> None:
        reason = error.message if isinstance(error, SpinError) else str(error) or type(error).__name__
        self._become(f"not connected ({reason}); trying again in {wait:g} s")
        if not self._failures:
            self._around.log(self.function, f"{self.type}: {reason}; trying again until it works")
        self._failures = min(self._failures + 1, 30)

    def _resolved(self) -> Config:
        whole = completed(self.type, self.config, self._around.settings(self.type))
        given = self._kind.templated
        return {k: self._around.resolve(v) if k in given and isinstance(v, str) else v for k, v in whole.items()}


def completed(type_: str, config: Config, settings: Config) -> dict[str, Any]:
    """The keys of a trigger with what the application says for all, and the defaults."""
    known = kind(type_)
    return {**known.defaults, **{k: v for k, v in settings.items() if k in known.settings}, **config}


def request(type_: str, subject: str, data: bytes) -> Request:
    """A message in the terms of a request, as the trace tells it."""
    return Request(type_.upper(), subject.replace("?", "%3F"), Headers(), data)


@dataclass
class _Told:
    """A sink that tells a future of the loop whether the run succeeded."""

    done: asyncio.Future[Delivered]
    failed: Callable[[Exception], None]
    status: int = 0
    answer: bytes = b""

    def begin(self, status: int, headers: Headers) -> None:
        self.status = status

    def write(self, data: bytes) -> bool:
        self.answer += data
        return True

    def end(self, outcome: Outcome) -> None:
        succeeded = outcome.error is None and self.status == 200
        if outcome.error is not None:
            self.failed(outcome.error)
        self.done.get_loop().call_soon_threadsafe(self._tell, Delivered(succeeded, self.answer))

    def _tell(self, delivered: Delivered) -> None:
        if not self.done.done():
            self.done.set_result(delivered)


_Key = tuple[str, str, str]


@dataclass
class Listeners:
    """Keeps the listeners of an app in step with its functions.

    Parameters:
        around: What they need of the app.
    """

    around: Surroundings
    running: dict[_Key, Listener] = field(default_factory=dict)
    closed: bool = False

    def follow(self) -> None:
        """The functions have changed. From any thread, with locks held: returns at once."""
        if self.running or any(live.function.triggers for live in self.around.lives().values()):
            LOOP.loop.call_soon_threadsafe(self._adapt)

    def settle(self) -> tuple[Listener, ...]:
        """The listeners, in step with the functions as they are now."""
        if self.running or any(live.function.triggers for live in self.around.lives().values()):
            LOOP.wait(self._adapted())
        return tuple(self.running.values())

    def close(self) -> None:
        """Take no more messages, and wait for those under way."""
        self.closed = True
        if self.running:
            with suppress(TimeoutError):
                LOOP.wait(self._end(), DRAIN + 5)

    async def _adapted(self) -> None:
        self._adapt()

    def _adapt(self) -> None:
        wanted = {} if self.closed else dict(self._wanted())
        for key in [key for key in self.running if key not in wanted]:
            self.running.pop(key).stop()
        for key, (name, type_, config) in wanted.items():
            if key not in self.running:
                self.running[key] = listener = Listener(name, type_, config, self.around)
                listener.start()

    def _wanted(self) -> list[tuple[_Key, tuple[str, str, Config]]]:
        return [
            ((name, type_, json.dumps(dict(config), sort_keys=True, default=str)), (name, type_, config))
            for name, live in self.around.lives().items()
            for type_, configs in live.function.triggers.items()
            if kind(type_).listens
            for config in configs
        ]

    async def _end(self) -> None:
        listeners = list(self.running.values())
        self._adapt()
        await asyncio.gather(*(listener.drain(DRAIN) for listener in listeners))
