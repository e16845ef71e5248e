"""Which interface satisfies which import, and which export is the HTTP handler.

Releases match by name and ``major.minor``, as semantic versioning promises and Spin does; where that minor version is
not there, the next higher one of the same major version has all of it. Drafts and release candidates match exactly.
Guests link to what the bridge provides for everybody, never to its own interfaces.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from spinlab.engine.providers import OWN, Provider
from spinlab.errors import HandlerError, MissingImport

_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+.*)?\Z")

# The last release candidate of WASI 0.3; its shapes are those of the release, and guests that differ fail to validate.
CANDIDATE: Final = "0.3.0-rc-2026-03-15"

WARM_UP: Final = "spinlab:image/warm-up@0.1"


@dataclass(frozen=True)
class Interface:
    """The name of an interface, taken apart.

    Attributes:
        name: Without the version, such as ``wasi:http/types``.
        version: As written, or empty.
    """

    name: str
    version: str = ""

    @classmethod
    def parse(cls, text: str) -> Interface:
        """Take ``package/interface@version`` apart."""
        name, _, version = text.partition("@")
        return cls(name, version)

    @property
    def track(self) -> str:
        """What must agree for a match: the name and ``major.minor`` of a release, else the whole version."""
        found = _VERSION.match(self.version)
        version = self.version
        if version == CANDIDATE and self.name.startswith("wasi:"):
            version = "0.3"
        elif found and not found[4]:
            version = f"{found[1]}.{found[2]}"
        return f"{self.name}@{version}"

    @property
    def is_release(self) -> bool:
        """Whether the version is an ordinary one."""
        found = _VERSION.match(self.version)
        return bool(found and not found[4])

    def __str__(self) -> str:
        return f"{self.name}@{self.version}" if self.version else self.name


@dataclass(frozen=True)
class Handler:
    """The export that answers HTTP requests.

    Attributes:
        export: Its name.
        wasi: ``0.2`` or ``0.3``: how it is called.
        command: Whether it is a command's ``run`` instead, which knows nothing of HTTP.
        trigger: Whose messages it takes, such as ``redis``, in place of requests; empty for HTTP.
    """

    export: str
    wasi: str
    command: bool = False
    trigger: str = ""


_HANDLERS: Final = (
    "wasi:http/incoming-handler@0.2.*",
    "wasi:http/handler@0.3.*",
    f"wasi:http/handler@{CANDIDATE}",
)
_OLD_HANDLERS: Final = (
    "wasi:http/incoming-handler@0.2.0-rc-2023-10-18",
    "wasi:http/incoming-handler@0.2.0-rc-2023-11-10",
    "fermyon:spin/inbound-http",
)


def _handler(name: str) -> Handler | None:
    interface = Interface.parse(name)
    if interface.name == "wasi:http/incoming-handler" and interface.track.endswith("@0.2"):
        return Handler(name, "0.2")
    if interface.name == "wasi:http/handler" and interface.track.endswith("@0.3"):
        return Handler(name, "0.3")
    return None


def choose_handler(exports: Iterable[str]) -> Handler:
    """The one handler among the exports (Spin: ``crates/http/src/trigger.rs``).

    Raises:
        HandlerError: There is none, or more than one.
    """
    names = list(exports)
    found = [handler for handler in map(_handler, names) if handler]
    old = [name for name in names if name in _OLD_HANDLERS]
    if len(found) + len(old) > 1:
        several = ", ".join([h.export for h in found] + old)
        raise HandlerError(
            "component exports multiple different handlers but it's expected to export only one",
            hint=f"it exports {several}: build it for one world",
        )
    if old:
        raise HandlerError(
            f"the handler {old[0]} is from before WASI 0.2 was released, and spinlab does not serve it",
            hint="build the component with a current SDK: it then exports wasi:http/incoming-handler@0.2.0",
        )
    if not found:
        raise HandlerError(
            "Expected component to export one of " + ", ".join(f"`{h}`" for h in _HANDLERS),
            hint=_no_handler(names),
        )
    return found[0]


_COMMAND: Final = "wasi:cli/run"


def choose_command(exports: Iterable[str]) -> Handler:
    """The export that runs a command (Spin: the wagi executor takes ``wasi:cli/run@0.2`` alone; so do we for all).

    Raises:
        HandlerError: There is none.
    """
    names = list(exports)
    found = [n for n in names if Interface.parse(n).track == f"{_COMMAND}@0.2"]
    if found:
        return Handler(found[0], "0.2", command=True)
    if any(_handler(n) for n in names):
        hint = "it answers HTTP by a handler of its own: leave out --executor wagi or --command"
    elif any(Interface.parse(n).name == _COMMAND for n in names):
        hint = "its run is of another version: build it for WASI 0.2 or preview 1"
    else:
        hint = "write a program with a main function: a core module with _start, or such a component"
    raise HandlerError(f"failed to find wasi command interface: no export {_COMMAND}@0.2", hint=hint)


def _no_handler(names: list[str]) -> str:
    if not names:
        return "it exports nothing: does the source define a handler, and was it built as a component?"
    if any(n.startswith(f"{_COMMAND}@") for n in names):
        return "it is a command: --executor wagi runs it as a CGI program; or build a library with an HTTP handler"
    if any(n.startswith("wasi:http/") for n in names):
        which = next(n for n in names if n.startswith("wasi:http/"))
        return f"it exports {which}, a version that spinlab does not serve: build it with a current SDK"
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return f"it exports {shown}; perhaps it is for another trigger"


class Provided:
    """What guests may import, gathered from the providers.

    Parameters:
        providers: By name; on a tie the first one in `order` wins.
        order: Names of the providers to look in.
    """

    def __init__(self, providers: Mapping[str, Provider], order: Iterable[str]) -> None:
        self._by_track: dict[str, tuple[str, str]] = {}
        self.names: list[str] = []
        for provider in (providers[name] for name in order if name in providers):
            for name in sorted(provider.public, key=_patch, reverse=True):
                self.names.append(name)
                self._by_track.setdefault(Interface.parse(name).track, (provider.name, name))

    def find(self, name: str) -> tuple[str, str]:
        """Provider and export for an import.

        Raises:
            MissingImport: Nobody provides it.
        """
        interface = Interface.parse(name)
        found = self._by_track.get(interface.track) or self._later(interface)
        if found is None or name.startswith(OWN):
            raise self._missing(name)
        return found

    def _later(self, wanted: Interface) -> tuple[str, str] | None:
        """The next higher minor version of a release; before 1.0.0 a minor version promises nothing."""
        found = _VERSION.match(wanted.version)
        if not wanted.is_release or found is None or found[1] == "0":
            return None
        later = [
            (int(other[2]), name)
            for name in self.names
            if (there := Interface.parse(name)).name == wanted.name
            and there.is_release
            and (other := _VERSION.match(there.version)) is not None
            and other[1] == found[1]
            and int(other[2]) > int(found[2])
        ]
        return self._by_track[Interface.parse(min(later)[1]).track] if later else None

    def _missing(self, name: str) -> MissingImport:
        if name.startswith(OWN):
            return MissingImport(
                f"the component imports {name}, which belongs to spinlab itself",
                hint="components can't link to it: import the WASI or Spin interface that you need",
            )
        interface = Interface.parse(name)
        others = [n for n in self.names if Interface.parse(n).name == interface.name]
        if others:
            has = ", ".join(sorted(others))
            return MissingImport(
                f"the component imports {name}, which is not provided in that version",
                hint=f"provided: {has}; build the component with an SDK for one of these",
            )
        close = difflib.get_close_matches(name, self.names, n=1, cutoff=0.7)
        nearest = f"the nearest one provided is {close[0]}; " if close else ""
        package = "" if "/" in name else " (an interface without a package: was it composed completely?)"
        return MissingImport(
            f"the component imports {name}, which nobody provides{package}",
            hint=f"{nearest}remove the import, or compose a component that provides it into this one: wac plug",
        )


def _patch(name: str) -> tuple[str, int]:
    found = _VERSION.match(Interface.parse(name).version)
    return (Interface.parse(name).track, int(found[3]) if found else 0)
