"""Which version of each crate a set of dependencies has: fixed by us, else found once and kept.

Cargo writes the address of its registry beside each crate of a ``Cargo.lock``. What we ship is that file without those
lines; `put_back` takes them from a lock file that the cargo which is here has written.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from spinlab.languages.rust.project import Project
from spinlab.toolchains import cache

LOCK: Final = "Cargo.lock"
PINS: Final = Path(__file__).parent / "pins"

_SOURCE: Final = re.compile(r'^source = "(registry\+[^"]+|sparse\+[^"]+)"\n', re.MULTILINE)
_CHECKSUM: Final = re.compile(r"^checksum = ", re.MULTILINE)
_PACKAGE: Final = re.compile(r'^name = "([^"]+)"\nversion = "([^"]+)"', re.MULTILINE)


def path(made: Project) -> Path:
    """Where the lock file of a project's crates is kept."""
    pins = hashlib.sha256(base(made).encode()).hexdigest()[:8]
    return cache.folder("rust", "locks") / f"{made.set}-{pins}.lock"


def base(made: Project) -> str:
    """Our own lock file for the kind of handler, without addresses; empty when there is none."""
    sdk = next((crate.version for crate in made.crates if crate.name == "spin-sdk"), "")
    file = PINS / f"spin-sdk-{sdk}.lock"
    return file.read_text(encoding="utf-8") if sdk and file.exists() else ""


def restore(kept: Path, home: Path) -> bool:
    """Put a lock file that was kept into a project; answers whether there is one."""
    if not kept.exists():
        return False
    text = kept.read_bytes()
    if not (home / LOCK).exists() or (home / LOCK).read_bytes() != text:
        (home / LOCK).write_bytes(text)
    return True


def keep(kept: Path, text: str) -> None:
    """Keep a lock file, unless it is kept already."""
    if not kept.exists() or kept.read_text(encoding="utf-8") != text:
        with cache.complaining(kept):
            cache.replace(kept, text.encode())


def put_back(pinned: str, home: Path) -> None:
    """Write pinned versions as the lock file of a project whose own one tells what cargo calls its registry."""
    found = _SOURCE.search((home / LOCK).read_text(encoding="utf-8"))
    if found is not None:
        address = f'source = "{found[1]}"\nchecksum = '
        (home / LOCK).write_text(_CHECKSUM.sub(lambda _: address, pinned), encoding="utf-8")


def without_addresses(text: str) -> str:
    """A lock file as it is shipped."""
    return _SOURCE.sub("", text)


def resolved(made: Project) -> Mapping[str, str]:
    """Name of a crate -> the version that a project was last built with; empty before that."""
    kept = path(made)
    return packages(kept.read_text(encoding="utf-8")) if kept.exists() else {}


def packages(text: str) -> dict[str, str]:
    """Name -> version of the packages in a lock file; of several versions the last."""
    return dict(_PACKAGE.findall(text))
