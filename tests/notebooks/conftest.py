"""The two runs of a lesson that its tests look at."""

from __future__ import annotations

import pytest

from tests.notebooks.lesson import file_of
from tests.notebooks.running import NOTEBOOKS, SOLUTIONS, Ran, run


@pytest.fixture(scope="class")
def solution(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The solution of the class's lesson, from a clean kernel."""
    return run(SOLUTIONS / file_of(request.cls.lesson), tmp_path_factory.mktemp("solution"))


@pytest.fixture(scope="class")
def learner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The learner's copy as it is before anything is done, every cell of it."""
    return run(NOTEBOOKS / file_of(request.cls.lesson), tmp_path_factory.mktemp("learner"), go_on=True)
