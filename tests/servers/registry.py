"""Debian's docker-registry (the reference implementation of the distribution API), and skopeo to look into it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers import running

USER, PASSWORD = "ada", "lovelace:own"
HTPASSWD = f"{USER}:$2b$04$SHLHYHfYTcwlPczXsNRZZ.F046Zc5sqKL6L92H0w.YLdGx8DhvYlK"
"""The line of a password file for them, with few rounds, because each request is checked."""


@contextmanager
def registry(
    folder: Path,
    *,
    tls: tuple[Path, Path] | None = None,
    htpasswd: str = "",
    auth: dict[str, Any] | None = None,
) -> Iterator[int]:
    """A registry on a port of its own; yields the port.

    Parameters:
        folder: Where it keeps everything.
        tls: Certificate and key.
        htpasswd: A line of users that it knows; anybody when empty.
        auth: Its `auth` table, when it is another one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    configuration: dict[str, Any] = {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "kept")}, "delete": {"enabled": True}},
        "http": {},
    }
    if tls is not None:
        configuration["http"]["tls"] = {"certificate": str(tls[0]), "key": str(tls[1])}
    if htpasswd:
        (folder / "htpasswd").write_text(htpasswd + "\n")
        configuration["auth"] = {"htpasswd": {"realm": "the tests", "path": str(folder / "htpasswd")}}
    if auth is not None:
        configuration["auth"] = auth

    def command(port: int) -> list[str]:
        configuration["http"]["addr"] = f"127.0.0.1:{port}"
        (folder / "config.yml").write_text(json.dumps(configuration))
        return ["docker-registry", "serve", str(folder / "config.yml")]

    with running(command, folder) as port:
        yield port


def skopeo(*arguments: str) -> str:
    """What skopeo prints."""
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
