"""`wasi:filesystem` of both versions, with the errors of wasmtime's directories: read-only, and a copy to change."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spinlab.engine import Sandbox, default_engine
from spinlab.host import Files
from spinlab.host.copies import Copy
from spinlab.http import Request
from tests.guests import component

GUESTS = ("files2", "files3")
CONTENTS = {"/app/a.txt": b"hello world", "/app/sub/b.bin": b"\xff" * 300_000, "/top": b"t"}


class Bench:
    """A guest with files; `run` has it do what lines say."""

    def __init__(self, guest: str, files: Files) -> None:
        engine = default_engine()
        self.guest = guest
        self.sandbox = Sandbox(engine, engine.prepare(component(guest), name=guest), name=guest, files=files)

    def run(self, *script: str) -> list[str]:
        answer = self.sandbox.handle(Request("POST", "/", body="\n".join(script).encode()))
        assert answer.status == 200, answer.error
        return answer.text.split("\n")


@pytest.fixture(params=GUESTS)
def fixed(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param, Files(CONTENTS))
    yield bench
    bench.sandbox.close()


@pytest.fixture(params=GUESTS)
def free(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param, Copy(CONTENTS, room=1 << 20))
    yield bench
    bench.sandbox.close()


def test_folders_are_listed_and_files_read(fixed: Bench) -> None:
    assert fixed.run("list .", "list app", "read app/a.txt", "read app/sub/b.bin", "below app a.txt") == [
        "d app,f top",
        "f a.txt,d sub",
        "hello world",
        "300000 bytes",
        "hello world",
    ]


def test_facts_are_told(fixed: Bench) -> None:
    assert fixed.run("stat app", "stat app/a.txt", "self app/a.txt", "same top top", "same top app", "sync top") == [
        "d 1 0",
        "f 1 11",
        "f 1 11",
        "true true",
        "false false",
        "done",
    ]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("read nope", "no-entry"),
        ("read app/a.txt/x", "not-directory"),
        ("read app/a.txt/", "not-directory"),
        ("read ..", "not-permitted"),
        ("read app/../../etc/passwd", "not-permitted"),
        ("read /etc/passwd", "not-permitted"),
        ("below app ../top", "not-permitted"),
        ("open top d", "not-directory"),
        ("readlink top", "invalid"),
        ("sync app", "bad-descriptor"),
        ("list top", "not-directory"),
        ("read " + "x" * 300, "name-too-long"),
        # What would change something, as wasmtime answers it in a directory that may only be read.
        ("open new c", "not-permitted"),
        ("open top t", "not-permitted"),
        ("open top w", "not-permitted"),
        ("readonly top", "not-permitted"),
        ("mkdir new", "not-permitted"),
        ("rmdir app", "not-permitted"),
        ("unlink top", "not-permitted"),
        ("rename top other", "not-permitted"),
        ("link top other", "not-permitted"),
        ("symlink top other", "not-permitted"),
        ("times top 1", "not-permitted"),
        ("resize top 1", "not-permitted"),
        ("open new cd", "invalid"),
    ],
)
def test_what_can_not_be_done_has_its_error(fixed: Bench, line: str, code: str) -> None:
    assert fixed.run(line) == [code]
    assert fixed.run("read top") == ["t"]


def test_files_are_written_at_a_place_and_behind_the_end(free: Bench) -> None:
    assert free.run(
        "write new 0 hello", "stream new 2 LL", "append new !", "read new", "write new 8 x", "stat new", "resize new 3"
    ) == ["5", "2", "1", "heLLo!", "1", "f 1 9", "done"]
    assert free.run("read new", "open new t", "stat new", "read app/a.txt") == [
        "heL",
        "DescriptorFlags(READ | WRITE)",
        "f 1 0",
        "hello world",
    ]


def test_folders_are_made_renamed_and_removed(free: Bench) -> None:
    assert free.run(
        "mkdir d", "write d/f 0 x", "rmdir d", "rename d e", "list e", "unlink e/f", "rmdir e", "list ."
    ) == [
        "done",
        "1",
        "not-empty",
        "done",
        "f f",
        "done",
        "done",
        "d app,f top",
    ]


def test_second_names_and_links(free: Bench) -> None:
    assert free.run(
        "link top twice", "stat twice", "same top twice", "symlink app/a.txt short", "read short", "readlink short"
    ) == ["done", "f 2 1", "true true", "done", "hello world", "app/a.txt"]
    assert free.run(
        "lstat short", "open short n", "symlink ../../x out", "read out", "symlink /etc x", "symlink r r", "read r"
    ) == ["l 1 9", "loop", "done", "not-permitted", "not-permitted", "done", "loop"]


def test_times_are_set_and_told(free: Bench) -> None:
    assert free.run("times top 1234567890", "time top") == ["done", "1234567890.000000005"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("open top cx", "exist"),
        ("mkdir app", "exist"),
        ("unlink app", "is-directory"),
        ("rmdir top", "not-directory"),
        ("rename app app/sub/in", "invalid"),
        ("rename top app", "is-directory"),
        ("readonly top", "bad-descriptor"),
        ("writeonly top", "bad-descriptor"),
        ("open app w", "is-directory"),
        ("unlink nope", "no-entry"),
        ("write ../x 0 y", "not-permitted"),
        ("fill big 17", "insufficient-space"),
        ("resize top 9000000000000000000", "insufficient-space"),
        ("resize top 99999999999999999999", "file-too-large"),
    ],
)
def test_what_can_not_be_changed_has_its_error(free: Bench, line: str, code: str) -> None:
    assert free.run(line) == [code]
    assert free.run("read top", "list app") == ["t", "f a.txt,d sub"]


def test_a_file_that_lost_its_name_is_read_to_its_end(free: Bench) -> None:
    assert free.run("kept top", "read top") == ["t", "no-entry"]


def test_a_whole_room_is_filled_and_given_back(free: Bench) -> None:
    for _ in range(5):
        assert free.run("fill big 16", "unlink big") == ["16", "done"]


def test_the_end_is_told_with_nothing() -> None:
    bench = Bench("files2", Files(CONTENTS))
    assert bench.run("part top 0 5", "part top 1 5", "part top 99 5", "part app/a.txt 4 3") == [
        "t false",
        " true",
        " true",
        "o w false",
    ]
    bench.sandbox.close()


def test_a_stream_may_be_left_and_begun_anywhere() -> None:
    bench = Bench("files3", Files(CONTENTS))
    assert bench.run("first app/sub/b.bin", "tail app/a.txt 6", "tail app/a.txt 99") == ["\ufffd", "world", ""]
    bench.sandbox.close()
