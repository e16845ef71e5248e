"""Outbound PostgreSQL (Spin 4: crates/factor-outbound-pg)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from spinlab.errors import ToolMissing
from spinlab.function import Function
from spinlab.host import roots
from spinlab.host.effect import Caller, Effect, Result
from spinlab.host.held import Connection, Failed
from spinlab.host.network import Destination
from spinlab.host.pack import Item, unpack
from spinlab.host.postgres import address as addresses
from spinlab.host.rdbms import Rdbms
from spinlab.host.services import Services

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_pg",)
IMPORTS = ("fermyon:spin/postgres", "spin:postgres/")

MISSING, REMEDY = "the client library of PostgreSQL is not installed", "pip install 'spinlab[postgres]'"


class Postgres(Rdbms):
    """PostgreSQL for one function."""

    NAME: ClassVar[str] = "outbound PostgreSQL"
    KIND: ClassVar[str] = "pg"

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation."""
        return _root(data) if op == "postgres.root" else super().start(op, args, data, call)

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """For the trace; a certificate that is looked at is a part of the connection that it is for."""
        return None if op == "postgres.root" else super().describe(op, args, data)

    def destinations(self, address: str) -> Sequence[Destination]:
        """Every server of an address, and where it says to connect instead."""
        places = addresses.read(address).places
        found = [
            Destination("postgres", to, place.port) for place in places for to in (place.host, place.address) if to
        ]
        return list(dict.fromkeys(found))

    async def connect(self, address: str, extra: Item, holder: object) -> Connection:
        """A new connection; `extra` is a list with the guest's root certificate, or with nothing."""
        connecting = _library()
        if connecting is None:  # where no grant names PostgreSQL, such as *://*:*, nobody has looked before
            raise Failed("other", f"{MISSING}: {REMEDY}")
        to = addresses.read(address)
        made: Connection = await connecting.opened(to, _pem(extra), self._services.network, holder)
        return made

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Let a grant of PostgreSQL pass when there is something to connect with.

        Raises:
            ToolMissing: There is not.
        """
        if _library() is None:
            raise ToolMissing(MISSING, hint=REMEDY)


def _root(data: bytes) -> Result:
    """Whether a guest's root certificate is one."""
    try:
        roots.check(_pem(unpack(data)) or "")
    except ValueError as error:
        return Result.error("other", str(error))
    return Result()


def _pem(extra: Item) -> str | None:
    found = extra[0] if isinstance(extra, list) and extra else None
    return found if isinstance(found, str) else None


def _library() -> ModuleType | None:
    """The module that connects; None where its library, or the one under that, is missing."""
    try:
        return import_module("spinlab.host.postgres.connecting")
    except ImportError:
        return None
