"""Files of variables: what a line means, and what is said of one that means nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ManifestError
from spinlab.host.dotenv import Dotenv, parse


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b", "b"),
        ("A = b", "b"),
        ("export A=b", "b"),
        ("  A=b  ", "b"),
        ("A=", ""),
        ("A=b # a remark", "b"),
        ("A=b#c", "b#c"),
        ("A='b c'", "b c"),
        ('A="b c"', "b c"),
        (r"A='b\n$X'", r"b\n$X"),
        (r'A="b\nc"', "b\nc"),
        ('A="b\nc"', "b\nc"),
        (r"A=b\ c", "b c"),
        (r"A=\$B", "$B"),
        ("B=x\nA=${B}y$B", "xyx"),
        ("A=$NOBODY_HAS_THIS", ""),
        ("A='b'c\"d\"", "bcd"),
        ("# nothing\n\nA=b\r\nC=d", "b"),
        ("A=1\nA=2", "2"),
    ],
)
def test_a_line_gives_a_name_its_value(line: str, value: str) -> None:
    assert parse(line)["A"] == value


def test_the_environment_goes_before_the_file_in_a_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOTENV_TEST", "outer")
    assert parse("DOTENV_TEST=inner\nA=$DOTENV_TEST")["A"] == "outer"


@pytest.mark.parametrize(
    "text", ["secret value", "=secret", "1A=secret", "A='secret", "B=1\nA=secret value", 'A="secret']
)
def test_a_line_that_is_none_is_named_by_its_number_and_not_quoted(text: str) -> None:
    with pytest.raises(ManifestError, match=r"\.env line \d is not NAME=value") as caught:
        parse(text)
    assert "secret" not in str(caught.value)


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = parse(text)
    except ManifestError:
        return
    assert all(isinstance(value, str) for value in found.values())


@given(st.dictionaries(st.from_regex("[A-Z_][A-Z0-9_]{0,8}", fullmatch=True), st.text("ab 'é#$\\\"\n", max_size=12)))
def test_quoted_values_come_back(values: dict[str, str]) -> None:
    def quoted(value: str) -> str:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'

    assert parse("\n".join(f"{n}={quoted(v)}" for n, v in values.items())) == values


def test_a_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    found = Dotenv(file)
    assert found.get("A") is None
    file.write_text("A=one")
    assert found.get("A") == "one"
    file.write_text("A=three")
    assert found.get("A") == "three"
    file.unlink()
    assert found.get("A") is None


def test_a_relative_file_is_that_of_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("A=here")
    found = Dotenv(Path(".env"))
    monkeypatch.chdir(tmp_path)
    assert found.get("A") == "here"


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert Dotenv(tmp_path / "pipe").get("A") is None
    assert Dotenv(tmp_path).get("A") is None


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ManifestError, match="too large"):
        Dotenv(tmp_path / "big").get("A")
