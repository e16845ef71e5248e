"""The exact versions of all crates, without the address they come from.

Cargo writes the address of its registry beside each crate of a ``Cargo.lock``. What is committed is that file without
those lines (``crates.lock``); `restore` puts them back as the cargo that is here would write them, so that each
machine asks the registry that it is set up for.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Final

from spinlab.bridge.rust import Toolchain

PINNED: Final = "crates.lock"
LOCK: Final = "Cargo.lock"

_SOURCE: Final = re.compile(r'^source = "(.+)"\n', re.MULTILINE)
_CHECKSUM: Final = re.compile(r"^checksum = ", re.MULTILINE)
_ASK: Final = """\
[package]
name = "ask"
version = "0.0.0"
edition = "2021"

[dependencies]
wit-bindgen = { version = "0.63", default-features = false }
"""


def restore(toolchain: Toolchain, workspace: Path) -> None:
    """Write ``Cargo.lock`` from the pinned versions, unless it is there and as new as they are."""
    pinned, lock = workspace / PINNED, workspace / LOCK
    if not pinned.exists() or (lock.exists() and lock.stat().st_mtime >= pinned.stat().st_mtime):
        return
    address = f'source = "{_address(toolchain)}"\nchecksum = '
    lock.write_text(_CHECKSUM.sub(lambda _: address, pinned.read_text(encoding="utf-8")), encoding="utf-8")


def record(workspace: Path) -> None:
    """Keep the versions of ``Cargo.lock``."""
    text = _SOURCE.sub("", (workspace / LOCK).read_text(encoding="utf-8"))
    if not (workspace / PINNED).exists() or (workspace / PINNED).read_text(encoding="utf-8") != text:
        (workspace / PINNED).write_text(text, encoding="utf-8")


def _address(toolchain: Toolchain) -> str:
    """What this cargo calls its registry."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "Cargo.toml").write_text(_ASK, encoding="utf-8")
        (folder / "src").mkdir()
        (folder / "src" / "lib.rs").touch()
        toolchain.run("generate-lockfile", cwd=folder)
        found = _SOURCE.search((folder / LOCK).read_text(encoding="utf-8"))
    assert found is not None, "cargo wrote a lock file without a registry"
    return found[1]
