"""YAML that every reader understands alike."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ExportError
from spinlab.export.kube.yaml_text import bare, dump, load


@pytest.mark.parametrize("word", ["y", "No", "ON", "off", "true", "null", "~", "", "1", "1e3", "0x1f", "12:30", ".inf"])
def test_words_that_readers_take_for_something_else_are_quoted(word: str) -> None:
    assert not bare(word)
    assert dump([{"a": word}]) == f'a: "{word}"\n'


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_is_read_back_as_itself(text: str) -> None:
    assert yaml.safe_load(dump([{"a": text, "b": [text]}])) == {"a": text, "b": [text]}


def test_comments_stand_before_the_documents_and_several_lines_as_lines() -> None:
    text = dump([{"a": "one\ntwo\n"}, {"b": 1}], ["why", ""])
    assert text == "# why\n#\na: |\n  one\n  two\n---\nb: 1\n"
    assert load(text) == [{"a": "one\ntwo\n"}, {"b": 1}]


@pytest.mark.parametrize("text", ["a: b: c", "\ta: 1", "a: [1", "!!python/object:os.system {}", "[" * 5000])
def test_what_is_no_yaml_says_where(text: str) -> None:
    with pytest.raises(ExportError, match=r"app.yaml is no YAML") as caught:
        load(text, "app.yaml")
    assert caught.value.hint


def test_without_pyyaml_the_command_that_adds_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "yaml.py").write_text("raise ImportError('no yaml')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from spinlab.export.kube import dump; dump([])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "ToolMissing" in done.stderr
    assert "pip install 'spinlab[kube]'" in done.stderr
