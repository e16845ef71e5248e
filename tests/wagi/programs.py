"""CGI programs for the tests: core modules for WASI preview 1, written by hand so that each does exactly one thing."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from spinlab import Function
from spinlab.engine import wat_to_wasm
from spinlab.toolchains import find
from tests.peer.wasmtime_serve import wasmtime

_KIT = """
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 16)
  (func $write (param $fd i32) (param $at i32) (param $length i32)  ;; all of it
    (loop $again
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $length))
      (if (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
      (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
      (br_if $again (local.get $length))))
  (func $read (result i32)  ;; up to 64 KiB at 131072; how many
    (i32.store (i32.const 0) (i32.const 131072))
    (i32.store (i32.const 4) (i32.const 65536))
    (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
    (i32.load (i32.const 8)))
  (func $copy (local $n i32)  ;; stdin to stdout
    (loop $more
      (local.set $n (call $read))
      (if (local.get $n) (then
        (call $write (i32.const 1) (i32.const 131072) (local.get $n))
        (br $more)))))
  (func $grow (loop $l (br_if $l (i32.ge_s (memory.grow (i32.const 16)) (i32.const 0)))) unreachable)
"""
AT = 1024


def source(body: str, text: str | bytes = "") -> str:
    """The text of a program that does `body`; `text` stands at 1024 of its memory, and ``(call $say)`` writes it."""
    raw = text.encode() if isinstance(text, str) else text
    data = "".join(f"\\{byte:02x}" for byte in raw)
    return f"""(module {_KIT}
  (data (i32.const {AT}) "{data}")
  (func $say (call $write (i32.const 1) (i32.const {AT}) (i32.const {len(raw)})))
  (func (export "_start") {body}))"""


def says(output: str | bytes, then: str = "") -> str:
    """A program that writes `output` to stdout."""
    return source(f"(call $say) {then}" if output else then, output)


HEAD = "Content-Type: application/octet-stream\n\n"
HELLO = says("Content-Type: text/plain\n\nhello\n")
ECHO = source("(call $say) (call $copy)", HEAD)
ENVIRONMENT = source(
    "(call $say) (drop (call $environ_sizes (i32.const 16) (i32.const 20)))"
    "(drop (call $environ (i32.const 4096) (i32.const 65536)))"
    "(call $write (i32.const 1) (i32.const 65536) (i32.load (i32.const 20)))",
    HEAD,
)
ARGUMENTS = source(
    "(call $say) (drop (call $args_sizes (i32.const 16) (i32.const 20)))"
    "(drop (call $args (i32.const 4096) (i32.const 65536)))"
    "(call $write (i32.const 1) (i32.const 65536) (i32.load (i32.const 20)))",
    HEAD,
)
LOOP = source("(loop $l (br $l))")
FLOOD = source("(loop $l (call $write (i32.const 1) (i32.const 131072) (i32.const 65536)) (br $l))")
CHATTER = source("(loop $l (call $write (i32.const 2) (i32.const 1024) (i32.const 10)) (br $l))", "tell tale\n")
BOMB = source("(call $grow)")
TRAP = says("Content-Type: text/plain\n\nhalf", "unreachable")


def exits(code: int) -> str:
    """A program that answers and then ends itself."""
    return says("Content-Type: text/plain\n\nexited", f"(call $exit (i32.const {code}))")


_COMPONENT = """(component
  (import "wasi:io/error@0.2.0" (instance $ioerror (export "error" (type (sub resource)))))
  (alias export $ioerror "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (export "output-stream" (type $os (sub resource)))
    (alias outer 1 $error (type $e0))
    (export "error" (type $e (eq $e0)))
    (type $se0 (variant (case "last-operation-failed" (own $e)) (case "closed")))
    (export "stream-error" (type $se (eq $se0)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $os)) (param "contents" (list u8)) (result (result (error $se)))))))
  (alias export $streams "output-stream" (type $output-stream))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout
    (alias outer 1 $output-stream (type $os0))
    (export "output-stream" (type $os (eq $os0)))
    (export "get-stdout" (func (result (own $os))))))
  (core module $memories (memory (export "m") 1) (data (i32.const 64) "Content-Type: text/plain\\n\\nanswered"))
  (core instance $m (instantiate $memories))
  (alias core export $m "m" (core memory $memory))
  (core func $write
    (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory)))
  (core func $open (canon lower (func $stdout "get-stdout")))
  (core module $code
    (import "i" "write" (func $write (param i32 i32 i32 i32)))
    (import "i" "open" (func $open (result i32)))
    (func (export "run") (result i32)
      (call $write (call $open) (i32.const 64) (i32.const 34) (i32.const 0))
      (i32.const RESULT)))
  (core instance $c (instantiate $code
    (with "i" (instance (export "write" (func $write)) (export "open" (func $open))))))
  (func $run (result (result)) (canon lift (core func $c "run")))
  (component $shape (import "run" (func $r (result (result)))) (export "run" (func $r)))
  (instance $exported (instantiate $shape (with "run" (func $run))))
  (export "wasi:cli/run@VERSION" (instance $exported)))"""


def component(failed: bool = False, version: str = "0.2.6") -> str:
    """A component whose `run` answers, and then says whether it failed."""
    return _COMPONENT.replace("RESULT", str(int(failed))).replace("VERSION", version)


@cache
def module(text: str) -> bytes:
    """The core module."""
    return wat_to_wasm(text)


def program(text: str | bytes, name: str = "cgi", **options: Any) -> Function:
    """A function that runs a program, of its text or module."""
    language = "wat" if isinstance(text, str) else "wasm"
    options = {"routes": (f"/{name}/...",), **options}
    return Function(name, text, language=language, executor="wagi", **options)


def run_elsewhere(data: bytes, arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b"") -> bytes:
    """What a program writes to stdout in `wasmtime run`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "program.wasm")
        path.write_bytes(data)
        variables = [part for name, value in environment.items() for part in ("--env", f"{name}={value}")]
        command = [wasmtime(), "run", "--argv0", arguments[0], *variables, path, *arguments[1:]]
        return subprocess.run(command, input=stdin, capture_output=True, check=True).stdout


@cache
def c_module(text: str) -> bytes:
    """A C program, compiled as Spin's own template does."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "main.c").write_text(text)
        zig = find.ensure(find.ZIG)
        arguments = ["build-exe", "-O", "ReleaseSmall", "-target", "wasm32-wasi", "main.c", "-lc"]
        subprocess.run([zig, *arguments], cwd=folder, check=True, capture_output=True)
        return Path(folder, "main.wasm").read_bytes()


C_PROGRAM = r"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;

int main(int argc, char **argv) {
    char body[65536];
    size_t length = fread(body, 1, sizeof body, stdin);
    printf("Status: 201 Created\r\nContent-Type: text/plain; charset=utf-8\r\n");
    printf("X-Method: %s\r\n\r\n", getenv("REQUEST_METHOD"));
    for (int i = 0; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
    printf("path: %s, query: %s\n", getenv("PATH_INFO"), getenv("QUERY_STRING"));
    printf("%zu bytes: %.*s\n", length, (int)length, body);
    fprintf(stderr, "read %zu bytes\n", length);
    FILE *file = fopen("/greeting.txt", "r");
    if (file && fgets(body, sizeof body, file)) printf("file: %s\n", body);
    return 0;
}
"""
