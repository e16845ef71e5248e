"""Calls that can't work: some anywhere in a cell, others only while it is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from spinlab.errors import SourceError
from spinlab.languages.python.advice import CALLS, HOST_MODULES
from spinlab.languages.python.source import Source

_DEFERRED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.GeneratorExp)


def check(source: Source) -> Iterator[SourceError]:
    """What is wrong with the cell's calls."""
    known = _imported(source.tree)
    own = _own_names(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call):
            name = _dotted(node.func, known)
            if name in CALLS and name.partition(".")[0] not in own:
                why, instead = CALLS[name]
                yield SourceError(f"{name}(): {why}", hint=f"instead: {instead}", location=source.at(node))
    yield from _at_import(source, known)


def _own_names(tree: ast.Module) -> set[str]:
    """Names that the cell defines itself, anywhere: what they call is not what the name usually calls."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)}
    names.update(node.arg for node in ast.walk(tree) if isinstance(node, ast.arg))
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return names | {node.name for node in ast.walk(tree) if isinstance(node, definitions)}


def _at_import(source: Source, known: dict[str, str]) -> Iterator[SourceError]:
    functions = {
        node.name: node for node in source.tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    for call in _now(source.tree.body):
        name = _dotted(call.func, known)
        if name == "time.sleep":
            yield SourceError(
                "the cell sleeps while it is imported: each new instance would wait, and nobody would see why",
                hint="take it out, or put it into the handler",
                location=source.at(call),
            )
        found = _host_call(name) or _through(name, functions, known, set())
        if found:
            yield SourceError(
                f"{found}() asks the host while the cell is imported; an official build imports it once, at build "
                "time, where no host answers",
                hint="put the call into the handler",
                location=source.at(call),
            )


def _now(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Calls that run when the statements do: what is inside functions waits."""
    for node in body:
        if isinstance(node, ast.If) and _is_main(node.test):
            continue
        yield from _calls(node)


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        for part in (*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)):
            yield from _calls(part)
        return
    if isinstance(node, _DEFERRED):
        return
    if isinstance(node, ast.Call):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)


def _is_main(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _through(
    name: str, functions: dict[str, ast.FunctionDef | ast.AsyncFunctionDef], known: dict[str, str], seen: set[str]
) -> str:
    """The host call that a function of the cell makes, directly or through others."""
    function = functions.get(name)
    if function is None or name in seen or isinstance(function, ast.AsyncFunctionDef):
        return ""
    seen.add(name)
    for statement in function.body:
        for call in _calls(statement):
            inner = _dotted(call.func, known)
            found = _host_call(inner) or _through(inner, functions, known, seen)
            if found:
                return found
    return ""


def _host_call(name: str) -> str:
    package, _, rest = name.partition(".")
    module, _, function = rest.partition(".")
    # Classes of the SDK have capitals, and making one asks nobody.
    if package == "spin_sdk" and module in HOST_MODULES and function[:1].islower():
        return f"{module}.{function}"
    return ""


def _imported(tree: ast.Module) -> dict[str, str]:
    """Name in the cell -> the dotted name that it was imported as."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else (alias.name.partition(".")[0])
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    """The full name of what is called; empty when it is not a plain name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([known.get(node.id, node.id), *reversed(parts)])
