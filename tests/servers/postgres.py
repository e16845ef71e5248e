"""PostgreSQL, as Debian brings it. It refuses to run as root, so root starts it as nobody."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.servers import folder_of_nobody, running

USER, PASSWORD = "ada", "s3cret word"


def _program(name: str) -> str:
    """A server program, which Debian keeps out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda p: float(p.parts[4]))
    return str(found[-1]) if found else shutil.which(name) or name


def _as_nobody() -> list[str]:
    if os.name == "nt" or os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]


@contextmanager
def postgres(*options: str, files: Mapping[str, bytes] | None = None) -> Iterator[int]:
    """An empty PostgreSQL with a user who has a password; yields its port.

    Parameters:
        options: Settings, as ``name=value``.
        files: What to put into its folder, where its settings find it.
    """
    with folder_of_nobody() as folder:
        data = folder / "data"
        prefix = _as_nobody()
        words = folder / "password"
        words.write_text(PASSWORD)
        given = f"-D {data} -U {USER} --pwfile={words} -A scram-sha-256 -E UTF8 --locale=C --no-sync".split()
        subprocess.run([*prefix, _program("initdb"), *given], check=True, capture_output=True, cwd=folder)
        for name, content in (files or {}).items():
            (data / name).write_bytes(content)
            (data / name).chmod(0o600)
            if prefix:
                shutil.chown(data / name, "nobody")
        settings = [w for option in (*options, "fsync=off", "unix_socket_directories=") for w in ("-c", option)]

        def command(port: int) -> list[str]:
            address = ["-c", "listen_addresses=127.0.0.1", "-p", str(port)]
            return [*prefix, _program("postgres"), "-D", str(data), *address, *settings]

        with running(command, folder) as port:
            ready = [_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            while subprocess.run(ready).returncode == 1:  # it listens, and does not let anybody in yet
                time.sleep(0.02)
            yield port
