"""PostgreSQL, as Debian brings it. It refuses to run as root, so root starts it as nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import reachable_by_nobody, running

USER, PASSWORD = "ada", "s3cret word"


def _program(name: str) -> str:
    """A server program, which Debian keeps out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[4]))
    return str(found[-1]) if found else shutil.which(name) or name


def _as_nobody(folder: Path) -> list[str]:
    if os.name == "nt" or os.geteuid() != 0:
        return []
    reachable_by_nobody(folder)
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]


@contextmanager
def postgres(folder: Path, *options: str) -> Iterator[int]:
    """An empty PostgreSQL with a user who has a password; yields its port.

    Parameters:
        folder: For its files.
        options: Settings, as ``name=value``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    prefix = _as_nobody(folder)
    words = folder / "password"
    words.write_text(PASSWORD)
    data = folder / "data"
    given_once = [
        "-D",
        str(data),
        "-U",
        USER,
        f"--pwfile={words}",
        "-A",
        "scram-sha-256",
        "-E",
        "UTF8",
        "--locale=C",
    ]
    subprocess.run(
        [*prefix, _program("initdb"), *given_once, "-E", "UTF8", "--locale=C", "--no-sync"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    given = [word for option in (*options, "fsync=off", "unix_socket_directories=") for word in ("-c", option)]

    def command(port: int) -> list[str]:
        address = ["-c", "listen_addresses=127.0.0.1", "-p", str(port)]
        return [*prefix, _program("postgres"), "-D", str(data), *address, *given]

    with running(command, folder) as port:
        yield port
