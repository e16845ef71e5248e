"""Requests as tests in a real kernel: --expect and --keep, %%spintest, %spin test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")


def test_an_answer_as_expected_is_the_cells_result(kernel: Kernel) -> None:
    register(kernel)
    assert "418" in kernel.run('%spin get /teapot --expect 418 --expect-text ""').ok().text


def test_an_answer_that_is_not_expected_fails_the_cell_and_is_shown(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("%spin get /teapot --expect 200").error("CheckFailed")
    assert "GET /teapot: expected status 200, found status 418" in ran.traceback
    assert "line 1:28" in ran.traceback
    assert "418" in ran.text


def test_all_that_is_not_as_expected_is_told_at_once(kernel: Kernel) -> None:
    register(kernel)
    line = "%spin post /teapot --expect 200 --expect-json '{\"a\": null}' --expect-header 'x-a: b' --expect-contains c"
    ran = kernel.run(line).error("CheckFailed")
    for told in ("status 200", "x-a", "'c'", '{"a": null}', "an empty body"):
        assert told in ran.traceback


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--expect 99", "100 to 599"),
        ("--expect ok", "100 to 599"),
        ("--expect-json {1}", "not JSON"),
        ("--expect-header x", "'Name: value'"),
        ("--keep ' '", "can't be the name of a test"),
        ("--expect-jsno 1", "did you mean --expect-json?"),
    ],
)
def test_a_wrong_expectation_is_pointed_at(kernel: Kernel, options: str, told: str) -> None:
    ran = kernel.run(f"%spin get /teapot {options}").error("OptionError")
    assert told in ran.traceback
    assert "line 1:" in ran.traceback


def test_a_kept_request_is_run_by_test_and_listed_and_forgotten(kernel: Kernel) -> None:
    register(kernel)
    assert "kept as the test 'tea'" in kernel.run("%spin get /teapot --keep tea").ok().text
    kernel.run("%spin post /teapot --json '[1]' --expect 418 --keep 'more tea'").ok()
    ran = kernel.run("%spin test").ok()
    assert "✓ 2 tests passed at kernel" in ran.text
    assert "✓ passed" in ran.html
    assert "1 test passed" in kernel.run("%spin test 'more tea'").ok().text
    assert "status 418" in kernel.run("%spin test --list").ok().text
    kernel.run("%spin test tea --forget").ok()
    told = kernel.run("%spin test tea").error("OptionError").traceback
    assert "no test is called 'tea'" in told
    assert "line 1:12" in told


def test_an_edited_cell_fails_the_tests_and_the_report_is_shown(kernel: Kernel) -> None:
    register(kernel)
    kernel.run("%spin get /teapot --keep tea").ok()
    register(kernel, status=204)
    ran = kernel.run("%spin test").error("CheckFailed")
    assert "1 of 1 test failed at kernel: tea" in ran.traceback
    assert "expected status 418, found status 204" in ran.text
    assert "✗ failed" in ran.html


def test_a_failing_test_is_kept_so_that_it_can_come_before_the_function(kernel: Kernel) -> None:
    kernel.run("%spin get /teapot --expect 418 --keep tea").error("CheckFailed")
    register(kernel)
    assert "1 test passed" in kernel.run("%spin test").ok().text


CELL = """\
%%spintest
[tea]
request = "GET /teapot"
expect.status = 418

["more tea"]
request = "POST /teapot"
body = "milk"
expect.status = 418
"""


def test_a_cell_keeps_several_and_runs_them(kernel: Kernel) -> None:
    register(kernel)
    assert "✓ 2 tests passed at kernel" in kernel.run(CELL).ok().text
    assert "2 tests passed" in kernel.run("%spin test").ok().text
    kernel.run(CELL.replace("418", "200")).error("CheckFailed")
    assert "kept 2 tests" in kernel.run(CELL.replace("%%spintest", "%%spintest --no-run")).ok().text


def test_an_error_in_the_cell_names_its_line_and_keeps_nothing(kernel: Kernel) -> None:
    ran = kernel.run(CELL.replace('body = "milk"', "bdy = 1")).error("SourceError")
    assert "bdy is nothing that a test has" in ran.traceback
    assert "line 8" in ran.traceback
    assert "did you mean body?" in ran.traceback
    kernel.run("%spin test").error("OptionError")
    assert "line 3" in kernel.run("%%spintest\n[tea]\nrequest =\n").error("SourceError").traceback
    assert "the cell is empty" in kernel.run("%%spintest\n").error("SourceError").traceback
    assert "expect.status" in kernel.run("%%spintest --help").ok().text


def test_running_the_cell_again_forgets_what_is_no_longer_in_it(kernel: Kernel) -> None:
    register(kernel)
    kernel.run("%spin get /teapot --keep other").ok()
    desk = "get_ipython().magics_manager.registry['Spin'].desk"
    kernel.run(f"{desk}.cell_id = lambda: 'one'").ok()
    try:
        kernel.run(CELL).ok()
        kernel.run(CELL.replace('["more tea"]', "[less]")).ok()
    finally:
        kernel.run(f"del {desk}.cell_id").ok()
    names = kernel.run("import spinlab; print(*spinlab.current_app().tests)").ok().stdout.split()
    assert names == ["other", "tea", "less"]


def test_the_export_and_an_address_are_asked_beside_the_kernel(kernel: Kernel, tmp_path: Path) -> None:
    register(kernel)
    kernel.run("%spin get /teapot --keep tea").ok()
    url = kernel.run("%spin url").ok().text.strip().strip("'")
    text = kernel.run(f"%spin test --up --url {url}").ok().text
    assert f"1 test passed at kernel and spinlab up and {url}" in text
    ran = kernel.run("%spin test --url example.com").error("OptionError")
    assert "'example.com' is not an address" in ran.traceback
    assert "line 1:18" in ran.traceback


def test_an_export_is_loaded_with_its_tests(kernel: Kernel, tmp_path: Path) -> None:
    register(kernel)
    kernel.run("%spin get /teapot --keep tea").ok()
    assert "tests/requests.toml" in kernel.run(f"%spin export {tmp_path}/out").ok().text
    kernel.run(f"%spin load {tmp_path}/out --app again").ok()
    assert "1 test passed" in kernel.run("%spin test").ok().text
    (tmp_path / "out/tests/requests.toml").write_text('[tea]\nrequest = "GET teapot"\n')
    text = kernel.run(f"%spin load {tmp_path}/out --app broken").ok().text
    assert "requests.toml, line 2" in text


def test_names_and_options_are_completed(kernel: Kernel) -> None:
    register(kernel)
    kernel.run("%spin get /teapot --keep tea").ok()
    assert kernel.complete("%spin test t")[0] == ["tea"]
    assert "--no-run" in kernel.complete("%%spintest --")[0]
    assert "--expect-json" in kernel.complete("%spin get /teapot --ex")[0]
