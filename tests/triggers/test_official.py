"""What the official tools make of an exported trigger's project takes the same messages the same way."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab import App, Function, load
from spinlab.export import project
from spinlab.languages.python import official as python
from tests.export import official
from tests.triggers.test_python import CRON, EVERY_YEAR, OWN, SHORT, WAITS
from tests.triggers.test_rust import SOURCE as RUST

JOBS = {"redis": ({"channel": "jobs", "address": "redis://127.0.0.1:1"},)}
CELLS = {
    "short": (Function("f", SHORT, key_value_stores=("default",), triggers=JOBS), ("fine", "fail", "\0\x7f")),
    "own": (Function("f", OWN, triggers=JOBS), ("fine", "")),
    "cron": (Function("f", CRON, triggers=EVERY_YEAR), ("7", "13")),
    "wasi 0.3 short": (
        Function("f", WAITS, key_value_stores=("default",), triggers=JOBS, wasi="0.3"),
        ("fine", "fail"),
    ),
    "wasi 0.3 cron": (Function("f", CRON, triggers=EVERY_YEAR, wasi="0.3"), ("7", "13")),
    "rust": (
        Function("f", RUST, language="rust", requires=("anyhow==1", "bytes==1"), triggers=JOBS),
        ("fine", ""),
    ),
}


def answers(app: App, messages: tuple[str, ...]) -> list[tuple[int, str]]:
    """Status and the cell's own words for each message."""
    found = []
    for message in messages:
        answer = app.send("f", message)
        found.append((answer.status, answer.error.details if answer.error is not None else ""))
    return found


@pytest.mark.toolchain
@pytest.mark.parametrize("cell", CELLS)
def test_the_official_build_takes_messages_as_the_notebook_does(app: App, tmp_path: Path, cell: str) -> None:
    function, messages = CELLS[cell]
    app.add(function)
    here = answers(app, messages)
    assert {status for status, _ in here} == {200, 500}
    project(app, tmp_path / "out", components="official")
    official.build(tmp_path / "out")
    built = load(tmp_path / "out")
    try:
        assert built.functions["f"].function.language == "wasm"
        there = answers(built, messages)
        assert [status for status, _ in there] == [status for status, _ in here]
        if "cron" in cell:
            assert there == here
    finally:
        built.close()


def test_the_project_of_a_class_is_the_template_with_the_triggers_world() -> None:
    files = python.project("x = 1\n", "0.2", "WitWorld", (), {}, (), trigger="cron")
    assert set(files) == {"app.py", "requirements.txt", "wit/cron.wit"}
    command = python.command("0.2", "WitWorld", (), "cron")
    assert command.endswith(
        "-d wit -w fermyon:spin-cron/spin-cron@2.0.0 componentize -m spin_sdk=spin-imports app -o app.wasm"
    )
    assert python.command("0.2", "InboundRedis", (), "redis").endswith("-w spin-redis componentize app -o app.wasm")
