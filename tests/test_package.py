"""The built wheel, in fresh environments: with the newest and with the lowest versions that we declare."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from spinlab.learning import lessons

ROOT = Path(__file__).resolve().parent.parent
TRY = """\
import spinlab
app = spinlab.App()
app.add(spinlab.Function("hello", open({wat!r}).read(), language="wat", routes=("/hello",)))
assert app.get("/hello").text == "Hello from WAT\\n", app.get("/hello")
app.add(spinlab.Function("greet", "def handle(request): return 'hi'", routes=("/py",)))
assert app.get("/py").text == "hi", app.get("/py")
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
reply = client.execute_interactive("%load_ext spinlab", timeout=60)
assert reply["content"]["status"] == "ok", reply
cell = "%%spin wat hello --route /hello\\n" + open({wat!r}).read()
assert client.execute_interactive(cell, timeout=60)["content"]["status"] == "ok"
assert client.execute_interactive("%spin get /hello", timeout=60)["content"]["status"] == "ok"
client.stop_channels()
manager.shutdown_kernel(now=True)
print("works")
"""


def test_the_wheel_is_pure_and_has_what_it_needs(wheel: Path) -> None:
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "spinlab/py.typed" in names
    for part in ("wasi2", "spin2", "wasi3", "spin3", "driver3", "message3", "static-files"):
        assert f"spinlab/bridge/{part}.wasm" in names
    for version in ("python02", "python03"):
        assert f"spinlab/images/{version}/boot.py" in names
    assert any(n.endswith(".wit") and "/images/" in n for n in names)
    assert "spinlab/images/javascript/boot.js" in names
    assert "spinlab/images/javascript/wit/image.wit" in names
    assert "spinlab/bridge/wit/deps/fermyon-spin-2.0.0/key-value.wit" in names  # the JavaScript image is built with it
    assert "spinlab/lessons/README.md" in names
    for lesson in lessons():  # `spinlab learn` copies them
        assert {f"spinlab/lessons/{lesson.file}", f"spinlab/lessons/solutions/{lesson.file}"} <= set(names)
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert any(n.endswith("licenses/NOTICE") for n in names)
    assert not any(n.endswith((".so", ".pyd", ".dylib")) for n in names)
    rust = [n for n in names if n.endswith(".rs")]
    assert all(n.startswith("spinlab/languages/rust/short/") for n in rust)  # what a Rust cell is compiled with
    assert not any("/target/" in n for n in names)


def oldest_python() -> str:
    """Python 3.10 where there is one, else the Python of the tests."""
    found = [shutil.which("python3.10"), *sorted(Path.home().glob(".pyenv/versions/3.10.*/bin/python3.10"))]
    for program in filter(None, found):
        if subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
            return str(program)
    return sys.executable


@pytest.mark.parametrize("resolution", ["highest", "lowest-direct"])
def test_the_wheel_works_outside_the_checkout(wheel: Path, tmp_path: Path, resolution: str) -> None:
    home = tmp_path / "env"
    uv = [sys.executable, "-m", "uv"]
    clean = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON")}
    python = str(home / "bin" / "python")

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run(*uv, "venv", "--quiet", "--python", oldest_python() if resolution != "highest" else sys.executable, str(home))
    run(*uv, "pip", "install", "--quiet", "--python", python, "--resolution", resolution, str(wheel))
    assert run(str(home / "bin" / "spinlab"), "--version").startswith("spinlab, version")
    assert "wasmtime" in run(str(home / "bin" / "spinlab"), "doctor")
    assert "01-hello.ipynb" in run(str(home / "bin" / "spinlab"), "learn", "lessons", "--no-open")
    assert (tmp_path / "lessons" / "01-hello.ipynb").is_file()
    assert "works" in run(python, "-c", TRY.format(wat=str(ROOT / "tests" / "guests" / "hello.wat")))
