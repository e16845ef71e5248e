"""Outbound PostgreSQL (Spin 4: crates/factor-outbound-pg)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from spinlab.errors import ToolMissing
from spinlab.function import Function
from spinlab.host import roots
from spinlab.host.held import Connection, Failed
from spinlab.host.network import Destination
from spinlab.host.pack import Item
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
        ca = extra[0] if isinstance(extra, list) and extra else None
        if isinstance(ca, str):
            try:
                roots.check(ca)
            except ValueError as error:
                raise Failed("other", str(error)) from None
        to, root = addresses.read(address), ca if isinstance(ca, str) else None
        made: Connection = await connecting.opened(to, root, self._services.network, holder)
        return made

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Let a grant of PostgreSQL pass when there is something to connect with.

        Raises:
            ToolMissing: There is not.
        """
        if _library() is None:
            raise ToolMissing(MISSING, hint=REMEDY)


def _library() -> ModuleType | None:
    """The module that connects; None where its library, or the one under that, is missing."""
    try:
        return import_module("spinlab.host.postgres.connecting")
    except ImportError:
        return None
