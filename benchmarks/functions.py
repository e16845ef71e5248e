"""The functions that are measured: the same small answer in every language."""

from __future__ import annotations

from pathlib import Path

from spinlab import Function
from tests.guests import component

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


def wat() -> Function:
    """The WAT function."""
    return Function("hello-wat", WAT, language="wat", routes=("/wat",))


def python(wasi: str = "0.2", source: str = PYTHON, **options: object) -> Function:
    """The Python function."""
    return Function("hello-python", source, routes=("/py",), wasi=wasi, **options)  # type: ignore[arg-type]


def rust(name: str) -> Function:
    """A function of one of the tests' Rust guests, built when needed."""
    return Function(name, component(name), language="wasm", routes=(f"/{name}",))
