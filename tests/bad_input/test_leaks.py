"""What a long session must not gather: descriptors, threads, memory, processes."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from spinlab import App, Function
from spinlab.function import MIB, Limits
from spinlab.server import Server
from tests.conftest import wat
from tests.engine import wat_guests
from tests.guests import component
from tests.host.web import Site
from tests.host.web import server as site_of

SPARE = 16
"""Threads and descriptors that may come because pools are filled when they are needed; a leak shows in every round."""

POOLED = 256 * MIB
"""Memory that may come for the same reason; one instance of Python has 45 MiB."""

STORES = """
from spin_sdk import key_value, sqlite
def handle(request):
    with key_value.open_default() as store:
        store.set("key", b"value")
        keys = store.get_keys()
    with sqlite.open_default() as db:
        db.execute("create table if not exists t (n)", [])
        db.execute("insert into t values (1)", [])
        return f"{keys} {db.execute('select max(n) from t', []).rows[0].values[0].value}"
"""
GRANTS = {"key_value_stores": ("default",), "sqlite_databases": ("default",)}
FAILS = "def handle(request):\n    return 1 // (request.path != '/fails')\n"
GREETS = "def handle(request):\n    return 'Hello {}'\n"


@dataclass(frozen=True)
class Held:
    """What the process holds."""

    descriptors: int
    threads: int
    children: int
    resident: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        process = psutil.Process()
        children = len(process.children(recursive=True))
        return cls(process.num_fds(), process.num_threads(), children, process.memory_info().rss)


def not_grown(before: Held, spare: int = SPARE) -> None:
    """What waits for its end gets the time that it takes."""
    until = time.monotonic() + 20
    while True:
        now = Held.now()
        kept = now.descriptors <= before.descriptors + spare and now.threads <= before.threads + spare
        if (kept and now.children <= before.children) or time.monotonic() > until:
            break
        time.sleep(0.2)
    assert now.descriptors <= before.descriptors + spare, (before, now)
    assert now.threads <= before.threads + spare, (before, now)
    assert now.children <= before.children, (before, now)
    assert now.resident <= before.resident + POOLED, (before, now)


@pytest.fixture
def full(app: App) -> App:
    """An app with functions that answer and functions that fail in every way."""
    short = Limits(timeout=0.05, memory=16 * MIB)
    app.add(wat())
    app.add(Function("greets", GREETS.format("Ada"), routes=("/greets",)))
    app.add(Function("fails", FAILS, routes=("/fails",)))
    for name in ("LOOP", "BOMB", "RECURSION", "NO_RESPONSE", "EXIT", "SLEEP", "CHATTER"):
        component = wat_guests.guest(getattr(wat_guests, name))
        app.add(
            Function(name.lower().replace("_", "-"), component, language="wasm", routes=(f"/{name}",), limits=short)
        )
    return app


def repeat(call: Callable[[str], int], paths: list[str], times: int) -> None:
    for number in range(times):
        call(paths[number % len(paths)])


def failing(app: App) -> list[str]:
    return [live.function.routes[0] for name, live in app.functions.items() if name not in ("hello", "greets")]


def test_a_thousand_requests_in_process_leave_nothing(full: App) -> None:
    def call(path: str) -> int:
        response = full.get(path)
        assert response.status == 200
        return response.status

    repeat(call, ["/hello", "/greets"], 400)
    before = Held.now()
    repeat(call, ["/hello", "/greets"], 1000)
    not_grown(before)


@pytest.fixture
def url(full: App) -> Iterator[str]:
    server = Server(lambda label: full, port=0)
    yield server.start()
    server.stop()


def test_a_thousand_requests_through_http_leave_nothing(full: App, url: str) -> None:
    def fresh(path: str) -> int:  # a connection of its own
        return httpx.get(url + path, verify=False, timeout=60).status_code

    with httpx.Client(base_url=url, timeout=60) as client:
        repeat(lambda path: client.get(path).status_code, ["/hello", "/greets"], 400)  # until all slots were used
        before = Held.now()
        repeat(lambda path: client.get(path).status_code, ["/hello", "/greets"], 900)
        repeat(fresh, ["/hello", "/greets", "/fails", "/nowhere"], 100)
        not_grown(before)


@pytest.fixture
def reaching(tmp_path: Path) -> Iterator[tuple[App, dict[str, tuple[int, str]]]]:
    """An app whose functions use capabilities, and what each path of it answers."""
    with App("reaching", state_dir=tmp_path / ".spin") as app, site_of() as site:
        app.add(Function("stores", STORES, routes=("/stores",), **GRANTS))  # type: ignore[arg-type]
        app.add(Function("denied", STORES, routes=("/denied",)))
        outbound = component("outbound2")
        app.add(Function("out", outbound, language="wasm", routes=("/...",), allowed_outbound_hosts=(site.url,)))
        yield app, expected(site)


def expected(site: Site) -> dict[str, tuple[int, str]]:
    return {
        "/stores": (200, "['key'] 1"),
        f"/get?url={site.url}/x": (200, "200 hello from /x"),
        "/denied": (500, ""),
        "/get?url=http://forbidden.test/": (200, "error ErrorCode::HttpRequestDenied"),
        f"/unread?url={site.url}/hang&n=2": (200, "2"),
    }


def test_a_thousand_mixed_requests_to_the_host_leave_nothing(
    reaching: tuple[App, dict[str, tuple[int, str]]],
) -> None:
    app, answers = reaching

    def call(path: str) -> int:
        response = app.get(path)
        assert (response.status, response.text) == answers[path], response
        return response.status

    repeat(call, list(answers), 300)
    before = Held.now()
    repeat(call, list(answers), 1000)
    not_grown(before, spare=2)


def test_requests_that_fail_in_every_way_leave_nothing(full: App) -> None:
    repeat(lambda path: full.get(path).status, failing(full), 3 * len(failing(full)))
    before = Held.now()
    repeat(lambda path: full.get(path).status, failing(full), 20 * len(failing(full)))
    not_grown(before)
    assert full.get("/hello").status == full.get("/greets").status == 200


def test_fifty_edits_of_a_function_leave_nothing(app: App) -> None:
    def edit(number: int) -> None:
        app.add(wat(text=f"Edit {number}"))
        app.add(Function("greets", GREETS.format(number), routes=("/greets",)))
        assert app.get("/hello").text.strip() == f"Edit {number}"
        assert app.get("/greets").text == f"Hello {number}"

    for number in range(12):  # more than the revisions that are kept
        edit(number)
    before = Held.now()
    for number in range(12, 62):
        edit(number)
    not_grown(before)


def test_a_listener_that_starts_and_stops_leaves_nothing(full: App) -> None:
    def once() -> None:
        server = Server(lambda label: full, port=0)
        assert httpx.get(server.start() + "/hello").status_code == 200
        server.stop()

    once()
    before = Held.now()
    for _ in range(20):
        once()
    not_grown(before)


def test_apps_that_were_closed_leave_nothing(app: App) -> None:
    def once(number: int) -> None:
        other = App(f"other-{number}")
        other.add(wat())
        other.add(Function("greets", GREETS.format("you"), routes=("/greets",)))
        assert other.get("/hello").status == other.get("/greets").status == 200
        other.close()

    once(0)
    before = Held.now()
    for number in range(1, 30):
        once(number)
    not_grown(before)
