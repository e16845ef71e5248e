"""%spin inspect and %spin log in a real kernel."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")

C = '#include "spin.h"\nvoid handle(spin_request *req, spin_response *res) {\n    %s\n}'


def test_inspect_shows_all_forms(kernel: Kernel) -> None:
    register(kernel)
    shown = kernel.run("%spin inspect teapot").ok()
    assert "teapot · component of" in shown.text
    assert "wasi:http/incoming-handler@0.2.0" in shown.text
    assert "and this is the bytecode" in shown.text
    assert "<details" in shown.html
    assert "i32.const 418" in kernel.run("%spin inspect teapot --wat handle").ok().text
    assert "41 a2 03" in kernel.run("%spin inspect teapot --wat handle").ok().text
    assert "export wasi:http/incoming-handler@0.2.0;" in kernel.run("%spin inspect teapot --wit").ok().text
    assert "canonical functions" in kernel.run("%spin inspect teapot --sections").ok().text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nosuch", "no function is called 'nosuch'"),
        ("teapot --wat nosuch", "no function is called 'nosuch'"),
        ("teapot --wit --sections", "two questions"),
        ("parts", "is a module"),
    ],
)
def test_what_can_not_be_inspected_is_pointed_at(kernel: Kernel, line: str, message: str) -> None:
    register(kernel)
    kernel.run("%%spin parts --module\nx = 1").ok()
    assert message in kernel.run(f"%spin inspect {line}").error("OptionError").traceback


def test_the_log_of_the_last_build_is_kept_and_named_by_its_error(kernel: Kernel) -> None:
    broken = kernel.run("%%spin c half --private\n" + C % "oh no").error("SourceError").traceback
    assert broken.splitlines()[-1].endswith("the full log: %spin log half")
    log = kernel.run("%spin log half").ok().text
    assert "error:" in log
    assert "oh no" in log
    kernel.run("%%spin c half --private\n" + C % 'spin_print(res, "yes");').ok()
    assert "oh no" not in kernel.run("%spin log half").ok().text


def test_a_function_that_no_tool_was_run_for_has_an_empty_log(kernel: Kernel) -> None:
    register(kernel)
    assert "no tool wrote anything" in kernel.run("%spin log teapot").ok().text
    assert "did you mean teapot?" in kernel.run("%spin log teapo").error("OptionError").traceback
