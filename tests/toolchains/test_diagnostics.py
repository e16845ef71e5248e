"""What compilers say becomes one error that points into the cell."""

from __future__ import annotations

from spinlab.errors import BuildError, CacheError, Location, SourceError
from spinlab.function import Function
from spinlab.toolchains.diagnostics import Diagnostic, broken, fail
from spinlab.toolchains.process import ProgramError

FUNCTION = Function("sum", "int x\nint y;\n", language="c", first_line=2)


def test_the_first_error_points_and_the_others_are_listed_with_the_lines_of_the_cell() -> None:
    found = [
        Diagnostic("unused", 1, 1, severity="warning"),
        Diagnostic("expected ;", 1, 6, 7, label="here", hint="add it"),
        Diagnostic("unknown type", 3, 2),
    ]
    error = fail(FUNCTION, found, "the log", tool="clang")
    assert isinstance(error, SourceError)
    assert error.location == Location(1, 6, 7, "here")
    assert (error.message, error.hint) == ("expected ;", "add it")
    assert error.details == "and 1 more:\n  line 4: unknown type"
    assert error.log == "the log"


def test_an_error_without_a_place_comes_after_one_with_a_place() -> None:
    error = fail(FUNCTION, [Diagnostic("linking failed"), Diagnostic("no such name", 2)], "", tool="clang")
    assert error.message == "no such name"
    assert "linking failed" in error.details


def test_a_failure_without_errors_shows_the_end_of_the_log() -> None:
    error = fail(FUNCTION, [], "\n".join(map(str, range(100))), tool="clang")
    assert isinstance(error, BuildError)
    assert error.message == "clang failed"
    assert error.details.splitlines()[-1] == "99"
    assert len(error.details.splitlines()) == 20


def test_many_errors_are_cut() -> None:
    error = fail(FUNCTION, [Diagnostic(str(n), 1) for n in range(50)], "", tool="clang")
    assert error.details.startswith("and 49 more:")
    assert len(error.details.splitlines()) == 12


def test_a_cell_in_another_language_is_told_so() -> None:
    python = Function("f", "def handle(request):\n    return 'x'\n", language="rust")
    error = fail(python, [Diagnostic("expected one of `!` or `::`", 1, 5)], "", tool="rustc")
    assert error.hint == "this looks like Python; begin the cell with %%spin python f"


def test_a_tool_that_was_stopped_says_by_what() -> None:
    assert "out of memory" in broken(ProgramError("", "killed"), "rustc").message
    assert "out of memory" in str(broken(ProgramError("", "memory"), "rustc")).replace("ran ", "")
    assert broken(ProgramError("x", "crashed"), "rustc").message == "rustc crashed"
    full = broken(ProgramError("No space left on device", "disk"), "rustc")
    assert isinstance(full, CacheError)
    assert full.hint.startswith("make room")
