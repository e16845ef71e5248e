from __future__ import annotations

from spinlab.engine.traps import import_failed

REPORT = """Traceback (most recent call last):
  File "hello.py", line 3, in <module>
    import util
  File "util.py", line 7, in <module>
    1 / 0
    ~~^~~
ZeroDivisionError: division by zero
"""


def test_a_failed_import_is_told_with_its_last_line_and_the_place_in_the_cell() -> None:
    error = import_failed(REPORT, "hello")
    assert error.message == "ZeroDivisionError: division by zero"
    assert error.location is not None
    assert error.location.line == 3
    assert error.details == REPORT


def test_a_report_without_a_place_in_the_cell_has_no_location() -> None:
    assert import_failed("TypeError: define handle(request)", "hello").location is None
    assert import_failed("", "hello").message


SCRIPT = """TypeError: can't access property "x" of null
    at inner (util.js:7:3)
    at hello.ts:3:12
    at hello.ts:9:1
"""


def test_of_a_javascript_stack_the_innermost_place_in_the_cell_counts() -> None:
    error = import_failed(SCRIPT, "hello")
    assert error.message == 'TypeError: can\'t access property "x" of null'
    assert error.location is not None
    assert (error.location.line, error.location.column) == (3, 12)
    assert (
        import_failed("Error: several\nlines\n    at f (node_modules/a/b.js:1:2)", "hello").message
        == "Error: several\nlines"
    )
