"""From an address to a connection: which server, which of its network addresses, with or without TLS."""

from __future__ import annotations

import asyncio
import os
import random
import struct

from spinlab.host import roots
from spinlab.host.connections import Permit
from spinlab.host.held import Failed
from spinlab.host.loop import within
from spinlab.host.network import Network, SocketAddress, Unreachable
from spinlab.host.postgres.address import Address, Place
from spinlab.host.postgres.libpq import Wire, connect
from spinlab.host.postgres.session import PostgresConnection

TIMEOUT = 600.0
"""Seconds for one server, when the address does not say."""

_ASK_FOR_TLS = struct.pack(">ii", 8, 80877103)

_PASSED_ON = (
    "options",
    "application_name",
    "channel_binding",
    "target_session_attrs",
    "sslnegotiation",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
)


async def opened(address: Address, ca: str | None, network: Network, holder: object) -> PostgresConnection:
    """A connection to the first server of an address that takes it.

    Raises:
        Failed, Unreachable: None does.
    """
    places = list(address.places)
    if address.settings.get("load_balance_hosts") == "random":
        random.shuffle(places)
    error: Exception = Failed("connection-failed", "no host")
    for place in places:
        try:
            async with within(_timeout(address)):
                return await _at(place, address, ca, network, holder)
        except (Failed, Unreachable) as failed:  # noqa: PERF203 (connecting takes longer)
            error = failed
        except asyncio.TimeoutError:
            error = Failed("connection-failed", f"{place.host}:{place.port}: timed out")
    raise error


def _timeout(address: Address) -> float:
    return float(max(0, int(address.settings.get("connect_timeout", 0)))) or TIMEOUT


async def _at(place: Place, address: Address, ca: str | None, network: Network, holder: object) -> PostgresConnection:
    error: Exception = Unreachable("DNS-error", "address not available")
    for found in await network.resolve(place.address or place.host, place.port):
        permit = await network.permit("pg", holder)
        try:
            return await _to(found, place, address, ca, permit)
        except Failed as failed:
            permit.release()
            error = failed
        except BaseException:
            permit.release()
            raise
    raise error


async def _to(
    found: SocketAddress, place: Place, address: Address, ca: str | None, permit: Permit
) -> PostgresConnection:
    ip = str(found[1][0])
    settings = {name: value for name, value in address.settings.items() if name in _PASSED_ON}
    if "keepalives_retries" in address.settings:
        settings["keepalives_count"] = address.settings["keepalives_retries"]
    settings.update(host=str(place.host), hostaddr=ip, port=str(place.port))
    settings.update(user=address.user, password=address.password, dbname=address.database)
    if await _with_tls(address.settings.get("sslmode", "prefer"), ip, place.port):
        # Spin's library checks chain and name whenever there is TLS.
        with roots.file(ca) as trusted:
            settings.update(sslmode="verify-full", sslrootcert=str(trusted))
            return PostgresConnection(Wire(await connect(settings)), permit)
    settings.update(sslmode="disable")
    settings.pop("sslnegotiation", None)
    return PostgresConnection(Wire(await connect(settings)), permit)


async def _with_tls(mode: str, ip: str, port: int) -> bool:
    """Whether to use TLS: as the address says, or else as the server answers when asked."""
    if mode != "prefer":
        return mode == "require"
    try:
        reader, writer = await asyncio.open_connection(ip, port, limit=64)
    except OSError as error:
        raise Failed("connection-failed", f"{ip}:{port}: {_reason(error)}") from None
    try:
        writer.write(_ASK_FOR_TLS)
        answer = await reader.read(1)
    except OSError as error:
        raise Failed("connection-failed", f"{ip}:{port}: {_reason(error)}") from None
    finally:
        writer.close()
    return answer == b"S"


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "the connection was lost"
