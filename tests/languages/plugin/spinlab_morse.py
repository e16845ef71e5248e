"""A language of a package of its own: the cell is a text in Morse code, the function answers with what it says."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace

from spinlab.errors import Location, OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import Build, BuildContext, language, text_of

SIGNS = """\
.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..
"""
LETTERS = dict(zip(SIGNS.split(), "abcdefghijklmnopqrstuvwxyz", strict=True))


class Morse:
    """Letters are separated by blanks, words by slashes."""

    name = "morse"
    aliases = ("cw",)
    extension = "morse"
    title = "Morse code"

    def build(self, function: Function, context: BuildContext) -> Build:
        """Write the answer as WebAssembly text, which spinlab can assemble."""
        began = time.perf_counter()
        said = "\n".join(_read(number, line) for number, line in enumerate(text_of(function).splitlines(), 1))
        text = f"""\
(data (i32.const 0) {json.dumps(said)})
(func $handle (call $respond (i32.const 200) (i32.const 0) (i32.const {len(said)})))
"""
        made = language("wat").build(replace(function, source=text, language="wat"), context)
        return replace(made, seconds=time.perf_counter() - began, log=f"{len(said)} letters")

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        return None

    def starter(self, template: str = "http") -> str:
        if template != "http":
            raise OptionError("Morse code has no templates", hint="there is http")
        return ".... . .-.. .-.. ---\n"

    def tools(self) -> tuple[()]:
        return ()


def _read(number: int, line: str) -> str:
    words = []
    for word in line.split("/"):
        for sign in word.split():
            if sign not in LETTERS:
                at = line.index(sign) + 1
                raise SourceError(
                    f"{sign} is no letter", hint="SOS is ... --- ...", location=Location(number, at, at + len(sign))
                )
        words.append("".join(LETTERS[sign] for sign in word.split()))
    return " ".join(words)


LANGUAGE = Morse()
