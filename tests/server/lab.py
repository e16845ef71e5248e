"""A real Jupyter server with jupyter-server-proxy, as a hub would start it for the user ``ada``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

TOKEN = "3f8c2a9d5b7e41d08c6f3f8c2a9d5b7e"
BASE = "/user/ada/"


@dataclass
class Lab:
    port: int
    pid: int
    environ: dict[str, str]
    folder: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}{BASE}"

    def proxy(self, port: int, path: str = "/") -> str:
        return f"{self.url}proxy/{port}{path}"


@contextmanager
def running(folder: Path) -> Iterator[Lab]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    places = {f"JUPYTER_{what}_DIR": str(folder / what.lower()) for what in ("RUNTIME", "CONFIG", "DATA")}
    (folder / "work").mkdir()
    environ = {**os.environ, **places, "JUPYTER_PLATFORM_DIRS": "1", "HOME": str(folder)}
    (folder / "config").mkdir()
    (folder / "config" / "jupyter_server_config.py").write_text(
        "from spinlab.server.shared import proxy_entry\nc.ServerProxy.servers = {'spinlab': proxy_entry()}\n"
    )
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser", f"--port={port}"]
    command += ["--port-retries=0", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder / 'work'}"]
    command += [f"--ServerApp.base_url={BASE}", f"--IdentityProvider.token={TOKEN}"]
    command += ["--ServerApp.jpserver_extensions={'jupyter_server_proxy': True}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    lab = Lab(port, process.pid, {**environ, "JPY_PARENT_PID": str(process.pid)}, folder)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise RuntimeError((folder / "log").read_text())
            try:
                httpx.get(lab.url + "api", timeout=5).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield lab
    finally:
        process.terminate()
        process.wait(20)
