"""What ``%load_ext spinlab`` puts into a shell, and ``%unload_ext`` takes out again."""

from __future__ import annotations

import sys
from typing import Any

from spinlab.magics.completion import Completion
from spinlab.magics.source import keep_bodies_exact
from spinlab.magics.spin import Spin

_RESPONSE = ("spinlab.http", "Response")


class Extension:
    """The parts of spinlab in one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.spin = Spin(shell)
        self.completion = Completion(self.spin.desk)

    def register(self) -> None:
        """Put everything in."""
        shell = self.shell
        shell.register_magics(self.spin)  # `Magics` has made itself known to %config already
        shell.input_transformers_cleanup.insert(0, keep_bodies_exact)
        shell.display_formatter.mimebundle_formatter.for_type_by_name(*_RESPONSE, self._show_response)
        if shell.Completer is not None:
            shell.Completer.custom_matchers.append(self.completion.matcher)

    def unregister(self) -> None:
        """Take everything out, and stop the listener."""
        shell = self.shell
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("spin", None)
        shell.magics_manager.registry.pop(Spin.__name__, None)
        shell.configurables[:] = [c for c in shell.configurables if c is not self.spin]
        transformers = shell.input_transformers_cleanup
        transformers[:] = [t for t in transformers if t is not keep_bodies_exact]
        self._forget_formatter()
        if shell.Completer is not None:
            matchers = shell.Completer.custom_matchers
            matchers[:] = [m for m in matchers if m is not self.completion.matcher]
        if "spinlab.session" in sys.modules:
            self.spin.desk.session.stop_server()

    def _forget_formatter(self) -> None:
        from spinlab.http import Response

        formatter = self.shell.display_formatter.mimebundle_formatter
        for known in (Response, ".".join(_RESPONSE)):
            formatter.pop(known, None)

    def _show_response(self, answer: Any, include: Any = None, exclude: Any = None) -> Any:
        """A `Response` displays itself, with tracebacks in the lines of the cells."""
        from spinlab.widgets.response import response

        functions = self.spin.desk.functions if "spinlab.session" in sys.modules else {}
        return response(answer, functions)._repr_mimebundle_()
