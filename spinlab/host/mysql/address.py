"""Addresses of MySQL servers, as Spin reads them (``mysql_async``): ``mysql://user:password@host:port/database``."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from spinlab.host.held import BadAddress
from spinlab.manifest import hosts

PORT = 3306

_KNOWN = (
    "abs_conn_ttl",
    "abs_conn_ttl_jitter",
    "built_in_roots",
    "client_found_rows",
    "compression",
    "conn_ttl",
    "enable_cleartext_plugin",
    "inactive_connection_ttl",
    "max_allowed_packet",
    "pool_max",
    "pool_min",
    "prefer_socket",
    "require_ssl",
    "reset_connection",
    "secure_auth",
    "stmt_cache_size",
    "tcp_keepalive",
    "tcp_nodelay",
    "ttl_check_interval",
    "verify_ca",
    "verify_identity",
    "wait_timeout",
)
"""Parameters of Spin's library. Those about its pool and its socket change nothing here."""


@dataclass(frozen=True)
class Address:
    """What a guest gave.

    Attributes:
        host, port: The server.
        user, password, database: Who wants to use which database.
        tls: Whether the connection has to be encrypted.
        found_rows: Whether an update counts the rows that it found instead of those that it changed.
    """

    host: hosts.Host
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    tls: bool = False
    found_rows: bool = False


def read(text: str) -> Address:
    """The address that `text` holds.

    Raises:
        BadAddress: It holds none. The message never has a value from it.
    """
    try:
        parts = urlsplit(text)
        host = hosts.parse(f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or "")
        port = parts.port or PORT
        user, password = (unquote(word or "", errors="strict") for word in (parts.username, parts.password))
        database = unquote(parts.path.lstrip("/"), errors="strict")
        query = parse_qsl(parts.query, keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadAddress("invalid connection URL") from None
    if parts.scheme != "mysql" or not parts.hostname:
        raise BadAddress("invalid connection URL: mysql://user:password@host:port/database was expected")
    if any("\0" in word for word in (user, password, database)):
        raise BadAddress("invalid connection URL: a null byte")
    for name, _ in query:
        if name == "socket":
            raise BadAddress("Unix sockets are not supported on WebAssembly")
        if name not in _KNOWN and not _about_tls(name):
            raise BadAddress(f"Unknown URL parameter '{name[:64]}'")
    tls = any(_about_tls(name) and value.lower() != "disabled" for name, value in query)
    return Address(host, port, user, password, database, tls, ("client_found_rows", "true") in query)


def _about_tls(name: str) -> bool:
    return name.lower() in ("ssl-mode", "sslmode")
