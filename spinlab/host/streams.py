"""Streams of bytes, plain or in TLS, over connections that the network made."""

from __future__ import annotations

import asyncio
import os
import ssl
from functools import lru_cache

from spinlab.host.network import Link, Unreachable
from spinlab.manifest import hosts

BUFFER = 256 << 10
"""Bytes that are read ahead."""


async def open_stream(
    link: Link, tls: hosts.Host | None = None, *, verify: bool = True
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Read and write a connection. It is closed by aborting the writer's transport; the permit stays the caller's.

    Parameters:
        link: The connection; its socket is closed when this fails.
        tls: The name that the server's certificate has to be for; None for no TLS.
        verify: False to take any certificate.

    Raises:
        OSError: TLS failed (`ssl.SSLError` among it), or the connection was lost.
    """
    try:
        reader, writer = await asyncio.open_connection(
            sock=link.socket,
            ssl=None if tls is None else context(verify=verify),
            server_hostname=None if tls is None else str(tls),
            limit=BUFFER,
        )
    except BaseException:
        link.socket.close()
        raise
    # What was written is with the system when `drain` returns, so that closing does not cut it off.
    writer.transport.set_write_buffer_limits(high=0)
    return reader, writer


def context(*, verify: bool = True) -> ssl.SSLContext:
    """Trust in the platform's roots, or in whomever there is."""
    return _context(verify, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)  # reading the roots takes tens of milliseconds
def _context(verify: bool, *_from_environment: str | None) -> ssl.SSLContext:
    made = ssl.create_default_context()
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def problem(error: Exception) -> str:
    """What went wrong, for a guest: without an address, a password or a place in our code."""
    if isinstance(error, Unreachable):
        return _TEXTS.get(error.code, error.code)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"invalid peer certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {(error.reason or 'handshake failed').replace('_', ' ').lower()}"
    if isinstance(error, OSError) and not error.args:
        return "the connection was lost"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


_TEXTS = {
    "DNS-error": "failed to look up the address",
    "DNS-timeout": "the lookup of the address timed out",
    "destination-IP-prohibited": "the address is in a network that is blocked",
    "destination-IP-unroutable": "no route to the host",
    "connection-refused": "Connection refused",
    "connection-timeout": "the connection timed out",
}
