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

import nbformat
from playwright.sync_api import Browser, Page, expect, sync_playwright

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


def open_notebook(page: Page, lab: tuple[str, Path], name: str, *cells: str, timeout: float = 60_000) -> None:
    """Write a notebook of code cells, and open it on a page, until its kernel is ready.

    Parameters:
        page: The page.
        lab: Base URL and folder of a JupyterLab.
        name: Of the file.
        *cells: Sources.
        timeout: Milliseconds that the kernel may take.
    """
    url, folder = lab
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, folder / name)
    dialog = page.locator(".jp-Dialog", has_text="Select Kernel")  # asked when the page was quicker than the server
    page.add_locator_handler(dialog, lambda: page.locator(".jp-Dialog .jp-mod-accept").click())
    page.goto(f"{url}/lab/workspaces/{Path(name).stem}/tree/{name}?token={TOKEN}")
    page.wait_for_selector(".jp-Notebook .jp-Cell")
    expect(page.locator(".jp-Toolbar-kernelName")).to_contain_text("Python 3", timeout=timeout)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=timeout)


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
