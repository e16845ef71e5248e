"""Components that import what a test says and answer nothing: made by wasm-tools from the bridge's own WIT files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import spinlab.bridge

TOOL = Path(sys.executable).with_name("wasm-tools")
CANDIDATE = "0.3.0-rc-2026-03-15"


def without_additions(wit: str, version: str, before: str) -> str:
    """The text of a package as it was at `before`, without what `version` added."""
    added = rf"(?: *///[^\n]*\n)* *@since\(version = {re.escape(version)}\)\n[^;]*;\n"
    return re.sub(added, "", wit).replace(f"@{version};", f"@{before};")


def make(folder: Path, imports: list[str], export: str, *, world: str = "") -> bytes:
    """A component that imports these interfaces and exports one; a release candidate has the release's shapes.

    ``spin:postgres@4.1.0`` is 4.2.0 without its additions.
    """
    wit = folder / "wit"
    candidate = CANDIDATE in export
    for package in (Path(spinlab.bridge.__path__[0]) / "wit" / "deps").iterdir():
        for file in package.glob("*.wit") if package.is_dir() else ():
            text = file.read_text()
            if candidate and package.name.startswith("wasi-"):
                text = text.replace("@0.3.0", f"@{CANDIDATE}")
            copy = wit / "deps" / package.name / file.name
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text)
    postgres = (wit / "deps" / "spin-postgres-4.2.0" / "postgres.wit").read_text()
    earlier = wit / "deps" / "spin-postgres-4.1.0" / "postgres.wit"
    earlier.parent.mkdir(exist_ok=True)
    earlier.write_text(without_additions(postgres, "4.2.0", "4.1.0"))
    lines = "".join(f"  import {name};\n" for name in imports)
    (wit / "world.wit").write_text(f"package test:guest;\nworld guest {{\n{lines}{world}  export {export};\n}}\n")
    core, component = folder / "core.wasm", folder / "component.wasm"
    run = [str(TOOL), "component"]
    subprocess.run([*run, "embed", "--dummy", "--world", "guest", str(wit), "-o", str(core)], check=True)
    subprocess.run([*run, "new", str(core), "-o", str(component)], check=True)
    return component.read_bytes()
