"""The session: its listener's options, its port over restarts, its apps in addresses. Real sockets."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from spinlab.errors import ListenError, OptionError
from spinlab.server import Ports
from spinlab.session import Session
from tests.conftest import wat


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder and a range of ports of the test's own: other tests listen from port 3000 on meanwhile."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    monkeypatch.setattr("spinlab.session.DEFAULT_PORT", 20000 + 200 * worker)
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.delenv("JUPYTERHUB_SERVICE_PREFIX", raising=False)
    return tmp_path


@pytest.fixture
def session(folder: Path) -> Iterator[Session]:
    made = Session()
    yield made
    made.reset()


def another(folder: Path, notebook: str, monkeypatch: pytest.MonkeyPatch) -> Session:
    """The session of a notebook's kernel."""
    monkeypatch.setenv("JPY_SESSION_NAME", str(folder / notebook))
    return Session()


def test_two_notebooks_keep_their_ports_whatever_order_they_start_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (another(folder, n, monkeypatch) for n in ("a.ipynb", "b.ipynb"))
    ports = [s.ensure_server().port for s in (first, second)]
    assert ports[0] != ports[1]
    for s in (first, second):
        s.reset()
    second, first = (another(folder, n, monkeypatch) for n in ("b.ipynb", "a.ipynb"))
    assert second.ensure_server().port == ports[1]
    assert first.ensure_server().port == ports[0]
    for s in (first, second):
        s.reset()


def test_a_port_that_is_somebody_elses_by_now_is_left_to_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        Ports(folder / "ports.json").keep(str(folder / "a.ipynb"), port)
        session = another(folder, "a.ipynb", monkeypatch)
        found = session.ensure_server().port
        session.reset()
    assert found != port
    assert found >= 3000
    assert Ports(folder / "ports.json").of(str(folder / "a.ipynb")) == found


def test_stopping_and_starting_keeps_the_port_without_the_file_too(session: Session, folder: Path) -> None:
    first = session.ensure_server().port
    session.stop_server()
    (folder / "ports.json").unlink()
    assert session.ensure_server().port == first


def test_who_may_ask_changes_while_it_listens(session: Session) -> None:
    session.current().add(wat())
    server = session.ensure_server()
    stranger = {"Host": "lab.example.org"}
    refused = httpx.get(server.url + "/hello", headers=stranger)
    assert refused.status_code == 421
    assert "%config Spin.hosts = ['lab.example.org']" in refused.text
    session.configure(hosts=["lab.example.org"])
    assert httpx.get(server.url + "/hello", headers=stranger).text == "Hello from WAT\n"
    session.configure(token="letmeinplease")
    assert httpx.get(server.url + "/hello").status_code == 401
    assert httpx.get(server.url + "/hello?spinlab-token=letmeinplease").status_code == 200
    assert session.server is server


def test_a_change_that_can_not_be_had_changes_nothing(session: Session) -> None:
    url = session.ensure_server().url
    before = session.listening
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ListenError):
        session.configure(listen=f"127.0.0.1:{taken.getsockname()[1]}")
    with pytest.raises(OptionError):
        session.configure(origins=["nonsense"])
    assert session.listening == before
    assert session.ensure_server().url == url
    assert httpx.get(url).status_code in (200, 404)


def test_it_moves_to_a_socket_file_and_back(session: Session, folder: Path) -> None:
    session.current().add(wat())
    port = session.ensure_server().port
    session.configure(socket_file=str(folder / "own.sock"))
    assert session.ensure_server().url == f"unix:{folder / 'own.sock'}"
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(folder / "own.sock"))) as client:
        assert client.get("http://localhost/hello").text == "Hello from WAT\n"
    session.configure(socket_file="")
    assert session.ensure_server().port == port


def test_another_app_has_the_address_that_works_where_the_browser_is(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = session.current()
    first.add(wat())
    second = session.use("second_shop")
    second.add(wat(text="Hello, shop"))
    server = session.ensure_server()
    assert session.url(first) == server.url
    assert session.url(second) == f"http://second-shop.localhost:{server.port}"
    session.stop_server()
    monkeypatch.setenv("JUPYTERHUB_SERVICE_PREFIX", "/user/ada/")
    session.ensure_server()
    base = f"/user/ada/proxy/{server.port}"
    assert (session.url(first), session.url(second)) == (base, f"{base}/.app/second-shop")
    context = {"X-Forwarded-Context": base, "Sec-Fetch-Site": "same-origin"}
    plain = httpx.get(f"http://127.0.0.1:{server.port}/hello", headers=context)
    named = httpx.get(f"http://127.0.0.1:{server.port}/.app/second-shop/hello", headers=context)
    assert (plain.text, named.text.rstrip()) == ("Hello from WAT\n", "Hello, shop")
