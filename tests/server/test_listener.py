from __future__ import annotations

import logging
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from spinlab.errors import ListenError
from spinlab.server import Jupyter, Server
from tests.server.guests import App, Serve, answer, mirror


def hello(request: object, sink: object, call: object) -> None:
    answer(sink, b"hello")


@pytest.fixture
def taken() -> socket.socket:
    other = socket.create_server(("127.0.0.1", 0))
    yield other
    other.close()


def test_importing_and_making_a_server_starts_nothing() -> None:
    script = (
        "import sys, threading\n"
        "from spinlab.server import Server\n"
        "server = Server(lambda label: None)\n"
        "print(threading.active_count(), server.running, 'uvicorn' in sys.modules, 'jupyter_server' in sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["1", "False", "False", "False"]


def test_it_answers_on_the_address_it_names(serve: Serve) -> None:
    server, _ = serve(hello)
    assert server.running
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert httpx.get(server.url).text == "hello"


def test_a_taken_port_is_refused_in_spins_words(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    with pytest.raises(ListenError, match=f"127.0.0.1:{port} is already in use") as caught:
        Server(lambda label: None, port=port, find_free_port=False).start()
    assert "use the --find-free-port option" in caught.value.hint


def test_the_next_free_port_is_found(taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    server = Server(lambda label: App(hello), port=port, jupyter=Jupyter())
    server.start()
    try:
        assert port < server.port < port + 100
        assert httpx.get(server.url).text == "hello"
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("host", "said"), [("192.0.2.1", "is not an address of this machine"), ("256.1.1.1", "can't listen")]
)
def test_an_address_that_can_not_be_had_is_an_error_in_the_caller(host: str, said: str) -> None:
    with pytest.raises(ListenError, match=said):
        Server(lambda label: None, host=host, port=0).start()


def test_who_had_connected_before_the_end_gets_an_answer(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spinlab.server.protocol.FIRST_SECONDS", 30.0)
    server, _ = serve(hello)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.settimeout(30)
        assert httpx.get(server.url).text == "hello"  # so the one before has been accepted
        ending = threading.Thread(target=server.stop, args=(60,))
        ending.start()
        while _listens(server.port):
            pass
        client.sendall(f"GET / HTTP/1.1\r\nhost: localhost:{server.port}\r\n\r\n".encode())
        said = b""
        while piece := client.recv(65536):
            said += piece
        assert said.startswith(b"HTTP/1.1 200")
        assert said.endswith(b"hello")
        ending.join(30)
        assert not ending.is_alive()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def test_starting_twice_is_starting_once(serve: Serve) -> None:
    server, _ = serve(hello)
    assert server.start() == server.start()


def test_it_starts_again_on_the_same_port(serve: Serve) -> None:
    server, _ = serve(hello)
    first = server.url
    for _ in range(3):
        server.stop()
        assert not server.running
        with pytest.raises(httpx.ConnectError):
            httpx.get(first)
        assert server.start() == first
        assert httpx.get(first).text == "hello"


def test_the_port_is_free_at_once_after_a_stop(serve: Serve) -> None:
    server, _ = serve(hello)
    with httpx.Client() as client:
        client.get(server.url)
        server.stop()
    again, _ = serve(hello, port=server.port, find_free_port=False)
    assert httpx.get(again.url).text == "hello"


def test_a_stop_lets_requests_finish_and_then_stops_their_guests(serve: Serve) -> None:
    entered, release = threading.Event(), threading.Event()

    def slow(request: object, sink: object, call: object) -> None:
        entered.set()
        release.wait(10)
        answer(sink, b"done")

    server, app = serve(slow)
    answers: list[str] = []
    client = threading.Thread(target=lambda: answers.append(httpx.get(server.url, timeout=10).text))
    client.start()
    entered.wait(10)
    threading.Timer(0.1, release.set).start()
    server.stop(5)
    client.join()
    assert answers == ["done"]

    def endless(request: object, sink: object, call: object) -> None:
        entered.set()
        call.cancelled.wait(30)  # type: ignore[attr-defined]

    entered.clear()
    other, app = serve(endless)
    broken: list[Exception] = []

    def ask() -> None:
        try:
            httpx.get(other.url, timeout=20)
        except httpx.TransportError as error:
            broken.append(error)

    client = threading.Thread(target=ask)
    client.start()
    entered.wait(10)
    other.stop(0.1)
    client.join()
    assert app.calls[0].cancelled.is_set()
    assert not any(t.name == "spinlab listener" and t.is_alive() for t in threading.enumerate())


def test_another_app_answers_under_its_name() -> None:
    apps = {"": App(hello), "calc": App(mirror)}
    server = Server(apps.get, port=0, jupyter=Jupyter())
    server.start()
    try:
        named = {"host": f"calc.localhost:{server.port}"}
        told = httpx.get(f"{server.url}/add?x=1", headers=named).json()
        assert told["target"] == "/add?x=1"
        assert dict(told["headers"])["host"] == named["host"]
        missing = httpx.get(server.url, headers={"host": f"other.localhost:{server.port}"})
        assert missing.status_code == 404
        assert "'other'" in missing.text
    finally:
        server.stop()


def test_it_ends_with_the_process() -> None:
    script = "from spinlab.server import Server\nserver = Server(lambda label: None, port=0)\nprint(server.start())\n"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert ran.stdout.startswith("http://127.0.0.1:")
    assert ran.stderr == ""


def test_nothing_is_written_to_the_streams_of_the_process(serve: Serve, capfd: pytest.CaptureFixture[str]) -> None:
    def bad(request: object, sink: object, call: object) -> None:
        answer(sink, b"x", headers=[("a", "b\nc")])

    server, _ = serve(bad)
    assert httpx.get(server.url).status_code == 500
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"nonsense\r\n\r\n")
        client.recv(1000)
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        client.recv(1000)
    server.stop()
    assert capfd.readouterr() == ("", "")


def test_it_leaves_a_users_own_uvicorn_alone(serve: Serve) -> None:
    before = [
        (n, logging.getLogger(n).handlers[:], logging.getLogger(n).propagate)
        for n in ("uvicorn.error", "uvicorn.access")
    ]
    server, _ = serve(hello)
    httpx.get(server.url)
    after = [
        (n, logging.getLogger(n).handlers[:], logging.getLogger(n).propagate)
        for n in ("uvicorn.error", "uvicorn.access")
    ]
    assert before == after


class TestSocketFile:
    def test_it_answers_its_owner_only(self, serve: Serve, tmp_path: Path) -> None:
        path = tmp_path / "private" / "spinlab.sock"
        before = os.umask(0)
        try:
            server, _ = serve(mirror, socket_file=path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert server.url == f"unix:{path}"
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(path))) as client:
            answered = client.get("http://localhost/a?b=1")
            assert answered.json()["target"] == "/a?b=1"
            assert answered.json()["client"] == "127.0.0.1:0"
            assert "sandbox" in answered.headers["content-security-policy"]
            assert client.get("http://evil.com/").status_code == 421

    def test_it_is_gone_after_a_stop_and_comes_back(self, serve: Serve, tmp_path: Path) -> None:
        server, _ = serve(mirror, socket_file=tmp_path / "s")
        server.stop()
        assert not (tmp_path / "s").exists()
        server.start()
        assert (tmp_path / "s").exists()

    def test_a_file_left_over_is_replaced_but_nothing_else_is(self, serve: Serve, tmp_path: Path) -> None:
        left = socket.socket(socket.AF_UNIX)
        left.bind(str(tmp_path / "left"))
        left.close()
        serve(mirror, socket_file=tmp_path / "left")
        with pytest.raises(ListenError, match="already in use"):
            serve(mirror, socket_file=tmp_path / "left")
        (tmp_path / "text").write_text("mine")
        with pytest.raises(ListenError, match="is not a socket"):
            serve(mirror, socket_file=tmp_path / "text")
        assert (tmp_path / "text").read_text() == "mine"

    def test_a_path_that_is_too_long_is_an_error(self, serve: Serve, tmp_path: Path) -> None:
        with pytest.raises(ListenError, match="can't be made"):
            serve(mirror, socket_file=tmp_path / ("x" * 200))


def test_an_access_token_lets_a_browser_in_and_becomes_a_cookie(serve: Serve) -> None:
    server, _ = serve(mirror, token="s3cret-s3cret")
    with httpx.Client(base_url=server.url) as client:
        assert client.get("/a").status_code == 401
        first = client.get("/a?spinlab-token=s3cret-s3cret&x=1")
        assert first.json()["target"] == "/a?x=1"
        assert "HttpOnly" in first.headers["set-cookie"]
        then = client.get("/a")
        assert then.status_code == 200
        assert "set-cookie" not in then.headers
        assert "s3cret" not in first.text + then.text


def test_refusals_are_kept_for_the_notebook(serve: Serve) -> None:
    server, _ = serve(mirror)
    httpx.get(server.url, headers={"host": "evil.com"})
    assert [r.status for r in server.refusals] == [421]
