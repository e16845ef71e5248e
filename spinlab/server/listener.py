"""The listener's life: a bound socket, a daemon thread with its own loop, and an end.

uvicorn is imported here and in ``protocol`` only, and only when a server starts.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import errno
import os
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from spinlab.errors import ListenError
from spinlab.server.answer import Application
from spinlab.server.asgi import Front
from spinlab.server.binding import BACKLOG, TRIES, bind_file, bind_port, inherited, listen_error
from spinlab.server.edge import Edge, Policy, Refusal
from spinlab.server.gate import Gate
from spinlab.server.hosts import parse_host
from spinlab.server.jupyter import Jupyter, find_jupyter

DEFAULT_PORT = 3000  # Spin: crates/trigger-http, --listen
MAX_CONNECTIONS = 512
STOP_SECONDS = 2.0
STALL_SECONDS = 60.0  # nginx: send_timeout


class Server:
    """Serves apps over HTTP on this machine.

    Parameters:
        apps: The app for a host label; the first one for the empty label. None when there is none of that name.
        host: Where to listen.
        port: Which port; 0 lets the system choose.
        find_free_port: Take the next free port when that one is taken.
        socket_file: Listen on this file instead, for its owner only (mode 0600): for machines that several users share.
        token: A secret that each request has to show (``?spinlab-token=``, a cookie, or ``x-spinlab-token``).
        hosts: Further Host headers to answer to.
        origins: Origins whose pages may send unsafe methods from another site; ``*`` for every one.
        trusted_pages: Let proxied pages have Jupyter's own origin.
        jupyter: The Jupyter server that this kernel belongs to; looked for at each start when left out.
        max_body: Bytes of a request body that the listener takes, whatever a function's own limit is.
        stall: Seconds after which a client that reads nothing, while a response waits for it, is cut.
        alone: Serve one app by itself, with no notebook or Jupyter behind it (`spinlab.server.gate`).
        tls: Files of a certificate chain and its key, in PEM; without them it speaks plain HTTP.
        descriptor: Of a socket that listens on `host` and `port` already and that others may share.

    It starts nothing before `start`. Starting, stopping and starting again keeps the port.
    """

    def __init__(
        self,
        apps: Callable[[str], Application | None],
        *,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        find_free_port: bool = True,
        socket_file: str | os.PathLike[str] | None = None,
        token: str = "",
        hosts: Iterable[str] = (),
        origins: Iterable[str] = (),
        trusted_pages: bool = False,
        jupyter: Jupyter | None = None,
        max_body: int = 1 << 30,
        stall: float = STALL_SECONDS,
        alone: bool = False,
        tls: tuple[str, str] | None = None,
        descriptor: int | None = None,
    ) -> None:
        self.apps = apps
        self.host = host
        self.find_free_port = find_free_port
        self.socket_file = Path(socket_file) if socket_file is not None else None
        self._policy = Policy(
            frozenset(name.lower() for name in hosts),
            frozenset(origin.lower().rstrip("/") for origin in origins),
            trusted_pages,
            token,
        )
        self.refusals: deque[Refusal] = deque(maxlen=50)
        self._lock = threading.RLock()
        self._asked = port
        self._port = port
        self._jupyter = jupyter
        self._max_body = max_body
        self._stall = stall
        self._alone = alone
        self._tls = tls
        self._descriptor = descriptor
        self._run: _Run | None = None

    @property
    def running(self) -> bool:
        """Whether it answers now."""
        run = self._run
        return run is not None and run.thread.is_alive()

    @property
    def policy(self) -> Policy:
        """What the user decided; a new one holds from the next request on."""
        return self._policy

    @policy.setter
    def policy(self, policy: Policy) -> None:
        with self._lock:
            self._policy = policy
            if self._run is not None:
                self._run.front.edge.policy = policy

    @property
    def port(self) -> int:
        """The port that it listens on, or would try first."""
        return self._port

    @property
    def url(self) -> str:
        """Its address from this machine, without a slash at the end."""
        if self.socket_file is not None:
            return f"unix:{self.socket_file}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self._tls else 'http'}://{host}:{self._port}"

    def start(self) -> str:
        """Listen; a server that runs already goes on.

        Returns:
            Its address.

        Raises:
            ListenError: The address can't be had.
        """
        with self._lock:
            if self.running:
                return self.url
            bound = self._bind()
            try:
                self._run = _Run(self._front(), bound, self._tls)
            except BaseException:
                bound.close()
                raise
            atexit.register(self._stop_at_exit)
            return self.url

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Listen no longer. Requests under way may finish for so long, then their guests are stopped."""
        with self._lock:
            run, self._run = self._run, None
            if run is None:
                return
            atexit.unregister(self._stop_at_exit)
            run.stop(seconds)
            if self.socket_file is not None:
                self.socket_file.unlink(missing_ok=True)

    def _stop_at_exit(self) -> None:
        self.stop(0.1)

    def _front(self) -> Front:
        address = parse_host(f"[{self.host}]" if ":" in self.host else self.host or "0.0.0.0")  # noqa: S104
        openly = address is not None and not address.loopback and self.socket_file is None
        port = None if self.socket_file is not None else self._port
        edge: Edge
        if self._alone:
            edge = Gate(port, self.policy, open_to_all=openly, https=self._tls is not None)
        else:
            edge = Edge(port, self.policy, self._jupyter or find_jupyter(), listens_openly=openly)
        return Front(edge, self.apps, max_body=self._max_body, stall=self._stall, refused=self.refusals.append)

    def _bind(self) -> socket.socket:
        if self.socket_file is not None:
            return bind_file(self.socket_file)
        if self._descriptor is not None:
            return inherited(self._descriptor)
        # first the port that it had: links in the notebook point to it
        first = self._port or self._asked
        several = self.find_free_port and first != 0
        for port in range(first, min(first + TRIES, 65536)) if several else (first,):
            try:
                bound = bind_port(self.host, port)
            except OSError as error:
                if error.errno == errno.EADDRINUSE and several:
                    continue
                raise listen_error(self.host, port, error) from error
            self._port = bound.getsockname()[1]
            return bound
        raise listen_error(self.host, first, OSError(errno.EADDRINUSE, "in use"), several=True)


class _Run:
    """One life of a server: from a bound socket to a thread that has ended."""

    def __init__(self, front: Front, bound: socket.socket, tls: tuple[str, str] | None = None) -> None:
        import uvicorn  # here, so that importing spinlab stays quick

        from spinlab.server.protocol import Connection, logger

        self.front = front
        self.bound = bound
        self.logger = logger
        config = uvicorn.Config(
            front,
            http=Connection,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            limit_concurrency=MAX_CONNECTIONS,
            backlog=BACKLOG,
            ssl_certfile=tls[0] if tls else None,
            ssl_keyfile=tls[1] if tls else None,
        )
        self.server = uvicorn.Server(config)
        self.loop = asyncio.new_event_loop()
        self.loop.set_exception_handler(self._log)
        self.failure: BaseException | None = None
        self.up = threading.Event()
        self.thread = threading.Thread(target=self._serve, name="spinlab listener", daemon=True)
        self.thread.start()
        try:
            self.up.wait()
        except BaseException:  # an interrupt
            self.stop(0)
            raise
        if self.failure is not None:
            raise ListenError(f"the listener did not start: {self.failure}") from self.failure

    def _serve(self) -> None:
        try:
            asyncio.set_event_loop(self.loop)
            self.loop.create_task(self._tell_when_up())
            self.loop.run_until_complete(self.server.serve(sockets=[self.bound]))
        except BaseException as error:  # noqa: BLE001  (start raises it in the caller)
            self.failure = error
        finally:
            self.bound.close()
            self.up.set()
            self._close_loop()

    async def _tell_when_up(self) -> None:
        while not self.server.started:
            await asyncio.sleep(0)
        self.up.set()

    def _close_loop(self) -> None:
        tasks = asyncio.all_tasks(self.loop)
        for task in tasks:
            task.cancel()
        if tasks:
            self.loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self.loop.close()

    def _log(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """asyncio would write to stderr, into some cell's output."""
        self.logger.error("%s", context.get("message"), exc_info=context.get("exception"))

    def stop(self, seconds: float) -> None:
        self.front.ending = True
        self.server.should_exit = True
        self.thread.join(seconds)
        if self.thread.is_alive():
            with contextlib.suppress(RuntimeError):  # it has just closed
                self.loop.call_soon_threadsafe(self._break_off)
            self.thread.join(STOP_SECONDS)

    def _break_off(self) -> None:
        for answer in list(self.front.answers):
            answer.lose()
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()
        self.server.force_exit = True
