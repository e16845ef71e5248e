"""Files that a function mounts, through an app: what it sees, when it sees a change, and what it may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.errors import ManifestError
from tests.guests import component


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in ("data/a.csv", "data/deep/b.csv", "data/deep/.hidden", "notes.txt"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    return tmp_path


@pytest.fixture
def app() -> Iterator[App]:
    app = App("mounted")
    yield app
    app.close()


def reader(folder: Path, *files: tuple[str, str], exclude: tuple[str, ...] = ()) -> Function:
    return Function(
        "reader",
        component("files2"),
        language="wasm",
        routes=("/...",),
        files=files,
        exclude_files=exclude,
        folder=str(folder),
    )


def run(app: App, *script: str) -> list[str]:
    answer = app.post("/", "\n".join(script))
    assert answer.status == 200, answer.error
    return answer.text.split("\n")


def test_files_folders_and_globs_are_seen_where_spin_shows_them(app: App, folder: Path) -> None:
    app.add(reader(folder, ("data/**/*.csv", ""), ("notes.txt", "/docs/n.txt"), ("data/deep", "/deep")))
    assert run(app, "list .", "list data/deep", "list deep", "read docs/n.txt") == [
        "d data,d deep,d docs",
        "f b.csv",
        "f .hidden,f b.csv",
        "notes.txt",
    ]


def test_excluded_files_are_left_out(app: App, folder: Path) -> None:
    app.add(reader(folder, ("data", ""), exclude=("**/.hidden",)))
    assert run(app, "list data/deep") == ["f b.csv"]


def test_a_change_on_disk_is_seen_when_the_cell_is_run_again_and_not_before(app: App, folder: Path) -> None:
    function = reader(folder, ("notes.txt", ""))
    first = app.add(function)
    assert app.add(function) is first
    (folder / "notes.txt").write_text("changed")
    assert run(app, "read notes.txt") == ["notes.txt"]
    second = app.add(function)
    assert second is not None
    assert second.revision == 2
    assert run(app, "read notes.txt") == ["changed"]
    app.undo("reader")
    assert run(app, "read notes.txt") == ["notes.txt"]


def test_bytes_that_did_not_change_are_kept_once(app: App, folder: Path) -> None:
    function = reader(folder, ("data", ""), ("notes.txt", ""))
    first = app.add(function)
    (folder / "notes.txt").write_text("changed")
    second = app.add(function)
    assert first is not None
    assert second is not None
    assert second.mounts["/data/a.csv"] is first.mounts["/data/a.csv"]


def test_nothing_can_be_changed_unless_that_is_allowed(app: App, folder: Path) -> None:
    app.add(reader(folder, ("notes.txt", "")))
    assert run(app, "write new 0 x", "mkdir d", "unlink notes.txt", "read notes.txt") == [
        "not-permitted",
        "not-permitted",
        "not-permitted",
        "notes.txt",
    ]


def test_a_private_copy_is_shared_by_the_requests_and_never_reaches_the_disk(app: App, folder: Path) -> None:
    app.services.transient_write = True
    function = reader(folder, ("notes.txt", ""))
    app.add(function)
    assert run(app, "write notes.txt 0 NOTES", "write new 0 hello") == ["5", "5"]
    assert run(app, "read notes.txt", "read new", "list .") == ["NOTES.txt", "hello", "f new,f notes.txt"]
    assert (folder / "notes.txt").read_text() == "notes.txt"
    assert not (folder / "new").exists()
    app.add(function, force=True)
    assert run(app, "list .") == ["f notes.txt"]


def test_without_files_nothing_is_mounted_even_when_writes_are_allowed(app: App, folder: Path) -> None:
    app.services.transient_write = True
    app.add(reader(folder))
    assert run(app, "list .") == ["nothing is mounted"]


def test_a_source_that_is_not_there_is_named_and_nothing_changes(app: App, folder: Path) -> None:
    app.add(reader(folder, ("notes.txt", "")))
    with pytest.raises(ManifestError, match=r"nope\.txt") as caught:
        app.add(reader(folder, ("notes.txt", ""), ("nope.txt", "/x")))
    assert caught.value.subject == ("file", "nope.txt")
    assert caught.value.hint
    assert run(app, "read notes.txt") == ["notes.txt"]


def test_a_python_cell_reads_with_plain_python(app: App, folder: Path) -> None:
    source = "def handle(request):\n    return open('/docs/n.txt').read()\n"
    app.add(Function("reads", source, routes=("/py",), files=(("notes.txt", "/docs/n.txt"),), folder=str(folder)))
    assert app.get("/py").text == "notes.txt"


def test_a_python_cell_writes_into_its_copy(app: App, folder: Path) -> None:
    app.services.transient_write = True
    source = (
        "import os, tempfile\n"
        "def handle(request):\n"
        "    os.makedirs('/out/deep', exist_ok=True)\n"
        "    with open('/out/deep/log', 'a') as log:\n"
        "        log.write('line\\n')\n"
        "    os.replace('/out/deep/log', '/out/log')\n"
        "    text = open('/out/log').read()\n"
        "    os.replace('/out/log', '/out/deep/log')\n"
        '    return f\'{text!r} {sorted(os.listdir("/out"))} {os.stat("/out/deep/log").st_size}\'\n'
    )
    app.add(Function("reads", source, routes=("/py",), files=(("notes.txt", ""),), folder=str(folder)))
    assert app.get("/py").text == "'line\\n' ['deep'] 5"
    assert app.get("/py").text == "'line\\nline\\n' ['deep'] 10"
