"""The protocol of MySQL below its statements: connecting, and packets. The only module that knows aiomysql.

aiomysql connects and logs in. It has no prepared statements, so these talk in packets, for which some of its private
methods are needed; they have been the same for years, and `_NEEDED` fails by name when one is gone.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from typing import Any, cast

from aiomysql import connection as library
from pymysql import err
from pymysql.connections import FieldDescriptorPacket, MysqlPacket
from pymysql.constants import CLIENT

from spinlab.host.held import LIMIT, Failed, too_large
from spinlab.host.mysql.address import Address
from spinlab.manifest import hosts

_NEEDED = ("_connect", "_execute_command", "_read_packet", "_read_bytes", "_get_server_information", "_process_auth")

for _name in _NEEDED:
    if not hasattr(library.Connection, _name):
        raise ImportError(f"this version of aiomysql has no Connection.{_name}")

INIT_DB, QUERY, STMT_PREPARE, STMT_EXECUTE, STMT_CLOSE, RESET_CONNECTION = 0x02, 0x03, 0x16, 0x17, 0x19, 0x1F

LOST = "the connection to the database is lost"

_PLAIN = ("mysql_clear_password", "mysql_old_password")
"""Ways to log in that show the password to who listens."""


class _Named(ssl.SSLContext):
    """Trusts what the platform trusts, for one name: the library knows the address that it connects to, not the name
    that was asked for."""

    name: str

    def wrap_bio(self, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        return super().wrap_bio(*args, **{**kwargs, "server_hostname": self.name})


def _context(host: hosts.Host) -> ssl.SSLContext:
    return _trusting(host, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=8)  # reading the roots takes tens of milliseconds
def _trusting(host: hosts.Host, *_from_environment: str | None) -> ssl.SSLContext:
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.name = str(host)
    return context


class Wire(library.Connection):  # type: ignore[misc]
    """A connection, in packets.

    Parameters:
        ip: Where to connect.
        to: What was asked for.
    """

    def __init__(self, ip: str, to: Address) -> None:
        super().__init__(
            host=ip,
            port=to.port,
            # The library makes Latin-1 of a password; Spin's sends it as UTF-8.
            password=to.password.encode().decode("latin1"),
            db=to.database or None,
            charset="utf8mb4",
            client_flag=CLIENT.FOUND_ROWS if to.found_rows else 0,
            autocommit=None,
            ssl=_context(to.host) if to.tls else None,
        )
        self._user = to.user  # without one it would be the name of who runs this process
        self._connect_attrs: dict[str, str] = {}
        self._room = LIMIT

    async def log_in(self) -> None:
        """Connect.

        Raises:
            Failed: There is no connection.
        """
        connected = False
        try:
            await self._connect()
            connected = True
        except Failed:
            raise
        except Exception as error:  # noqa: BLE001 (whatever a server says that is none of MySQL)
            raise Failed("connection-failed", reason(error)) from None
        finally:
            if not connected:
                self.close()

    async def _get_server_information(self) -> None:
        await super()._get_server_information()
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise err.OperationalError(2026, "the server has no TLS, and the address asks for it")
        self._refuse_plain(self._server_auth_plugin)

    async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
        self._refuse_plain(plugin_name.decode("ascii", "replace"))
        return await super()._process_auth(plugin_name, auth_packet)

    def _refuse_plain(self, plugin: str) -> None:
        if plugin in _PLAIN and not self._ssl_context:
            raise err.OperationalError(2059, f"the server wants the password by {plugin}, which needs TLS")

    async def _read_bytes(self, num_bytes: int) -> bytes:
        self._room -= num_bytes
        if self._room < 0:
            self.close()
            raise Failed("other", too_large())
        return cast("bytes", await super()._read_bytes(num_bytes))

    async def command(self, code: int, data: bytes = b"") -> None:
        """Send a command."""
        await self._execute_command(code, data)
        await self._writer.drain()

    async def packet(self) -> bytes:
        """The next packet, whose parts together are bounded. Raises what the server says is wrong."""
        self._room = LIMIT
        return cast("bytes", (await self._read_packet(MysqlPacket)).get_all_data())

    async def field(self) -> FieldDescriptorPacket:
        """The next packet, which describes a column or a parameter."""
        self._room = LIMIT
        return await self._read_packet(FieldDescriptorPacket)

    @property
    def gone(self) -> bool:
        """Whether the server or we have closed it."""
        return bool(self.closed or self._reader.eof_received or self._writer.transport.is_closing())


def reason(error: Exception) -> str:
    """What went wrong, for the guest."""
    if not isinstance(error, err.MySQLError):
        return LOST if isinstance(error, (OSError, EOFError)) else "the server does not speak MySQL's protocol"
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"invalid peer certificate: {cause.verify_message}"
    if isinstance(cause, OSError) and cause.errno:
        return os.strerror(cause.errno)
    if len(error.args) == 2:
        return f"ERROR {error.args[0]}: {error.args[1]}"
    return str(error) or LOST
