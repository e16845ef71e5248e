"""What is exported of each language answers as the cell did: here, in `wasmtime serve`, and built by its own tools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.export import project
from spinlab.export.projects import FORMS, plan
from tests.export import official
from tests.export.cells import CELL, HELPER
from tests.export.running import Answer, Ask, here, of, there, without_head
from tests.export.subjects import BODIES, STATUSES, SUBJECTS, Subject

pytestmark = [pytest.mark.peer, pytest.mark.toolchain]


@pytest.fixture(scope="module", params=SUBJECTS)
def subject(request: pytest.FixtureRequest) -> Subject:
    found: Subject = SUBJECTS[request.param]
    return found


@pytest.fixture(scope="module")
def app(subject: Subject) -> Iterator[App]:
    with official.or_skipped():
        made = subject.application()
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected(app: App, subject: Subject) -> dict[str, Answer]:
    return {name: of(app.handle(request)) for name, request in subject.requests.items()}


def answers(ask: Ask, subject: Subject) -> dict[str, Answer]:
    return {name: ask(request) for name, request in subject.requests.items()}


def test_a_cell_answers_as_those_of_other_languages_do(subject: Subject, expected: dict[str, Answer]) -> None:
    if not subject.every:
        assert {status for status, _, _ in expected.values()} <= {200, 404, 405}
        return
    assert {name: expected[name][2] for name in BODIES} == BODIES
    assert {name: expected[name][0] for name in BODIES} == {name: STATUSES.get(name, 200) for name in BODIES}


@pytest.mark.parametrize("form", ["shared", "standalone"])
def test_an_export_that_needs_no_build_gives_the_same_answers(
    subject: Subject, app: App, form: str, expected: dict[str, Answer], tmp_path: Path
) -> None:
    if form == "standalone" and not subject.has_image:
        assert project(app, tmp_path / "out", components=form).files == project(app, tmp_path / "shared").files
        return
    _compare(app, subject, form, expected, tmp_path / "out")


def test_all_languages_in_one_app_give_the_same_bytes_twice(tmp_path: Path) -> None:
    with official.or_skipped(), App("mixed") as app:
        for name, subject in SUBJECTS.items():
            known = {"language": subject.language, **subject.options}
            app.add(Function(f"in_{name.replace('-0.', '')}", subject.source, routes=(f"/{name}/...",), **known))  # type: ignore[arg-type]
        app.add(Function("helper", HELPER, module=True))
        app.add(Function("in_python", CELL, routes=("/python/...",)))
        for form in FORMS:
            made = project(app, tmp_path / form, components=form)
            assert plan(app, form).files == {path: (tmp_path / form / path).read_bytes() for path in made.files}
            text = (tmp_path / form / "README.md").read_text()
            assert all(f"| `{name}` | " in text for name in made.manifest.components)


def test_what_the_official_tools_make_gives_the_same_answers(
    subject: Subject, app: App, expected: dict[str, Answer], tmp_path: Path
) -> None:
    if not subject.projects:
        assert project(app, tmp_path / "out", components="official").manifest.components["every-kind"].build is None
        return
    if not subject.builds:
        project(app, tmp_path / "out", components="official")
        official.check_go(tmp_path / "out" / "functions" / "every-kind")
        return
    _compare(app, subject, "official", expected, tmp_path / "out")


def _compare(app: App, subject: Subject, form: str, expected: dict[str, Answer], folder: Path) -> None:
    project(app, folder, components=form)
    with official.or_skipped():
        official.build(folder)
    with here(folder) as ask:
        assert answers(ask, subject) == expected
    if not subject.peered and (form != "shared" or not subject.has_image):
        return
    with there(folder, "every-kind") as ask:
        assert without_head(answers(ask, subject)) == without_head(expected)
