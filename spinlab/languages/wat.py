"""WAT: a whole component in WebAssembly's text form."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, Location, SourceError
from spinlab.function import Function
from spinlab.languages import Build, BuildContext, text_of

_PLACE = re.compile(r"<anon>:(\d+):(\d+)")


class WatLanguage:
    """Assembles the cell's text; needs no tool."""

    name = "wat"
    aliases: tuple[str, ...] = ()

    def build(self, function: Function, context: BuildContext) -> Build:
        """Assemble; see `spinlab.languages.Language.build`."""
        began = time.perf_counter()
        text = text_of(function)
        if not text.strip():
            raise SourceError("the cell is empty", hint="write a (component ...) that exports an HTTP handler")
        try:
            component = wat_to_wasm(text)
        except ComponentError as error:
            raise _located(str(error)) from None
        return Build(component, seconds=time.perf_counter() - began)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """Spin has no template for WAT; the text stands beside the component."""
        return None


def _located(message: str) -> SourceError:
    place = _PLACE.search(message)
    first = message.splitlines()[0].split("Caused by")[0].strip().rstrip(":")
    return SourceError(
        f"the WAT can't be assembled: {first}",
        location=Location(int(place[1]), int(place[2])) if place else None,
        hint="the text must be one (component ...) or (module ...)",
        details=message,
    )


LANGUAGE = WatLanguage()
