"""What a Go cell says before anything is compiled: its package, its imports, and which it left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

SDK: Final = "github.com/spinframework/spin-go-sdk/v3"

STANDARD: Final = {
    path.rpartition("/")[2]: path
    for path in (
        *("bufio", "bytes", "cmp", "context", "errors", "fmt", "html", "io", "iter", "log", "maps", "math", "net/http"),
        *("net/url", "os", "path", "reflect", "regexp", "slices", "sort", "strconv", "strings", "sync", "time"),
        *("container/heap", "container/list", "crypto/hmac", "crypto/md5", "crypto/sha1", "crypto/sha256"),
        *("crypto/sha512", "database/sql", "encoding/base64", "encoding/binary", "encoding/csv", "encoding/hex"),
        *("encoding/json", "encoding/xml", "hash/fnv", "html/template", "log/slog", "math/big", "math/bits"),
        *("math/cmplx", "math/rand", "sync/atomic", "text/tabwriter", "unicode", "unicode/utf8"),
    )
}
"""Package name -> path, of what is imported for a cell that does not."""

PACKAGES: Final = ("http", "kv", "llm", "mqtt", "mysql", "pg", "redis", "sqlite", "variables")
"""The packages of the SDK."""
_OWN: Final = {("spinhttp" if name == "http" else name): name for name in PACKAGES}

_SILENT: Final = re.compile(
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|`[^`]*(?:`|\Z)|\"(?:[^\"\\\n]|\\.)*(?:\"|$)|'(?:[^'\\\n]|\\.)+'",
    re.DOTALL | re.MULTILINE,
)
_WORD: Final = r"[^\W\d]\w*"
_PACKAGE: Final = re.compile(rf"\s*package\s+({_WORD})")
_IMPORT: Final = re.compile(r"^[ \t]*import[ \t]*(\([^)]*\)|[^\n;]*)", re.MULTILINE)
_SPEC: Final = re.compile(rf"(?:({_WORD}|\.)[ \t]+)?(\"[^\"\n]*\"|`[^`\n]*`)")
_USED: Final = re.compile(rf"(?<![\w.])({_WORD})\.[A-Z]")
_ALONE: Final = re.compile(rf"(?<![\w.])({_WORD})\b(?!\s*\.)")
_FUNCTION: Final = re.compile(rf"^func[ \t]+({_WORD})[ \t]*[(\[]", re.MULTILINE)
_MARK: Final = "\ufeff"


@dataclass(frozen=True)
class Source:
    """A cell's text.

    Attributes:
        text: As written, without a byte order mark.
    """

    text: str

    @classmethod
    def of(cls, text: str) -> Source:
        """The source of a cell."""
        return cls(text.removeprefix(_MARK))

    @cached_property
    def code(self) -> str:
        """The text with comments and what stands between quotes blanked out, of the same length."""
        return _SILENT.sub(_blanked, self.text)

    @cached_property
    def package(self) -> re.Match[str] | None:
        """The package clause; its first group is the name."""
        return _PACKAGE.match(self.code)

    @cached_property
    def imports(self) -> dict[str, str]:
        """Path -> name in the source, of what it imports; the name is that of the path when the source gives none."""
        found = {}
        for one in _IMPORT.finditer(self.code):
            for name, quoted in _SPEC.findall(self.text[one.start(1) : one.end(1)]):
                path = quoted[1:-1]
                found[path] = name or _name_of(path)
        return found

    @cached_property
    def functions(self) -> dict[str, int]:
        """Name -> index, of the functions on the top level."""
        return {found[1]: found.start() for found in _FUNCTION.finditer(self.code)}

    @cached_property
    def missing(self) -> dict[str, str]:
        """Path -> name, of packages that the source uses and does not import."""
        own = {_alone[1] for _alone in _ALONE.finditer(self._without_imports)} | set(self.imports.values())
        used = dict.fromkeys(found[1] for found in _USED.finditer(self._without_imports))
        known = {**STANDARD, **{name: f"{SDK}/{path}" for name, path in _OWN.items()}}
        return {known[name]: name for name in used if name in known and name not in own}

    @cached_property
    def _without_imports(self) -> str:
        return _IMPORT.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), self.code)

    def completed(self, file: str = "") -> str:
        """The source as a file of Go: with its package clause, and the imports that are missing.

        Parameters:
            file: What the compiler shall call it; its lines and columns stay those of the cell. Without one the
                imports stand in lines of their own, as one would write them.
        """
        if file:
            return self._placed(file)
        if not self.missing:
            return self.text if self.package else f"package main\n\n{self.text.lstrip()}"
        wanted = "".join(f"\t{_spec(path, name)}\n" for path, name in sorted(self.missing.items()))
        end = self.package.end() if self.package else 0
        head = self.text[:end] if self.package else "package main"
        return f"{head}\n\nimport (\n{wanted})\n\n{self.text[end:].lstrip()}"

    def _placed(self, file: str) -> str:
        wanted = "".join(f"import {_spec(path, name)};" for path, name in self.missing.items())
        if self.package is None:
            return f"package main;{wanted}\n//line {file}:1:1\n{self.text}"
        end = self.package.end()
        if not wanted:
            return f"//line {file}:1:1\n{self.text}"
        line = self.text.count("\n", 0, end) + 1
        column = len(self.text[self.text.rfind("\n", 0, end) + 1 : end].encode()) + 1
        return f"//line {file}:1:1\n{self.text[:end]};{wanted}/*line {file}:{line}:{column}*/{self.text[end:]}"


def _blanked(silent: re.Match[str]) -> str:
    blank = re.sub(r"[^\n]", " ", silent[0])
    return blank if silent[0].startswith("/") or len(blank) < 2 else f"{silent[0][0]}{blank[1:-1]}{silent[0][-1]}"


def _name_of(path: str) -> str:
    """What a package is most likely called."""
    *before, last = path.split("/")
    return before[-1] if before and re.fullmatch(r"v\d+", last) else last


def _spec(path: str, name: str) -> str:
    return f'"{path}"' if name == _name_of(path) else f'{name} "{path}"'
