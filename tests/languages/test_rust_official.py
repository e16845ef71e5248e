"""The project that an export writes of a Rust cell: cargo makes a component of it that answers the same."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import tomli

from spinlab import App, Function, Request
from spinlab.languages import silent
from spinlab.languages.rust import LANGUAGE, cargo, locks, official, project
from spinlab.languages.rust.starters import COMPONENT, STARTERS
from spinlab.toolchains import rust
from spinlab.toolchains.process import environment

pytestmark = [
    pytest.mark.toolchain,
    pytest.mark.skipif(rust.rust((rust.WASIP2,)) is None, reason="the official command needs wasm32-wasip2"),
]

REQUEST = Request("POST", "/f?name=ada", body=b"body")
MODULES = {
    "words": Function(
        "words", 'pub fn greet(name: &str) -> String {\n    format!("Hi {name}")\n}\n', "rust", module=True
    )
}
WITH_MODULE = (
    'mod words;\n\nfn handle(req: Request) -> String {\n    words::greet(req.query("name").unwrap_or("x"))\n}\n'
)
WITH_CRATE = "fn handle() -> String {\n    itoa::Buffer::new().format(42).to_string()\n}\n"


def files_of(app: App, source: str, **options: object) -> Mapping[str, bytes]:
    for module in MODULES.values():
        app.add(module)
    app.add(Function("my-f", source, language="rust", routes=("/f",), **options))  # type: ignore[arg-type]
    live = app.functions["my-f"]
    files = LANGUAGE.official(live.function, live.build)
    assert files is not None
    return files


def build(folder: Path, files: Mapping[str, bytes], env: Mapping[str, str] | None = None) -> None:
    """Write a project and run the official command in it."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    found = rust.ensure((rust.WASIP2,))
    variables = {"PATH": f"{found.cargo.parent}{os.pathsep}{os.environ['PATH']}", "RUSTC": str(found.rustc)}
    own = environment({**variables, **(env or {})}, network=True, own=rust.OWN)
    subprocess.run(official.COMMAND.split(), cwd=folder, env=own, check=True, capture_output=True)


def answers(component: bytes) -> tuple[int, bytes]:
    with App("official") as app:
        app.add(Function("f", component, language="wasm", routes=("/f",)))
        answer = app.handle(REQUEST)
        return answer.status, answer.body


@pytest.mark.parametrize("source", [STARTERS["http"], WITH_MODULE], ids=["starter", "module"])
def test_the_project_of_a_short_cell_answers_the_same(source: str, tmp_path: Path) -> None:
    with App("test") as app:
        files = files_of(app, source)
        expected = app.handle(REQUEST)
        output = official.output(app.functions["my-f"].function)
    build(tmp_path, files)
    made = (tmp_path / output).read_bytes()
    assert answers(made) == (expected.status, expected.body)
    assert len(made) < 150_000


def test_the_project_of_the_template_for_wasi_2_answers_the_same(tmp_path: Path) -> None:
    with App("test") as app:
        files = files_of(app, COMPONENT)
    made, found = project.of(Function("my-f", COMPONENT, language="rust"), {}), rust.ensure((rust.WASIP2,))
    assert locks.restore(locks.path(made), tmp_path)
    lock = tmp_path / locks.LOCK
    lock.write_text(lock.read_text().replace('name = "cell"', 'name = "my-f"'))
    with cargo._folder(found, silent) as folder:  # with the crates that were compiled for the cell
        flags = cargo._Bench(folder, made, found, silent)._rustflags()
        build(
            tmp_path,
            files,
            {"CARGO_TARGET_DIR": str(folder / "target"), "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags)},
        )
        component = (folder / official.output(Function("my-f", ""))).read_bytes()
    assert answers(component) == (200, b"asked for /f\n")


def test_the_files_are_those_of_the_template() -> None:
    with App("test") as app:
        files = files_of(app, COMPONENT)
        function = app.functions["my-f"].function
        assert set(files) == {"Cargo.toml", "src/lib.rs"}
        assert files["src/lib.rs"].decode() == COMPONENT
        manifest = tomli.loads(files["Cargo.toml"].decode())
        assert manifest["package"]["name"] == "my-f"
        assert manifest["package"]["edition"] == "2021"
        assert manifest["lib"] == {"crate-type": ["cdylib"]}
        assert manifest["dependencies"] == {"anyhow": "1", "spin-sdk": "5.2.0"}
        assert LANGUAGE.build_command(function, app.functions["my-f"].build) == (
            "cargo build --target wasm32-wasip2 --release"
        )
        assert LANGUAGE.build_output(function, app.functions["my-f"].build) == (
            "target/wasm32-wasip2/release/my_f.wasm"
        )


def test_the_short_form_takes_its_crate_along() -> None:
    with App("test") as app:
        files = files_of(app, WITH_MODULE)
    assert {"Cargo.toml", "src/lib.rs", "src/words.rs", "short/Cargo.toml", "short/src/lib.rs"} <= set(files)
    assert tomli.loads(files["Cargo.toml"].decode())["dependencies"] == {"short": {"path": "short"}}
    assert files["src/lib.rs"].decode().startswith(WITH_MODULE)
    assert "Cargo.lock" not in {Path(name).name for name in files}


def test_a_crate_of_any_version_has_the_one_it_was_built_with() -> None:
    with App("test") as app:
        files = files_of(app, WITH_CRATE, requires=("itoa",))
    version = tomli.loads(files["Cargo.toml"].decode())["dependencies"]["itoa"]
    assert version.startswith("1.")


def test_nothing_that_is_shipped_or_exported_names_a_registry() -> None:
    pins = "".join(path.read_text() for path in locks.PINS.iterdir())
    assert "://" not in pins
    assert locks.without_addresses('source = "registry+https://x/y"\nchecksum = "1"\n') == 'checksum = "1"\n'
    with App("test") as app:
        files = files_of(app, WITH_CRATE, requires=("itoa",))
    for name in ("Cargo.toml", "src/lib.rs"):
        assert b"://" not in files[name]
