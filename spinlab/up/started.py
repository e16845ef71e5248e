"""What ``up`` does with what starts components beside HTTP: it says what it waits for, and runs the app's command."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence

import click

from spinlab.app import App
from spinlab.errors import CallError, OptionError
from spinlab.loading import Loaded
from spinlab.manifest.ids import kebab
from spinlab.up.announcing import say
from spinlab.up.output import Output


def serves_http(loaded: Loaded) -> bool:
    """Whether anything of the application is started by HTTP."""
    return bool(loaded.triggers.get("http"))


def announce(app: App) -> None:
    """Say what each listener waits for, by kind; Spin does so for Redis."""
    kinds: dict[str, list[str]] = {}
    for listener in app.listeners:
        kinds.setdefault(listener.type, []).append(f"  {kebab(listener.function)}: {listener.subject}")
    for name, lines in kinds.items():
        click.echo(f"Waiting for {name}:")
        click.echo("\n".join(lines))
    sys.stdout.flush()


def command_of(loaded: Loaded, arguments: Sequence[str]) -> str:
    """The name of the function that is the app's command; empty when it has none.

    Raises:
        OptionError: There are arguments, and nothing takes them.
    """
    found = [f.name for f in loaded.functions if "command" in f.triggers]
    if len(found) > 1:
        say("Multiple components found for command trigger, only the first one will be used")
    if arguments and not found:
        raise OptionError(
            f"unexpected {arguments[0]!r}: the application has no command that takes arguments",
            hint="[[trigger.command]] makes one of a component",
        )
    return found[0] if found else ""


class Command:
    """The app's command, run once beside what else the app does.

    Parameters:
        app: The app.
        name: The function; empty for none.
        arguments: What it is given.
        output: Where the output of components goes.
        stopped: Set when it has ended.

    Attributes:
        status: Its exit status.
    """

    def __init__(self, app: App, name: str, arguments: Sequence[str], output: Output, stopped: threading.Event) -> None:
        self.status = 0
        self._app = app
        self._name = name
        self._arguments = arguments
        self._output = output
        self._stopped = stopped

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """While it runs, on a thread of its own."""
        if self._name:
            threading.Thread(target=self._run, name="spinlab-command", daemon=True).start()
        yield

    def _run(self) -> None:
        try:
            name = kebab(self._name)
            done = self._app.run(self._name, *self._arguments, take=lambda piece: self._output.passed(name, piece))
            self.status = done.status
        except CallError as error:
            self._output.failed(error)
            self.status = 1
        finally:
            self._stopped.set()
