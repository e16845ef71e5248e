"""Whether a source is written in another language than it was given as.

Asked once a build has failed: a cell with the wrong word on its first line fails with an error of the wrong compiler,
which says nothing to its author. Lines that only one language has are counted; a guess is made only when it is clear.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

ENOUGH: Final = 3
"""What the marks of a language must add up to, beyond those of the language that was asked for."""
_LOOKED_AT: Final = 20_000


@dataclass(frozen=True)
class Looks:
    """The language that a source looks like.

    Attributes:
        name: As after `%%spin`.
        title: Its name for people.
    """

    name: str
    title: str


TITLES: Final[Mapping[str, str]] = {
    "python": "Python",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "rust": "Rust",
    "c": "C",
    "cpp": "C++",
    "zig": "Zig",
    "go": "Go",
    "wat": "WAT",
    "html": "HTML",
}

_SCRIPT = (
    (r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\s*\w*\s*\(.*\)\s*\{?", 3),
    (r"^\s*addEventListener\s*\(|^\s*export\s+(?:default|const|async)\b", 4),
    (r"\bconsole\.log\s*\(|\bnew\s+(?:Response|URL|Headers|Map|Set)\b|===|!==", 2),
    (r"^\s*(?:const|let|var)\s+(?!mut\b)[\w{}\[\], ]+\s*(?::\s*[\w<>\[\]]+\s*)?=(?!=)", 2),
    (r"=>\s*[{(\w`'\"]|\$\{\w", 1),
    (r"^\s*import\s+.*\s+from\s+['\"]", 4),
)
_MARKS: Final[Mapping[str, tuple[tuple[str, int], ...]]] = {
    "python": (
        (r"^\s*(?:async\s+)?def\s+\w+\s*\(.*\)?.*:\s*(?:#.*)?$", 3),
        (r"^\s*def\s+\w+\s*\([^{};]*\)\s*(?:->\s*[\w\[\], .|]+)?:\s*\S", 3),
        (r"^\s*from\s+[\w.]+\s+import\s+\w|^\s*import\s+[\w.]+(?:\s+as\s+\w+)?\s*$", 3),
        (r"^\s*(?:if|elif|for|while|with|class|try|except)\b[^{};]*:\s*(?:#.*)?$", 2),
        (r"\bself\.\w|\bNone\b|\bf\"|\bf'|^\s*print\(|\bnot\s+in\b", 1),
    ),
    "javascript": _SCRIPT,
    "typescript": (
        *_SCRIPT,
        (r"\w\??:\s*(?:string|number|boolean|unknown|Promise<\w+>)\s*[,;)=\[|]", 3),
        (r"\)\s*:\s*(?:Promise<)?\w+>?\s*(?:=>|\{)|^\s*(?:export\s+)?(?:interface|type)\s+\w+\s*[={<]", 3),
    ),
    "rust": (
        (r"^\s*(?:pub\s+)?(?:async\s+)?fn\s+\w+\s*(?:<[^>]*>)?\s*\([^)]*\)\s*(?:->\s*[\w<>&:', ]+)?\s*\{", 3),
        (r"^\s*use\s+\w+(?:::[\w{}*, ]+)+;|^\s*#!?\[\w+", 3),
        (r"\blet\s+mut\s|\bimpl\b.*\{|&str\b|\b\w+!\s*\(|\bString::|\.unwrap\(\)|^\s*match\s.*\{", 2),
    ),
    "c": (
        (r"^\s*#\s*include\s*[<\"]\w[\w./]*\.h[>\"]", 3),
        (r"^\s*(?:static\s+|const\s+)*(?:void|int|char|size_t|double)\s*\*?\s*\w+\s*\([^;]*\)\s*\{?\s*$", 3),
        (r"\bspin_re(?:quest|sponse)\b|\bint\s+main\s*\(", 2),
        (r"^\s*(?:int|char|double|size_t|unsigned|uint\d+_t)\s+\*?\w+\s*(?:=|;|\[)", 2),
    ),
    "cpp": (
        (r"^\s*#\s*include\s*<(?:string|vector|iostream|algorithm|map|memory|array|optional|string_view|format)>", 5),
        (r"\busing\s+namespace\b|^\s*namespace\s+\w+\s*\{|^\s*template\s*<|\bstd::(?:string|vector|map|cout)\b", 4),
        (r"\bspin::\w+", 4),
    ),
    "zig": (
        (r"@import\s*\(|@(?:intCast|ptrCast|as|memcpy)\s*\(", 4),
        (r"^\s*(?:pub\s+)?(?:export\s+)?fn\s+\w+\s*\(.*\)\s*(?:anyerror)?!?(?:void|[ui]\d+|\[\]const\s+u8)\s*\{", 4),
        (r"\btry\s+\w+\.|\.\{|\bcomptime\b|\|err\|", 2),
    ),
    "go": (
        (r"^\s*package\s+\w+\s*$", 5),
        (r"^\s*func\s+(?:\(\w+\s+\*?\w+\)\s*)?\w+\s*\(.*\)\s*.*\{", 3),
        (r"\bhttp\.(?:ResponseWriter|Request)\b|\bfmt\.\w+\(", 3),
        (r"^\s*[\w, ]+\s*:=\s", 2),
    ),
    "wat": ((r"^\s*\(\s*(?:module|component|func|memory|data|import|export|core)\b", 4),),
    "html": (
        (r"^\s*<!doctype\s+html|^\s*<html\b|^\s*<(?:head|body)\b", 5),
        (r"^\s*<(?:h[1-6]|p|div|title|ul|form|style|script|table|main|a|b|em|strong)\b[^<]*>", 3),
    ),
}  # fmt: skip

_COMPILED: Final = {
    name: tuple((re.compile(mark, re.MULTILINE | (re.IGNORECASE if name == "html" else 0)), n) for mark, n in marks)
    for name, marks in _MARKS.items()
}

_SAME: Final = ({"javascript", "typescript"}, {"c", "cpp"})
"""Languages of which one takes most sources of the other: of these only the first one is offered for the other."""


def wrong_language(source: str, wanted: str) -> Looks | None:
    """The language that a source looks like, when that is clearly not the one it was given as.

    Parameters:
        wanted: The name of the language that it was given as.
    """
    text = source[:_LOOKED_AT]
    worth = {name: _worth(name, text) for name in _COMPILED}
    here = max((worth.get(name, 0) for name in _family(wanted)), default=0)
    order = {name: number for number, name in enumerate(_COMPILED)}
    best = max(worth, key=lambda name: (worth[name], -order[name]))
    if worth[best] < here + ENOUGH or (best in _family(wanted) and best != "cpp" and best != "typescript"):
        return None
    return None if best == wanted else Looks(best, TITLES[best])


def _family(name: str) -> set[str]:
    return next((family for family in _SAME if name in family and name in ("typescript", "cpp")), {name})


def _worth(name: str, text: str) -> int:
    """What the marks of a language in a text add up to; a mark counts three times at most."""
    return sum(worth * min(3, sum(1 for _ in mark.finditer(text))) for mark, worth in _COMPILED[name])
