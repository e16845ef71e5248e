"""The Binder: the rules of its files, and its environment, built as the image builder does and used as by a hub."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.classroom import Student, lessons
from benchmarks.memory import Peak, proportional, with_children
from binder import check
from binder.building import Built, build
from binder.rules import problems, python_version
from spinlab.folders import cache_dir

ROOT = Path(__file__).resolve().parent.parent
BINDER = ROOT / "binder"


def test_the_files_follow_their_rules() -> None:
    assert problems(BINDER) == []


def edit(name: str, change: Callable[[str], str]) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(change((folder / name).read_text()))


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no version": (edit("runtime.txt", lambda _: "python"), "does not pin Python"),
    "an unknown version": (edit("runtime.txt", lambda _: "python-3.99"), "the builder has no Python 3.99"),
    "not YAML": (lambda f: (f / "environment.yml").write_text("a: [1"), "environment.yml is not YAML"),
    "conda without a version": (
        lambda f: (f / "environment.yml").write_text("dependencies: [pip]"),
        "environment.yml does not pin Python",
    ),
    "no pins": (edit("requirements.txt", lambda text: text.replace("-c ", "# ")), "each build may get other packages"),
    "no requirements": (lambda f: (f / "requirements.txt").unlink(), "there is no requirements.txt"),
    "a package without a pin": (edit("requirements.txt", lambda text: text + "left-pad\n"), "does not pin left-pad"),
    "an old pin": (edit("constraints.txt", lambda text: text.replace("wasmtime==5", "wasmtime==4")), "wasmtime>=50"),
    "a range as a pin": (edit("constraints.txt", lambda text: text + "attrs>=1\n"), "attrs>=1 is no pin"),
    "an address": (edit("requirements.txt", lambda text: text + "x @ https://e.example/x.whl\n"), "from an address"),
    "no package": (edit("requirements.txt", lambda text: text + "./here\n"), "./here is no package"),
    "no postBuild": (lambda f: (f / "postBuild").unlink(), "there is no postBuild"),
    "a syntax error": (edit("postBuild", lambda text: text + "if\n"), "syntax error"),
    "not executable": (lambda f: (f / "postBuild").chmod(0o644), "chmod +x binder/postBuild"),
    "goes on": (edit("postBuild", lambda text: text.replace("set -euo pipefail", "set -x")), "goes on after a failure"),
    "no interpreter": (edit("start", lambda text: text.split("\n", 1)[1]), "what runs it"),
    "Windows": (edit("start", lambda text: text.replace("\n", "\r\n")), "line ends of Windows"),
    "no handing over": (edit("start", lambda text: text.replace('exec "$@"', '"$@" &')), "does not hand over"),
    "no badge": (edit("../notebooks/README.md", lambda text: text.replace("05-fast", "")), "no badge with"),
    "no notebook": (lambda f: (f / "../notebooks/05-fast.ipynb").unlink(), "lesson 05 opens a notebook that is not"),
}


@pytest.mark.parametrize("which", BROKEN)
def test_a_broken_rule_is_told(which: str, tmp_path: Path) -> None:
    shutil.copytree(BINDER, tmp_path / "binder", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".spin", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    assert problems(tmp_path / "binder") == []
    harm, said = BROKEN[which]
    harm(tmp_path / "binder")
    assert any(said in problem for problem in problems(tmp_path / "binder")), problems(tmp_path / "binder")


def test_start_hands_over_with_its_settings_and_keeps_what_was_set(tmp_path: Path) -> None:
    show = 'echo "$SPINLAB_SHARED_CACHE $SPINLAB_PROCESSOR $SPINLAB_COMPILE_MEMORY"; exit 7'
    environ = {"PATH": os.environ["PATH"], "NB_PYTHON_PREFIX": str(tmp_path), "SPINLAB_COMPILE_MEMORY": "500"}
    done = subprocess.run(
        [BINDER / "start", "sh", "-c", show], env=environ, capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{tmp_path}/share/spinlab x86-64-v3 500\n"
    assert done.returncode == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells shares")
def test_memory_that_two_processes_map_counts_once(tmp_path: Path) -> None:
    size = 64 << 20
    (tmp_path / "file").write_bytes(b"x" * size)
    program = "import mmap, sys; f = open(sys.argv[1]); m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ); "
    program += "sum(m[::4096]); print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(tmp_path / "file")]
    first, second = (
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    try:
        for each in (first, second):
            assert each.stdout
            each.stdout.readline()
        shares = [proportional(first.pid), proportional(second.pid)]
        with Peak(lambda: {"both": (first.pid, second.pid)}) as peak:
            pass
    finally:
        first.communicate()
        second.communicate()
    assert all(size / 2 < share < size for share in shares)
    assert size < peak.total < 2 * size
    assert with_children(first.pid) == ()


@pytest.fixture(scope="module")
def built(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("binder") / "image"
    return build(folder, python_version(BINDER), wheel=wheel, warmed=cache_dir())


@pytest.fixture(scope="module")
def student(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    with check.session(built, tmp_path_factory.mktemp("binder") / "session") as made:
        yield made


@pytest.mark.toolchain
class TestImage:
    """One environment for all: it takes a minute or two to build."""

    def test_jupyterlab_has_the_extension_and_shows_the_memory(self, student: Student) -> None:
        assert check.lab(student)

    def test_a_browser_reaches_a_function_through_the_hub_and_strangers_do_not(self, student: Student) -> None:
        assert check.proxied(student)

    @pytest.mark.parametrize("notebook", lessons(), ids=lambda path: path.stem)
    def test_a_lesson_stays_within_a_gigabyte(self, student: Student, notebook: Path) -> None:
        ran = check.within(student.run(notebook))
        assert ran.parts["server"] > 0
        assert ran.parts["kernel"] > 0

    def test_nothing_that_all_could_share_is_compiled_again(self, built: Built, student: Student) -> None:
        # the image of Python and JavaScript would be tens of megabytes each
        own = student.folder / "home" / ".cache" / "spinlab" / "compiled"
        assert student.run(lessons()[1]).memory
        assert sum(path.stat().st_size for path in own.glob("*/*.code")) < 20e6
        assert list((built.folder / "environment" / "share" / "spinlab" / "compiled").glob("*/*.code"))


def test_a_lesson_that_takes_more_is_refused() -> None:
    run = check.Run("09-greedy", 1.0, 1.0, check.LIMIT, {"server": 80_000_000, "kernel": 920_000_000})
    with pytest.raises(check.Refused, match="09-greedy took 1000 MB: server 80 MB, kernel 920 MB"):
        check.within(run)
