"""The child process that compiles: ``python -m spinlab.engine.compile_child``.

Compiling takes seconds of all cores and hundreds of megabytes. In a process of its own it can be ended at once, can't
take the kernel down with it, and its memory is bounded.

Input on stdin: a line of JSON (`Order`), then the binary. Output on stdout: a line of JSON, and the code itself when no
file was named. stdin stays open: when it ends, the parent is gone, and so are we.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

_NICEST = 19


@dataclass(frozen=True)
class Order:
    """What to compile.

    Attributes:
        size: Bytes of the binary that follow.
        strategy: ``winch`` or ``cranelift``.
        module: Whether it is a core module.
        output: Path of a file to write the code to, or empty for stdout.
        memory: Bytes that this process may allocate; 0 for no limit.
        background: Whether to give way to everything else.
    """

    size: int
    strategy: str
    module: bool = False
    output: str = ""
    memory: int = 0
    background: bool = False

    def line(self) -> bytes:
        """The order as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> int:
    """Compile what stdin says."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    order = Order(**json.loads(stdin.readline()))
    wasm = stdin.read(order.size)
    if len(wasm) < order.size:
        return 1
    threading.Thread(target=_end_with_parent, args=(stdin,), daemon=True).start()
    _restrain(order)
    answer, code = _compile(order, wasm)
    stdout.write(json.dumps(answer).encode() + b"\n")
    if code is not None:
        stdout.write(code)
    stdout.flush()
    return 0


def _end_with_parent(stdin: BinaryIO) -> None:
    with suppress(OSError, ValueError):
        while stdin.read(1):
            pass
    os._exit(1)


def _restrain(order: Order) -> None:
    """Give way, and bound the memory, where the system can."""
    if order.background and hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(_NICEST)
    if order.memory:
        with suppress(ImportError, OSError, ValueError):
            import resource

            # Written memory, not address space: threads reserve much more than they use.
            limit = resource.RLIMIT_DATA if sys.platform == "linux" else resource.RLIMIT_AS
            resource.setrlimit(limit, (order.memory, order.memory))


def _compile(order: Order, wasm: bytes) -> tuple[dict[str, Any], bytes | None]:
    from spinlab.engine.wasm import Settings, make_engine
    from spinlab.errors import ComponentError

    begun = time.perf_counter()
    try:
        compiled = make_engine(Settings(), order.strategy).compile(wasm, module=order.module)
    except ComponentError as error:
        return {"error": error.message}, None
    seconds = time.perf_counter() - begun
    with compiled.serialized() as code:
        if not order.output:
            return {"seconds": seconds, "size": len(code)}, bytes(code)
        try:
            with open(order.output, "wb") as file:
                file.write(code)
        except OSError as error:
            return {"disk": str(error), "seconds": seconds, "size": len(code)}, bytes(code)
        return {"seconds": seconds, "size": len(code)}, None


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    os._exit(status)  # skip the teardown of what the system takes back at once
