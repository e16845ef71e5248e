"""A real function behind the listener: the same answers as `App.handle`, and Spin's for what no function answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from spinlab import App
from spinlab.http import Request
from spinlab.server import Jupyter, Server
from tests.conftest import wat


@pytest.fixture
def address(app: App) -> Iterator[str]:
    app.add(wat(route="/hello"))
    server = Server(lambda label: None if label else app, port=0, jupyter=Jupyter())
    yield server.start()
    server.stop()


def test_a_function_answers_through_http_as_in_process(app: App, address: str) -> None:
    inside = app.handle(Request("GET", "/hello"))
    outside = httpx.get(address + "/hello")
    assert (outside.status_code, outside.content) == (inside.status, inside.body)
    assert outside.headers["content-length"] == str(len(inside.body))
    assert "transfer-encoding" not in outside.headers


def test_every_answer_of_a_busy_connection_is_whole(address: str) -> None:
    with httpx.Client(base_url=address) as client:
        answers = [client.get("/hello") for _ in range(300)]
    assert {(a.status_code, a.text) for a in answers} == {(200, "Hello from WAT\n")}
    assert all("content-length" in a.headers for a in answers)


def test_many_clients_at_once_are_answered(address: str) -> None:
    got: list[str] = []

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            got.extend(client.get("/hello").text for _ in range(20))

    clients = [threading.Thread(target=ask) for _ in range(16)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert got == ["Hello from WAT\n"] * 320


def test_what_no_function_answers_is_spins_empty_404(address: str) -> None:
    answered = httpx.get(address + "/nowhere")
    assert (answered.status_code, answered.content) == (404, b"")
    assert "content-type" not in answered.headers
    assert answered.headers["content-length"] == "0"


def test_the_well_known_endpoints_answer(address: str) -> None:
    assert httpx.get(address + "/.well-known/spin/health").text == "OK"
    assert httpx.get(address + "/.well-known/spin/info").json()["name"] == "tests"


def test_head_reaches_the_function(address: str) -> None:
    answered = httpx.head(address + "/hello")
    assert (answered.status_code, answered.content) == (200, b"")


def test_a_function_is_replaced_without_a_lost_request(app: App, address: str) -> None:
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            while not stop.is_set():
                answered = client.get("/hello")
                answers.append((answered.status_code, answered.text.strip()))

    client = threading.Thread(target=ask)
    client.start()
    for number in range(5):
        app.add(wat(route="/hello", text=f"Hello {number}\n"))
        seen = len(answers)
        while len(answers) < seen + 2 and client.is_alive():
            time.sleep(0.01)
        assert answers[-1] == (200, f"Hello {number}")
    stop.set()
    client.join()
    assert {status for status, _ in answers} == {200}
