"""The magics themselves: ``%%spin``, ``%%spinsql``, ``%%spintest`` and ``%spin``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, Enum, List, TraitError, Unicode, observe, validate

from spinlab.errors import Location, SourceError, SourceView, SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Command, parse
from spinlab.magics.quantities import address
from spinlab.magics.reporting import attach, interruptible, point_at, reported
from spinlab.magics.source import cell_view, line_view, magic_line, title
from spinlab.magics.words import Word, split

_VALUES = re.compile(r"^\s*var\b[^=]*=(.+)")
"""What may be a secret in a line whose words can't be told."""

_OF_THE_LISTENER = ("listen", "socket_file", "token", "hosts", "origins", "trusted_pages")
"""The traits that are attributes of `spinlab.server.Listening`."""

_SWITCHES = {"trace": "tracing", "proxies": "proxies"}
"""Trait -> attribute of the session."""


def _values(words: list[Word]) -> Iterator[str]:
    """What stands behind an ``=``, also with a blank between."""
    for index, word in enumerate(words):
        _, sign, value = word.text.partition("=")
        if value:
            yield value
        elif sign and index + 1 < len(words):
            yield words[index + 1].text


@magics_class
class Spin(Magics):
    """What ``%config Spin`` sets, and the two magics."""

    listen = Unicode(
        "",
        help="Where the listener answers, such as 127.0.0.1:8080; empty for port 3000, the one that this notebook had, "
        "or the next free.",
    ).tag(config=True)
    serve = Bool(True, help="Start the listener with the first function.").tag(config=True)
    socket_file = Unicode(
        "",
        help="A socket file to listen on instead of a port, for its owner only; 'jupyter' for the one that the Jupyter "
        "server passes on at BASE/spinlab. For machines that several users share.",
    ).tag(config=True)
    token = Unicode(
        "",
        help="A secret that each request to the listener has to show; %spin url gives the address with it. "
        "For machines that several users share.",
    ).tag(config=True)
    hosts = List(Unicode(), help="Further Host headers that the listener answers to: ['name', 'name:port'].").tag(
        config=True
    )
    origins = List(
        Unicode(),
        help="Origins whose pages may send POST and its like from another site: ['https://example.org'], or ['*'].",
    ).tag(config=True)
    trusted_pages = Bool(
        False,
        help="Let pages that come through the Jupyter server have its origin, and so all of your rights there. "
        "Only for functions that you wrote and that show nobody else's HTML.",
    ).tag(config=True)
    trace = Bool(
        True, help="Record what functions ask of the host, for %spin trace; what is denied is told in any case."
    ).tag(config=True)

    proxies = Bool(
        False,
        help="Let functions' HTTP requests go through the proxies that the environment names (HTTP_PROXY, HTTPS_PROXY, "
        "NO_PROXY); never while networks are blocked.",
    ).tag(config=True)

    widgets = Enum(
        ("auto", "live", "static"),
        "auto",
        help="What draws widgets: our JupyterLab extension where it is, else the front end's widget manager (auto); "
        "always the widget manager (live); nothing, they are tables then (static).",
    ).tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        if self.widgets != "auto":
            self._draw(self.widgets)
        chosen = {name: getattr(self, name) for name in _OF_THE_LISTENER}
        self.desk = Desk(shell, {name: value for name, value in chosen.items() if value})
        self.desk.serves = self.serve
        for trait, name in _SWITCHES.items():
            if getattr(self, trait) != self.traits()[trait].default_value:
                self.desk.switch(name, getattr(self, trait))

    @validate(*_OF_THE_LISTENER)
    def _can_be_had(self, proposal: Any) -> Any:
        from spinlab.server.listening import Listening

        name, value = proposal["trait"].name, proposal["value"]
        try:
            if name == "listen" and value:
                address(value)
            Listening(**{name: value})
        except (ValueError, SpinError) as error:
            raise TraitError(f"Spin.{name} can't be {value!r}: {error}") from None
        return value

    @observe("widgets")
    def _draw_or_not(self, change: Any) -> None:
        if hasattr(self, "desk"):
            self._draw(change["new"])

    @staticmethod
    def _draw(how: Any) -> None:
        from spinlab.widgets.live.place import place

        place.mode = how

    @observe("serve")
    def _serve_or_not(self, change: Any) -> None:
        if hasattr(self, "desk"):
            self.desk.serves = change["new"]

    @observe(*_SWITCHES)
    def _on_or_off(self, change: Any) -> None:
        if hasattr(self, "desk"):
            self.desk.switch(_SWITCHES[change["name"]], change["new"])

    @observe(*_OF_THE_LISTENER)
    def _configure(self, change: Any) -> None:
        """A listener that runs already follows at once."""
        if hasattr(self, "desk"):  # else it was set by a configuration file, while the magics are made
            try:
                self.desk.configure(**{change["name"]: change["new"]})
            except SpinError as error:
                attach(error)
                setattr(self, change["name"], change["old"])
                raise

    @no_var_expand
    @line_cell_magic
    def spin(self, line: str, cell: str | None = None) -> Any:
        """Make a function of the cell (%%spin [LANGUAGE] NAME [options]), or work with the app (%spin VERB ...).

        %%spin --help lists the options of a cell, %spin help the verbs.
        """
        return self._verb(line) if cell is None else self._cell(line, cell)

    @no_var_expand
    @cell_magic
    def spinsql(self, line: str, cell: str) -> Any:
        """Run the cell's SQL statements on a database of the app (%%spinsql [LABEL])."""
        from spinlab.magics.spinsql import SQL, run

        view = cell_view(self.shell, line, cell, "%%spinsql")
        return self._whole(view, SQL, lambda given: run(self.desk, given, cell), "statements that were done stay done")

    @no_var_expand
    @cell_magic
    def spintest(self, line: str, cell: str) -> Any:
        """Keep the cell's requests as tests of the app, and run them (%%spintest)."""
        from spinlab.magics.spintest import TEST, run

        view = cell_view(self.shell, line, cell, "%%spintest")
        return self._whole(view, TEST, lambda given: run(self.desk, given, cell), "tests that were kept stay kept")

    def _whole(self, view: SourceView, command: Command, run: Callable[[Arguments], Any], kept: str) -> Any:
        """Do what a cell with a magic of its own says; `kept` is told when it is interrupted."""
        with interruptible(lambda: kept), reported(view):
            text, begin = magic_line(view)
            given = parse(command, text, begin)
            if "help" in given:
                return self.desk.say(command.help())
            return run(given)

    def _verb(self, line: str) -> Any:
        from spinlab.magics.verbs import VERBS, unknown_verb
        from spinlab.magics.verbs.views import app_view

        view = line_view(self.shell, line)
        given = Arguments()
        with interruptible(lambda: self.desk.after_an_interrupt(given["name"], given["path"])), reported(view):
            text, begin = magic_line(view)
            words = self._words(text, begin)
            if not words:
                return app_view(self.desk)
            first = words[0]
            name = {"--help": "help", "-h": "help"}.get(first.text, first.text)
            if name not in VERBS:
                raise unknown_verb(name, first)
            try:
                given = parse(VERBS[name].command, text, first.end)
                if "help" in given:
                    return self.desk.say(VERBS[name].command.help())
                return VERBS[name].run(self.desk, given)
            except SpinError as error:
                point_at(error, given)
                if VERBS[name].hides:
                    error.unseen += tuple(_values(words))
                raise

    def _words(self, text: str, begin: int) -> list[Word]:
        try:
            return split(text, begin)
        except SpinError as error:
            error.unseen = tuple(hidden.strip() for hidden in _VALUES.findall(text[begin:]))
            raise

    def _cell(self, line: str, cell: str) -> Any:
        from spinlab.magics.cell import CELL, function_of

        view = cell_view(self.shell, line, cell)
        given = Arguments()
        with interruptible(lambda: self.desk.after_an_interrupt(given["name"])), reported(view):
            text, begin = magic_line(view)
            given = parse(CELL, text, begin)
            if "help" in given:
                return self.desk.say(CELL.help())
            function = function_of(given, cell, origin=title(self.shell), first_line=view.offset + 1)
            if not cell.strip() and function.language != "wasm":  # that one says itself what to write
                raise SourceError(
                    "the cell is empty",
                    hint="write the function below the %%spin line; %%spin --help shows the options",
                    location=Location(1, on_magic_line=True),
                )
            from spinlab.magics.registration import left_out, register

            if given["if_here"] and (absent := left_out(function)) is not None:
                return absent
            return register(self.desk, function, given)
