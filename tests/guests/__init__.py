"""The guests: small programs that the tests and benchmarks run."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from filelock import FileLock

ROOT = Path(__file__).resolve().parents[2]
BUILT = ROOT / ".make" / "guests"


@cache
def folder() -> Path:
    """The folder of the built guests; building takes a minute when their sources have changed, and cargo."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with FileLock(BUILT / ".lock"):
        subprocess.run(
            [sys.executable, str(ROOT / "spinlab" / "bridge" / "build.py"), "--guests", str(BUILT)], check=True
        )
    return BUILT


def component(name: str) -> bytes:
    """The component of a guest of ``tests/guests/rust``."""
    return (folder() / f"{name}.wasm").read_bytes()
