from __future__ import annotations

from tests.magics.conftest import Kernel

BEGIN = """
import time
from IPython.display import display
from spinlab.magics.progress import Progress
"""


def test_a_short_step_leaves_nothing(bare: Kernel) -> None:
    ran = bare.run(BEGIN + "with Progress(get_ipython(), display) as p:\n    p('building')\n    time.sleep(0.05)").ok()
    assert ran.outputs == []


def test_a_long_step_is_one_display_that_ends_as_one_line(bare: Kernel) -> None:
    code = (
        BEGIN
        + """
with Progress(get_ipython(), display) as p:
    p("building", 0.25)
    time.sleep(1)
    p("compiling", None)
    time.sleep(0.5)
"""
    )
    ran = bare.run(code).ok()
    assert ran.outputs[0]["kind"] == "display_data"
    assert ran.outputs[0]["text/plain"].startswith("building 25% ...")
    assert {o["id"] for o in ran.outputs} == {ran.outputs[0]["id"]}
    assert all(o["kind"] == "update_display_data" for o in ran.outputs[1:])
    assert ran.outputs[-1]["text/plain"].startswith("compiling: done in 1.")
    assert "\n" not in ran.outputs[-1]["text/plain"]


def test_a_step_that_fails_says_so(bare: Kernel) -> None:
    code = BEGIN + "with Progress(get_ipython(), display) as p:\n    p('building')\n    time.sleep(0.8)\n    1/0"
    ran = bare.run(code).error("ZeroDivisionError")
    assert ran.outputs[-1]["text/plain"].startswith("building: failed after")


def test_an_interrupted_step_says_so_and_nothing_follows_in_the_next_cell(bare: Kernel) -> None:
    code = BEGIN + "with Progress(get_ipython(), display) as p:\n    p('building')\n    time.sleep(30)"
    ran = bare.run(code, timeout=30, interrupt_after=1.2).error("KeyboardInterrupt")
    assert "interrupted" in ran.outputs[-1]["text/plain"]
    assert bare.run("time.sleep(0.6)").ok().outputs == []
