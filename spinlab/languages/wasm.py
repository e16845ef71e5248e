"""A ready ``.wasm``: the bytes are the component."""

from __future__ import annotations

from collections.abc import Mapping

from spinlab.errors import OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import Build, BuildContext
from spinlab.toolchains.find import Tool


class WasmLanguage:
    """Takes the bytes as they are; the engine says whether they can run."""

    name = "wasm"
    aliases: tuple[str, ...] = ()
    extension = "wasm"
    title = "WebAssembly"

    def build(self, function: Function, context: BuildContext) -> Build:
        """Pass the bytes on; see `spinlab.languages.Language.build`."""
        if not isinstance(function.source, bytes):
            raise SourceError(
                "a .wasm is bytes, not text",
                hint=f"%spin add {function.name} --source FILE.wasm, or %%spin wat {function.name} for text; "
                "from Python Function(source=Path(...).read_bytes())",
            )
        return Build(function.source)

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """There is no source to make a project of."""
        return None

    def starter(self, template: str = "http") -> str:
        """The line that adds a file; there is nothing to write.

        Raises:
            OptionError: Another template than ``http`` is wanted.
        """
        if template != "http":
            raise OptionError("a ready .wasm has no templates", hint="%spin add NAME --source FILE.wasm")
        return "%spin add NAME --source NAME.wasm\n"

    def tools(self) -> tuple[Tool, ...]:
        """None is needed."""
        return ()


LANGUAGE = WasmLanguage()
