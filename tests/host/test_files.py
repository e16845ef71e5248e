"""The tree of mounted files: reading it, and that nothing outside it can be named."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.host import Files
from spinlab.host.files import CHUNK
from spinlab.host.nodes import Refused

FILES = Files({"/app/main.py": b"print(1)", "data/a/b.txt": b"b", "data/c.txt": b"0123456789"})
ROOT = FILES.root.number


def at(path: str) -> int:
    return FILES.find(ROOT, path).number


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.code


def test_folders_are_those_that_the_paths_imply() -> None:
    assert FILES.entries(ROOT) == [("d", "app"), ("d", "data")]
    assert FILES.entries(at("data")) == [("d", "a"), ("f", "c.txt")]
    assert FILES.find(ROOT, "data/a").kind == "d"


def test_a_read_gives_the_asked_part_and_nothing_after_the_end() -> None:
    file = at("data/c.txt")
    assert FILES.read(file, 3, 4) == b"3456"
    assert FILES.read(file, 8, 100) == b"89"
    assert FILES.read(file, 10, 5) == b""


def test_one_read_is_bounded() -> None:
    files = Files({"big": bytes(3 * CHUNK)})
    assert len(files.read(files.find(files.root.number, "big").number, 0, 3 * CHUNK)) == CHUNK


def test_dots_and_double_slashes_name_the_same_file() -> None:
    assert at("data/./a/..//c.txt") == at("data/c.txt")
    assert FILES.find(at("data/a"), ".").number == at("data/a")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("..", "not-permitted"),
        ("data/../../x", "not-permitted"),
        ("/data", "not-permitted"),
        ("", "no-entry"),
        ("a\0b", "invalid"),
        ("x" * 256, "name-too-long"),
        ("data/" * 1000, "name-too-long"),
        ("nope", "no-entry"),
        ("nope/x", "no-entry"),
        ("data/c.txt/x", "not-directory"),
        ("data/c.txt/", "not-directory"),
        ("data/nope/../c.txt", "no-entry"),
    ],
)
def test_a_path_that_leads_nowhere_has_its_error(path: str, code: str) -> None:
    assert refused(lambda: FILES.find(ROOT, path)) == code


def test_a_folder_can_not_be_left_upwards() -> None:
    assert refused(lambda: FILES.find(at("data/a"), "../c.txt")) == "not-permitted"


@given(st.lists(st.sampled_from(["data", "a", "..", ".", "", "b c", "ü"]), max_size=8).map("/".join))
def test_no_path_leads_to_anything_but_the_tree(path: str) -> None:
    try:
        found = FILES.find(ROOT, path)
    except Refused:
        return
    assert FILES.node(found.number) is found


def test_files_and_folders_are_told_apart() -> None:
    assert refused(lambda: FILES.entries(at("data/c.txt"))) == "not-directory"
    assert refused(lambda: FILES.read(at("data"), 0, 1)) == "is-directory"
    assert refused(lambda: FILES.target(ROOT, "data")) == "invalid"
    assert refused(lambda: FILES.open(ROOT, "data/c.txt", "d")) == "not-directory"


def test_a_number_that_nobody_has_is_refused() -> None:
    assert refused(lambda: FILES.node(9999)) == "bad-descriptor"


@pytest.mark.parametrize("letters", ["c", "t", "w", "cx", "cw"])
def test_opening_for_a_change_is_not_permitted(letters: str) -> None:
    assert refused(lambda: FILES.open(ROOT, "data/c.txt", letters)) == "not-permitted"


@pytest.mark.parametrize("paths", [{"a": b"", "a/b": b""}, {"a/b": b"", "a": b""}, {"../x": b""}, {"/": b""}])
def test_mounts_that_contradict_each_other_are_refused(paths: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"both a file|does not name"):
        Files(paths)
