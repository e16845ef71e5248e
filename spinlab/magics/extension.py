"""What ``%load_ext spinlab`` puts into a shell, and ``%unload_ext`` takes out again."""

from __future__ import annotations

import sys
from typing import Any

from spinlab.magics.desk import Desk
from spinlab.magics.front import Front
from spinlab.magics.source import keep_bodies_exact
from spinlab.magics.spin import Spin

_SHOWN = {("spinlab.http", "Response"): "response"}
"""Types that show more here than they do by themselves -> the method of `Showing` that does it."""


class Extension:
    """The parts of spinlab in one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.spin = Spin(shell)
        self.front = Front(self.spin.desk)
        self.matcher = _matcher(self.spin.desk) if shell.Completer is not None else None

    def register(self) -> None:
        """Put everything in."""
        shell = self.shell
        shell.register_magics(self.spin)  # `Magics` has made itself known to %config already
        shell.input_transformers_cleanup.insert(0, keep_bodies_exact)
        showing = Showing(self.spin.desk)
        for (module, name), how in _SHOWN.items():
            shell.display_formatter.mimebundle_formatter.for_type_by_name(module, name, getattr(showing, how))
        if self.matcher is not None:
            shell.Completer.custom_matchers.append(self.matcher)
        self.front.register()

    def unregister(self) -> None:
        """Take everything out, and stop the listener."""
        shell = self.shell
        self.front.unregister()
        for kind, name in (("line", "spin"), ("cell", "spin"), ("cell", "spinsql"), ("cell", "spintest")):
            shell.magics_manager.magics[kind].pop(name, None)
        shell.magics_manager.registry.pop(Spin.__name__, None)
        shell.configurables[:] = [c for c in shell.configurables if c is not self.spin]
        transformers = shell.input_transformers_cleanup
        transformers[:] = [t for t in transformers if t is not keep_bodies_exact]
        self._forget_formatters()
        if self.matcher is not None:
            matchers = shell.Completer.custom_matchers
            matchers[:] = [m for m in matchers if m is not self.matcher]
        if "spinlab.session" in sys.modules:
            self.spin.desk.session.stop_server()

    def _forget_formatters(self) -> None:
        formatter = self.shell.display_formatter.mimebundle_formatter
        for module, name in _SHOWN:
            for known in (getattr(sys.modules.get(module), name, None), f"{module}.{name}"):
                if known is not None:
                    formatter.pop(known, None)


def _matcher(desk: Desk) -> Any:
    """The completion's matcher; None in an IPython that has no such matchers yet (before 8.6)."""
    try:
        from spinlab.magics.completion import Completion
    except ImportError:
        return None
    return Completion(desk).matcher


class Showing:
    """How values of ours display themselves in this shell."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def response(self, answer: Any, include: Any = None, exclude: Any = None) -> Any:
        """A response by its content type, with tracebacks in the lines of the cells."""
        from spinlab.widgets.response import response

        functions = self.desk.functions if "spinlab.session" in sys.modules else {}
        return response(answer, functions)._repr_mimebundle_()
