"""One front end's line to the kernel: takes commands in, sends answers and events out."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from spinlab.commands.command import Asked, Command, Reply
from spinlab.commands.room import Room
from spinlab.errors import Busy, OptionError, SpinError
from spinlab.secrets import masked

Send = Callable[[Any, Sequence[bytes]], None]
"""Sends a message and its buffers; from any thread."""

DEADLINE: Final = 30.0
"""Seconds for a command that says none."""
LONGEST: Final = 600.0
RUNNING: Final = 16
"""Commands of one channel at once."""

SUBJECTS: Final[tuple[str, ...]] = (
    "greeting",
    "requests",
    "overview",
    "capabilities",
    "stores",
    "databases",
    "lifecycle",
)
"""The modules of this room that have commands."""


class Channel:
    """Answers the commands of one front end.

    Parameters:
        send: Sends a message and its buffers. Called from several threads, one at a time.
        room: Where they are asked.
    """

    def __init__(self, send: Send, room: Room) -> None:
        self.room = room
        self._send = send
        self._lock = threading.Lock()
        self._running: dict[int, Asked] = {}
        self._count = 0
        self._closed = False

    def receive(self, message: Any, buffers: Sequence[Any] = ()) -> None:
        """Begin a command. Returns at once; what is no command is ignored."""
        if not isinstance(message, Mapping) or "command" not in message or self._closed:
            return
        number, seconds = message.get("id"), message.get("deadline")
        span = float(seconds) if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) else DEADLINE
        arguments = message.get("arguments")
        asked = Asked(
            arguments if isinstance(arguments, Mapping) else {},
            tuple(bytes(one) for one in buffers),
            time.monotonic() + min(max(span, 0.0), LONGEST),
        )
        command = Answer(self, number, str(message["command"]), asked)
        if not self._begin(asked):
            command.fail(Busy(f"{RUNNING} commands are running already", hint="wait for one of them"))
            return
        threading.Thread(target=command.run, name="spinlab-command", daemon=True).start()

    def event(self, name: str, value: Any = None) -> None:
        """Tell the front end something that it did not ask for."""
        self.send({"event": name, "value": value})

    def send(self, message: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Send a message without secrets; a front end that is gone is no error."""
        with self._lock, contextlib.suppress(Exception):
            if not self._closed:
                self._send(masked(message), list(buffers))

    def close(self) -> None:
        """The front end is gone: nobody waits for what runs."""
        self._closed = True
        with self._lock:
            waiting = list(self._running.values())
        for asked in waiting:
            asked.given_up.set()

    def _begin(self, asked: Asked) -> bool:
        with self._lock:
            if len(self._running) >= RUNNING:
                return False
            self._running[id(asked)] = asked
            return True

    def ended(self, asked: Asked) -> None:
        """A command is through."""
        with self._lock:
            self._running.pop(id(asked), None)


class Answer:
    """One command on its way to its answer: its own, or that its deadline has passed, whichever is first."""

    def __init__(self, channel: Channel, number: Any, name: str, asked: Asked) -> None:
        self._channel = channel
        self._number = number
        self._name = name
        self._asked = asked
        self._lock = threading.Lock()
        self._answered = False

    def run(self) -> None:
        """Do what was asked, and answer. On a thread of its own."""
        timer = threading.Timer(self._asked.seconds, self._late)
        timer.daemon = True
        timer.start()
        try:
            answer = command_of(self._channel.room, self._name)(self._channel.room, self._asked)
        except SpinError as error:
            self.fail(error)
        except Exception as bug:  # noqa: BLE001 (who asked must hear of it)
            self._answer({"ok": False, "error": {"kind": type(bug).__name__, "message": str(bug), "hint": ""}})
        else:
            reply = answer if isinstance(answer, Reply) else Reply(answer)
            self._answer({"ok": True, "value": reply.value}, reply.buffers)
        finally:
            timer.cancel()
            self._channel.ended(self._asked)

    def fail(self, error: SpinError) -> None:
        """Answer with an error."""
        said = {"kind": type(error).__name__, "message": error.message, "hint": error.hint, "details": error.details}
        self._answer({"ok": False, "error": said})

    def _late(self) -> None:
        self._asked.given_up.set()
        message = f"{self._name} took longer than it may"
        self._answer({"ok": False, "error": {"kind": "Deadline", "message": message, "hint": "try it again"}})

    def _answer(self, message: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        with self._lock:
            if self._answered:
                return
            self._answered = True
        self._channel.send({"id": self._number, **message}, buffers)


def command_of(room: Room, name: str) -> Command:
    """The command of that name.

    Raises:
        OptionError: There is none.
    """
    own: Command | None = room.commands.get(name)
    if own is not None:
        return own
    for subject in SUBJECTS:
        found: Command | None = import_module(f"spinlab.commands.{subject}").COMMANDS.get(name)
        if found is not None:
            return found
    raise OptionError(f"there is no command {name!r}", hint="the front end and the kernel have different versions?")
