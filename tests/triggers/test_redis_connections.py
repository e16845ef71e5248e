"""Redis servers that want TLS or a password, and one that is away for a while."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App
from spinlab.host.resp import command
from tests.servers import certificate, free_port
from tests.servers.redis import redis, redis_with_tls
from tests.triggers.test_redis import keeping, last, publish, running_at, until

PASSWORD = "not-to-be-shown"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, files: tuple[Path, Path]) -> Iterator[int]:
    with redis_with_tls(tmp_path_factory.mktemp("redis"), *files) as found:
        yield found


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis"), "--requirepass", PASSWORD) as found:
        yield found


def listening_to(app: App, address: str) -> None:
    config = {"channel": "jobs", "address": address}
    app.add(keeping(0, triggers={"redis": (config,)}))


def said(app: App) -> str:
    return "\n".join(line.line.text for line in app.logs("keep"))


def publish_secretly(port: int, ca: Path, payload: bytes) -> None:
    trusting = ssl.create_default_context(cafile=str(ca))
    with (
        socket.create_connection(("localhost", port), 10) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as link,
    ):
        link.sendall(command((b"PUBLISH", b"jobs", payload)))
        assert link.recv(100).startswith(b":")


def test_messages_come_over_tls_from_a_server_that_somebody_trusted_vouches_for(
    app: App, secure: int, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    listening_to(app, f"rediss://localhost:{secure}")
    assert app.listeners[0].wait(60)
    publish_secretly(secure, files[0], b"secretly")
    until(lambda: last(app) == b"secretly")


def test_a_server_that_nobody_vouches_for_is_not_listened_to_and_the_log_says_so(app: App, secure: int) -> None:
    listening_to(app, f"rediss://localhost:{secure}")
    app.listeners  # noqa: B018 - begins to listen
    until(lambda: "redis: " in said(app))
    assert "certificate" in said(app)
    assert "self-signed" in app.listeners[0].state
    assert not app.listeners[0].is_listening


def test_an_address_may_take_any_certificate(app: App, secure: int, files: tuple[Path, Path]) -> None:
    listening_to(app, f"rediss://127.0.0.1:{secure}#insecure")
    assert app.listeners[0].wait(60)
    publish_secretly(secure, files[0], b"whoever")
    until(lambda: last(app) == b"whoever")


def test_a_password_lets_it_in(app: App, guarded: int) -> None:
    listening_to(app, f"redis://:{PASSWORD}@127.0.0.1:{guarded}")
    assert app.listeners[0].wait(60)
    assert PASSWORD not in app.listeners[0].state
    with socket.create_connection(("127.0.0.1", guarded), 10) as link:
        link.sendall(command((b"AUTH", PASSWORD.encode())) + command((b"PUBLISH", b"jobs", b"let in")))
        until(lambda: last(app) == b"let in")


@pytest.mark.parametrize(("given", "told"), [(":wrong-one@", "WRONGPASS"), ("", "NOAUTH")])
def test_a_wrong_password_is_said_and_not_shown(app: App, guarded: int, given: str, told: str) -> None:
    listening_to(app, f"redis://{given}127.0.0.1:{guarded}")
    app.listeners  # noqa: B018 - begins to listen
    until(lambda: "redis: " in said(app))
    shown = said(app) + app.listeners[0].state + repr(app.listeners)
    assert told in shown
    assert "wrong-one" not in shown


def test_after_ten_seconds_without_a_server_messages_are_served_again(app: App, tmp_path: Path) -> None:
    port = free_port()
    app.add(keeping(port))
    with running_at(port, tmp_path):
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"before")
        until(lambda: last(app) == b"before")
    until(lambda: not app.listeners[0].is_listening)
    time.sleep(10)  # the case itself
    assert "trying again" in app.listeners[0].state
    with running_at(port, tmp_path):
        assert app.listeners[0].wait(60)
        publish(port, "jobs", b"after")
        until(lambda: last(app) == b"after")
    assert "listening again to" in said(app)
