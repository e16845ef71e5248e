"""Compiling in a child process, from the parent's side: started, fed, waited for interruptibly, always ended."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from spinlab.engine.compile_child import Order
from spinlab.errors import ComponentError

MEMORY: Final = 4 << 30
_STEP: Final = 0.05  # seconds between looks at an interrupt where waiting itself can't be interrupted


class Stopped(Exception):
    """The compilation was ended because somebody asked for it."""


class CompilerFailed(ComponentError):
    """The compiler refused the binary, or died of it."""


@dataclass(frozen=True)
class Compilation:
    """What a child did.

    Attributes:
        seconds: How long the compiler ran.
        size: Bytes of the code.
        code: The code, when it was not written to a file.
        disk: Why it was not, when it should have been.
    """

    seconds: float
    size: int
    code: bytes | None = None
    disk: str = ""


def memory_limit() -> int:
    """Bytes that a compiling child may allocate: ``$SPINLAB_COMPILE_MEMORY`` in MiB, default 4 GiB, 0 for no limit."""
    with suppress(KeyError, ValueError):
        return int(os.environ["SPINLAB_COMPILE_MEMORY"]) << 20
    return MEMORY


def compile_in_child(
    wasm: bytes,
    strategy: str,
    *,
    module: bool = False,
    output: Path | None = None,
    background: bool = False,
    stopped: Callable[[], bool] = lambda: False,
) -> Compilation:
    """Compile in a child process.

    An interrupt (or anything else that is raised here) ends the child before it goes on.

    Parameters:
        wasm: The binary.
        strategy: ``winch`` or ``cranelift``.
        module: Whether it is a core module.
        output: Where to write the code; None returns it.
        background: Whether the child gives way to everything else.
        stopped: Asked now and then; true ends the child.

    Raises:
        CompilerFailed: The compiler refused it, or ran out of memory.
        Stopped: `stopped` said so.
        OSError: No process could be started.
    """
    if not sys.executable:
        raise FileNotFoundError("this Python is embedded and names no interpreter")
    order = Order(len(wasm), strategy, module, str(output or ""), memory_limit(), background)
    process = subprocess.Popen(
        _command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=Path(sys.prefix),
        env=_environment(),
        **_apart(background),
    )
    talk = _Talk(process, order, wasm)
    try:
        while not talk.done.wait(_STEP):
            if stopped():
                raise Stopped
    finally:
        process.kill()
        process.wait()
        talk.join()
    return talk.result(strategy)


class _Talk:
    """Feeds the child and reads its answer, on a thread of its own: pipes can't be waited on everywhere."""

    def __init__(self, process: subprocess.Popen[bytes], order: Order, wasm: bytes) -> None:
        self.done = threading.Event()
        self._process = process
        self._answer: dict[str, Any] | None = None
        self._code = b""
        self._thread = threading.Thread(target=self._run, args=(order, wasm), name="spinlab-compile", daemon=True)
        self._thread.start()

    def _run(self, order: Order, wasm: bytes) -> None:
        process = self._process
        assert process.stdin
        assert process.stdout
        try:
            with suppress(OSError):
                process.stdin.write(order.line())
                process.stdin.write(wasm)
                process.stdin.flush()
            line = process.stdout.readline()
            if line:
                self._answer = json.loads(line)
                if "error" not in self._answer and (not order.output or "disk" in self._answer):
                    self._code = process.stdout.read(self._answer["size"])
        except (OSError, ValueError):
            self._answer = None
        finally:
            self.done.set()

    def join(self) -> None:
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()

    def result(self, strategy: str) -> Compilation:
        answer = self._answer
        if answer is None:
            limit = memory_limit() >> 20
            raise CompilerFailed(
                f"the compiler ({strategy}) died while it compiled the component",
                hint=f"it may use {limit} MiB; raise that with SPINLAB_COMPILE_MEMORY (in MiB)" if limit else "",
            )
        if "error" in answer:
            raise CompilerFailed(answer["error"])
        compilation = Compilation(answer["seconds"], answer["size"], disk=answer.get("disk", ""))
        return replace(compilation, code=self._code) if self._code else compilation


def _command() -> list[str]:
    """Our interpreter, without the user's start-up files and without the notebook's folder on the path.

    The folders of spinlab and wasmtime are named, because they need not be where an isolated interpreter looks.
    """
    import wasmtime

    folders = [str(Path(__file__).parents[2]), str(Path(wasmtime.__file__).parents[1])]
    program = (
        f"import sys; sys.path.extend({folders!r}); import os, spinlab.engine.compile_child as child; "
        "status = child.main(); os._exit(status)"
    )
    return [sys.executable, "-I", "-c", program]


def _environment() -> dict[str, str]:
    """Ours without what changes how Python or the compiler's threads behave."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "MALLOC_"))}
    environment["RAYON_NUM_THREADS"] = str(min(os.cpu_count() or 1, 8))
    return environment


def _apart(background: bool) -> dict[str, Any]:
    """Out of reach of a Ctrl-C that is meant for us: we end the child ourselves."""
    if os.name == "posix":
        return {"start_new_session": True}
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    if background:
        flags |= getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
    return {"creationflags": flags}
