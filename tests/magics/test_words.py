from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import OptionError
from spinlab.magics.words import split


def texts(line: str) -> list[str]:
    return [w.text for w in split(line)]


def test_blanks_part_words_and_quotes_join_them() -> None:
    assert texts("hello  --route '/a b' x\"y z\"") == ["hello", "--route", "/a b", "xy z"]


def test_single_quotes_keep_everything() -> None:
    assert texts(r"""-d '{"a": "b\n {x} $y"}'""") == ["-d", r'{"a": "b\n {x} $y"}']


def test_double_quotes_know_two_escapes() -> None:
    assert texts(r'"a \" b \\ \n"') == ['a " b \\ \\n']


def test_a_windows_path_stays_what_it_is() -> None:
    assert texts(r"--file C:\data\x.csv") == ["--file", r"C:\data\x.csv"]


def test_a_word_knows_where_it_stands() -> None:
    line = "%spin get '/a b'"
    words = split(line, 5)
    assert [line[w.start : w.end] for w in words] == ["get", "'/a b'"]
    assert words[1].location.column == 11
    assert words[1].location.end_column == len(line) + 1


def test_an_open_quote_is_pointed_at() -> None:
    with pytest.raises(OptionError, match="quote is not closed") as caught:
        split("get '/a")
    assert caught.value.location is not None
    assert caught.value.location.column == 5


def test_only_a_word_that_begins_with_a_quote_is_quoted() -> None:
    assert [w.quoted for w in split('"--x" --y="a b"')] == [True, False]


@given(
    st.lists(st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="'\"\\"), min_size=1), max_size=6)
)
def test_plain_words_come_back_as_they_are(words: list[str]) -> None:
    assert texts(" ".join(words)) == words


@given(st.text(st.characters(exclude_categories=["C"], exclude_characters="'")))
def test_anything_in_single_quotes_comes_back(text: str) -> None:
    assert texts(f"'{text}'") == [text]


@given(st.text(max_size=40))
def test_a_line_either_parses_or_is_refused_by_name(line: str) -> None:
    try:
        words = split(line)
    except OptionError as error:
        assert error.hint  # noqa: PT017 - the property is about both outcomes
    else:
        assert all(w.start < w.end <= len(line) for w in words)
