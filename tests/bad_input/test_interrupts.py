"""An interrupt, whenever it comes: the cell ends, nothing has changed, no process is left, the next cell works."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from tests.bad_input.steps import GOOD, Stage
from tests.magics.conftest import Kernel
from tests.magics.teapots import cell

PID = "import os; print(os.getpid())"


@pytest.mark.parametrize("body", ["while True: pass", "time.sleep(60)", "return endless()"])
def test_an_interrupt_while_calling_stops_the_guest(stage: Stage, body: str) -> None:
    stage.now(
        "import time\ndef endless():\n    while True:\n        time.sleep(0.01)\n        yield b'x'\n"
        f"def handle(request):\n    if request.path.endswith('/you'): return 'good'\n    {body}\n",
        "--timeout 1m",
    )
    ran = stage.kernel.run("%spin get /hello/bad", timeout=30, interrupt_after=0.5).error("KeyboardInterrupt")
    assert ran.traceback == "KeyboardInterrupt: interrupted; hello still answers with revision 2"
    stage.serves("good")


def test_an_interrupt_while_a_cell_is_imported_leaves_the_old_one(stage: Stage) -> None:
    slow = "%%spin hello --timeout 1m\nwhile True: pass\ndef handle(request):\n    return 'new'\n"
    ran = stage.kernel.run(slow, timeout=30, interrupt_after=0.5).error("KeyboardInterrupt")
    assert ran.traceback == "KeyboardInterrupt: interrupted; hello still answers with revision 1"
    stage.serves("good", "revision 1")


def test_an_interrupt_while_an_image_is_built_leaves_no_process(tmp_path: Path) -> None:
    kernel = Kernel({"SPINLAB_CACHE_DIR": str(tmp_path)})
    try:
        kernel.run("%load_ext spinlab").ok()
        kernel.run(cell("teapot", options="--route /teapot")).ok()
        process = psutil.Process(int(kernel.run(PID).ok().stdout))
        before = {child.pid for child in process.children(recursive=True)}
        ran = kernel.run(GOOD, timeout=60, interrupt_after=3).error("KeyboardInterrupt")
        assert ran.traceback == "KeyboardInterrupt: interrupted"
        left = [child for child in process.children(recursive=True) if child.pid not in before]
        gone, alive = psutil.wait_procs(left, timeout=10)
        assert not [child for child in alive if child.status() != psutil.STATUS_ZOMBIE], gone
        assert "418" in kernel.run("%spin get /teapot").ok().text
        assert "no function is called" in kernel.run("%spin show hello").error("OptionError").traceback
        assert not any(os.scandir(tmp_path / "tmp")) if (tmp_path / "tmp").exists() else True
    finally:
        kernel.close()


def test_an_interrupt_ends_run_all(stage: Stage) -> None:
    stage.now("def handle(request):\n    while True: pass\n", "--timeout 1m")
    first, second = (stage.kernel.send(code, stop_on_error=True) for code in ("%spin get /hello", "print('went on')"))
    ran = stage.kernel.finish(first, 30, interrupt_after=0.5).error("KeyboardInterrupt")
    assert len(ran.traceback.splitlines()) == 1
    assert stage.kernel.finish(second, 30).status == "aborted"
