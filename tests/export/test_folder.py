"""An export never takes away what is somebody else's, and a failure takes away nothing."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import ExportError
from spinlab.export.folder import RECORD, write

OLD = {"spin.toml": b"old", "functions/a/app.py": b"a", "images/i.wasm": b"image"}
NEW = {"spin.toml": b"new", "functions/b/app.py": b"b", "images/i.wasm": b"image"}


def content(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name != RECORD
    }


def test_a_folder_is_made(tmp_path: Path) -> None:
    assert write(tmp_path / "x" / "out", OLD) == tuple(sorted(OLD))
    assert content(tmp_path / "x" / "out") == OLD


def test_writing_the_same_again_touches_nothing(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    assert write(tmp_path, OLD) == ()
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before


def test_what_the_new_export_does_not_have_goes_with_its_folder(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    assert write(tmp_path, NEW) == ("functions/a/app.py", "functions/b/app.py", "spin.toml")
    assert content(tmp_path) == NEW
    assert not (tmp_path / "functions" / "a").exists()


def test_a_foreign_file_stops_it_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ExportError, match=r"files that no export wrote: thesis\.txt") as caught:
        write(tmp_path, NEW)
    assert "--force" in caught.value.hint
    assert content(tmp_path) == {"thesis.txt": b"mine"}


def test_force_writes_beside_a_foreign_file(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "spin.toml").write_text("somebody's")
    write(tmp_path, NEW, force=True)
    assert content(tmp_path) == {**NEW, "thesis.txt": b"mine"}
    write(tmp_path, OLD, force=True)
    assert content(tmp_path) == {**OLD, "thesis.txt": b"mine"}


def test_an_exported_file_that_was_edited_since_is_not_lost(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    (tmp_path / "functions" / "a" / "app.py").write_text("edited")
    with pytest.raises(ExportError, match=r"changed since: functions/a/app\.py"):
        write(tmp_path, NEW)
    write(tmp_path, NEW, force=True)
    assert content(tmp_path) == {**NEW, "functions/a/app.py": b"edited"}


@pytest.mark.parametrize("path", [".git/config", ".spin/logs/a.txt", "venv/bin/python", "functions/a/app.wasm"])
def test_what_spin_and_git_leave_is_not_in_the_way(tmp_path: Path, path: str) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("x")
    write(tmp_path, NEW)
    assert (tmp_path / path).read_text() == "x"


def test_a_folder_where_a_file_goes_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "spin.toml").mkdir()
    (tmp_path / "spin.toml" / "mine").write_text("x")
    for force in (False, True):
        with pytest.raises(ExportError, match="something else stands there"):
            write(tmp_path, NEW, force=force)
    assert (tmp_path / "spin.toml" / "mine").read_text() == "x"


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "functions").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExportError, match="something else stands there"):
        write(tmp_path / "out", NEW, force=True)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_file_instead_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(ExportError, match="is a file"):
        write(tmp_path / "out", NEW, force=True)
    with pytest.raises(ExportError, match="can't be written"):
        write(tmp_path / "out" / "below", NEW)
    assert (tmp_path / "out").read_text() == "x"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\\b", ""])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ExportError, match="not a path inside the export"):
        write(tmp_path / "out", {path: b""})
    assert not (tmp_path / "out").exists()


def test_a_record_of_somebody_else_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("x")
    (tmp_path / "out").mkdir()
    record = {"files": {"../victim": hashlib.sha256(b"x").hexdigest()}}
    (tmp_path / "out" / RECORD).write_text(json.dumps(record))
    write(tmp_path / "out", NEW)
    assert (tmp_path / "victim").read_text() == "x"
    (tmp_path / "out" / RECORD).write_text("[]")
    write(tmp_path / "out", NEW)


def _child_writes(folder: Path, files: dict[str, bytes], limit: int) -> int:
    """Write in a child that can't make a file longer than `limit`, as on a full disk; its exit code."""
    child = os.fork()
    if child == 0:
        code = 0
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            write(folder, files)
        except ExportError as error:
            code = 7 if "as it was" in error.hint else 8
        except BaseException:
            code = 9
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_full_disk_leaves_the_old_export(tmp_path: Path) -> None:
    write(tmp_path, OLD)
    big = {**NEW, "zz.wasm": bytes(100_000)}
    assert _child_writes(tmp_path, big, 50_000) == 7
    assert content(tmp_path) == OLD
    assert sorted(p.name for p in tmp_path.iterdir()) == [RECORD, "functions", "images", "spin.toml"]


def test_a_full_disk_leaves_no_new_folder(tmp_path: Path) -> None:
    assert _child_writes(tmp_path / "a" / "b", {"x": bytes(100_000)}, 50_000) == 7
    assert not (tmp_path / "a").exists()


def test_what_can_not_be_moved_brings_the_old_files_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, OLD)
    real, calls = os.replace, []

    def third_fails(source: Path, target: Path) -> None:
        calls.append(source)
        if len(calls) == 3:
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", third_fails)
    with pytest.raises(ExportError, match="can't be written: Permission denied"):
        write(tmp_path, NEW)
    assert content(tmp_path) == OLD


def test_the_files_can_be_read_by_others_as_usual(tmp_path: Path) -> None:
    write(tmp_path / "out", NEW)
    assert stat.S_IMODE((tmp_path / "out" / "spin.toml").stat().st_mode) & 0o044 == 0o044 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


names = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join)


def fits(paths: set[str]) -> bool:
    return not any(one != other and other.startswith(one + "/") for one in paths for other in paths)


trees = st.dictionaries(names, st.binary(max_size=4), max_size=5).filter(lambda t: fits(set(t)))


@given(st.lists(trees, min_size=1, max_size=3).filter(lambda ts: fits({p for t in ts for p in t})))
def test_one_export_after_the_other_leaves_exactly_the_last(
    tmp_path_factory: pytest.TempPathFactory, all_trees: list[dict[str, bytes]]
) -> None:
    folder = tmp_path_factory.mktemp("out")
    for tree in all_trees:
        write(folder, tree)
        assert content(folder) == tree
