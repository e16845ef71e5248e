"""MariaDB, as Debian brings it. It refuses to run as root without being told a user."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.servers import folder_of_nobody, running

USER, PASSWORD, DATABASE = "ada", "s3cret wörd", "shop"


@contextmanager
def mariadb(*options: str, files: Mapping[str, bytes] | None = None) -> Iterator[int]:
    """A MariaDB with an empty database and a user who has a password; yields its port.

    Parameters:
        options: Further ones of its command line; ``FOLDER`` in one stands for its folder.
        files: What to put there.
    """
    with folder_of_nobody() as folder:
        as_user = ["--user=nobody"] if os.name != "nt" and os.geteuid() == 0 else []
        # Temporary tables are named by the process, so that two servers take each other's in a folder that they share.
        given = [f"--datadir={folder / 'data'}", f"--tmpdir={folder}", *as_user]
        made = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(
            ["mariadb-install-db", *made, *given],
            check=True,
            capture_output=True,
            cwd=folder,
            env={**os.environ, "TMPDIR": str(folder)},
        )
        first = folder / "first.sql"
        first.write_text(
            f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;\n"
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO '{USER}'@'%';\n",
            encoding="utf-8",
        )

        for name, content in (files or {}).items():
            (folder / name).write_bytes(content)
        more = [option.replace("FOLDER", str(folder)) for option in options]

        def command(port: int) -> list[str]:
            own = [f"--init-file={first}", f"--socket={folder / 'socket'}", f"--pid-file={folder / 'pid'}"]
            address = ["--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve"]
            return ["mariadbd", "--no-defaults", *given, *own, *address, *more]

        with running(command, folder) as port:
            yield port
