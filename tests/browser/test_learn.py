"""`spinlab learn` in a real JupyterLab: the overview as it reads, and a lesson by a click on it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import TOKEN

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of what `spinlab learn` opens, and the learner's folder."""
    folder = tmp_path_factory.mktemp("learner") / "mine"
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "spinlab.cli", "learn", str(folder), "--no-browser", "--allow-root"]
    command += [f"--ServerApp.port={port}", f"--IdentityProvider.token={TOKEN}"]
    env = {**os.environ, "JUPYTERLAB_SETTINGS_DIR": str(tmp_path_factory.mktemp("settings"))}
    server = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{url}/api?token={TOKEN}", timeout=2)
                break
            except OSError:
                time.sleep(0.2)
        yield url, folder
    finally:
        (jupyter,) = psutil.Process(server.pid).children()  # it ends its kernels
        jupyter.terminate()
        _, alive = psutil.wait_procs([jupyter], timeout=20)
        for process in alive:
            process.kill()
        server.wait(20)


def test_the_overview_is_shown_as_it_reads_and_leads_to_a_lesson(page: Page, learning: tuple[str, Path]) -> None:
    url, folder = learning
    page.goto(f"{url}/?token={TOKEN}")
    overview = page.locator(".jp-MarkdownViewer")
    expect(overview.locator("h1")).to_contain_text("Lessons", timeout=60_000)
    expect(overview.locator("table").first).to_contain_text("20")
    assert (folder / "01-hello.ipynb").is_file()
    overview.get_by_role("link", name="01 Hello").click()
    expect(page.locator(".jp-NotebookPanel .jp-Cell").first).to_contain_text("01 Hello", timeout=60_000)
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]")).to_be_visible(timeout=60_000)
