"""libpq in the loop: waiting for its socket, and what it must not take from the user's environment.

`psycopg.pq` is used as it is, without psycopg's own types: parameters and results cross in PostgreSQL's binary form.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from psycopg import OperationalError, pq
from psycopg.pq.abc import PGconn, PGresult

from spinlab.host.held import LIMIT, Failed, too_large

if sys.platform != "win32":
    from array import array
    from fcntl import ioctl
    from termios import FIONREAD

Poll, Status = pq.PollingStatus, pq.ConnStatus

LONG = 256 << 10
"""Bytes of one message after which it is no matter of waiting times."""

LOST = "the connection to the database is lost"


async def ready(descriptor: int, *, read: bool = True, write: bool = False) -> None:
    """Wait until the socket can be read from, or written to."""
    loop = asyncio.get_running_loop()
    event: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not event.done():
            event.set_result(None)

    try:
        if read:
            loop.add_reader(descriptor, wake)
        if write:
            loop.add_writer(descriptor, wake)
        await event
    finally:
        if read:
            loop.remove_reader(descriptor)
        if write:
            loop.remove_writer(descriptor)


async def connect(settings: Mapping[str, str]) -> PGconn:
    """A connection. ``hostaddr`` must be set, so that libpq looks no name up.

    Raises:
        Failed: There is none.
    """
    line = " ".join(f"{name}={_quoted(value)}" for name, value in _own(settings).items())
    conn = pq.PGconn.connect_start(line.encode())
    try:
        await _polled(conn)
        conn.nonblocking = 1
    except BaseException:
        conn.finish()
        raise
    return conn


async def _polled(conn: PGconn) -> None:
    status: int = Poll.WRITING if conn.status != Status.BAD else Poll.FAILED
    while status not in (Poll.OK, Poll.FAILED):
        await ready(conn.socket, read=status == Poll.READING, write=status == Poll.WRITING)
        status = conn.connect_poll()
    if status == Poll.FAILED:
        raise Failed("connection-failed", _text(conn))


def _text(conn: PGconn) -> str:
    return conn.error_message.decode(errors="replace").strip() or LOST


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@cache
def _nowhere() -> str:
    """A file that is not there, in a folder of ours: no certificate, key, password or revocation list of the user's is
    for guests, and libpq looks in the home folder where it is told nothing."""
    return str(Path(tempfile.gettempdir()) / "spinlab-no-such-folder" / "none")


def _own(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings, and for every other one that libpq would read from an environment variable its built-in value."""
    known = {option.keyword.decode(): option for option in pq.Conninfo.get_defaults()}
    environment = os.environb if os.supports_bytes_environ else {name.encode(): b"" for name in os.environ}
    own = {
        "passfile": _nowhere(),
        "sslcert": _nowhere(),
        "sslkey": _nowhere(),
        "sslcrl": _nowhere(),
        "sslrootcert": _nowhere(),
        "sslcertmode": "disable",
        "gssencmode": "disable",
        # Tickets of the user's are not for guests either.
        "require_auth": "password,md5,scram-sha-256,none",
        "client_encoding": "UTF8",
        **settings,
    }
    for name, option in known.items():
        if option.envvar and option.envvar in environment and name not in own and name != "service":
            own[name] = (option.compiled or b"").decode()
    return {name: value for name, value in own.items() if name in known}


class Wire:
    """A connection to talk over: one statement at a time, each read to its end.

    Parameters:
        conn: Connected.
    """

    def __init__(self, conn: PGconn) -> None:
        self.conn = conn
        self._unread = 0

    @property
    def closed(self) -> bool:
        """Whether the server or we have closed it; asks the socket."""
        try:
            self.conn.consume_input()
            self.conn.consume_input()  # the first may have read the server's farewell, the second reads its end
        except OperationalError:
            return True
        return self.conn.status != Status.OK

    async def send(self) -> None:
        """Send what libpq holds, reading meanwhile so that neither side waits for the other."""
        while self.conn.flush():
            await ready(self.conn.socket, write=True)
            self._consume()

    async def result(self, linger: float | None = None) -> PGresult | None:
        """The next result; None after the last one.

        Parameters:
            linger: Seconds after which `asyncio.TimeoutError` is raised; None to wait for as long as it takes.
        """
        while self.conn.is_busy():
            if linger is None:
                await ready(self.conn.socket)
            else:
                await asyncio.wait_for(ready(self.conn.socket), linger)
            if self._unread > LONG:
                await asyncio.sleep(0.001)  # the server sends it in small pieces: let them gather
            self._consume()
        self._unread = 0
        return self.conn.get_result()

    def _consume(self) -> None:
        # libpq keeps a message until it is whole, and hands it over only then.
        if sys.platform != "win32":
            waiting = array("i", [0])
            ioctl(self.conn.socket, FIONREAD, waiting)
            self._unread += waiting[0]
            if self._unread > LIMIT:
                self.conn.finish()
                raise Failed("query-failed", too_large())
        self.conn.consume_input()
        while self.conn.notifies():
            pass

    async def interrupt(self) -> None:
        """Ask the server to end what it does. It may be done already."""
        if pq.version() < 170000:  # which can only do it while it waits
            await asyncio.get_running_loop().run_in_executor(None, self.conn.get_cancel().cancel)
            return
        cancel = self.conn.cancel_conn()
        try:
            cancel.start()
            status: int = Poll.WRITING
            while status not in (Poll.OK, Poll.FAILED):
                await ready(cancel.socket, read=status == Poll.READING, write=status == Poll.WRITING)
                status = cancel.poll()
        finally:
            cancel.finish()

    async def until_sync(self) -> list[PGresult]:
        """The results of a pipeline up to its end, which is left."""
        results: list[PGresult] = []
        nothing = 0
        while nothing < 2:  # one stands after each result; two in a row are no pipeline
            result = await self.result()
            nothing = nothing + 1 if result is None else 0
            if result is None:
                continue
            results.append(result)
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                self.conn.exit_pipeline_mode()
                return results
        raise Failed("query-failed", LOST)

    async def drain(self) -> None:
        """Read what is left, to nowhere."""
        if self.conn.pipeline_status != pq.PipelineStatus.OFF:
            await self.until_sync()
            return
        while (result := await self.result()) is not None:
            if result.status in (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH):
                self.finish()
                return

    def finish(self) -> None:
        """Close it."""
        self.conn.finish()
