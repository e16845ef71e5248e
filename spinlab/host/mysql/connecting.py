"""From an address to a connection: which of the server's network addresses."""

from __future__ import annotations

import asyncio

from spinlab.host.held import Failed
from spinlab.host.loop import within
from spinlab.host.mysql.address import Address
from spinlab.host.mysql.session import MySqlConnection
from spinlab.host.mysql.wire import Wire
from spinlab.host.network import TIMEOUT, Network, Unreachable


async def opened(address: Address, network: Network, holder: object) -> MySqlConnection:
    """A connection.

    Raises:
        Failed, Unreachable: There is none.
    """
    try:
        async with within(TIMEOUT):
            return await _opened(address, network, holder)
    except asyncio.TimeoutError:
        raise Failed("connection-failed", "timed out") from None


async def _opened(address: Address, network: Network, holder: object) -> MySqlConnection:
    error: Exception = Unreachable("DNS-error", "address not available")
    for _, where in await network.resolve(address.host, address.port):
        ip = str(where[0])
        permit = await network.permit("mysql", holder)

        async def logged_in(ip: str = ip) -> Wire:
            wire = Wire(ip, address)
            await wire.log_in()
            return wire

        try:
            return MySqlConnection(await logged_in(), address.database, logged_in, permit)
        except Failed as failed:
            permit.release()
            error = failed
        except BaseException:
            permit.release()
            raise
    raise error
