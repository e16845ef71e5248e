"""Cells that are only code: `handle` and what belongs to it, put into a frame that makes a component of them.

``frame.wat`` is the rest of the component. A cell may call the functions of `HELPERS`; a text is two numbers, where it
is in memory and how long it is, so that what one gives another one takes: ``(call $respond (i32.const 200) (call
$path))``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Final, NamedTuple

from spinlab.engine import binary, fault, wat_to_wasm
from spinlab.errors import ComponentError, SourceError
from spinlab.function import Function
from spinlab.languages.wat import positions
from spinlab.languages.wat.text import Form, place
from spinlab.toolchains.diagnostics import Diagnostic, fail


class Helper(NamedTuple):
    """A function that a cell may call.

    Attributes:
        name: Without its ``$``.
        takes, gives: Names of its parameters and results, each an i32.
        about: What it does.
    """

    name: str
    takes: str
    gives: str
    about: str

    @property
    def declaration(self) -> str:
        """As it is imported."""
        types = [f"({kind}{' i32' * len(names.split())})" for kind, names in self._both if names]
        return f'(import "spin" "{self.name}" (func ${self.name} {" ".join(types)}))'

    @property
    def _both(self) -> tuple[tuple[str, str], ...]:
        return ("param", self.takes), ("result", self.gives)


HELPERS: Final = (
    Helper("respond", "status at length", "", "begins the response: its status and first (or all) bytes"),
    Helper("header", "name length value length", "", "adds a response header, before $respond"),
    Helper("write", "at length", "", "sends more of the body"),
    Helper("method", "", "at length", "the request's method"),
    Helper("path", "", "at length", "its path, without the query"),
    Helper("query", "", "at length", "what stands behind the question mark"),
    Helper("param", "name length", "at length", "the parameter :name of the route"),
    Helper("request_header", "name length", "at length", "the first header of that name; 0 0 when there is none"),
    Helper("body", "", "at length", "the request's body"),
    Helper("log", "at length", "", "writes to the log"),
    Helper("number", "at length", "value", "the number that a text begins with"),
    Helper("text", "value", "at length", "a number as text"),
)

PAGES: Final = 17
"""Of memory: the first 16 are the cell's."""

_BEFORE: Final = "(module " + " ".join(h.declaration for h in HELPERS) + f' (import "memory" "memory" (memory {PAGES}))'
_AFTER: Final = '(func (export "handle") (call $handle)))'
_PLACE: Final = re.compile(r"<anon>:(\d+):(\d+)")
_UNKNOWN: Final = re.compile(r"unknown (\w+): failed to find name `(\$[^`]*)`")
_WITHOUT_HANDLE: Final = "write (func $handle ... (call $respond (i32.const 200) ...)), or a whole (component ...)"


def assemble(function: Function, text: str, forms: Form) -> bytes:
    """The component of a cell's code.

    Raises:
        SourceError: It can't be assembled or is not valid; points into the cell.
    """
    _check(text, forms)
    module = _module(function, text, forms)
    wrong = fault(module)
    if wrong is not None:
        raise _invalid(function, text, forms, module, *wrong)
    return binary.splice(_frame(), [module])  # with its names, which tell what is what when one looks inside


@lru_cache(maxsize=1)
def _frame() -> bytes:
    text = Path(__file__).with_name("frame.wat").read_text(encoding="utf-8")
    return binary.strip_custom(wat_to_wasm(text))


def _check(text: str, forms: Form) -> None:
    for item in forms.items:
        if not isinstance(item, Form):
            raise SourceError(
                f"{item.text[:40]} stands outside of parentheses",
                hint="a cell is made of forms such as (func ...) and (data ...)",
                location=place(text, item.at, len(item.text)),
            )
        if item.head == "memory":
            raise SourceError(
                "there is a memory already",
                hint="its first MiB, addresses 0 to 1048575, is yours; memory.grow gives more",
                location=place(text, item.at, item.end - item.at + 1),
            )
        if item.head == "import" or next(item.forms("import"), None) is not None:
            names = ", ".join(f"${helper.name}" for helper in HELPERS)
            raise SourceError(
                "nothing can be imported here",
                hint=f"what can be called is {names}; a whole (component ...) may import what it likes",
                location=place(text, item.at, item.end - item.at + 1),
            )
    if not any(form.head == "func" and form.name == "$handle" for form in forms.forms()):
        raise SourceError("there is no (func $handle ...)", hint=_WITHOUT_HANDLE)


def _module(function: Function, text: str, forms: Form) -> bytes:
    try:
        return wat_to_wasm(f"{_BEFORE}\n{text}\n{_AFTER}")
    except ComponentError as error:
        message = str(error).splitlines()[0].strip()
        found = _PLACE.search(str(error))
        line, column = (int(found[1]) - 1, int(found[2])) if found else (None, None)
        one = Diagnostic(f"the WAT can't be assembled: {message}", line, column)
        unknown = _UNKNOWN.search(message)
        if unknown is not None and column is not None:
            one = replace(one, end_column=column + len(unknown[2]), hint=_meant(unknown[1], unknown[2], forms))
        raise fail(function, [one], str(error), tool="the assembler") from None


def _meant(kind: str, name: str, forms: Form) -> str:
    own = [form.name for form in forms.forms(kind) if form.name]
    known = [*own, *(f"${helper.name}" for helper in HELPERS)] if kind == "func" else own
    near = get_close_matches(name, known, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return "there are: " + ", ".join(known) if known and kind == "func" else ""


def _invalid(function: Function, text: str, forms: Form, module: bytes, message: str, offset: int) -> SourceError:
    functions = list(forms.forms("func"))
    at = positions.index_of(module, offset, functions)
    if at is None:
        handle = next(form for form in functions if form.name == "$handle")
        fits = not any(handle.forms("param")) and not any(handle.forms("result")) and not any(handle.forms("type"))
        if fits:
            return SourceError(f"the code is not valid: {message}")
        return SourceError(
            "$handle takes no parameters and gives no result",
            hint="what it takes is asked for with $path, $param, ...; what it gives is told with $respond",
            location=place(text, handle.at, len("(func $handle")),
        )
    message = message.replace("expected a type but", "expected a value but")
    word = re.compile(r"\(?[^\s()]*").match(text, at)
    end = max(word.end() if word else at, at + 1)
    hints = {
        "nothing on stack": "an instruction takes its values from the stack: put them before it, or into it",
        "values remaining": "drop what is not needed, or give the function a (result ...)",
    }
    hint = next((hint for part, hint in hints.items() if part in message), "")
    return SourceError(f"the code is not valid: {message}", hint=hint, location=place(text, at, end - at))
