"""WAT: WebAssembly's text form. A cell is a whole component, or only the code of one in our frame (`frame`)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final

from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import Build, BuildContext, text_of
from spinlab.languages.wat import frame
from spinlab.languages.wat.text import Form, parse
from spinlab.toolchains.diagnostics import Diagnostic, fail
from spinlab.toolchains.find import Tool
from spinlab.toolchains.wrong_language import wrong_language

_PLACE = re.compile(r"<anon>:(\d+):(\d+)")
_STARTERS: Final = Path(__file__).with_name("starters")
_WHOLE: Final = ("component", "module")
_KEPT, _SHORT = 256, 1 << 16
"""So many texts below so many characters have their component kept: thousands of functions may have the same few."""


class WatLanguage:
    """Assembles the cell's text; needs no tool."""

    name = "wat"
    aliases: tuple[str, ...] = ()
    extension = "wat"
    title = "WebAssembly text"

    def build(self, function: Function, context: BuildContext) -> Build:
        """Assemble; see `spinlab.languages.Language.build`."""
        began = time.perf_counter()
        return Build(assemble(function), seconds=time.perf_counter() - began)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """Spin has no template for WAT; the text stands beside the component."""
        return None

    def starter(self, template: str = "http") -> str:
        """A cell to begin with: ``http`` is code in our frame, ``component`` the same as a whole component.

        Raises:
            OptionError: There is none of that kind.
        """
        if template not in ("http", "component"):
            raise OptionError(
                f"WAT has no starter {template!r}",
                hint="there are http, which is only code, and component, which says everything itself",
            )
        return (_STARTERS / f"{template}.wat").read_text(encoding="utf-8")

    def tools(self) -> tuple[Tool, ...]:
        """None is needed."""
        return ()


def assemble(function: Function) -> bytes:
    """The component, or core module, that a cell stands for.

    Raises:
        SourceError: It can't be assembled; points into the cell.
    """
    text = text_of(function).removeprefix("\ufeff")
    if not text.strip():
        raise SourceError("the cell is empty", hint="write a (func $handle ...), or a whole (component ...)")
    try:
        cell = _Cell(text, function)
        return _assembled(cell) if len(text) < _SHORT else _assembled.__wrapped__(cell)
    except ComponentError as error:
        raise _located(function, str(error)) from None
    except SourceError as error:
        other = wrong_language(text, "wat")
        if other is not None:
            error.hint = f"this looks like {other.title}; begin the cell with %%spin {other.name} {function.name}"
        raise


@dataclass(frozen=True)
class _Cell:
    """A text, and the function that it belongs to, which only errors name."""

    text: str
    function: Function = field(compare=False)


@lru_cache(maxsize=_KEPT)
def _assembled(cell: _Cell) -> bytes:
    forms = parse(cell.text)
    first = next((item for item in forms.items), None)
    if isinstance(first, Form) and first.head in _WHOLE:
        return wat_to_wasm(cell.text)
    return frame.assemble(cell.function, cell.text, forms)


def _located(function: Function, message: str) -> Exception:
    found = _PLACE.search(message)
    first = message.splitlines()[0].split("Caused by")[0].strip().rstrip(":")
    line, column = (int(found[1]), int(found[2])) if found else (None, None)
    hint = "the text must be one (component ...) or (module ...), or only code with a (func $handle ...)"
    one = Diagnostic(f"the WAT can't be assembled: {first}", line, column, hint=hint)
    return fail(function, [one], message, tool="the assembler")


LANGUAGE = WatLanguage()
