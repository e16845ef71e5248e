"""HTML: the cell is the page. A file server that is a component itself, the same for all of them, answers with it.

The page is sent as it is: nothing is filled in, also not what stands between ``{{`` and ``}}``. Files that the function
mounts are served beside it, below its route; without a page of its own it serves those alone (``%spin static``).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Final

from spinlab import bridge
from spinlab.errors import OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import ALIASES, Build, BuildContext, text_of
from spinlab.toolchains.find import Tool
from spinlab.toolchains.wrong_language import wrong_language

PAGE: Final = "/index.html"
"""Where the server finds the page."""

SERVER: Final = "static-files"
"""What the server is called among the bridge's components, and in an export."""

_REMARKS: Final = 5
_CHECKED: Final = 300_000
"""Characters of a page that are looked at for tags that don't match."""

_VOID: Final = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr")
)
_OPTIONAL: Final = frozenset(
    ("html", "head", "body", "li", "dt", "dd", "p", "rt", "rp", "optgroup", "option", "colgroup", "caption")
) | frozenset(("thead", "tbody", "tfoot", "tr", "td", "th"))
"""Elements whose end tag may be left out."""

STARTERS: Final[Mapping[str, str]] = {
    "http": """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Hello</title>
  </head>
  <body>
    <h1>Hello from a page</h1>
    <form id="ask">
      <input name="path" value="/" aria-label="Path of another function">
      <button>Ask</button>
    </form>
    <pre id="answer"></pre>
    <script>
      document.querySelector("#ask").addEventListener("submit", async (event) => {
        event.preventDefault();
        const answer = await fetch(event.target.path.value);
        document.querySelector("#answer").textContent = `${answer.status}\\n${await answer.text()}`;
      });
    </script>
  </body>
</html>
""",
}


class HtmlLanguage:
    """Pages, and folders of files."""

    name = "html"
    aliases = ALIASES["html"]
    extension = "html"
    title = "HTML"

    def build(self, function: Function, context: BuildContext) -> Build:
        """Pair the page with the file server; there is nothing to compile.

        Raises:
            SourceError: There is neither a page nor a file, or the page is no text in UTF-8.
            OptionError: It was asked for something that a page does not have.
        """
        began = time.perf_counter()
        _check_options(function)
        text = text_of(function)
        if not text.strip() and not function.files:
            raise SourceError("the page is empty", hint="write the page below the %%spin line, such as <h1>Hello</h1>")
        if "<" not in text:
            other = wrong_language(text, self.name)
            if other is not None:
                raise SourceError(
                    f"this is no page: there is no tag, and it looks like {other.title}",
                    hint=f"begin the cell with %%spin {other.name} {function.name}",
                )
        source = function.source if isinstance(function.source, bytes) else text.encode()
        return Build(
            component=bridge.read(SERVER),
            mounts={PAGE: source} if text.strip() else {},
            shared=SERVER,
            warnings=remarks(text, function.first_line),
            seconds=time.perf_counter() - began,
        )

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """None: an export of a page is a project that needs no building, whichever form it has."""
        return None

    def starter(self, template: str = "http") -> str:
        """A page to begin with, that asks other functions.

        Raises:
            OptionError: There is none of that kind.
        """
        if template not in STARTERS:
            raise OptionError(
                f"a page has no starter {template!r}: it asks for nothing itself",
                hint="a function in another language does, and the page fetches from that",
            )
        return STARTERS[template]

    def tools(self) -> tuple[Tool, ...]:
        """None is needed."""
        return ()


def _check_options(function: Function) -> None:
    if function.requires:
        error = OptionError("a page has no packages", hint="mount what it needs: --file app.js=/app.js")
        error.subject = ("requires", function.requires[0])
        raise error
    if function.module:
        raise OptionError("a page can't be imported by other cells", hint="leave out --module")


def remarks(text: str, first_line: int = 1) -> tuple[str, ...]:
    """What a browser would put right by guessing: tags that don't match. At most five.

    Parameters:
        first_line: The line of the cell that is the first one of the page.
    """
    checker = _Checker(first_line)
    checker.feed(text[:_CHECKED])
    if len(text) <= _CHECKED:
        checker.finish()
    found = checker.found
    more = (f"and {len(found) - _REMARKS} more of that kind",) if len(found) > _REMARKS else ()
    return (*found[:_REMARKS], *more)


class _Checker(HTMLParser):
    """Keeps the elements that are open."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._before = first_line - 1
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self._open.append((tag, self._line()))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        inside_other = any(name in ("svg", "math") for name, _ in self._open)
        if tag not in _VOID and not inside_other and tag not in ("svg", "math"):
            self.found.append(f"line {self._line()}: <{tag}/> does not close itself in HTML; write <{tag}></{tag}>")

    def handle_endtag(self, tag: str) -> None:
        if not any(name == tag for name, _ in self._open):
            if tag not in ("p", "br"):  # which make an element of their own
                self.found.append(f"line {self._line()}: </{tag}> closes nothing")
            return
        while self._open:
            name, line = self._open.pop()
            if name == tag:
                return
            self._unclosed(name, line)

    def finish(self) -> None:
        """The text is over."""
        self.close()
        for name, line in self._open:
            self._unclosed(name, line)

    def _unclosed(self, name: str, line: int) -> None:
        if name not in _OPTIONAL:
            self.found.append(f"line {line}: <{name}> is not closed")

    def _line(self) -> int:
        return self.getpos()[0] + self._before


LANGUAGE = HtmlLanguage()
