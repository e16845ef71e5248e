"""The clock starts functions, by Spin's six or seven fields."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from spinlab import App, Function, load
from spinlab.errors import OptionError
from spinlab.export import project
from spinlab.triggers.cron import Schedule
from tests.triggers.guests import CLOCK
from tests.triggers.test_redis import until


def clock(expression: str = "* * * * * *") -> Function:
    """A function that keeps whether its time was even, and fails at 7."""
    return Function("tick", CLOCK, language="wat", triggers={"cron": ({"cron_expression": expression},)})


def test_it_runs_each_second_and_the_trace_tells_it(app: App) -> None:
    app.add(clock())
    until(lambda: len(app.traces("tick")) >= 2)
    first, second = app.traces("tick")[:2]
    assert (first.method, first.path, first.status) == ("CRON", "* * * * * *", 200)
    assert second.time > first.time


def test_run_now_and_at_a_time(app: App) -> None:
    app.add(clock("0 0 0 1 1 ? 2099"))
    assert app.send("tick").status == 200
    assert app.send("tick", "1764034200").status == 200
    failed = app.send("tick", "7")
    assert failed.status == 500
    assert failed.error is not None
    assert "seven" in str(getattr(failed.error, "details", ""))
    with pytest.raises(OptionError, match="a time alone"):
        app.send("tick", "now")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/5 * * * * *", "2026-11-25 01:02:05"),
        ("0 * * * * *", "2026-11-25 01:03:00"),
        ("0 30 9 * * Mon-Fri", "2026-11-25 09:30:00"),
        ("0 0 0 29 2 ?", "2028-02-29 00:00:00"),
        ("0 0 12 * * 1 *", "2026-11-29 12:00:00"),
        ("15,45 2 1 ? JAN * 2030", "2030-01-01 01:02:15"),
        ("10/20 * * * * *", "2026-11-25 01:02:10"),
    ],
)
def test_when_it_is_due(expression: str, expected: str) -> None:
    moment = datetime(2026, 11, 25, 1, 2, 3, 500, tzinfo=timezone.utc)
    assert f"{Schedule.parse(expression).after(moment):%Y-%m-%d %H:%M:%S}" == expected


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("*/5 * * * *", "five fields have no seconds"),
        ("* * *", "six or seven fields"),
        ("61 * * * * *", "'61' is not one of the seconds"),
        ("* * * * Foo *", "'Foo' is not one of the months"),
        ("*/0 * * * * *", "names none"),
        ("5-1 * * * * *", "names none"),
        ("a* * * * * *", "nothing for the seconds"),
        ("0 0 0 1 1 * 1999", "never due again"),
        ("0 0 0 31 2 *", "never due again"),
    ],
)
def test_a_bad_expression_says_what_is_wrong(app: App, expression: str, told: str) -> None:
    with pytest.raises(OptionError) as refused:
        app.add(clock(expression))
    assert told in f"{refused.value.message} {refused.value.hint}"
    assert "tick" not in app


def test_an_export_has_the_table_and_loads_back(app: App, tmp_path: Path) -> None:
    app.add(clock("0 0 3 * * *"))
    project(app, tmp_path)
    assert (
        '[[trigger.cron]]\ncomponent = "tick"\ncron_expression = "0 0 3 * * *"' in (tmp_path / "spin.toml").read_text()
    )
    assert "spin plugins install trigger-cron" in (tmp_path / "README.md").read_text()
    with load(tmp_path, state_dir=None) as again:
        assert again.send("tick").status == 200
        assert [listener.type for listener in again.listeners] == ["cron"]
