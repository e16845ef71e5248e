"""The project that an export writes of a C, C++ or Zig cell: zig and wasm-tools make the same bytes of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from spinlab import App, Function, Request
from spinlab.languages import language
from spinlab.toolchains import cache, find
from tests.languages.compiled import body

pytestmark = pytest.mark.toolchain

FILES = "#include <stdio.h>\n" + body("c", '  FILE *file = fopen("/x", "r"); spin_printf(res, "%d", file != NULL);')
SOURCES = {
    "c": ("c", language("c").starter("http")),
    "c-with-libc": ("c", "#include <stdlib.h>\n" + language("c").starter("http")),
    "c-with-files": ("c", FILES),
    "cpp": ("cpp", language("cpp").starter("http")),
    "zig": ("zig", language("zig").starter("http")),
}
PROGRAM = {
    "c": '#include <stdio.h>\nint main(void) { puts("content-type: text/plain\\n\\nhi"); }\n',
    "cpp": '#include <cstdio>\nint main() { std::puts("content-type: text/plain\\n\\nhi"); }\n',
    "zig": 'const std = @import("std");\n\npub fn main() !void {\n'
    '    const out = "content-type: text/plain\\n\\nhi\\n";\n'
    "    const parts = [_]std.os.wasi.ciovec_t{.{ .base = out, .len = out.len }};\n    var n: usize = 0;\n"
    "    _ = std.os.wasi.fd_write(1, &parts, 1, &n);\n}\n",
}


def _build(folder: Path, function: Function, app: App) -> bytes:
    """What the official tools make of the project."""
    known, build = language(function.language), app.functions["f"].build
    files = known.official(function, build)
    assert files is not None
    for name, data in files.items():
        (folder / name).write_bytes(data)
    tools = [str(find.ensure(tool).parent) for tool in (find.ZIG, find.WASM_TOOLS)]
    environment = {
        "PATH": os.pathsep.join([*tools, os.environ["PATH"]]),
        "HOME": os.environ["HOME"],
        "ZIG_GLOBAL_CACHE_DIR": str(cache.folder("zig")),
        "ZIG_LOCAL_CACHE_DIR": str(folder / ".zig"),
    }
    command = known.build_command(function, build)  # type: ignore[attr-defined]
    subprocess.run(command, shell=True, cwd=folder, env=environment, check=True, capture_output=True)
    return (folder / "app.wasm").read_bytes()


@pytest.mark.parametrize("which", SOURCES)
def test_the_official_tools_make_what_ran(which: str, tmp_path: Path) -> None:
    name, source = SOURCES[which]
    function = Function("f", source, language=name, routes=("/f",))
    with App("test") as app:
        live = app.add(function)
        assert _build(tmp_path, function, app) == live.build.component


@pytest.mark.parametrize("name", PROGRAM)
def test_a_program_for_wagi_is_built_by_one_command_of_zig(name: str, tmp_path: Path) -> None:
    function = Function("f", PROGRAM[name], language=name, routes=("/f",), executor="wagi")
    with App("test") as app:
        live = app.add(function)
        made = _build(tmp_path, function, app)
        assert list(language(name).official(function, live.build) or ()) == [f"main.{name}"]
    assert made == live.build.component
    with App("test") as app:
        app.add(Function("f", made, language="wasm", routes=("/f",), executor="wagi"))
        assert app.handle(Request("GET", "/f")).text.strip() == "hi"
