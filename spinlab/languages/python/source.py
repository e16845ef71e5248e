"""A cell's text as Python: parsed, with what is needed to point into it."""

from __future__ import annotations

import ast
import re
import sys
import textwrap
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from spinlab.errors import Location, SourceError
from spinlab.toolchains.wrong_language import wrong_language

_MAGIC = re.compile(
    r"""\s*(?:
        %{1,2}[A-Za-z]\w*            # %time, %%bash
      | !\s*\S                       # !ls
      | [\w\s,.]+=\s*(?:%[A-Za-z]|!) # files = !ls
      | \?{1,2}\s*[\w.]+\s*$         # ?len
      | [\w.]+\s*\?{1,2}\s*$         # len?
    )""",
    re.VERBOSE,
)
_NEWER = (
    ((3, 12), re.compile(r"\s*type\s+\w+(\[.*\])?\s*=|\s*(async\s+)?(def|class)\s+\w+\[")),
    ((3, 12), re.compile(r".*\b[fF][rR]?['\"]")),
    ((3, 14), re.compile(r"\s*except\*?\s+\w[\w.]*\s*,|.*\b[tT][rR]?['\"]")),
)
_START = 'def handle(request):\n    return "hello"'


@dataclass(frozen=True)
class Source:
    """A parsed cell.

    Attributes:
        text: What the cell says; the common indentation is taken off.
        tree: It, parsed.
        lines: Its lines.
        indent: Columns that were taken off.
        warnings: What the compiler remarked.
    """

    text: str
    tree: ast.Module
    lines: tuple[str, ...]
    indent: int = 0
    warnings: tuple[str, ...] = ()

    def at(self, node: ast.AST, label: str = "", width: int | None = None) -> Location:
        """The place of a node; its first line when it has several."""
        line: int = node.lineno  # type: ignore[attr-defined]
        begin = self._column(line, node.col_offset)  # type: ignore[attr-defined]
        stop: int | None = None
        if width is not None:
            stop = begin + width
        elif getattr(node, "end_lineno", None) == line:
            stop = self._column(line, node.end_col_offset)  # type: ignore[attr-defined]
        elif line <= len(self.lines):
            stop = len(self.lines[line - 1].rstrip()) + 1 + self.indent
        return Location(line, begin, stop, label)

    def _column(self, line: int, offset: int) -> int:
        # The parser counts bytes of UTF-8.
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        return len(text.encode()[:offset].decode("utf-8", "ignore")) + 1 + self.indent


def parse(text: str, filename: str, python: tuple[int, int], *, module: bool = False) -> Source:
    """Parse a cell.

    Parameters:
        filename: What it is called in warnings.
        python: The version that will run it.
        module: Whether it is a ``--module`` cell.

    Raises:
        SourceError: It is empty or not Python.
    """
    text, indent = _dedented(text)
    try:
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            tree = ast.parse(text, filename, feature_version=python)
            compile(tree, filename, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise _told(_explain(error, text, indent, python), text, filename) from None
    except ValueError as error:  # null bytes
        raise SourceError(f"the cell is not Python: {error}", location=Location(1)) from None
    except (RecursionError, MemoryError):
        raise SourceError("the cell is nested too deeply to be compiled", location=Location(1)) from None
    lines = tuple(text.splitlines())
    if not any(not _is_docstring(node) for node in tree.body):
        what = "def clean(text):\n    return text.strip()" if module else _START
        raise SourceError("the cell is empty", hint=f"the shortest one:\n{what}", location=Location(1))
    found = tuple(
        f"line {r.lineno}: {r.message}" for r in remarks if issubclass(r.category, (SyntaxWarning, DeprecationWarning))
    )
    return Source(text, tree, lines, indent, found)


def blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """The statement lists inside a compound statement."""
    for name in ("body", "orelse", "finalbody"):
        yield getattr(node, name, [])
    for part in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield part.body


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _dedented(text: str) -> tuple[str, int]:
    first = next((line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    if not first[:1].isspace():
        return text, 0
    less = textwrap.dedent(text)
    plain = next((line for line in less.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    return (text, 0) if plain[:1].isspace() else (less, len(first) - len(plain))


def _told(error: SourceError, text: str, filename: str) -> SourceError:
    """The error with a word about the language, when the text is clearly of another one."""
    other = wrong_language(text, "python")
    if other is not None:
        error.hint = (
            f"this looks like {other.title}; begin the cell with %%spin {other.name} {filename.rpartition('.')[0]}"
        )
    return error


def _explain(error: SyntaxError, text: str, indent: int, python: tuple[int, int]) -> SourceError:
    lines = text.splitlines()
    number = min(error.lineno or 1, max(1, len(lines)))
    line = lines[number - 1] if lines else ""
    column = (error.offset or 1) + indent
    end = error.end_offset + indent if error.end_offset and error.end_lineno == error.lineno else None
    place = Location(number, column, end if end and end > column else None)
    if _MAGIC.match(line):
        return SourceError(
            "IPython's magics and shell commands are not Python: the sandbox has neither IPython nor a shell",
            hint="take the line out, or put it into a cell of its own",
            location=Location(number, len(line) - len(line.lstrip()) + 1 + indent, len(line.rstrip()) + 1 + indent),
        )
    hint = ""
    message = error.msg
    if "outside" in message and ("await" in message or "async" in message):
        hint = "put it into `async def handle(request):`"
    elif "outside function" in message:
        hint = "a function's answer is what `handle` returns: put it into `def handle(request):`"
    here = sys.version_info[:2]
    needed = next((version for version, shape in _NEWER if here < version <= python and shape.match(line)), None)
    if needed:
        hint = (
            f"if this is the syntax of Python {_dotted(needed)}: the sandbox has {_dotted(python)}, but this kernel, "
            f"which checks the cell, is {_dotted(here)}"
        )
    elif "only supported in Python" in message:
        hint = f"the sandbox has Python {_dotted(python)}" + ("; --wasi 0.3 has 3.14" if python < (3, 14) else "")
    return SourceError(f"syntax error: {message}", hint=hint, location=place)


def _dotted(version: tuple[int, int]) -> str:
    return f"{version[0]}.{version[1]}"
