"""The bridge's built files and their record."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path

import pytest

from spinlab import bridge
from spinlab.bridge import build, rust

BRIDGE = Path(bridge.__file__).parent
NAMES = ("wasi2", "spin2", "wasi3", "spin3", "driver3", "message3")


def test_the_committed_files_are_those_of_the_record() -> None:
    recorded = json.loads((BRIDGE / "toolchain.json").read_text())["files"]
    found = {path.name: path.read_bytes() for path in BRIDGE.glob("*.wasm")}
    assert {name: len(content) for name, content in found.items()} == {n: f["size"] for n, f in recorded.items()}
    for name, content in found.items():
        assert hashlib.sha256(content).hexdigest() == recorded[name]["sha256"], name


PROVIDED = {"spin2": {"pause"}, "spin3": {"pause", "tasks"}, "driver3": {"ctl3"}, "message3": {"ctl3", "message"}}


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_needs_nothing_but_the_flat_interface_and_what_the_others_give(name: str) -> None:
    described = subprocess.run(
        [build.wasm_tools(), "component", "wit", str(bridge.path(name))], capture_output=True, text=True, check=True
    )
    imports = re.findall(r"^  import (\S+);$", described.stdout, re.MULTILINE)
    own = {f"spinlab:bridge/{given}@0.1.0" for given in PROVIDED.get(name, set())}
    needed = {i for i in imports if name not in ("driver3", "message3") or i.startswith("spinlab:")}
    assert needed - {"spinlab:bridge/host@0.1.0"} == own


def test_the_file_server_is_a_guest_that_needs_no_more_than_wasi() -> None:
    described = subprocess.run(
        [build.wasm_tools(), "component", "wit", str(bridge.path("static-files"))],
        capture_output=True,
        text=True,
        check=True,
    )
    imports = re.findall(r"^  import (\S+);$", described.stdout, re.MULTILINE)
    assert {name.partition("/")[0] for name in imports} == {"wasi:cli", "wasi:filesystem", "wasi:http", "wasi:io"} | (
        {"wasi:clocks"} if "wasi:clocks/wall-clock@0.2.12" in imports else set()
    )
    assert bridge.path("static-files").stat().st_size < 150_000


@pytest.mark.parametrize("name", [*NAMES, "static-files"])
def test_no_path_of_a_machine_is_in_the_files(name: str) -> None:
    content = bridge.read(name)
    assert not re.search(rb"/(home|root|work|Users|tmp)/", content)
    assert b".cargo" not in content


def test_unsafe_code_is_in_the_generated_bindings_only() -> None:
    for source in (BRIDGE / "crates").glob("*/src/**/*.rs"):
        text = source.read_text(encoding="utf-8")
        if source.name == "lib.rs":
            assert re.search(r"#!\[(deny|forbid)\(unsafe_code\)\]", text), source
        if source.name != "bindings.rs":
            assert not re.search(r"allow\(unsafe_code|unsafe \{|unsafe fn", text), source


def test_another_folder_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "wasi2.wasm").write_bytes(b"rebuilt")
    monkeypatch.setenv("SPINLAB_BRIDGE_DIR", str(tmp_path))
    assert bridge.read("wasi2") == b"rebuilt"


def test_a_machine_without_any_toolchain_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))  # where one that was unpacked before would be found
    with pytest.raises(rust.NoToolchain, match="rustup target add wasm32-unknown-unknown"):
        rust.find(say=lambda text: None)
