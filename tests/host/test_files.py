from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.host import Files
from spinlab.host.files import CHUNK, resolve

FILES = Files({"/app/main.py": b"print(1)", "data/a/b.txt": b"b", "data/c.txt": b"0123456789"})


def test_directories_are_those_that_the_paths_imply() -> None:
    assert FILES.entries("/") == [("d", "app"), ("d", "data")]
    assert FILES.entries("data") == [("d", "a"), ("f", "c.txt")]
    assert FILES.size("/data/a") is None


def test_a_read_gives_the_asked_part_and_nothing_after_the_end() -> None:
    assert FILES.read("data/c.txt", 3, 4) == b"3456"
    assert FILES.read("data/c.txt", 8, 100) == b"89"
    assert FILES.read("data/c.txt", 10, 5) == b""


def test_one_read_is_bounded() -> None:
    assert len(Files({"big": bytes(3 * CHUNK)}).read("big", 0, 3 * CHUNK)) == CHUNK


def test_dots_and_double_slashes_name_the_same_file() -> None:
    assert FILES.read("/data/./a/..//c.txt", 0, 1) == b"0"


@pytest.mark.parametrize("path", ["..", "/../etc/passwd", "data/../../x"])
def test_a_path_out_of_the_root_is_not_permitted(path: str) -> None:
    with pytest.raises(PermissionError):
        FILES.read(path, 0, 1)


@given(st.lists(st.sampled_from(["a", "..", ".", "", "b c", "ü"]), max_size=8).map("/".join))
def test_no_resolved_path_holds_a_way_up(path: str) -> None:
    plain = resolve(path)
    assert plain is None or ".." not in plain.split("/")


def test_a_missing_file_a_file_as_directory_and_a_directory_as_file_differ() -> None:
    with pytest.raises(FileNotFoundError):
        FILES.size("nope")
    with pytest.raises(NotADirectoryError):
        FILES.size("data/c.txt/x")
    with pytest.raises(NotADirectoryError):
        FILES.entries("data/c.txt")
    with pytest.raises(IsADirectoryError):
        FILES.read("data", 0, 1)


@pytest.mark.parametrize("paths", [{"a": b"", "a/b": b""}, {"a/b": b"", "a": b""}, {"../x": b""}, {"/": b""}])
def test_mounts_that_contradict_each_other_are_refused(paths: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"both a file|does not name"):
        Files(paths)
