"""An exported component, alone, gives the answers that the function gave in the notebook: here and elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.export import project
from tests.export import official
from tests.export.cells import CLASSIC, REQUESTS, application, request
from tests.export.running import Answer, Ask, here, of, there, without_head

pytestmark = [pytest.mark.peer, pytest.mark.toolchain]


@pytest.fixture(scope="module", params=["0.2", "0.3"])
def app(request: pytest.FixtureRequest) -> Iterator[App]:
    made = application(request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def expected(app: App) -> dict[str, Answer]:
    return {name: of(app.handle(request)) for name, request in REQUESTS.items()}


def answers(ask: Ask) -> dict[str, Answer]:
    return {name: ask(request) for name, request in REQUESTS.items()}


def test_the_function_answers_each_request_as_its_source_says(expected: dict[str, Answer]) -> None:
    body = {name: answer[2] for name, answer in expected.items()}
    assert body["text"].decode() == "héllo WÖRLD!"
    assert body["binary"] == bytes(range(256)) * 4
    assert body["a megabyte"] == b"0123456789abcdef" * 65536
    assert body["echo of a megabyte"] == bytes(range(256)) * 4096
    assert body["streamed"] == b"".join(b"piece %d\n" % n for n in range(5))
    assert body["duplicate headers"] == b"1|2|3"
    assert body["percent-encoded path"].decode().split(" ", 1)[0].startswith("/all/path/a%20b/")
    assert ("x-answer", "one") in expected["duplicate headers"][1]
    assert ("x-answer", "two") in expected["duplicate headers"][1]
    status = {name: answer[0] for name, answer in expected.items()}
    assert (status["a status"], status["no content"], status["json"]) == (418, 204, 200)
    failures = ("an exception", "a wrong result", "an exit", "an unknown kind")
    assert {expected[name] for name in failures} == {(500, (), b"")}


@pytest.mark.parametrize("form", ["shared", "standalone"])
def test_an_export_that_needs_no_build_gives_the_same_answers(
    app: App, form: str, expected: dict[str, Answer], tmp_path: Path
) -> None:
    project(app, tmp_path / "out", components=form)
    with here(tmp_path / "out") as ask:
        assert answers(ask) == expected
    with there(tmp_path / "out", "every-kind") as ask:
        assert without_head(answers(ask)) == without_head(expected)


def test_the_official_build_gives_the_same_answers(app: App, expected: dict[str, Answer], tmp_path: Path) -> None:
    project(app, tmp_path / "out", components="official")
    official.build(tmp_path / "out")
    with here(tmp_path / "out") as ask:
        assert answers(ask) == expected
    with there(tmp_path / "out", "every-kind") as ask:
        assert without_head(answers(ask)) == without_head(expected)


def test_a_cell_that_uses_the_sdk_is_exported_as_it_is(tmp_path: Path) -> None:
    asked = request("x?y=1", "POST", b"body")
    app = App("classic")
    try:
        app.add(Function("classic", CLASSIC, routes=("/all/...",)))
        expected = of(app.handle(asked))
        assert expected[2] == b"POST /all/x?y=1 body"
        project(app, tmp_path / "shared")
        project(app, tmp_path / "official", components="official")
    finally:
        app.close()
    official.build(tmp_path / "official")
    for form in ("shared", "official"):
        assert (tmp_path / form / "functions" / "classic" / "app.py").read_text() == CLASSIC
        with here(tmp_path / form) as ask:
            assert ask(asked) == expected
