"""A front end in the same process: what it sends and what it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from spinlab import App
from spinlab.commands import Channel, Command, Room


class FrontEnd:
    """Asks commands of an app over a channel, and keeps what comes."""

    def __init__(self, app: App, commands: Mapping[str, Command] | None = None) -> None:
        self.told: list[tuple[Any, list[bytes]]] = []
        self._come = threading.Condition()
        self._count = 0
        self.channel = Channel(self._receive, Room(lambda: app, commands=commands or {}))

    def _receive(self, message: Any, buffers: Any) -> None:
        with self._come:
            self.told.append((message, list(buffers)))
            self._come.notify_all()

    def ask(self, command: str, *, deadline: float = 30, buffers: tuple[bytes, ...] = (), **arguments: Any) -> Any:
        """The whole answer to a command, its buffers under ``buffers``."""
        number = self.begin(command, deadline=deadline, buffers=buffers, **arguments)
        with self._come:
            assert self._come.wait_for(lambda: self._answer(number) is not None, 60)
        return self._answer(number)

    def value(self, command: str, **arguments: Any) -> Any:
        """The value of an answer that is no error."""
        answer = self.ask(command, **arguments)
        assert answer["ok"], answer
        return answer["value"]

    def error(self, command: str, **arguments: Any) -> Any:
        """The error of an answer that is one."""
        answer = self.ask(command, **arguments)
        assert not answer["ok"], answer
        return answer["error"]

    def begin(self, command: str, *, deadline: float = 30, buffers: tuple[bytes, ...] = (), **arguments: Any) -> int:
        """Ask, and answer the number of what was asked."""
        self._count += 1
        asked = {"id": self._count, "command": command, "arguments": arguments, "deadline": deadline}
        self.channel.receive(asked, buffers)
        return self._count

    def events(self, name: str, least: int = 1, seconds: float = 20) -> list[Any]:
        """The values of the events of that name, once there are so many."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [m["value"] for m, _ in list(self.told) if m.get("event") == name]
            if len(found) >= least:
                return found
            time.sleep(0.01)
        raise AssertionError(f"not {least} times {name}: {self.told}")

    def _answer(self, number: int) -> Any:
        return next(({**m, "buffers": b} for m, b in self.told if m.get("id") == number), None)
