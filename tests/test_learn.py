"""`spinlab learn`: copies the lessons, and never writes over what a learner changed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from spinlab import learning
from spinlab.cli import main
from spinlab.errors import OptionError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mine"


def learn(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["learn", *arguments])


def what(folder: Path, **options: bool) -> dict[str, str]:
    return {one.file: one.what for one in learning.copy(folder, **options)}


def test_the_lessons_are_copied_with_their_overview(folder: Path) -> None:
    done = learn(str(folder), "--no-open")
    assert done.exit_code == 0, done.output
    for lesson in learning.lessons():
        assert (folder / lesson.file).read_bytes() == (learning.shipped() / lesson.file).read_bytes()
        assert lesson.file in done.output
    assert (folder / "README.md").is_file()
    assert not (folder / "generate.py").exists()
    assert not (folder / "solutions").exists()


def test_solutions_are_copied_when_asked_for(folder: Path) -> None:
    assert learn(str(folder), "--no-open", "--solutions").exit_code == 0
    assert (folder / "solutions" / "01-hello.ipynb").is_file()


def test_copying_again_changes_nothing(folder: Path) -> None:
    assert set(what(folder).values()) == {"new"}
    assert set(what(folder).values()) == {"the same"}


def test_what_a_learner_changed_is_kept_and_said_unless_forced(folder: Path) -> None:
    learning.copy(folder)
    mine = folder / "01-hello.ipynb"
    mine.write_text("my own work")
    done = learn(str(folder), "--no-open")
    assert "kept: 01-hello.ipynb: you changed them; --force writes over them" in done.output
    assert mine.read_text() == "my own work"
    assert "replaced: 01-hello.ipynb" in learn(str(folder), "--no-open", "--force").output
    assert mine.read_bytes() == (learning.shipped() / "01-hello.ipynb").read_bytes()


def test_what_was_not_changed_follows_a_newer_version(folder: Path) -> None:
    learning.copy(folder)
    older = b"of an older version"
    (folder / "01-hello.ipynb").write_bytes(older)
    record = json.loads((folder / learning.RECORD).read_text())
    record["01-hello.ipynb"] = learning._digest(older)
    (folder / learning.RECORD).write_text(json.dumps(record))
    assert what(folder)["01-hello.ipynb"] == "updated"


@pytest.mark.parametrize("record", ["", "not json", "[1]"])
def test_a_file_of_the_same_name_that_was_there_before_is_kept(folder: Path, record: str) -> None:
    folder.mkdir()
    (folder / "README.md").write_text("about something else")
    if record:
        (folder / learning.RECORD).write_text(record)
    assert what(folder)["README.md"] == "kept"
    assert (folder / "README.md").read_text() == "about something else"


def test_the_list_has_numbers_minutes_and_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = learn("--list")
    assert "01   15 minutes  Hello" in done.output
    assert len(done.output.splitlines()) == len(learning.lessons())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wanted", ["03", "3", "sand", "Sandbox"])
def test_a_lesson_is_found_by_number_or_name(wanted: str) -> None:
    assert learning.lesson(wanted).file == "03-sandbox.ipynb"


@pytest.mark.parametrize("wanted", ["99", "cooking", ""])
def test_a_lesson_that_is_not_there_is_refused_with_those_that_are(wanted: str) -> None:
    with pytest.raises(OptionError) as raised:
        learning.lesson(wanted)
    assert "03 The sandbox" in raised.value.hint


def test_a_wrong_lesson_copies_nothing(folder: Path) -> None:
    done = learn(str(folder), "--no-open", "--lesson", "99")
    assert done.exit_code == 1
    assert "there is no lesson 99" in done.output
    assert not folder.exists()


def test_a_folder_that_can_not_be_is_refused(folder: Path) -> None:
    folder.write_text("a file")
    done = learn(str(folder), "--no-open")
    assert done.exit_code == 1
    assert "can't be written" in done.output
    assert "name another folder" in done.output


def test_the_lessons_themselves_are_never_written_over() -> None:
    done = learn(str(learning.shipped()), "--no-open")
    assert done.exit_code == 0
    assert done.output == ""
    assert not (learning.shipped() / learning.RECORD).exists()


def test_a_lesson_is_opened_as_it_is(folder: Path) -> None:
    assert learning.lab(folder, learning.lesson("02")) == [sys.executable, "-m", "jupyterlab", "02-calculator.ipynb"]


def test_the_overview_is_a_workspace_beside_the_lessons(folder: Path) -> None:
    folder.mkdir()
    command = learning.lab(folder)
    assert command[-1] == "--LabApp.default_url=/lab/workspaces/lessons"
    (saved,) = (folder / ".jupyter-workspaces").iterdir()
    assert json.loads(saved.read_text())["metadata"] == {"id": "lessons"}
