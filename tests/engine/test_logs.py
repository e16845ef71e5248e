from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spinlab.engine.logs import Log


def texts(log: Log) -> list[tuple[str, str]]:
    return [(line.stream, line.text) for line in log.lines()]


def test_pieces_become_lines_and_a_last_fragment_is_one_too() -> None:
    log = Log(1000)
    for piece in ("hel", "lo\nwor", "ld\r\n\nrest"):
        assert log.write("stdout", piece)
    assert texts(log) == [("stdout", "hello"), ("stdout", "world"), ("stdout", ""), ("stdout", "rest")]


def test_fragments_of_the_two_streams_do_not_mix() -> None:
    log = Log(1000)
    log.write("stdout", "a")
    log.write("stderr", "1\n")
    log.write("stdout", "b\n")
    assert texts(log) == [("stderr", "1"), ("stdout", "ab")]


def test_what_is_over_the_limit_is_refused_and_what_fits_is_kept() -> None:
    log = Log(10)
    assert log.write("stdout", "12345")
    assert not log.write("stdout", "6789012345")
    assert texts(log) == [("stdout", "1234567890")]
    assert not log.write("stdout", "x")


def test_many_empty_lines_meet_the_limit_too() -> None:
    log = Log(1 << 20)
    assert not log.write("stdout", "\n" * (1 << 20))
    assert len(log.lines()) < (1 << 20)


def test_lines_of_ours_have_room_after_the_limit() -> None:
    log = Log(0)
    log.write("stdout", "x")
    log.note("why\nand how")
    assert texts(log)[-2:] == [("stderr", "why"), ("stderr", "and how")]


def test_lines_from_before_come_first() -> None:
    early, log = Log(100), Log(100)
    early.write("stdout", "import\n")
    log.write("stdout", "request\n")
    log.before(early.lines())
    assert texts(log) == [("stdout", "import"), ("stdout", "request")]


@given(st.lists(st.text(alphabet="ab\n", max_size=6)))
def test_no_character_is_lost_however_the_text_is_cut(pieces: list[str]) -> None:
    log = Log(1 << 20)
    for piece in pieces:
        log.write("stdout", piece)
    whole = "".join(pieces)
    assert [text for _, text in texts(log)] == whole.split("\n")[: None if not whole.endswith("\n") and whole else -1]
