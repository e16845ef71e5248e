"""A JupyterLab of its own for a test or a benchmark, with the labextension as it is now."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

TOKEN = "a-token-of-the-tests"
LABEXTENSION = str(Path(__file__).resolve().parents[2] / "labextension" / "build.py")
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield made
        made.close()


@contextmanager
def jupyterlab(folder: Path, settings: Path, program: str = "jupyterlab") -> Iterator[str]:
    """The base URL of a running JupyterLab.

    Parameters:
        folder: What it shows.
        settings: An empty folder for its settings, workspaces and log.
        program: The module that serves it; ``notebook`` for Notebook 7.
    """
    subprocess.run([sys.executable, LABEXTENSION], check=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    notices = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    notices.parent.mkdir(parents=True)
    notices.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    command = [
        *(sys.executable, "-m", program, "--no-browser", "--allow-root", f"--ServerApp.root_dir={folder}"),
        *(f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True"),
        "--JupyterNotebookApp.expose_app_in_browser=True",
    ]
    env = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(settings), "JUPYTERLAB_WORKSPACES_DIR": str(settings)}
    with (settings / "lab.log").open("w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, settings / "lab.log")
        yield url
    finally:
        server.terminate()
        server.wait(120)  # it ends its kernels first


def _wait(url: str, log: Path) -> None:
    until = time.monotonic() + 240
    while not _answers(url):
        assert time.monotonic() < until, f"the server did not start:\n{log.read_text()[-3000:]}"
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=10).close()
    except OSError:
        return False
    return True
