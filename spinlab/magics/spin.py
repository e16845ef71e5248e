"""The magics themselves: ``%%spin`` and ``%spin``."""

from __future__ import annotations

import sys
from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class, no_var_expand
from traitlets import Bool, TraitError, Unicode, observe, validate

from spinlab.errors import Location, SourceError, SpinError
from spinlab.magics.desk import Desk
from spinlab.magics.options import parse
from spinlab.magics.quantities import address
from spinlab.magics.reporting import point_at, reported
from spinlab.magics.source import cell_view, line_view, magic_line, title
from spinlab.magics.words import split


@magics_class
class Spin(Magics):
    """What ``%config Spin`` sets, and the two magics."""

    listen = Unicode(
        "", help="Where the listener answers, such as 127.0.0.1:8080; empty for port 3000 or the next free."
    ).tag(config=True)
    serve = Bool(True, help="Start the listener with the first function.").tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self.desk = Desk(shell, self.listen)

    @validate("listen")
    def _is_address(self, proposal: Any) -> str:
        try:
            return address(proposal["value"]) if proposal["value"] else ""
        except ValueError as error:
            raise TraitError(f"Spin.listen can't be {proposal['value']!r}: {error}") from None

    @observe("listen")
    def _move(self, change: Any) -> None:
        """A listener that runs already moves to the new address."""
        if not hasattr(self, "desk"):
            return  # set by a configuration file, while the magics are made
        self.desk.listen = change["new"]
        if "spinlab.session" in sys.modules:
            if self.desk.session.server is not None:
                self.desk.listen_at(change["new"])
            else:
                self.desk.session.listen = change["new"] or None

    @no_var_expand
    @line_cell_magic
    def spin(self, line: str, cell: str | None = None) -> Any:
        """Make a function of the cell (%%spin [LANGUAGE] NAME [options]), or work with the app (%spin VERB ...).

        %%spin --help lists the options of a cell, %spin help the verbs.
        """
        return self._verb(line) if cell is None else self._cell(line, cell)

    def _verb(self, line: str) -> Any:
        from spinlab.magics.verbs import VERBS, unknown_verb
        from spinlab.magics.verbs.views import overview

        view = line_view(self.shell, line)
        with reported(view):
            text, begin = magic_line(view)
            words = split(text, begin)
            if not words:
                return overview(self.desk)
            first = words[0]
            name = {"--help": "help", "-h": "help"}.get(first.text, first.text)
            if name not in VERBS:
                raise unknown_verb(name, first)
            given = parse(VERBS[name].command, text, first.end)
            if "help" in given:
                return self.desk.say(VERBS[name].command.help())
            try:
                return VERBS[name].run(self.desk, given)
            except SpinError as error:
                point_at(error, given)
                raise

    def _cell(self, line: str, cell: str) -> Any:
        from spinlab.magics.cell import CELL, function_of

        view = cell_view(self.shell, line, cell)
        with reported(view):
            text, begin = magic_line(view)
            given = parse(CELL, text, begin)
            if "help" in given:
                return self.desk.say(CELL.help())
            function = function_of(given, cell, origin=title(self.shell), first_line=view.offset + 1)
            if not cell.strip():
                raise SourceError(
                    "the cell is empty",
                    hint="write the function below the %%spin line; %%spin --help shows the options",
                    location=Location(1, on_magic_line=True),
                )
            from spinlab.magics.registration import register

            return register(self.desk, function, given, serve=self.serve)
