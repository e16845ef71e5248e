"""Real servers for the tests: each in its own folder, on a port of its own, stopped when the test is over."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PATIENCE = 60.0
"""Seconds until a server that was started has to answer, on a machine that does much else."""


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def running(command: Callable[[int], list[str]], folder: Path) -> Iterator[int]:
    """A server that listens on the port that `command` got; yields the port."""
    folder.mkdir(parents=True, exist_ok=True)
    process, port = _start(command, folder)
    try:
        yield port
    finally:
        process.kill()
        process.wait()


def _start(command: Callable[[int], list[str]], folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    log = folder / "server.log"
    for _ in range(5):  # somebody else may have taken the port meanwhile
        port = free_port()
        with log.open("ab") as out:
            process = subprocess.Popen(command(port), cwd=folder, stdout=out, stderr=out)
        if _answers(process, port):
            return process, port
    raise RuntimeError(f"the server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.02)
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", port), 1).close()
            return process.poll() is None
    process.kill()
    process.wait()
    return False


def certificate(folder: Path, name: str = "localhost") -> tuple[Path, Path]:
    """A certificate for `name` that vouches for itself, and its key: files in PEM."""
    folder.mkdir(parents=True, exist_ok=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    words = (
        f"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN={name}".split()
    )
    words += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(words, check=True, capture_output=True)
    return cert, key


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A folder for a server that refuses to run as root: it is nobody's when we are root. pytest's own folders won't
    do, since each run of pytest closes them to everybody else."""
    folder = Path(tempfile.mkdtemp(prefix="spinlab-tests-"))
    try:
        if os.name != "nt" and os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
