"""A connection as the protocols see it: bytes in, bytes out, plain or through TLS."""

from __future__ import annotations

import asyncio
import ssl

from spinlab.host.http_client.message import Broken
from spinlab.host.network import Link
from spinlab.manifest import hosts

READ = 64 << 10
"""Bytes that are read at once; twice as many wait at most."""


class Wire:
    """An open connection.

    Attributes:
        reader, writer: Its two ends.
        permit: Its place among the connections.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, link: Link) -> None:
        self.reader = reader
        self.writer = writer
        self.permit = link.permit

    @property
    def http2(self) -> bool:
        """Whether the server chose HTTP/2."""
        tls = self.writer.get_extra_info("ssl_object")
        return tls is not None and tls.selected_alpn_protocol() == "h2"

    @property
    def quiet(self) -> bool:
        """Whether nothing has come that nobody asked for, nor the end."""
        return not self.writer.is_closing() and not self.reader.at_eof() and not self._buffered()

    def _buffered(self) -> bool:
        # The reader has no public way to tell, and reading without waiting is none either.
        return bool(getattr(self.reader, "_buffer", b""))

    async def read(self) -> bytes:
        """What comes next; empty at the end.

        Raises:
            Broken: The connection was lost.
        """
        try:
            return await self.reader.read(READ)
        except ssl.SSLError as error:
            raise Broken("TLS-protocol-error", error.reason or "") from None
        except OSError as error:
            raise Broken("connection-terminated", error.strerror or "") from None

    def close(self) -> None:
        """Close it at once and give its place back. A second time does nothing."""
        self.writer.transport.abort()
        self.permit.release()


async def open_wire(link: Link, context: ssl.SSLContext | None, host: hosts.Host) -> Wire:
    """Make a connection ready for HTTP.

    Raises:
        Broken: The server does not prove who it is, or does not speak TLS.
    """
    try:
        name = None if context is None else str(host)
        reader, writer = await asyncio.open_connection(sock=link.socket, ssl=context, server_hostname=name, limit=READ)
    except BaseException as error:
        # The transport closes the socket, as soon as it has let go of it.
        link.permit.release()
        if isinstance(error, ssl.SSLCertVerificationError):
            raise Broken("TLS-certificate-error", error.verify_message) from None
        if isinstance(error, ssl.SSLError):
            raise Broken("TLS-protocol-error", error.reason or "") from None
        if isinstance(error, OSError):
            raise Broken("connection-terminated" if context is None else "TLS-protocol-error") from None
        raise
    return Wire(reader, writer, link)
