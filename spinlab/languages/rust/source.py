"""What kind of handler a Rust source has, told without a compiler."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final, Literal

from spinlab.errors import Location, SourceError
from spinlab.toolchains.wrong_language import wrong_language

Form = Literal["short", "component", "service", "plain", "program"]
"""``fn handle(req: Request)``; `#[http_component]` or `#[redis_component]` of spin-sdk 5; `#[http_service]` or
`#[redis_subscriber]` of spin-sdk 6; whole as it is; a program with ``fn main`` for the executor wagi."""

_TOKENS: Final = re.compile(
    r"""//[^\n]*|/\*|\bb?r(?P<hashes>\#+)".*?"(?P=hashes)|\bb?r"[^"]*"|b?"(?:\\.|[^"\\])*"|b?'(?:\\[^\n]{1,10}|[^'\\\n])'""",
    re.DOTALL,
)
_COMMENT: Final = re.compile(r"/\*|\*/")
_HANDLER: Final = re.compile(
    r"^[ \t\ufeff]*(?:pub(?:\([^)]*\))?\s+)?(async\s+)?(?:unsafe\s+)?fn\s+handle\s*[(<]", re.MULTILINE
)
_MAIN: Final = re.compile(r"^[ \t\ufeff]*(?:pub\s+)?fn\s+main\s*\(", re.MULTILINE)
_MODULE: Final = re.compile(r"^[ \t]*(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", re.MULTILINE)
_ATTRIBUTE: Final = re.compile(
    r"#\[\s*(?:\w+\s*::\s*)*(http_component|redis_component|http_service|redis_subscriber|http_server|main)\b[^\]]*\]"
)
_FORMS: Final[dict[str, Form]] = {
    "http_component": "component",
    "redis_component": "component",
    "http_service": "service",
    "redis_subscriber": "service",
}
_COMPLETE: Final = re.compile(r"\bexport!\s*[({\[]|\bgenerate!\s*[({\[]|\bno_mangle\b|\bexport_name\b")
_CRATE: Final = re.compile(r"(?<![\w:$])(?:::\s*)?([a-z]\w*)\s*::|\bextern\s+crate\s+(\w+)|\buse\s+(\w+)\s*;")

EXAMPLE: Final = "fn handle(req: Request) -> String { ... }"


@dataclass(frozen=True)
class Source:
    """A Rust source and what was found in it.

    Attributes:
        text: As it was written.
        form: Its kind of handler.
        line: 1-based line of the handler, of the first line where there is none.
        asynchronous: Whether ``handle`` is an ``async fn``.
        modules: Names of its ``mod name;``.
        crates: First names of paths in it, some of which are crates.
        attribute: The SDK's attribute on its handler, such as ``http_service``; empty without one.
    """

    text: str
    form: Form
    line: int = 1
    asynchronous: bool = False
    modules: tuple[str, ...] = ()
    crates: frozenset[str] = frozenset()
    attribute: str = ""

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return max(1, len(self.text.splitlines()))


def read(text: str, name: str, *, program: bool = False) -> Source:
    """A cell's source, with its handler.

    Parameters:
        name: Of the function, for what an error says.
        program: Whether its main function runs instead, by the executor wagi or as a command.

    Raises:
        SourceError: It has no handler.
    """
    seen = blank(text)
    if program:
        main = _MAIN.search(seen)
        if main is None:
            raise SourceError("the cell has no fn main", hint="a program has fn main() { println!(...) }")
        return _with(module(text), "program", seen, main.end())
    if not seen.strip("\ufeff \t\r\n"):
        raise SourceError("the cell has no code", hint=f"write {EXAMPLE}")
    found = module(text)
    attribute = next((a for a in _ATTRIBUTE.finditer(seen) if a[1] != "main"), None)
    if attribute is not None:
        form = _FORMS.get(attribute[1], "plain")
        return replace(_with(found, form, seen, attribute.start()), attribute=attribute[1])
    if _COMPLETE.search(seen):
        return _with(found, "plain", seen, 0)
    handler = next((h for h in _HANDLER.finditer(seen) if _depth(seen, h.start()) == 0), None)
    if handler is not None:
        return _with(found, "short", seen, handler.start() + len(handler[0]), asynchronous=handler[1] is not None)
    raise _no_handler(text, seen, name)


def module(text: str) -> Source:
    """The source of a module, which needs no handler."""
    seen = blank(text)
    modules = tuple(dict.fromkeys(m[1] for m in _MODULE.finditer(seen) if _depth(seen, m.start()) == 0))
    crates = frozenset(name for found in _CRATE.finditer(seen) for name in found.groups() if name)
    return Source(text, "plain", modules=modules, crates=crates)


def blank(text: str) -> str:
    """The text with comments and literals blanked, so that what is left is code in its places."""
    parts: list[str] = []
    at = 0
    while (token := _TOKENS.search(text, at)) is not None:
        end = _end_of_comment(text, token.end()) if token[0] == "/*" else token.end()
        parts += [text[at : token.start()], re.sub(r"[^\n]", " ", text[token.start() : end])]
        at = end
    return "".join((*parts, text[at:]))


def _end_of_comment(text: str, at: int) -> int:
    """Where a block comment ends; they nest."""
    depth = 1
    for mark in _COMMENT.finditer(text, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(text)


def _depth(seen: str, at: int) -> int:
    return seen.count("{", 0, at) - seen.count("}", 0, at)


def _with(found: Source, form: Form, seen: str, at: int, *, asynchronous: bool = False) -> Source:
    line = 1 + seen.count("\n", 0, at)
    return Source(found.text, form, line, asynchronous, found.modules, found.crates)


def _no_handler(text: str, seen: str, name: str) -> SourceError:
    other = wrong_language(text, "rust")
    if other is not None:
        return SourceError(
            "the cell is not written in Rust",
            hint=f"this looks like {other.title}; begin the cell with %%spin {other.name} {name}",
        )
    close = re.search(r"\bfn\s+(main|handler|handle_\w+|index|hello|serve|\w*request\w*)\s*\(", seen, re.IGNORECASE)
    if close is None:
        return SourceError("the cell has no handler", hint=f"write {EXAMPLE}")
    line = 1 + seen.count("\n", 0, close.start())
    start = seen.rfind("\n", 0, close.start()) + 1
    column = close.start(1) - start + 1
    place = Location(line, column, column + len(close[1]), "call it handle")
    return SourceError(f"the cell has no handler: fn {close[1]} is not called", hint=f"write {EXAMPLE}", location=place)
