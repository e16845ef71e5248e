"""Take an ordinary Python function for a cell: its source, without what is around it."""

from __future__ import annotations

import ast
import builtins
import dis
import inspect
import io
import re
import tokenize
from collections.abc import Callable
from types import FunctionType
from typing import Any

from spinlab.errors import Location, SourceError

HANDLER = "handle"


def source_of(function: Callable[..., Any]) -> tuple[str, int, str]:
    """The source that makes a function of any name the handler, its first line, and the file it stands in.

    Decorators down to spinlab's own are left out, the rest stays. First line and file are those of the definition.

    Raises:
        SourceError: There is no source, it is no plain function, or it uses names from around it.
    """
    plain = inspect.unwrap(function)
    if not isinstance(plain, FunctionType):
        raise SourceError(
            f"{type(function).__name__} is not a plain function", hint="decorate one that def or async def made"
        )
    try:
        lines, begin = inspect.getsourcelines(plain)
        file = inspect.getsourcefile(plain) or ""
    except (OSError, TypeError):
        raise SourceError(
            f"the source of {plain.__name__} can't be found", hint="define it in a cell or a file, not with exec"
        ) from None
    text, skipped = _undecorated(dedent("".join(lines)), plain.__name__)
    _refuse_outside(plain, text)
    if plain.__name__ != HANDLER:
        text += f"\n\n{HANDLER} = {plain.__name__}\n"
    return text, begin + skipped, file


def _undecorated(text: str, name: str) -> tuple[str, int]:
    """The text from the first line that stays, and how many lines went."""
    try:
        node = ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        node = ast.Pass()
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or node.name != name:
        raise SourceError(f"{name} is not a def of its own", hint="a lambda has no source to take: write a def")
    ours = [at for at, decorator in enumerate(node.decorator_list) if _is_ours(decorator)]
    kept = node.decorator_list[ours[-1] + 1 if ours else 0 :]
    first = kept[0].lineno if kept else node.lineno
    return "".join(text.splitlines(keepends=True)[first - 1 :]), first - 1


def _is_ours(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""
    return name == "function"


def dedent(text: str) -> str:
    """Take the first line's indentation off every line that is not inside a string.

    Unlike `textwrap.dedent` it leaves the text of a string as it is, and does not stop at one that begins at the left.
    """
    first = re.match(r"[ \t]*", text)
    indent = first.group() if first else ""
    if not indent:
        return text
    inside: set[int] = set()
    opened: list[int] = []
    names = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1), getattr(tokenize, "TSTRING_MIDDLE", -1)}
    starts = {getattr(tokenize, "FSTRING_START", -1), getattr(tokenize, "TSTRING_START", -1)}
    ends = {getattr(tokenize, "FSTRING_END", -1), getattr(tokenize, "TSTRING_END", -1)}
    try:
        for token in tokenize.generate_tokens(io.StringIO("if 1:\n" + text).readline):
            if token.type in starts:
                opened.append(token.start[0])
            elif token.type in ends and opened:
                inside.update(range(opened.pop() + 1, token.end[0] + 1))
            elif token.type in names:
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
    except (tokenize.TokenError, SyntaxError):
        inside = set()
    lines = text.splitlines(keepends=True)
    return "".join(
        line if number in inside else line.removeprefix(indent) for number, line in enumerate(lines, start=2)
    )


def _refuse_outside(function: FunctionType, text: str) -> None:
    """Refuse names that live around the function, where it is defined.

    Names that live nowhere are left to the checks of the cell.
    """
    code = function.__code__
    for name in code.co_freevars:
        raise SourceError(
            f"`{name}` is defined in the function around {function.__name__}, not in the sandbox",
            hint="define it inside, or put it into a --module function",
            location=_place(name, text),
        )
    for name in sorted(_globals_read(code), key=lambda name: text.find(name)):
        if name != function.__name__ and name in function.__globals__ and not hasattr(builtins, name):
            value = function.__globals__[name]
            inside = (
                f"import {value.__name__} inside the function"
                if inspect.ismodule(value)
                else ("define it inside the function, or put it into a --module function and import it there")
            )
            raise SourceError(
                f"`{name}` is defined outside {function.__name__}, not in the sandbox",
                hint=inside,
                location=_place(name, text),
            )


def _globals_read(code: Any) -> set[str]:
    found = {i.argval for i in dis.get_instructions(code) if i.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    for constant in code.co_consts:
        if inspect.iscode(constant):
            found |= _globals_read(constant)
    return found


def _place(name: str, text: str) -> Location | None:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Name) and node.id == name:
            return Location(node.lineno, node.col_offset + 1, node.col_offset + 1 + len(name))
    return None
