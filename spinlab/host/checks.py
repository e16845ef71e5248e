"""What a function is granted, checked before it goes live: templates, hosts, and whether something stands behind.

Only the modules of what is granted are imported, so that a function without grants costs nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host.services import Services
from spinlab.host.variables import check_template, implied
from spinlab.manifest.allowed_hosts import validate

_BY_GRANT = {
    "key_value_stores": "key_value:KeyValue",
    "sqlite_databases": "sqlite:Sqlite",
    "ai_models": "llm:Llm",
    "variables": "variables:ReadVariables",
}
"""Attribute of `Function` -> module and class that serve it."""

_BY_SCHEME = {
    "http": "outbound_http:OutboundHttp",
    "https": "outbound_http:OutboundHttp",
    "redis": "redis:Redis",
    "rediss": "redis:Redis",
    "mqtt": "mqtt:Mqtt",
    "mqtts": "mqtt:Mqtt",
    "postgres": "postgres:Postgres",
    "postgresql": "postgres:Postgres",
    "mysql": "mysql:MySql",
    "tcp": "sockets:Sockets",
    "udp": "sockets:Sockets",
}
"""Scheme of an allowed host -> module and class that serve it. What ``*`` allows is looked at when a guest asks."""


def check(function: Function, services: Services) -> None:
    """Let the grants of a function pass.

    Raises:
        SpinError: Spin would refuse one, or nothing stands behind it; `SpinError.subject` says which.
    """
    if function.allowed_outbound_hosts:
        _check_hosts(function, {**implied(function), **services.declared()})  # looks at every function of the app
    for place in dict.fromkeys(_rooms(function)):
        room = _room(place)
        if room is not None:
            room.check(function, services)


def _rooms(function: Function) -> Iterator[str]:
    for attribute, place in _BY_GRANT.items():
        if getattr(function, attribute):
            yield place
    for entry in function.allowed_outbound_hosts:
        scheme = entry.strip().partition("://")[0].lower()
        if scheme in _BY_SCHEME:
            yield _BY_SCHEME[scheme]


def _room(place: str) -> Any:
    module, _, kind = place.partition(":")
    found = getattr(import_module(f"spinlab.host.{module}"), kind)
    return found if hasattr(found, "check") else None


def _check_hosts(function: Function, known: dict[str, Any]) -> None:
    """Spin's validation of ``allowed_outbound_hosts``, entry by entry, with the default values of variables."""
    entries = function.allowed_outbound_hosts
    defaults = {name: declared.get("default") for name, declared in known.items()}
    for entry in entries:
        subject = ("allowed_outbound_host", entry)
        check_template(entry, known, subject)
        try:
            validate([entry] if len(entries) > 1 else entries, defaults)
        except ManifestError as error:
            error.subject = subject
            raise
