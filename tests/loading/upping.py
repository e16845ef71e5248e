"""`spinlab up` as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from typing_extensions import Self

COMMAND = (sys.executable, "-m", "spinlab.cli", "up")
SPINS = ("SPIN_HTTP_LISTEN_ADDR", "SPIN_TLS_CERT", "SPIN_TLS_KEY", "SPIN_LOG_DIR", "RUNTIME_CONFIG_FILE")


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without what would change the listener."""
    return {**{k: v for k, v in os.environ.items() if k not in SPINS}, **(changes or {})}


class Up:
    """A running `spinlab up` on a port of its own.

    Parameters:
        folder: Where it runs.
        *arguments: Its options.
    """

    def __init__(
        self, folder: Path, *arguments: str, listen: str = "127.0.0.1:0", environ: Mapping[str, str] | None = None
    ) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--listen", listen, "--format", "json", *arguments],
            cwd=folder,
            env=environment(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.err: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.said: dict[str, Any] = json.loads(self._object())
        self.url: str = self.said["base_url"]

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err.append(line)

    def _object(self) -> str:
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if line == "}\n":
                return text
        self.process.wait()
        self._reader.join()
        raise AssertionError(f"it did not start: {text}{''.join(self.err)}")

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET."""
        return httpx.get(self.url + path, timeout=60, **options)

    def post(self, path: str, body: str, **options: Any) -> httpx.Response:
        """The answer to a POST."""
        return httpx.post(self.url + path, content=body, timeout=60, **options)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; answers the exit status."""
        self.process.send_signal(number)
        status = self.process.wait(60)
        self._reader.join()
        return status

    @property
    def stderr(self) -> str:
        """What it has said."""
        return "".join(self.err)

    def says(self, text: str, seconds: float = 30) -> bool:
        """Whether it says this within some time: what it has written is read on another thread."""
        end = time.monotonic() + seconds
        while text not in self.stderr and time.monotonic() < end:
            time.sleep(0.02)
        return text in self.stderr

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


def refused(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> str:
    """What a start that fails says."""
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=folder, env=environment(environ), capture_output=True, text=True, timeout=120
    )
    assert done.returncode in (1, 2), done.stdout
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr
