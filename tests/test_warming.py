"""What is done beforehand for one user or for all: found by those it is for, and trusted only when it may be."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spinlab import warming
from spinlab.engine import processor
from spinlab.engine.cache import Cache
from spinlab.folders import SHARED, VARIABLE, cache_dir, shared
from spinlab.toolchains import cache, environments
from tests.conftest import wat_source

CODE = b"\x7fELF" + bytes(range(256)) * 2000  # large enough to be mapped
POSIX = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to give files away")
ANSWER = """\
import sys
from spinlab import App, Function
app = App("tests")
made = app.add(Function("hello", sys.stdin.read(), language="wat", routes=("/hello",)))
assert app.get("/hello").status == 200, app.get("/hello")
print(made.prepared.cached)
"""
MAPS = """\
import sys
from spinlab import App, Function
app = App("tests")
app.add(Function("hello", "def handle(request): return 'hi'", routes=("/",)))
app.engine.settle()
assert app.get("/").text == "hi"
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache for all users; this user has none yet."""
    folder = tmp_path / "shared"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv(SHARED, str(folder))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "own"))
    return folder


def read(code: Path | bytes) -> bytes:
    return code if isinstance(code, bytes) else code.read_bytes()


def entry(machine: Path) -> Path:
    """Compiled code in the cache for all users, as `spinlab warm --shared` leaves it."""
    with warming.into(machine):
        assert Cache().store("k", CODE)
    return next((machine / "compiled" / "k").glob("*.code"))


def test_without_the_variable_nothing_is_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED, raising=False)
    assert shared("images") is None
    assert Cache().shared is None


@POSIX
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_cache_that_others_can_write_is_not_used(machine: Path, mode: int) -> None:
    assert shared() == machine
    machine.chmod(mode)
    assert shared() is None


@ROOT
def test_a_cache_of_another_user_is_not_used(machine: Path) -> None:
    os.chown(machine, 4711, -1)
    assert shared() is None


@POSIX
def test_everybody_can_read_what_was_warmed_and_only_its_owner_can_write(machine: Path) -> None:
    path = entry(machine)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(machine.stat().st_mode) == 0o755


def test_its_code_is_loaded_and_left_exactly_as_it_was(machine: Path) -> None:
    path = entry(machine)
    os.utime(path, (1_000_000, 1_000_000))
    assert Cache().load("k", read) == CODE
    assert path.stat().st_mtime == 1_000_000
    assert not (cache_dir() / "compiled").exists()


@pytest.mark.parametrize("harm", [b"!" + CODE[1:], CODE[:-1]], ids=["changed", "cut short"])
def test_damaged_code_is_left_alone_and_compiled_for_this_user(machine: Path, harm: bytes) -> None:
    path = entry(machine)
    path.write_bytes(harm)
    mine = Cache()
    assert mine.load("k", read) is None
    assert path.read_bytes() == harm
    assert mine.store("k", CODE)
    assert mine.load("k", read) == CODE


@POSIX
def test_code_that_others_can_write_is_not_loaded(machine: Path) -> None:
    entry(machine).chmod(0o666)
    assert Cache().load("k", read) is None


@ROOT
def test_code_of_another_user_is_not_loaded(machine: Path) -> None:
    os.chown(entry(machine), 4711, -1)
    assert Cache().load("k", read) is None


def test_code_that_somebody_put_there_as_a_link_is_not_loaded(machine: Path, tmp_path: Path) -> None:
    path = entry(machine)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert Cache().load("k", read) is None


def test_a_cache_that_is_named_shares_nothing(machine: Path, tmp_path: Path) -> None:
    entry(machine)
    assert Cache(tmp_path / "named").load("k", read) is None


def test_a_tool_that_is_finished_there_is_not_got_again(machine: Path) -> None:
    pins = ("nothing==1.0",)
    own = environments.path_of("tool", pins)
    assert own.is_relative_to(cache_dir())
    there = machine / "toolchains" / own.name
    there.mkdir(parents=True)
    assert environments.path_of("tool", pins) == own  # it was begun, and has not come to its end
    (there / environments.READY).touch()
    assert environments.path_of("tool", pins) == there
    assert environments.ensure("tool", pins) == there


def test_a_folder_that_tools_write_to_begins_as_a_copy(machine: Path) -> None:
    (machine / "zig" / "o").mkdir(parents=True)
    (machine / "zig" / "o" / "libc.a").write_bytes(b"made before")
    own = cache.grown("zig")
    assert own == cache_dir() / "zig"
    assert (own / "o" / "libc.a").read_bytes() == b"made before"
    (own / "o" / "libc.a").write_bytes(b"mine")
    assert (cache.grown("zig") / "o" / "libc.a").read_bytes() == b"mine"
    assert (machine / "zig" / "o" / "libc.a").read_bytes() == b"made before"


def run(*command: str, given: str = "", **environ: str) -> str:
    env = {**os.environ, **environ}
    done = subprocess.run([sys.executable, *command], input=given, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_one_warmed_for_all_another_need_not_compile(machine: Path, tmp_path: Path) -> None:
    said = run("-m", "spinlab.cli", "warm", "wat", "--shared", str(machine))
    assert re.search(r"WebAssembly text: ready after \d", said)
    # the bridge is in the cache for all; this function, which is new, goes to the user's own
    run("-c", ANSWER, given=wat_source("first"))
    assert len(list((tmp_path / "own" / "compiled").glob("*/*.code"))) == 1
    assert len(list((machine / "compiled").glob("*/*.code"))) > 1


def test_a_language_that_is_not_there_is_named_with_the_nearest() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "spinlab.cli", "warm", "pyton"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pyton" in done.stderr
    assert "python" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="there is a level for Linux only")
class TestLevel:
    """Code for a level of processors, for images of machines that run elsewhere."""

    @pytest.fixture
    def features(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
        """What the processor says that it can; the list may be changed."""
        said = [*processor._NEEDS.values(), "avx512f"]
        monkeypatch.setattr(processor, "_features", lambda: f"flags\t\t: {' '.join(said)}\n")
        monkeypatch.setattr(processor.platform, "machine", lambda: "x86_64")
        monkeypatch.setenv(processor.VARIABLE, processor.LEVEL)
        processor.flags.cache_clear()
        processor.processor.cache_clear()
        yield said
        processor.flags.cache_clear()
        processor.processor.cache_clear()

    def test_processors_of_a_level_share_code(self, features: list[str]) -> None:
        assert "has_avx2" in processor.flags()
        assert processor.processor() == "x86_64 x86-64-v3"

    def test_a_processor_that_lacks_something_gets_code_of_its_own(self, features: list[str]) -> None:
        features.remove("bmi2")
        assert processor.flags() == ()
        assert "x86-64-v3" not in processor.processor()

    @pytest.mark.parametrize("asked", ["", "x86-64-v9", "native"])
    def test_any_other_word_means_this_very_processor(
        self, features: list[str], asked: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(processor.VARIABLE, asked)
        assert processor.flags() == ()

    def test_code_for_the_level_runs_and_is_kept_apart(self, tmp_path: Path) -> None:
        for level in ("", processor.LEVEL):
            environ = {VARIABLE: str(tmp_path), processor.VARIABLE: level}
            assert run("-c", ANSWER, given=wat_source(), **environ).strip() == "False"
            assert run("-c", ANSWER, given=wat_source(), **environ).strip() == "True"


@contextmanager
def kernels(count: int) -> Iterator[list[int]]:
    """Processes that have each a Python function that answered."""
    started = [
        subprocess.Popen([sys.executable, "-c", MAPS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    try:
        for process in started:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
        yield [process.pid for process in started]
    finally:
        for process in started:
            process.communicate("\n", timeout=60)


def compiled_code(pid: int) -> tuple[int, int]:
    """Kilobytes of compiled code and its unchangeable data that a process has in memory, and its share of them."""
    resident = share = 0
    counts = False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counts = line.endswith(".code") and line.split()[1][1] == "-"
        elif counts and line.startswith(("Rss:", "Pss:")):
            size = int(line.split()[1])
            resident, share = (resident + size, share) if line[0] == "R" else (resident, share + size)
    return resident, share


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shares")
def test_kernels_of_one_machine_have_one_copy_of_compiled_code() -> None:
    with kernels(3) as pids:
        for pid in pids:
            resident, share = compiled_code(pid)
            assert resident > 5_000  # of Python's 60 MB the pages that ran
            assert share < 0.5 * resident
