"""What stands at the top level of a JavaScript or TypeScript source, without a parser: imports, exports, handlers.

Text, comments and regular expressions are blanked first, so that nothing in them is taken for code; every character
that is left stands where it stood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PIECE = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^'\\\n]|\\.)*'?|\"(?:[^\"\\\n]|\\.)*\"?|[`/{}]",
    re.DOTALL,
)
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\(?:.|\Z)|\$(?!\{))*(`|\$\{|\Z)", re.DOTALL)
_EXPRESSION = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_BEFORE_EXPRESSION = re.compile(
    r"(?:^|[^+]\+|[^-]-|[(,=:\[!&|?{};*%~^<>]|"
    r"(?<![\w$.])(?:return|typeof|case|in|of|delete|void|throw|new|do|else|instanceof|await|yield))\Z"
)
_NAME = r"[^\W\d][\w$]*|\$[\w$]*"
_IMPORT = re.compile(
    r"(?<![\w$.])import\s*(?P<type>type\s+(?!from\b|,))?"
    r"(?:(?P<what>[\w$\s,{}*]*?)\bfrom\s*)?(?P<quote>['\"])(?P<blank> *)(?P=quote)"
)
_FROM = re.compile(
    r"(?<![\w$.])export\s*(?:\{[^}]*\}|\*(?:\s*as\s+[\w$]+)?)\s*from\s*(?P<quote>['\"])(?P<blank> *)(?P=quote)"
)
_CALL = re.compile(r"(?<![\w$.])(?P<how>import|require)\s*\(\s*(?P<quote>['\"])(?P<blank> *)(?P=quote)\s*[,)]")
_LISTENER = re.compile(r"(?<![\w$])addEventListener\s*\(\s*(?P<quote>['\"])(?P<blank>     )(?P=quote)")
_DEFAULT = re.compile(r"(?<![\w$.])export\s+default(?![\w$])|(?<![\w$.])export\s*\{[^}]*\bas\s+default\b")
_FUNCTION = re.compile(rf"(?<![\w$.])(?:async\s+)?function\s*\*?\s*(?P<name>{_NAME})")
_VARIABLE = re.compile(rf"(?<![\w$.])(?:const|let|var)\s+(?P<name>{_NAME})\s*(?::[^=;\n]*)?=")
_ARROW = re.compile(rf"\s*(?:async\s*)?(?:function\b|\([^()]*\)\s*(?::[^=\n]*)?=>|(?:{_NAME})\s*=>)")
_EXPORTED = re.compile(r"(?<![\w$.])export\s*\{(?P<names>[^}]*)\}")
_EXPORTS = re.compile(r"(?<![\w$.])export\s+(?:(?:async\s+)?function\s*\*?|const|let|var)\s+handle(?![\w$])")

LISTENER: Final = "addEventListener('fetch', ...)"
DEFAULT: Final = "export default"
HANDLE: Final = "function handle(request)"


@dataclass(frozen=True)
class Place:
    """Something that was found.

    Attributes:
        name: What: a module's name, a function's, a form of handler.
        line, column: 1-based.
        width: In characters.
        kind: ``import``, ``require``, ``dynamic``, or what the place is of.
        types: Whether only types are imported.
    """

    name: str
    line: int
    column: int
    width: int
    kind: str = ""
    types: bool = False


@dataclass(frozen=True)
class Scanned:
    """A source, looked through.

    Attributes:
        text: It, as it is.
        blank: It, with blanks for whatever is not code.
        imports: What it imports from, in order.
        handlers: The handlers that it registers or exports, in order; a plain `handle` last.
        functions: The functions and variables of its top level; `kind` says which.
        exports_handle: Whether what is called `handle` is exported.
    """

    text: str
    blank: str
    imports: tuple[Place, ...]
    handlers: tuple[Place, ...]
    functions: tuple[Place, ...]
    exports_handle: bool = False

    @property
    def exporting(self) -> str:
        """The source with `handle` exported, for those who see exports alone; its lines stay."""
        named = any(place.name == HANDLE for place in self.handlers)
        return self.text if self.exports_handle or not named else f"{self.text.rstrip()}\n\nexport {{ handle }};\n"

    def uses(self, name: str) -> Place | None:
        """Where a name is first used that is declared nowhere; None when it is not, or asked for by `typeof`."""
        declared = rf"(?:const|let|var|function|class|import|,|\{{|\bas)\s*\*?\s*{name}\b(?!\s*[:.])"
        if re.search(rf"typeof\s+{name}\b|globalThis\??\.{name}\b|{declared}", self.blank):
            return None
        found = re.search(rf"(?<![\w$.]){name}(?![\w$:])(?=\s*[.\[(])", self.blank)
        return None if found is None else _place(self.blank, found.start(), found.end(), name)


def scan(text: str) -> Scanned:
    """Look through a source."""
    blank = blanked(text)
    depth = _Depth(blank)
    imports = sorted(_imports(text, blank), key=lambda place: (place.line, place.column))
    functions = tuple(_functions(blank, depth))
    handlers = tuple(_handlers(text, blank, depth, functions))
    exports = any(_names_handle(m["names"]) for m in _EXPORTED.finditer(blank)) or bool(_EXPORTS.search(blank))
    return Scanned(text, blank, tuple(imports), handlers, functions, exports)


def blanked(text: str) -> str:
    """The source with blanks for text, comments, templates and regular expressions; lines stay."""
    out: list[str] = []
    open_: list[str] = []
    before = ""
    end = at = 0
    while (match := _PIECE.search(text, end)) is not None:
        piece, place = match[0], match.start()
        before = text[max(end, place - 80) : place].rstrip()[-12:] or before
        end = match.end()
        if piece[0] in "'\"":
            closed = len(piece) > 1 and piece.endswith(piece[0])
            out += (text[at : place + 1], _hidden(piece[1 : -1 if closed else None]), piece[0] if closed else "")
            at, before = end, "'"
        elif piece[:2] in ("//", "/*"):
            out += (text[at:place], _hidden(piece))
            at = end
        elif piece == "/":
            found = _EXPRESSION.match(text, place) if _BEFORE_EXPRESSION.search(before) else None
            if found is not None:
                end = found.end()
                out += (text[at:place], "0", _hidden(found[0][1:]))
                at = end
            before = "0" if found else "/"
        elif piece == "`" or (piece == "}" and open_ and open_.pop() == "`"):
            inside = _TEMPLATE.match(text, end)
            assert inside is not None
            out += (text[at:place], "`" if piece == "`" else " ", _hidden(text[end : inside.end()]))
            end = at = inside.end()
            before = "{" if inside[1] == "${" else "0"
            if inside[1] == "${":
                open_.append("`")
        else:
            if piece == "{":
                open_.append("{")
            before = piece
    out.append(text[at:])
    return "".join(out)


def _hidden(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


class _Depth:
    """How deep in braces a place is."""

    def __init__(self, blank: str) -> None:
        self._marks: list[tuple[int, int]] = []
        depth = 0
        for match in re.finditer(r"[{}]", blank):
            depth += 1 if match[0] == "{" else -1
            self._marks.append((match.start(), depth))

    def at(self, place: int) -> int:
        """The number of braces that are open there."""
        low, high = 0, len(self._marks)
        while low < high:
            middle = (low + high) // 2
            if self._marks[middle][0] < place:
                low = middle + 1
            else:
                high = middle
        return self._marks[low - 1][1] if low else 0


def _place(text: str, begin: int, end: int, name: str, kind: str = "", *, types: bool = False) -> Place:
    start = text.rfind("\n", 0, begin) + 1
    return Place(name, text.count("\n", 0, begin) + 1, begin - start + 1, end - begin, kind, types)


def _imports(text: str, blank: str) -> Iterator[Place]:
    for pattern, kind in ((_IMPORT, "import"), (_FROM, "import"), (_CALL, "")):
        for match in pattern.finditer(blank):
            begin, end = match.span("blank")
            how = kind or ("require" if match["how"] == "require" else "dynamic")
            types = bool(match.groupdict().get("type"))
            yield _place(blank, begin - 1, end + 1, text[begin:end], how, types=types)


def _functions(blank: str, depth: _Depth) -> Iterator[Place]:
    found = [m for pattern in (_FUNCTION, _VARIABLE) for m in pattern.finditer(blank) if depth.at(m.start()) == 0]
    for match in sorted(found, key=lambda m: m.start()):
        kind = "function" if match.re is _FUNCTION or _ARROW.match(blank, match.end()) else "variable"
        yield _place(blank, match.start(), match.end("name"), match["name"], kind)


def _handlers(text: str, blank: str, depth: _Depth, functions: tuple[Place, ...]) -> Iterator[Place]:
    for match in _LISTENER.finditer(blank):
        if text[slice(*match.span("blank"))] == "fetch":
            yield _place(blank, match.start(), match.start() + len("addEventListener"), LISTENER)
    for match in _DEFAULT.finditer(blank):
        if depth.at(match.start()) == 0:
            yield _place(blank, match.start(), match.end(), DEFAULT)
    own = [function for function in functions if function.name == "handle"]
    yield from (Place(HANDLE, function.line, function.column, function.width) for function in own)
    if own:
        return
    for match in _EXPORTED.finditer(blank):
        if _names_handle(match["names"]):
            yield _place(blank, match.start(), match.end(), HANDLE)


def _names_handle(names: str) -> bool:
    return re.search(r"(?:^|,|\bas)\s*handle\s*(?:,|\Z)", names) is not None
