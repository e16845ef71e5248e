from __future__ import annotations

from spinlab.errors import Location, OptionError, SourceError, SourceView, SpinError
from spinlab.magics.reporting import attach, render

CELL = SourceView("Cell In[7]", "%%spin hello --rout x\nimport json\n\nimport requests\nx = 1\n", offset=1)


def plain(error: SpinError, view: SourceView = CELL) -> str:
    error.source = view
    return "\n".join(render(error, colour=False))


def test_a_place_in_the_body_is_shown_with_its_line_of_the_cell() -> None:
    error = SourceError("no module 'requests'", hint="use spin_sdk.http", location=Location(3, 8, 16, "not here"))
    assert (
        plain(error)
        == """\
SourceError: no module 'requests'
  --> Cell In[7], line 4:8
   2 | import json
   3 |
 > 4 | import requests
     |        ^^^^^^^^ not here
   5 | x = 1
hint: use spin_sdk.http"""
    )


def test_a_place_on_the_magic_line_is_line_one() -> None:
    error = OptionError("no option --rout", location=Location(1, 14, 20, on_magic_line=True))
    assert "Cell In[7], line 1:14" in plain(error)
    assert " > 1 | %%spin hello --rout x\n     |              ^^^^^^" in plain(error)


def test_a_whole_line_has_no_caret() -> None:
    text = plain(SourceError("bad", location=Location(4)))
    assert "line 5\n" in text
    assert "^" not in text


def test_tabs_move_the_caret_as_they_move_the_text() -> None:
    view = SourceView("Cell In[1]", "%%spin x\n\tbad", offset=1)
    shown = plain(SourceError("bad", location=Location(1, 2, 5)), view).splitlines()
    assert shown[-2].index("bad") == shown[-1].index("^^^")


def test_a_caret_may_stand_behind_the_last_character() -> None:
    view = SourceView("Cell In[1]", "%%spin", offset=1)
    assert plain(OptionError("name", location=Location(1, 7, 8, on_magic_line=True)), view).endswith("|       ^")


def test_a_place_that_is_not_in_the_cell_is_said_without_an_excerpt() -> None:
    assert "line 100" in plain(SourceError("bad", location=Location(99)))


def test_details_come_last_and_are_not_obeyed() -> None:
    text = plain(SpinError("bad", hint="do this", details="log \x1b[2J\nend"))
    assert text.endswith("hint: do this\n\nlog \\x1b[2J\nend")


def test_ipython_is_given_the_short_form() -> None:
    error = SpinError("bad")
    attach(error)
    assert "SpinError" in error._render_traceback_()[0]  # type: ignore[attr-defined]
