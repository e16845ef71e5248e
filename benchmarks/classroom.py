"""One student: a Jupyter server of their own, as a hub starts it, and kernels that run notebooks."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

import httpx
import nbformat
from jupyter_client.blocking import BlockingKernelClient

from benchmarks.memory import Peak, processor_seconds, with_children

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
BASE = "/user/ada/"
PATIENCE = 300.0
"""Seconds that a server, a kernel or a cell may take."""


class Failed(Exception):
    """A cell that should have worked."""


def lessons() -> tuple[Path, ...]:
    """The lessons with their solutions, in order."""
    return tuple(sorted((NOTEBOOKS / "solutions").glob("[0-9][0-9]-*.ipynb")))


@dataclass(frozen=True)
class Run:
    """What running a notebook took.

    Attributes:
        name: Of the notebook, without its ending.
        seconds: From the first cell to the last.
        processor: Seconds of processors, of the server, the kernel and all that it started.
        memory: The highest sum of proportional shares.
        parts: Bytes of the server, the kernel, and what it had started, at that moment.
    """

    name: str
    seconds: float
    processor: float
    memory: int
    parts: Mapping[str, int] = field(default_factory=dict)


class Kernel:
    """A kernel that the student's server has started for a notebook."""

    def __init__(self, student: Student, session: Mapping[str, Any]) -> None:
        self._student = student
        self._session = str(session["id"])
        self.id = str(session["kernel"]["id"])
        self._client = BlockingKernelClient()
        self._client.load_connection_file(str(student.folder / "runtime" / f"kernel-{self.id}.json"))
        self._client.start_channels(hb=False)  # a kernel of a full room takes longer to begin than a heart may rest
        self._client.wait_for_ready(timeout=PATIENCE)
        self.pid = int(self.run("import os; print(os.getpid())"))

    def run(self, code: str, *, may_fail: bool = False) -> str:
        """Run a cell; its text.

        Raises:
            Failed: It failed and may not.
        """
        said: list[str] = []

        def hook(message: Mapping[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                said.append(content["text"])
            elif message["msg_type"] in ("display_data", "execute_result"):
                said.append(content["data"].get("text/plain", ""))
            elif message["msg_type"] == "error":
                said.append("\n".join(content["traceback"]))

        reply = self._client.execute_interactive(code, timeout=PATIENCE, output_hook=hook, stop_on_error=False)
        if reply["content"]["status"] != "ok" and not may_fail:
            raise Failed(f"{code}\n\n{''.join(said)}")
        return "".join(said)

    def close(self) -> None:
        """End it, through the server."""
        self._client.stop_channels()
        self._student.ask("DELETE", f"api/sessions/{self._session}")


@final
class Student:
    """See the module. Use it in a ``with`` statement.

    Parameters:
        folder: A new one, for home, settings and work.
        python: Of the environment that the server runs in.
        environ: The environment of the server.
        before: What starts it, such as the ``start`` of a Binder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        python: Path | str = sys.executable,
        environ: Mapping[str, str] = os.environ,
        before: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.work = folder / "home" / "notebooks"
        self.token = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        places = {f"JUPYTER_{what}_DIR": str(folder / what.lower()) for what in ("RUNTIME", "CONFIG", "DATA")}
        places |= {"HOME": str(folder / "home"), "JUPYTERHUB_SERVICE_PREFIX": BASE, "JUPYTER_PLATFORM_DIRS": "1"}
        self._environ = {**environ, **places}
        command = [*before, str(python), "-m", "jupyterlab", "--no-browser", "--allow-root", "--port-retries=0"]
        command += [f"--ServerApp.port={self.port}", "--ServerApp.ip=127.0.0.1", f"--ServerApp.base_url={BASE}"]
        command += [f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={folder / 'home'}"]
        self._command = command

    @property
    def url(self) -> str:
        """Of the server, with its base path."""
        return f"http://localhost:{self.port}{BASE}"

    def __enter__(self) -> Student:
        self.work.mkdir(parents=True)
        with (self.folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environ, stdout=log, stderr=log, cwd=self.work.parent
            )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.1)
        self.__exit__()
        raise RuntimeError(f"the server did not start:\n{(self.folder / 'log').read_text()}")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        try:
            self.ask("GET", "api/status")
        except httpx.HTTPError:
            return False
        return True

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Ask the server, logged in."""
        headers = {"Authorization": f"token {self.token}"}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=60, **options)
        return answer.raise_for_status()

    @property
    def pid(self) -> int:
        """Of the server."""
        return self._process.pid

    @contextmanager
    def kernel(self, name: str = "kernel.ipynb") -> Iterator[Kernel]:
        """A kernel for a notebook in the student's folder, as if it were opened."""
        asked = {"path": f"notebooks/{name}", "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        made = Kernel(self, self.ask("POST", "api/sessions", json=asked).json())
        try:
            yield made
        finally:
            made.close()

    def parts(self, kernel: Kernel | None = None) -> dict[str, tuple[int, ...]]:
        """The processes of this student by what they are."""
        family = with_children(self.pid)
        own = kernel.pid if kernel else 0
        started = tuple(pid for pid in family if pid not in (self.pid, own))
        return {"server": (self.pid,), "kernel": (own,) if own else (), "started": started}

    def run(self, notebook: Path) -> Run:
        """Run every cell of a notebook in a new kernel, and measure it.

        Raises:
            Failed: A cell fails that is not meant to.
        """
        shutil.copy(notebook, self.work)
        cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
        with self.kernel(notebook.name) as kernel:
            used = processor_seconds(self.pid) + processor_seconds(kernel.pid)
            with Peak(lambda: self.parts(kernel)) as peak:
                began = time.perf_counter()
                for cell in cells:
                    kernel.run(cell.source, may_fail="raises-exception" in cell.metadata.get("tags", ()))
                seconds = time.perf_counter() - began
            used = processor_seconds(self.pid) + processor_seconds(kernel.pid) - used
        return Run(notebook.stem, seconds, used, peak.total, peak.parts)
