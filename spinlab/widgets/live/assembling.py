"""One ES module of several: a widget's front end gets a single text, and its files import each other by name.

The files stay plain modules that a browser, a type checker and a test can load; here an import of a file beside is
replaced by that file, once, and by nothing else: no bundler, no minifying.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "static"
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.MULTILINE)


@cache
def module(name: str) -> str:
    """The module `name` with everything that it imports.

    Parameters:
        name: A file in `STATIC`, such as ``console.js``.
    """
    return "".join(_pieces(name, {}))


@cache
def styles(*names: str) -> str:
    """Style sheets of `STATIC`, one after the other."""
    return "\n".join((STATIC / name).read_text("utf-8") for name in names)


def _pieces(name: str, seen: dict[str, None]) -> list[str]:
    """What a module needs and has not been written yet, itself last."""
    seen[name] = None
    text = (STATIC / name).read_text("utf-8")
    before = [piece for other in _IMPORT.findall(text) if other not in seen for piece in _pieces(other, seen)]
    return [*before, _EXPORT.sub("", _IMPORT.sub("", text))]
