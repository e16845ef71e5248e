"""The bytes of a component, from wherever its ``source`` says."""

from __future__ import annotations

from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.languages import Progress, silent
from spinlab.loading.download import LARGEST, fetched
from spinlab.manifest import Component, RegistrySource, UrlSource

_WASM = b"\0asm"


def bytes_of(name: str, component: Component, folder: Path, progress: Progress = silent) -> bytes:
    """The bytes of a component's source: Wasm, or WebAssembly's text form.

    Parameters:
        name: Its id, for messages.
        component: Its table.
        folder: Where the manifest is.
        progress: Told about downloads.

    Raises:
        ManifestError: They can't be had.
    """
    source = component.source
    if isinstance(source, UrlSource):
        try:
            return fetched(source.url, source.digest, progress)
        except ManifestError as error:
            error.message = f"Failed to load component `{name}`: {error.message}"
            raise
    if isinstance(source, RegistrySource):
        raise ManifestError(
            f"component {name} comes from the package {source.package}, and package registries are not served yet",
            hint="fetch its .wasm once (`wkg get`), put it beside the manifest and name its path in source",
        )
    return _file(name, component, folder / source)


def _file(name: str, component: Component, path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise ManifestError(f"component {name}: {path} is too large for a component", hint="is it the right file?")
        return path.read_bytes()
    except FileNotFoundError:
        raise ManifestError(f"component {name} is not there: {component.source}", hint=_remedy(component)) from None
    except OSError as error:
        raise ManifestError(
            f"component {name}: {component.source} can't be read: {error.strerror}", hint="its source is a .wasm file"
        ) from error


def _remedy(component: Component) -> str:
    if component.build is None:
        return "a path is relative to the manifest; is it right?"
    command = component.build.command
    shown = command if isinstance(command, str) else " && ".join(command)
    where = f" (in {component.build.workdir})" if component.build.workdir else ""
    return f"build it with `spin build`, or with `up --build`; its command is: {shown}{where}"


def is_text(data: bytes) -> bool:
    """Whether it is WebAssembly's text form, which Spin takes as well."""
    return not data.startswith(_WASM) and data.lstrip()[:1] in (b"(", b";")
