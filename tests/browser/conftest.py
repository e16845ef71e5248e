"""A real JupyterLab in a folder of its own, and Debian's Chromium on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.jupyterlab import TOKEN, chromium, jupyterlab

__all__ = ["TOKEN"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give what drives a browser a second try: a machine that is busy with other tests can be too slow for a page."""
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of one module: while it is there, nothing else on this thread can run an event loop."""
    with chromium() as made:
        yield made


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 900}, device_scale_factor=1.5)
    made = context.new_page()
    made.set_default_timeout(60_000)
    yield made
    context.close()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Base URL of a running JupyterLab that has the labextension as it is now, and the folder that it shows."""
    folder = tmp_path_factory.mktemp("lab")
    with jupyterlab(folder, tmp_path_factory.mktemp("lab-settings")) as url:
        yield url, folder
