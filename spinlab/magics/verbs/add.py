"""The verb that makes a function of a ready component: add."""

from __future__ import annotations

from pathlib import Path

from spinlab.errors import ComponentError
from spinlab.magics.cell import OPTIONS, function_of
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional, closest
from spinlab.magics.registration import register
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display

LARGEST = 1 << 30
"""Bytes of a file that is read at all; a large component has a tenth of it."""

_TEXT = (".wat", ".wast")


def add(desk: Desk, given: Arguments) -> Display:
    """Make a function of a component's file, or replace it."""
    if given["source"] is None:
        raise given.refuse("name", "the file is missing", f"%spin add {given['name']} --source FILE.wasm")
    path = Path(given["source"]).expanduser()
    component = _component(given, path)
    function = function_of(given, component, origin=path.name, first_line=1, language_name="wasm")
    try:
        return register(desk, function, given)
    except ComponentError as error:
        word = given.word("source")
        if error.location is None and word is not None:
            error.location = word.location
        raise


def _component(given: Arguments, path: Path) -> bytes:
    """The bytes of the file.

    Raises:
        OptionError: It can't be read, or is text; points at its name.
    """
    shown = given["source"]
    if path.suffix.lower() in _TEXT:
        raise given.refuse("source", f"{shown} is WebAssembly text", f"put it into a cell: %%spin wat {given['name']}")
    if not path.exists():
        raise given.refuse("source", f"there is no file {shown!r}", _nearby(path))
    if not path.is_file():
        raise given.refuse("source", f"{shown} is not a file", _nearby(path / "x"))
    try:
        if path.stat().st_size > LARGEST:
            raise given.refuse("source", f"{shown} is too large for a component", "components have a few megabytes")
        return path.read_bytes()
    except OSError as error:
        raise given.refuse("source", f"{shown} can't be read: {error.strerror or error}") from None


def _nearby(path: Path) -> str:
    """Which file was most likely meant."""
    folder = path.parent
    here = sorted(p.name for p in folder.glob("*.wasm")) if folder.is_dir() else []
    near = closest(path.name, here)
    if near:
        return f"did you mean {folder / near}?"
    where = "a path is relative to the notebook"
    return f"there are: {', '.join(str(folder / n) for n in here[:5])}" if here else where


VERBS = (
    verb(
        "add",
        "Make a function of a ready .wasm component; adding it again replaces it.",
        add,
        group="in and out",
        takes=(Positional("NAME", "The function's name, in kebab or snake case."),),
        options=(Option(("--source",), "The component's file.", "FILE.wasm"), *OPTIONS),
        completes={"name": "function"},
    ),
)
