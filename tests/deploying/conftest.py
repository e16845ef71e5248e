"""A folder for deployments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploying.places import cleared


@pytest.fixture
def beside(tmp_path: Path) -> Iterator[Path]:
    """The folder of a notebook; what is deployed from it ends with the test."""
    with cleared(tmp_path) as folder:
        yield folder
