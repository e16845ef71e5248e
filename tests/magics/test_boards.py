"""``%spin``, ``%spin capabilities`` and ``%spin stores`` in a real kernel."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.mark.parametrize("verb", ["%spin", "%spin capabilities", "%spin stores"])
def test_a_widget_or_its_table(kernel: Kernel, verb: str) -> None:
    register(kernel, "teapot")
    try:
        kernel.run("%config Spin.widgets = 'static'").ok()
        static = kernel.run(verb).ok()
        kernel.run("%config Spin.widgets = 'live'").ok()
        live = kernel.run(verb).ok()
    finally:
        kernel.run("%config Spin.widgets = 'auto'").ok()
    assert static.text == live.text
    assert VIEW in str(live.outputs)
    assert VIEW not in str(static.outputs)


def test_capabilities_begin_with_a_function_that_is_there(kernel: Kernel) -> None:
    register(kernel, "teapot")
    assert "teapot" in kernel.run("%spin capabilities teapot").ok().text
    assert "did you mean teapot?" in kernel.run("%spin capabilities teapo").error("OptionError").traceback
    assert "did you mean %spin capabilities?" in kernel.run("%spin grants").error("OptionError").traceback


def test_widgets_are_drawn_in_one_of_three_ways(kernel: Kernel) -> None:
    assert "'auto', 'live', 'static'" in kernel.run("%config Spin.widgets = 'sometimes'").text
