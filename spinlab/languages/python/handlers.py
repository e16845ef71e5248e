"""Which handler a cell defines, and in which of its three forms."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from spinlab.errors import Location, SourceError
from spinlab.images.worlds import WORLDS
from spinlab.languages.python.source import Source, blocks

Form: TypeAlias = str
"""The name that the cell defines."""

FORMS: Final = ("handle", "IncomingHandler", "HttpHandler")
CLASS = {"0.2": "IncomingHandler", "0.3": "HttpHandler"}
OTHER = {"0.2": "0.3", "0.3": "0.2"}
_SHORT = "def handle(request):"
_ALIKE = ("handler", "main", "handle_request", "lambda_handler", "run", "app", "index", "get", "fetch")


def find(source: Source, wasi: str, first_line: int = 1) -> Form:
    """The form of the one handler that the cell defines.

    Parameters:
        source: The cell.
        wasi: The version of its image.
        first_line: The line of the cell that the source begins on.

    Raises:
        SourceError: There is none, there are several, or it is of the other WASI's form.
    """
    bound = list(bindings(source.tree.body))
    stars = any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for _, node in bound)
    found = [(name, node) for name, node in bound if name in FORMS and not from_sdk(node)]
    if not found:
        if stars:
            return "handle"
        raise _missing(source, bound, wasi)
    kinds = {name for name, _ in found}
    direct = [node for name, node in found if node in source.tree.body]
    if len(kinds) > 1 or len(direct) > 1:
        raise several(source, found, first_line)
    name, node = found[-1]
    _check(source, name, node, wasi)
    return name


def several(source: Source, found: Sequence[tuple[str, ast.stmt]], first_line: int) -> SourceError:
    """The error for more than one handler, with the lines of the cell that the first two are on."""
    lines = " and ".join(f"{name} (line {node.lineno + first_line - 1})" for name, node in found[:2])
    return SourceError(
        f"the cell defines several handlers: {lines}",
        hint="keep one: one cell is one function; another handler is another cell",
        location=source.at(found[1][1], "the second one", width=width_of(found[1][1])),
    )


def bindings(body: Sequence[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Every name that the statements bind in their own scope, with the statement; ``*`` for a star import."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], node
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (part for target in targets for part in ast.walk(target) if isinstance(part, ast.Name))
            yield from ((name.id, node) for name in names)
        else:
            for block in blocks(node):
                yield from bindings(block)


def from_sdk(node: ast.stmt) -> bool:
    """Whether a statement only imports from the SDK."""
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "spin_sdk"


def width_of(node: ast.AST) -> int | None:
    """Columns of ``def name`` or ``class name``, so that a caret stands under the head and not under the body."""
    if isinstance(node, ast.FunctionDef):
        return len("def ") + len(node.name)
    if isinstance(node, ast.AsyncFunctionDef):
        return len("async def ") + len(node.name)
    return len("class ") + len(node.name) if isinstance(node, ast.ClassDef) else None


def _missing(source: Source, bound: list[tuple[str, ast.stmt]], wasi: str) -> SourceError:
    wanted = CLASS[wasi]
    for name, node in bound:
        trigger = next((trigger for (trigger, _), world in WORLDS.items() if world.handler == name), "")
        if trigger and isinstance(node, ast.ClassDef):
            return _of_messages(source, node)
        if isinstance(node, ast.ClassDef) and any(_ends(base) in _BASES for base in node.bases):
            return SourceError(
                f"the cell's handler class is called {name}",
                hint=f"Spin looks for the name {wanted}: class {wanted}(...)",
                location=source.at(node, f"call it {wanted}", width=width_of(node)),
            )
    functions = {n: node for n, node in bound if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))}
    close = [n for n in _ALIKE if n in functions] or difflib.get_close_matches("handle", functions, 1, 0.75)
    if not close and len(functions) == 1:
        close = list(functions)
    if close:
        node = functions[close[0]]
        return SourceError(
            f"the cell defines no handler; is it {close[0]}?",
            hint=f"call it handle: {_SHORT}; for code that other cells import add --module",
            location=source.at(node, "call it handle", width=width_of(node)),
        )
    return SourceError(
        "the cell defines no handler",
        hint=f"write {_SHORT} or class {wanted}; for code that other cells import add --module",
        location=Location(1),
    )


def _of_messages(source: Source, node: ast.ClassDef) -> SourceError:
    methods = {n.name for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
    meant = [trigger for (trigger, _), world in WORLDS.items() if world.handler == node.name]
    named = [trigger for (trigger, _), world in WORLDS.items() if trigger in meant and world.method in methods]
    options = " or ".join(f"--{trigger}" for trigger in dict.fromkeys(named or meant))
    return SourceError(
        f"class {node.name} takes messages, and this function has no trigger that sends any",
        hint=f"add {options} to the %%spin line, or write {_SHORT} for requests",
        location=source.at(node, f"needs {options}", width=width_of(node)),
    )


_BASES = ("IncomingHandler", "Handler", "HttpHandler")


def _ends(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _check(source: Source, form: Form, node: ast.stmt, wasi: str) -> None:
    if form == "handle":
        check_function(source, node, "request")
        return
    if form != CLASS[wasi]:
        other = OTHER[wasi]
        raise SourceError(
            f"class {form} is the form of WASI {other}, and this function runs on WASI {wasi}",
            hint=f"add --wasi {other}, or write class {CLASS[wasi]}, or {_SHORT}, which runs on both",
            location=source.at(node, f"needs --wasi {other}", width=width_of(node)),
        )
    if isinstance(node, ast.ClassDef):
        _check_class(source, form, node)


def _check_class(source: Source, form: Form, node: ast.ClassDef) -> None:
    methods = {n.name: n for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
    method = methods.get("handle_request")
    if method is None:
        own = {"IncomingHandler", "Handler"}
        if "handle" not in methods and node.bases and all(_ends(base) in own for base in node.bases):
            raise SourceError(
                f"class {form} has no method handle_request",
                hint="write "
                + ("async " if form == "HttpHandler" else "")
                + "def handle_request(self, request) and return a Response",
                location=source.at(node, width=width_of(node)),
            )
        return
    if form == "IncomingHandler" and isinstance(method, ast.AsyncFunctionDef):
        raise SourceError(
            "handle_request of IncomingHandler can't be async: the SDK for WASI 0.2 does not wait for it",
            hint="drop async, or write async def handle(request), or class HttpHandler with --wasi 0.3",
            location=source.at(method, width=width_of(method)),
        )
    if form == "HttpHandler" and isinstance(method, ast.FunctionDef):
        raise SourceError(
            "handle_request of HttpHandler must be async: the SDK for WASI 0.3 awaits it",
            hint="write async def handle_request(self, request)",
            location=source.at(method, width=width_of(method)),
        )


def check_function(source: Source, node: ast.stmt, what: str) -> None:
    """Let a short form pass.

    Parameters:
        what: What it is called with.

    Raises:
        SourceError: It can't be called with one argument.
    """
    short = f"def handle({what}):"
    if isinstance(node, ast.ClassDef):
        raise SourceError(
            f"handle is a class; it is called with the {what} and must be a function",
            hint=f"write {short}",
            location=source.at(node, width=width_of(node)),
        )
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.decorator_list:
        return
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    named = [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    if (not positional and not arguments.vararg) or required > 1 or named:
        count = required + len(named)
        raise SourceError(
            f"handle takes {count or 'no'} argument{'' if count == 0 else 's'}; it is called with one, the {what}",
            hint=f"write {short}",
            location=source.at(node, width=width_of(node)),
        )
