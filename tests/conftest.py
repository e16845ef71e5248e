"""What all tests share: the hand-written WAT function, and apps that are closed afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from filelock import FileLock

from spinlab import App, Function
from tests.servers.mariadb import mariadb
from tests.servers.postgres import postgres

# A run that was started in the background of a shell has interrupts ignored; the tests of interrupts need them.
signal.signal(signal.SIGINT, signal.default_int_handler)
# CI tries the same examples in each run; elsewhere new ones are looked for.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

ROOT = Path(__file__).resolve().parent.parent
GUESTS = Path(__file__).resolve().parent / "guests"


def wat_source(text: str = "Hello from WAT\n") -> str:
    """The hand-written component, answering another text of the same length."""
    original = "Hello from WAT\n"
    padded = text.ljust(len(original))[: len(original)]
    source = (GUESTS / "hello.wat").read_text()
    shown = original.replace("\n", "\\n")
    assert shown in source
    return source.replace(shown, padded.replace("\n", "\\n"))


def wat(name: str = "hello", route: str = "/hello", text: str = "Hello from WAT\n", **options: object) -> Function:
    """A WAT function."""
    return Function(name, wat_source(text), language="wat", routes=(route,), **options)  # type: ignore[arg-type]


@pytest.fixture
def app() -> Iterator[App]:
    """An empty app."""
    made = App("tests")
    yield made
    made.close()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout, built once by whichever worker needs it first."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder = shared / "wheel"
    with FileLock(shared / "wheel.lock"):
        if not list(folder.glob("*.whl")):
            command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(ROOT)]
            subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def postgres_port() -> Iterator[int]:
    """The port of a PostgreSQL that the tests of one worker share."""
    with postgres() as port:
        yield port


@pytest.fixture(scope="session")
def mariadb_port() -> Iterator[int]:
    """The port of a MariaDB that the tests of one worker share."""
    with mariadb() as port:
        yield port
