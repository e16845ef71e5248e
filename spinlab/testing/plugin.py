"""A plugin for pytest: the fixtures `app` and `client`, for a notebook or an exported folder.

Which one, is said with ``--spinlab PATH`` or the ini option ``spinlab``; ``spin.toml`` in pytest's root otherwise. With
``--spinlab-url URL`` the client asks the app that runs there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.client import Client


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("spinlab")
    group.addoption("--spinlab", metavar="PATH", help="notebook or Spin application of the fixtures app and client")
    group.addoption("--spinlab-url", metavar="URL", help="let the fixture client ask the app that runs there")
    parser.addini("spinlab", "notebook or Spin application of the fixtures app and client, beside the ini file")


@pytest.fixture(scope="session")
def app(pytestconfig: pytest.Config) -> Iterator[App]:
    """The app of the notebook or folder, live in this process with empty stores."""
    from spinlab.errors import SpinError
    from spinlab.testing.requests.source import opened

    given = pytestconfig.getoption("--spinlab")
    base = pytestconfig.inipath.parent if pytestconfig.inipath is not None else pytestconfig.rootpath
    source = pytestconfig.invocation_params.dir / given if given else base / (pytestconfig.getini("spinlab") or ".")
    try:
        context = opened(source)
        made = context.__enter__().app
    except SpinError as error:
        pytest.fail(f"{error}\nsay which app: pytest --spinlab PATH, or spinlab = PATH in pytest's ini", pytrace=False)
    try:
        yield made
    finally:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def client(request: pytest.FixtureRequest, pytestconfig: pytest.Config) -> Iterator[Client]:
    """What asks the app: ``client.get("/path")``; at ``--spinlab-url`` when that is given."""
    url = pytestconfig.getoption("--spinlab-url")
    if not url:
        yield request.getfixturevalue("app")
        return
    from spinlab.testing.requests.places import Remote

    with Remote(url) as remote:
        yield remote
