"""The two runs of a lesson that its tests look at. What a lesson deploys ends with them, whatever became of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploying.places import cleared
from tests.notebooks.lesson import file_of
from tests.notebooks.running import NOTEBOOKS, SOLUTIONS, Ran, run


@pytest.fixture(scope="class")
def solution(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The solution of the class's lesson, from a clean kernel."""
    with cleared(tmp_path_factory.mktemp("solution")) as folder:
        yield run(SOLUTIONS / file_of(request.cls.lesson), folder)


@pytest.fixture(scope="class")
def learner(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """The learner's copy as it is before anything is done, every cell of it."""
    with cleared(tmp_path_factory.mktemp("learner")) as folder:
        yield run(NOTEBOOKS / file_of(request.cls.lesson), folder, go_on=True)
