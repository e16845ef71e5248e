"""A cache that is damaged, shared, full or not there: functions run all the same, and what is wrong is said once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.bad_input.steps import GOOD
from tests.magics.conftest import Kernel
from tests.magics.teapots import TEAPOT, cell, register


def loaded(stack: ExitStack, cache: Path) -> Kernel:
    """A kernel with a cache of its own."""
    kernel = Kernel({"SPINLAB_CACHE_DIR": str(cache)})
    stack.callback(kernel.close)
    kernel.run("%load_ext spinlab").ok()
    return kernel


def _cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def _replaced(data: bytes) -> bytes:
    return b"\x7fELF" + bytes(len(data) - 4)


@pytest.mark.parametrize("damage", [_cut, _replaced, lambda _data: b""])
def test_a_cache_file_that_was_damaged_is_compiled_again(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    with ExitStack() as stack:
        register(loaded(stack, tmp_path))
    files = list((tmp_path / "compiled").rglob("*.code"))
    assert files
    for file in files:
        file.write_bytes(damage(file.read_bytes()))
    with ExitStack() as stack:
        kernel = loaded(stack, tmp_path)
        register(kernel)
        assert "418" in kernel.run("%spin get /teapot").ok().text


def test_without_a_cache_functions_run_and_one_warning_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with ExitStack() as stack:
        kernel = loaded(stack, tmp_path / "file" / "cache")
        ran = register(kernel)
        ran.stdout += register(kernel, "second").stdout
        assert ran.stdout.count("RuntimeWarning") == 1, ran.stdout
        assert "set SPINLAB_CACHE_DIR" in ran.stdout
        assert "418" in kernel.run("%spin get /teapot").ok().text
        shown = kernel.run(GOOD).error("CacheError").traceback
        assert "set SPINLAB_CACHE_DIR to a folder that can be written" in shown
        assert "418" in kernel.run("%spin get /second").ok().text


def test_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"  # writing more fails
    with ExitStack() as stack:
        kernel = loaded(stack, tmp_path)
        kernel.run(full).ok()
        assert "compiled code is not kept" in register(kernel).stdout
        assert "418" in kernel.run("%spin get /teapot").ok().text
        register(kernel, status=202)
        assert "202" in kernel.run("%spin get /teapot").ok().text


def test_two_kernels_that_ask_for_the_same_at_once_both_get_it(tmp_path: Path) -> None:
    with ExitStack() as stack:
        kernels = [loaded(stack, tmp_path) for _ in range(2)]
        shown: list[str] = []

        def work(kernel: Kernel) -> None:
            for status in (418, 202, 418):
                kernel.run(cell("teapot", TEAPOT.replace("418", str(status)), "--route /tea")).ok()
                shown.append(kernel.run("%spin get /tea").ok().text)
            shown.append(kernel.run("print(get_ipython().run_line_magic('spin', 'url teapot'))").ok().stdout)

        threads = [threading.Thread(target=work, args=[kernel]) for kernel in kernels]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(shown) == 8
        assert sum("418" in text for text in shown) == 4
        assert len({text for text in shown if text.startswith("http")}) == 2
