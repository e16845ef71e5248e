"""The functions that are measured: the same small answer in every language."""

from __future__ import annotations

import os
from pathlib import Path

from spinlab import Function

ROOT = Path(__file__).resolve().parent.parent
WAT = (ROOT / "tests" / "guests" / "hello.wat").read_text()
PYTHON = "def handle(request):\n    return 'Hello ' + request.path\n"
SDK = """\
from spin_sdk.http import IncomingHandler, Response

class IncomingHandler(IncomingHandler):
    def handle_request(self, request):
        return Response(200, {"content-type": "text/plain"}, b"Hello from Python")
"""
ASYNC = "async def handle(request):\n    return 'Hello ' + request.path\n"


def guest(name: str) -> bytes | None:
    """A Rust guest that the tests have built; None when there is none."""
    for folder in (os.environ.get("SPINLAB_GUESTS_DIR"), ROOT / ".make" / "guests"):
        path = Path(folder or "", f"{name}.wasm")
        if folder and path.exists():
            return path.read_bytes()
    return None


def wat() -> Function:
    """The WAT function."""
    return Function("wat", WAT, language="wat", routes=("/wat",))


def python(wasi: str = "0.2", source: str = PYTHON, **options: object) -> Function:
    """The Python function."""
    return Function("py", source, routes=("/py",), wasi=wasi, **options)  # type: ignore[arg-type]


def rust(name: str) -> Function | None:
    """A Rust function."""
    component = guest(name)
    return None if component is None else Function(name, component, language="wasm", routes=(f"/{name}",))
