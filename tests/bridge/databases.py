"""What the tests of relational databases share: hosts that are granted them, and guests that do what lines say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

from spinlab.engine import Sandbox
from spinlab.function import Function
from spinlab.host import Host, Services
from spinlab.host.runtime_config import RuntimeConfig
from tests.bridge.bench import sandbox
from tests.servers import mariadb, postgres


def postgres_url(port: int, more: str = "") -> str:
    """The address of the tests' PostgreSQL."""
    return f"postgres://{postgres.USER}:{quote(postgres.PASSWORD)}@127.0.0.1:{port}/postgres{more}"


def mariadb_url(port: int, more: str = "") -> str:
    """The address of the tests' MariaDB."""
    return f"mysql://{mariadb.USER}:{quote(mariadb.PASSWORD)}@127.0.0.1:{port}/{mariadb.DATABASE}{more}"


@contextmanager
def box(guest: str, *hosts: str, runtime: RuntimeConfig | None = None, **options: object) -> Iterator[Sandbox]:
    """A guest that may connect to `hosts`, by default to every database."""
    granted = hosts or ("postgres://*:*", "mysql://*:*")
    services = Services(runtime=runtime)
    function = Function("databases", "", allowed_outbound_hosts=granted)
    made = sandbox(guest, host=Host(function=function, services=services), **options)
    try:
        yield made
    finally:
        made.close()
        services.close()
