"""Everything that is checked when a Python cell is registered."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from spinlab.errors import SourceError
from spinlab.function import Function
from spinlab.languages import text_of
from spinlab.languages.python import calls, handlers, imports, message_handlers, names
from spinlab.languages.python.handlers import Form
from spinlab.languages.python.imports import Available, Import
from spinlab.languages.python.source import Source, parse

_OURS = ("message", "message_handler", "short", "short_handler", "timers", "trigger")
RESERVED = frozenset({"app", "main", "spin_sdk", "wit_world", *_OURS})
"""Module names that are taken, in an image or in an official project."""


@dataclass(frozen=True)
class Checked:
    """A cell that passed.

    Attributes:
        source: It, parsed.
        form: Its handler's form; None for a module.
        uses: The ``--module`` cells that it imports, by import name.
        late: Modules of the image that it imports inside functions.
    """

    source: Source
    form: Form | None
    uses: tuple[str, ...]
    late: tuple[str, ...]


def import_name(name: str) -> str:
    """The name by which other cells import a ``--module`` function."""
    return name.replace("-", "_")


def check(
    function: Function,
    python: tuple[int, int],
    available: Available,
    notebook: frozenset[str] = frozenset(),
    cells: Mapping[str, Function] | None = None,
) -> Checked:
    """Check a cell.

    Parameters:
        python: The version that will run it.
        available: What it can import.
        notebook: Names that live in the notebook.
        cells: Import name -> ``--module`` function.

    Raises:
        SourceError: The first thing that is wrong, in the order of the cell.
    """
    source = parse(text_of(function), f"{function.name}.py", python, module=function.module)
    found = [*imports.check(source, available), *calls.check(source)]
    found += _undefined(source, python, available, notebook, cells or {})
    found.sort(key=lambda error: (error.location.line, error.location.column or 0) if error.location else (0, 0))
    if found:
        first, *more = found
        places = [f"line {e.location.line}: {e.message}" for e in more if e.location]
        first.details = "\n".join(places)
        raise first
    form = None if function.module else _form(source, function)
    taken = imports.imports(source.tree)
    return Checked(source, form, _uses(taken, available), _late(taken, available))


def _form(source: Source, function: Function) -> Form:
    trigger = next(iter(function.triggers), "")
    if trigger:
        return message_handlers.find(source, trigger, function.wasi, function.first_line)
    return handlers.find(source, function.wasi, function.first_line)


def _undefined(
    source: Source,
    python: tuple[int, int],
    available: Available,
    notebook: frozenset[str],
    cells: Mapping[str, Function],
) -> Iterator[SourceError]:
    for node in names.undefined(source.tree, python):
        name = node.id
        where = source.at(node)
        owner = _module_with(name, cells)
        if name in names.NOTEBOOK_BUILTINS:
            yield SourceError(
                f"`{name}` belongs to the notebook, not to the sandbox",
                hint="print() goes to the function's log; what handle returns is shown by its type",
                location=where,
            )
        elif owner:
            yield SourceError(
                f"`{name}` is defined in the module cell {owner}", hint=f"from {owner} import {name}", location=where
            )
        elif name in available.modules or name in available.cells:
            yield SourceError(f"`{name}` is not imported in the cell", hint=f"import {name}", location=where)
        elif name in notebook:
            yield SourceError(
                f"`{name}` is defined in the notebook, not in the sandbox",
                hint="put it into the cell, or into a --module cell and import it",
                location=where,
            )
        else:
            close = difflib.get_close_matches(name, _visible(source.tree), 1, 0.75)
            hint = f"did you mean {close[0]}?" if close else "define it in the cell, or import it"
            yield SourceError(f"`{name}` is not defined", hint=hint, location=where)


def _visible(tree: ast.Module) -> set[str]:
    """Names worth suggesting."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    bound.update(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    return bound | {name for name, _ in handlers.bindings(tree.body)} | names.BUILTINS


def _module_with(name: str, cells: Mapping[str, Function]) -> str:
    """The ``--module`` cell that defines `name`."""
    for module, function in cells.items():
        try:
            tree = ast.parse(text_of(function))
        except (SyntaxError, ValueError, SourceError):
            continue
        if any(
            isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Assign)) and bound == name
            for bound, node in handlers.bindings(tree.body)
        ):
            return module
    return ""


def _uses(taken: list[Import], available: Available) -> tuple[str, ...]:
    found = {name for one in taken for name in (one.module, one.module.partition(".")[0]) if name in available.cells}
    return tuple(sorted(found))


def _late(taken: list[Import], available: Available) -> tuple[str, ...]:
    early = {one.module for one in taken if not one.late}
    late: set[str] = set()
    for one in taken:
        if one.late:
            inner = (f"{one.module}.{name}" for name in one.names)
            late.update(name for name in (one.module, *inner) if name in available.modules)
    return tuple(sorted(late - early))
