"""A copy of mounted files that may be changed."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import pytest

from spinlab.host.copies import Copy
from spinlab.host.nodes import File, Refused


class Holder:
    """Stands for a request."""


@pytest.fixture
def files() -> Copy:
    return Copy({"/data/a.txt": b"hello", "/data/deep/b.txt": b"b"}, room=1000, most=50)


def at(files: Copy, path: str) -> int:
    return files.find(1, path).number


def refused(action: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        action()
    return caught.value.code


def test_what_it_began_with_is_not_changed() -> None:
    given = {"a": b"hello"}
    files = Copy(given)
    files.write(at(files, "a"), 0, b"J")
    assert files.read(at(files, "a"), 0, 9) == b"Jello"
    assert given == {"a": b"hello"}


def test_a_file_is_made_written_and_read(files: Copy) -> None:
    made = files.open(1, "data/new", "cxw")
    assert files.write(made.number, 0, b"abc") == 3
    assert files.write(made.number, 5, b"f") == 1
    assert files.write(made.number, None, b"end") == 3
    assert files.read(made.number, 0, 99) == b"abc\0\0fend"
    files.resize(made.number, 2)
    files.resize(made.number, 4)
    assert files.read(made.number, 0, 99) == b"ab\0\0"
    assert files.open(1, "data/new", "tw").size == 0


def test_exclusive_means_that_nothing_is_there(files: Copy) -> None:
    assert refused(lambda: files.open(1, "data/a.txt", "cxw")) == "exist"
    assert refused(lambda: files.open(1, "data", "cw")) == "is-directory"
    assert refused(lambda: files.open(1, "data/new/", "cw")) == "is-directory"


def test_folders_are_made_and_removed(files: Copy) -> None:
    files.make_folder(1, "new/")
    assert refused(lambda: files.make_folder(1, "new")) == "exist"
    assert refused(lambda: files.remove_folder(1, "data")) == "not-empty"
    assert refused(lambda: files.remove_folder(1, "data/a.txt")) == "not-directory"
    assert refused(lambda: files.unlink(1, "new")) == "is-directory"
    kept = files.find(1, "new")
    files.remove_folder(1, "new")
    assert refused(lambda: files.open(kept.number, "x", "c")) == "no-entry"


def test_a_file_without_a_name_stays_for_the_request_that_opened_it(files: Copy) -> None:
    holder = Holder()
    number = files.open(1, "data/a.txt", "w", holder).number
    files.unlink(1, "data/a.txt")
    assert files.read(number, 0, 9) == b"hello"
    del holder
    gc.collect()
    assert refused(lambda: files.read(number, 0, 9)) == "bad-descriptor"


def test_a_rename_replaces_what_it_may(files: Copy) -> None:
    files.rename(1, "data/a.txt", at(files, "data/deep"), "b.txt")
    assert files.read(at(files, "data/deep/b.txt"), 0, 9) == b"hello"
    files.make_folder(1, "empty")
    assert refused(lambda: files.rename(1, "data/deep/b.txt", 1, "empty")) == "is-directory"
    assert refused(lambda: files.rename(1, "empty", 1, "data/deep/b.txt")) == "not-directory"
    assert refused(lambda: files.rename(1, "empty", 1, "data")) == "not-empty"
    assert refused(lambda: files.rename(1, "data", at(files, "data/deep"), "in-itself")) == "invalid"
    files.rename(1, "data/deep", 1, "empty")
    assert files.entries(1) == [("d", "data"), ("d", "empty")]


def test_a_second_name_is_the_same_file(files: Copy) -> None:
    files.link(1, "data/a.txt", 1, "twice")
    assert at(files, "twice") == at(files, "data/a.txt")
    assert files.find(1, "twice").links == 2
    assert refused(lambda: files.link(1, "data", 1, "folder")) == "not-permitted"


def test_links_are_followed_inside_only(files: Copy) -> None:
    files.symlink(1, "data/a.txt", "inside")
    files.symlink(1, "../../etc/passwd", "outside")
    files.symlink(1, "round", "round")
    assert files.find(1, "inside").size == 5
    assert files.target(1, "inside") == "data/a.txt"
    assert files.find(1, "inside", follow=False).kind == "l"
    assert refused(lambda: files.find(1, "outside")) == "not-permitted"
    assert refused(lambda: files.find(1, "round")) == "loop"
    assert refused(lambda: files.open(1, "inside", "")) == "loop"
    assert refused(lambda: files.symlink(1, "/etc", "x")) == "not-permitted"


def test_the_room_is_bounded_and_given_back(files: Copy) -> None:
    number = files.open(1, "big", "cw").number
    assert files.write(number, 0, bytes(1000)) == 1000
    assert refused(lambda: files.write(number, None, b"x")) == "insufficient-space"
    assert refused(lambda: files.write(number, 1 << 62, b"x")) == "insufficient-space"
    assert refused(lambda: files.resize(number, 1 << 62)) == "insufficient-space"
    gc.collect()  # the errors above still hold the file
    files.unlink(1, "big")
    assert files.write(files.open(1, "again", "cw").number, 0, bytes(1000)) == 1000


def test_the_number_of_nodes_is_bounded(files: Copy) -> None:
    def make() -> None:
        for n in range(60):
            files.make_folder(1, f"f{n}")

    assert refused(make) == "insufficient-space"


def test_many_threads_write_and_nothing_is_lost() -> None:
    files = Copy({"log": b""})
    number = at(files, "log")

    def work() -> None:
        for _ in range(200):
            files.write(number, None, b"line\n")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    file = files.node(number)
    assert isinstance(file, File)
    assert bytes(file.content) == b"line\n" * 800
