"""Compiled code on disk: found again, never trusted blindly, bounded, and not needed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

from spinlab.engine.cache import Cache, default_folder, key
from spinlab.errors import ComponentError

CODE = b"\x7fELF" + bytes(range(256)) * 2000  # large enough to be mapped
POSIX = os.name == "posix"
ROOT = POSIX and os.geteuid() == 0


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "code")


def read(code: Path | bytes) -> bytes:
    return code if isinstance(code, bytes) else code.read_bytes()


def file_of(cache: Cache, name: str = "k") -> Path:
    return next((cache.folder / name).glob("*.code"))


@pytest.mark.parametrize("code", [CODE, b"small"])
def test_what_was_stored_is_found(cache: Cache, code: bytes) -> None:
    assert cache.load("k", read) is None
    assert cache.store("k", code)
    assert cache.load("k", read) == code
    assert cache.size() == len(code)
    assert [e.key for e in cache.entries()] == ["k"]


def test_the_key_changes_with_everything_that_shapes_code() -> None:
    keys = {key("a", "winch", "s"), key("b", "winch", "s"), key("a", "cranelift", "s"), key("a", "winch", "t")}
    assert len(keys) == 4
    assert key("a", "winch", "s") in keys


@pytest.mark.skipif(not POSIX, reason="modes are POSIX")
def test_folder_and_files_are_private(cache: Cache) -> None:
    before = os.umask(0)
    try:
        cache.store("k", CODE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((cache.folder / "k").stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(cache).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(CODE[:-1]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(CODE[:100] + b"!" + CODE[101:]),
        lambda path: os.truncate(path, 5000),
    ],
    ids=["cut short", "empty", "one byte changed", "truncated"],
)
def test_a_damaged_file_counts_as_absent_and_is_replaced(cache: Cache, harm: Callable[[Path], None]) -> None:
    cache.store("k", CODE)
    harm(file_of(cache))
    assert cache.load("k", read) is None
    assert not list((cache.folder / "k").iterdir())
    assert cache.store("k", CODE)
    assert cache.load("k", read) == CODE


@pytest.mark.skipif(not POSIX, reason="modes are POSIX")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o644])
def test_a_file_that_others_may_touch_is_not_loaded(cache: Cache, mode: int) -> None:
    cache.store("k", CODE)
    file_of(cache).chmod(mode)
    assert cache.load("k", read) is None


@pytest.mark.skipif(not ROOT, reason="only root can give files away")
def test_a_file_of_another_user_is_not_loaded(cache: Cache) -> None:
    cache.store("k", CODE)
    os.chown(file_of(cache), 12345, -1)
    assert cache.load("k", read) is None


@pytest.mark.skipif(not POSIX, reason="links are POSIX")
def test_a_link_is_not_followed(cache: Cache, tmp_path: Path) -> None:
    cache.store("k", CODE)
    path = file_of(cache)
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert cache.load("k", read) is None


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs descriptors as files")
def test_what_is_loaded_is_the_file_that_was_checked(cache: Cache) -> None:
    cache.store("k", CODE)
    path = file_of(cache)

    def swap_then_read(code: Path | bytes) -> bytes:
        path.unlink()
        path.write_bytes(b"evil")
        return read(code)

    assert cache.load("k", swap_then_read) == CODE


def test_code_that_wasmtime_refuses_counts_as_absent(cache: Cache) -> None:
    cache.store("k", CODE)

    def refuse(_: Path | bytes) -> bytes:
        raise ComponentError("for another processor")

    assert cache.load("k", refuse) is None
    assert cache.load("k", read) is None


def test_what_was_used_least_recently_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "code", limit=len(CODE) * 3)
    for n in range(3):
        cache.store(f"k{n}", CODE)
        os.utime(file_of(cache, f"k{n}"), (n + 1, n + 1))
    assert cache.load("k0", read) == CODE
    cache.store("k3", CODE)
    assert {e.key for e in cache.entries()} == {"k0", "k3"}
    assert cache.size() <= cache.limit


def test_an_entry_larger_than_the_limit_is_kept_until_the_next_one(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "code", limit=10)
    cache.store("k", CODE)
    assert cache.load("k", read) == CODE
    cache.store("l", CODE)
    assert [e.key for e in cache.entries()] == ["l"]


def test_clearing_frees_everything(cache: Cache) -> None:
    cache.store("k", CODE)
    cache.store("l", b"small")
    assert cache.clear() == len(CODE) + 5
    assert cache.entries() == ()
    assert cache.load("k", read) is None


def test_what_a_dead_process_left_behind_is_swept(cache: Cache) -> None:
    cache.store("k", CODE)
    left = cache.folder / "tmp-left"
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    fresh = cache.folder / "tmp-fresh"
    fresh.write_bytes(b"half")
    Cache(cache.folder).store("l", CODE)
    assert not left.exists()
    assert fresh.exists()


def test_without_a_usable_folder_nothing_is_kept_and_one_warning_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file" / "code")
    with pytest.warns(RuntimeWarning, match="compiled code is not kept"):
        assert not cache.store("k", CODE)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not cache.store("k", CODE)
        assert cache.load("k", read) is None
        with cache.lock("k"):
            assert cache.size() == 0
    assert cache.warning


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_like_no_disk(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    real = open

    def full(file: object, mode: str = "r", *rest: object, **options: object) -> object:
        return real("/dev/full" if mode == "wb" else file, mode, *rest, **options)  # type: ignore[call-overload]

    monkeypatch.setattr("builtins.open", full)
    with pytest.warns(RuntimeWarning, match="No space left"):
        assert not cache.store("k", CODE)
    monkeypatch.undo()
    assert not list(cache.folder.glob("tmp-*"))


@pytest.mark.skipif(not ROOT, reason="only root can give folders away")
def test_a_folder_of_another_user_is_not_used(cache: Cache) -> None:
    cache.folder.mkdir(parents=True)
    os.chown(cache.folder, 12345, -1)
    with pytest.warns(RuntimeWarning, match="somebody else"):
        assert not cache.store("k", CODE)


def test_a_folder_that_others_can_write_is_taken_back(cache: Cache) -> None:
    cache.folder.mkdir(parents=True)
    cache.folder.chmod(0o777)
    assert cache.store("k", CODE)
    if POSIX:
        assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


def test_a_file_put_aside_is_gone_unless_it_is_adopted(cache: Cache) -> None:
    with cache.aside() as path:
        assert path
        path.write_bytes(CODE)
    assert not path.exists()
    with cache.aside() as path:
        assert path
        path.write_bytes(CODE)
        assert cache.adopt(path, "k", read) == CODE
    assert cache.load("k", read) == CODE


WRITER = """
import sys
from pathlib import Path
from spinlab.engine.cache import Cache
cache = Cache(Path(sys.argv[1]))
code = b"\\x7fELF" + bytes(range(256)) * 2000
for n in range(40):
    cache.store(f"k{n % 4}", code + sys.argv[2].encode())
    found = cache.load(f"k{n % 4}", lambda c: c if isinstance(c, bytes) else c.read_bytes())
    assert found is None or found[:len(code)] == code, n
"""


def test_several_processes_share_a_cache(cache: Cache) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(cache.folder), str(n)]) for n in range(3)]
    assert [w.wait(60) for w in writers] == [0, 0, 0]
    for n in range(4):
        assert cache.load(f"k{n}", read) is not None
    assert not list(cache.folder.glob("tmp-*"))


def test_the_lock_is_held_by_one_and_waiting_can_be_given_up(cache: Cache) -> None:
    order: list[str] = []
    stop = threading.Event()

    def wait() -> None:
        with Cache(cache.folder).lock("k", stop.is_set):
            order.append("waiter")

    with cache.lock("k"):
        waiter = threading.Thread(target=wait)
        waiter.start()
        time.sleep(0.2)
        assert order == []
        stop.set()
        waiter.join(5)
        assert order == ["waiter"]


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    assert default_folder() == tmp_path / "compiled"
