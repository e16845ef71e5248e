"""A new keeper, or an order to the one that there is; and the wait for what comes of it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from spinlab.deploying.local import record as files
from spinlab.deploying.local.processes import Process, process
from spinlab.deploying.local.record import Answer, Order
from spinlab.errors import DeployError, ListenError
from spinlab.languages import Progress, silent
from spinlab.server.binding import bind_port, listen_error
from spinlab.up import addresses

FIRST_PORT: Final = 3100
"""Free ports are looked for from here on: those from 3000 on are the notebooks'."""
_TRIES = 100
_PATIENCE: Final = 1000.0
"""Seconds; the keeper itself gives up before."""

_children: list[subprocess.Popen[bytes]] = []
"""Keepers that this process started: somebody has to take their exit status."""


def listening(listen: str | None, known: str, patience: float = 0.0) -> socket.socket:
    """A socket on the address that is asked for; else on the one that it had; else on a free port.

    Parameters:
        listen: What is asked for.
        known: What it had.
        patience: Seconds until the one that it had is given up: who held it has just ended.

    Raises:
        OptionError: That is no address.
        ListenError: It can't be had.
    """
    if listen is not None:
        host, port = addresses.parse(listen)
        try:
            return bind_port(host, port)
        except OSError as error:
            told = listen_error(host, port, error)
            raise ListenError(told.message, hint="another --listen ADDR:PORT, or none for a free port") from None
    host, start = addresses.parse(known) if known else ("127.0.0.1", 0)
    ends = time.monotonic() + patience
    while start and time.monotonic() < ends:
        with suppress(OSError):
            return bind_port(host, start)
        time.sleep(0.05)
    for port in (*((start,) if start else ()), *range(FIRST_PORT, FIRST_PORT + _TRIES), 0):
        with suppress(OSError):
            return bind_port(host, port)
    raise ListenError(f"no port of {host} is free", hint="--listen ADDR:PORT")


def address(bound: socket.socket) -> str:
    """ADDR:PORT of a socket."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def begin(folder: Path, order: Order, bound: socket.socket, environment: Mapping[str, str]) -> Process:
    """Start a keeper, in a session of its own so that nothing of this one ends it."""
    files.write(folder, files.ORDER, order)
    (folder / files.ANSWER).unlink(missing_ok=True)
    log = os.open(folder / files.LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        started = subprocess.Popen(
            [sys.executable, "-m", "spinlab.deploying.local.keeper", str(folder), str(bound.fileno())],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env={k: v for k, v in environment.items() if not k.startswith("SPIN_VARIABLE_")},
            pass_fds=(bound.fileno(),),
            start_new_session=True,
        )
    finally:
        os.close(log)
    reap()
    _children.append(started)
    return process(started.pid)


def change(folder: Path, order: Order, keeper: Process) -> None:
    """Give an order to a keeper.

    Raises:
        DeployError: It is gone.
    """
    (folder / files.ANSWER).unlink(missing_ok=True)
    files.write(folder, files.ORDER, order)
    if not keeper.send(signal.SIGHUP):
        files.withdraw(folder)
        raise DeployError("the deployment has just ended", hint="deploy it again")


def wait(folder: Path, serial: int, keeper: Process, progress: Progress) -> Answer:
    """What became of an order. An interrupt takes it back.

    Raises:
        DeployError: The keeper is gone.
    """
    ends = time.monotonic() + _PATIENCE
    try:
        return _answer(folder, serial, keeper, ends, progress)
    except BaseException:
        if not files.withdraw(folder) and keeper.send(signal.SIGUSR1):
            with suppress(DeployError):  # the keeper ends what it has begun
                _answer(folder, serial, keeper, time.monotonic() + 20, silent)
        raise
    finally:
        files.withdraw(folder)  # it has secrets; nobody took it when it is still there
        reap()


def _answer(folder: Path, serial: int, keeper: Process, ends: float, progress: Progress) -> Answer:
    while time.monotonic() < ends:
        alive = keeper.alive
        found = files.answer(folder, serial)
        if found is not None:
            return found
        if not alive:
            raise DeployError("the process that keeps the deployment has ended", details=last_words(folder))
        progress("starting it", None)
        time.sleep(0.05)
    raise DeployError("nothing is known of the new version", details=last_words(folder))


def last_words(folder: Path, lines: int = 12) -> str:
    """The end of the log."""
    try:
        text = (folder / files.LOG).read_bytes()[-8192:].decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def reap() -> None:
    """Take the exit status of keepers that have ended."""
    _children[:] = [child for child in _children if child.poll() is None]
