"""Which grant each import of a component would need: what ``%spin show`` tells of a component."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from spinlab.function import Function

_HOSTS = "allowed_outbound_hosts"
_ROOMS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    ("key_value", "key_value_stores", "--kv LABEL", ()),
    ("sqlite", "sqlite_databases", "--sqlite LABEL", ()),
    ("variables", "variables", "--var NAME", ()),
    ("llm", "ai_models", "--ai-model NAME", ()),
    ("outbound_http", _HOSTS, "--allow https://HOST", ("http", "https")),
    ("redis", _HOSTS, "--allow redis://HOST", ("redis", "rediss")),
    ("mqtt", _HOSTS, "--allow mqtt://HOST", ("mqtt", "mqtts")),
    ("postgres", _HOSTS, "--allow postgres://HOST", ("postgres", "postgresql")),
    ("mysql", _HOSTS, "--allow mysql://HOST", ("mysql",)),
    ("sockets", _HOSTS, "--allow tcp://HOST:PORT", ("tcp", "udp")),
    ("mounts", "files", "--file SRC", ()),
)
"""Module of a room, the attribute of `Function` that grants it, the option, and the schemes where it is a host."""


@dataclass(frozen=True)
class Need:
    """One interface that a component imports, and the grant that it is of no use without.

    Attributes:
        interface: As the component imports it.
        attribute: The grant, as an attribute of `Function` and a key of the manifest; empty where none is needed.
        option: What would grant it; empty where nothing is needed.
        granted: What of that kind the function has.
    """

    interface: str
    attribute: str = ""
    option: str = ""
    granted: tuple[str, ...] = ()


def needs(imports: Iterable[str], function: Function) -> tuple[Need, ...]:
    """The imports of a function's component, in their order, each with the grant that it would need."""
    return tuple(_need(name, function) for name in imports)


def _need(interface: str, function: Function) -> Need:
    for module, attribute, option, schemes in _ROOMS:
        if interface.startswith(_imports(module)):
            return Need(interface, attribute, option, tuple(_granted(function, attribute, schemes)))
    return Need(interface)


@cache
def _imports(module: str) -> tuple[str, ...]:
    """Beginnings of the interfaces that a room serves."""
    return tuple(import_module(f"spinlab.host.{module}").IMPORTS)


def _granted(function: Function, attribute: str, schemes: Sequence[str]) -> list[str]:
    found = getattr(function, attribute)
    if attribute == "files":
        return [source for source, _ in found]
    if not schemes:
        return list(found)
    return [entry for entry in found if entry.strip().partition("://")[0].lower() in ("*", *schemes)]
