"""A kernel in which two good functions serve, so that each wrong step can be seen to harm neither."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bad_input.steps import GOOD, NEIGHBOUR, Stage
from tests.magics.conftest import Kernel


@pytest.fixture(scope="package")
def kernel() -> Iterator[Kernel]:
    """A kernel with the extension, for all files here: cells replace each other's functions."""
    made = Kernel()
    made.run("%load_ext spinlab").ok()
    yield made
    made.close()


@pytest.fixture
def stage(kernel: Kernel) -> Stage:
    """The kernel with ``hello``, the function to go wrong, and ``neighbour``, written in WebAssembly text."""
    kernel.run("from spinlab.session import session as _session; _session.reset()").ok()
    kernel.run(NEIGHBOUR).ok()
    kernel.run(GOOD).ok()
    return Stage(kernel)
