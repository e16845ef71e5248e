"""Which handler of a trigger's messages a cell defines: the short form, or the class of the trigger's world."""

from __future__ import annotations

import ast
from typing import Final

from spinlab.errors import Location, SourceError
from spinlab.images.worlds import WORLDS, World
from spinlab.languages.python.handlers import CLASS, Form, bindings, check_function, from_sdk, several, width_of
from spinlab.languages.python.source import Source

SHORT: Final = "def handle(message):"


def find(source: Source, trigger: str, wasi: str, first_line: int = 1) -> Form:
    """The form of the one handler that the cell defines.

    Parameters:
        source: The cell.
        trigger: Whose messages it takes.
        wasi: The version of its image.
        first_line: The line of the cell that the source begins on.

    Raises:
        SourceError: There is none, there are several, or it does not fit the trigger.
    """
    world = WORLDS[trigger, wasi]
    bound = list(bindings(source.tree.body))
    found = [(name, node) for name, node in bound if name in ("handle", world.handler) and not from_sdk(node)]
    if not found:
        if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for _, node in bound):
            return "handle"
        raise _missing(source, bound, world, trigger, wasi)
    if len({name for name, _ in found}) > 1:
        raise several(source, found, first_line)
    name, node = found[-1]
    if name == "handle":
        check_function(source, node, "message")
    elif isinstance(node, ast.ClassDef):
        _check_class(source, node, world, wasi)
    return name


def _missing(source: Source, bound: list[tuple[str, ast.stmt]], world: World, trigger: str, wasi: str) -> SourceError:
    write = f"write {SHORT} or class {world.handler}"
    others = {w.handler: of for (of, at), w in WORLDS.items() if (of, at) != (trigger, wasi)}
    for name, node in bound:
        if not isinstance(node, ast.ClassDef):
            continue
        if name in CLASS.values():
            return SourceError(
                f"class {name} answers requests, and this function is started by --{trigger}",
                hint=f"{write}, or take --{trigger} away",
                location=source.at(node, f"does not fit --{trigger}", width=width_of(node)),
            )
        if name in others:
            other = next(((of, at) for (of, at), w in WORLDS.items() if w.handler == name and of == trigger), None)
            instead = f"--wasi {other[1]}" if other else f"--{others[name]}"
            return SourceError(
                f"class {name} does not take the messages of --{trigger} on WASI {wasi}",
                hint=f"{write}, or add {instead}",
                location=source.at(node, f"needs {instead}", width=width_of(node)),
            )
    functions = [node for _, node in bound if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    if len(functions) == 1:
        return SourceError(
            f"the cell defines no handler; is it {functions[0].name}?",
            hint=f"call it handle: {SHORT}",
            location=source.at(functions[0], "call it handle", width=width_of(functions[0])),
        )
    return SourceError("the cell defines no handler", hint=write, location=Location(1))


def _check_class(source: Source, node: ast.ClassDef, world: World, wasi: str) -> None:
    methods = {n.name: n for n in node.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))}
    method = methods.get(world.method)
    waits = "async " if wasi == "0.3" else ""
    line = f"{waits}def {world.method}(self, {world.argument})"
    if method is None:
        if node.bases and all(_ends(base) == world.handler for base in node.bases):
            raise SourceError(
                f"class {node.name} has no method {world.method}",
                hint=f"write {line}",
                location=source.at(node, width=width_of(node)),
            )
        return
    if isinstance(method, ast.AsyncFunctionDef) != bool(waits):
        rule = "must be async" if waits else "can't be async"
        raise SourceError(
            f"{world.method} of {node.name} {rule} on WASI {wasi}",
            hint=f"write {line}, or async {SHORT}",
            location=source.at(method, width=width_of(method)),
        )
    arguments = method.args
    taken = len([*arguments.posonlyargs, *arguments.args])
    required = taken - len(arguments.defaults)
    given = 1 + len(world.argument.split(", "))
    if (taken < given and not arguments.vararg) or required > given:
        raise SourceError(
            f"{world.method} is called with self, {world.argument}",
            hint=f"write {line}",
            location=source.at(method, width=width_of(method)),
        )


def _ends(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
