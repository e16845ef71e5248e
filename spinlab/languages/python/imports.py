"""Check what a cell imports against what the image has."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from spinlab.errors import SourceError
from spinlab.languages.python.advice import C_LIBRARIES, FETCH, refused
from spinlab.languages.python.source import Source, blocks

_GUARDS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")


@dataclass(frozen=True)
class Available:
    """What a cell can import.

    Attributes:
        modules: Modules of the image.
        cells: Names of the ``--module`` cells.
        names: Module of the SDK -> what it offers.
        wasi: The image's version of WASI.
    """

    modules: frozenset[str]
    cells: frozenset[str]
    names: Mapping[str, frozenset[str]]
    wasi: str


@dataclass(frozen=True)
class Import:
    """One module that a cell imports.

    Attributes:
        module: Its dotted name.
        node: The statement.
        names: What is taken from it (``from module import names``); empty for ``import module``.
        late: Whether it is imported inside a function.
        optional: Whether the cell goes on without it, or only a type checker reads it.
    """

    module: str
    node: ast.Import | ast.ImportFrom
    names: tuple[str, ...] = ()
    late: bool = False
    optional: bool = False


def imports(tree: ast.Module) -> list[Import]:
    """Every import of a cell, wherever it stands."""
    return list(_walk(tree.body, late=False, optional=False))


def _walk(body: list[ast.stmt], *, late: bool, optional: bool) -> Iterator[Import]:
    for node in body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node, late=late, optional=optional)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield Import(module, node, tuple(alias.name for alias in node.names), late, optional)
        else:
            inner = late or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            maybe = _is_optional(node)
            for at, block in enumerate(blocks(node)):
                yield from _walk(block, late=inner, optional=optional or (maybe and at == 0))


def _is_optional(node: ast.stmt) -> bool:
    """Whether what stands first in a statement may fail to be imported."""
    if isinstance(node, ast.Try):
        return any(_catches(handler, _GUARDS) for handler in node.handlers)
    return isinstance(node, ast.If) and is_type_checking(node.test)


def _catches(handler: ast.ExceptHandler, names: tuple[str, ...]) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(handler.type))


def is_type_checking(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING`, which is false when the code runs."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def check(source: Source, available: Available) -> Iterator[SourceError]:
    """What is wrong with the cell's imports."""
    for found in imports(source.tree):
        error = None if found.optional else _check(source, found, available)
        if error is not None:
            yield error


def _check(source: Source, found: Import, available: Available) -> SourceError | None:
    where = source.at(found.node)
    if found.module.startswith("."):
        return SourceError(
            "a cell is not part of a package, so it can't import relative to one",
            hint="import a --module cell by its name: import util",
            location=where,
        )
    if found.module in available.cells or found.module.partition(".")[0] == "__future__":
        return None
    for module in (found.module, *(f"{found.module}.{name}" for name in found.names)):
        reason = refused(module)
        if reason is None or module in available.cells or _was_added(module, available):
            continue
        why, instead = reason
        instead = FETCH[available.wasi] if instead == "fetch" else instead
        return SourceError(f"{module} {why}", hint=f"instead: {instead}" if instead else "", location=where)
    if found.module not in available.modules:
        return _absent(source, found, available)
    return _check_names(source, found, available)


def _was_added(module: str, available: Available) -> bool:
    """Whether a module that is usually refused is there all the same: a required package, or a C library of 0.3."""
    added = module.partition(".")[0] not in sys.stdlib_module_names or module in C_LIBRARIES
    return added and module in available.modules


def _absent(source: Source, found: Import, available: Available) -> SourceError:
    top = found.module.partition(".")[0]
    where = source.at(found.node)
    if top in sys.stdlib_module_names:
        near = difflib.get_close_matches(found.module, available.modules | available.cells, 1, 0.8)
        return SourceError(
            f"{found.module} is not among the modules of the standard library that the sandbox has",
            hint=f"is it {near[0]}?" if near else "",
            location=where,
        )
    tops = {name for name in available.modules | available.cells if "." not in name}
    near = difflib.get_close_matches(found.module, available.cells, 1, 0.6)
    near = near or difflib.get_close_matches(found.module, available.modules if "." in found.module else tops, 1, 0.7)
    if top in tops and not near:
        return SourceError(f"{top} has no module {found.module} in the sandbox", location=where)
    hint = f"did you mean {near[0]}? else " if near else ""
    hint += f"a --module cell called {top}, or a pure-Python package: --requires {top}=={_installed(top)}"
    return SourceError(f"there is no module {found.module} in the sandbox", hint=hint, location=where)


def _installed(name: str) -> str:
    try:
        return version(name)
    except (PackageNotFoundError, ValueError):
        return "VERSION"


def _check_names(source: Source, found: Import, available: Available) -> SourceError | None:
    known = available.names.get(found.module)
    if known is None:
        return None
    for name in found.names:
        if name == "*" or name in known or f"{found.module}.{name}" in available.modules:
            continue
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else ""
        if found.module == "spin_sdk.http" and name in ("Handler", "IncomingHandler"):
            other = "0.3" if available.wasi == "0.2" else "0.2"
            hint = f"{name} is in the SDK for WASI {other}: add --wasi {other}"
        return SourceError(f"{found.module} has no {name}", hint=hint, location=source.at(found.node))
    return None
