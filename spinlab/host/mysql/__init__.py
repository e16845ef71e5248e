"""Outbound MySQL and MariaDB (Spin 4: crates/factor-outbound-mysql)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import ClassVar

from spinlab.errors import ToolMissing
from spinlab.function import Function
from spinlab.host.held import Connection, Failed
from spinlab.host.mysql import address as addresses
from spinlab.host.network import Destination
from spinlab.host.pack import Item
from spinlab.host.rdbms import Rdbms
from spinlab.host.services import Services

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_mysql",)
IMPORTS = ("fermyon:spin/mysql", "spin:mysql/")

MISSING, REMEDY = "the client library of MySQL is not installed", "pip install 'spinlab[mysql]'"


class MySql(Rdbms):
    """MySQL for one function."""

    NAME: ClassVar[str] = "outbound MySQL"
    KIND: ClassVar[str] = "mysql"

    def destinations(self, address: str) -> Sequence[Destination]:
        """The server of an address."""
        to = addresses.read(address)
        return [Destination("mysql", to.host, to.port)]

    async def connect(self, address: str, extra: Item, holder: object) -> Connection:
        """A new connection."""
        connecting = _library()
        if connecting is None:  # where no grant names MySQL, such as *://*:*, nobody has looked before
            raise Failed("other", f"{MISSING}: {REMEDY}")
        made: Connection = await connecting.opened(addresses.read(address), self._services.network, holder)
        return made

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Let a grant of MySQL pass when there is something to connect with.

        Raises:
            ToolMissing: There is not.
        """
        if _library() is None:
            raise ToolMissing(MISSING, hint=REMEDY)


def _library() -> ModuleType | None:
    """The module that connects; None where its library is missing."""
    try:
        return import_module("spinlab.host.mysql.connecting")
    except ImportError:
        return None
