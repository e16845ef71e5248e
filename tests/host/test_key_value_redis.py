"""Key-value stores in a real Redis."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.key_value import KeyValue
from spinlab.host.pack import Item
from spinlab.host.runtime_config import KeyValueBackend, RuntimeConfig
from tests.host.held import held, settle
from tests.host.requests import Answer, Asking
from tests.servers import certificate, free_port
from tests.servers.redis import redis, redis_with_tls

FUNCTION = Function("hello", "", key_value_stores=("cache",))


def of(url: str) -> Services:
    return Services(runtime=RuntimeConfig(key_value_stores={"cache": KeyValueBackend("redis", url=url)}))


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def services(port: int, request: pytest.FixtureRequest) -> Iterator[Services]:
    number = abs(hash(request.node.name)) % 16  # a database of its own for most tests; each empties what it uses
    made = of(f"redis://127.0.0.1:{port}/{number}")
    with Asking(FUNCTION, made) as asking:
        keys = asking.ask("key-value.list-keys", "cache", None).items[0]  # type: ignore[index]
        asking.ask("key-value.delete-many", "cache", *keys)  # type: ignore[misc]
    yield made
    made.close()


def ask(services: Services, op: str, *items: Item) -> Answer:
    with Asking(FUNCTION, services) as asking:
        return asking.ask(f"key-value.{op}", "cache", *items)


def test_every_operation_does_what_the_file_does(services: Services) -> None:
    assert ask(services, "open").error == ""
    assert ask(services, "get", "a").head == "none"
    ask(services, "set", "a", b"\0\xff")
    assert ask(services, "get", "a")[1:3] == ("some", b"\0\xff")
    assert [ask(services, "exists", key).head for key in ("a", "b")] == ["true", "false"]
    assert [ask(services, "increment", "n", delta).head for delta in (5, -7)] == ["5", "-2"]
    ask(services, "set-many", ["b", b"1"], ["c", b"2"])
    assert ask(services, "get-many", "c", "x", "b").items == [b"2", None, b"1"]
    ask(services, "delete-many", "b", "x")
    ask(services, "delete", "a")
    keys, cursor = ask(services, "list-keys", None).items  # type: ignore[misc]
    assert (sorted(keys), cursor) == (["c", "n"], None)  # type: ignore[arg-type]
    assert ask(services, "swap", "s", None, b"1").head == "done"
    failed = ask(services, "swap", "s", None, b"2")
    assert (failed.head, failed.items) == ("failed", [b"1"])
    assert ask(services, "swap", "s", b"1", b"3").head == "done"
    assert ask(services, "get", "s").data == b"3"


def test_ten_thousand_keys_come_in_parts(services: Services) -> None:
    names = [f"key-{n:05}" for n in range(10_000)]
    ask(services, "set-many", *([name, b"x"] for name in names))
    with Asking(FUNCTION, services) as asking:
        answer = asking.ask("key-value.keys", "cache")
        number, parts = answer.number, [answer.items]
        while answer.head == "more":
            answer = asking.ask("key-value.next", str(number))
            parts.append(answer.items)
    assert sorted(key for part in parts for key in part) == names  # type: ignore[union-attr]
    assert len(parts) > 5


def test_a_value_of_100_mb_works_and_a_larger_one_is_refused_when_read(services: Services) -> None:
    value = os.urandom(1 << 20) * 100
    assert ask(services, "set", "large", value).error == ""
    assert ask(services, "get", "large").data == value
    ask(services, "set", "larger", bytes(128 << 20))
    refused = ask(services, "get", "larger")
    assert (refused.error, refused.message) == ("other", "query result exceeds limit of 134217728 bytes")
    assert ask(services, "exists", "large").head == "true", "the store goes on"
    ask(services, "delete-many", "large", "larger")


def test_swaps_from_many_threads_are_each_seen(services: Services) -> None:
    def add() -> None:
        for _ in range(10):
            seen: bytes | None = None
            while (answer := ask(services, "swap", "n", seen, b"%d" % (int(seen or 0) + 1))).head == "failed":
                seen = answer.items[0]  # type: ignore[index, assignment]

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(services, "get", "n").data == b"40"


def test_a_value_that_is_no_counter_is_the_guests_own_error(services: Services) -> None:
    ask(services, "set", "text", b"abc")
    with Asking(FUNCTION, services) as asking:
        failed = asking.ask("key-value.increment", "cache", "text", 1)
        assert failed.error == "other"
        assert "not an integer" in failed.message
        assert asking.context.written.lines() == ()


def test_a_password_is_used_and_never_told(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", "dont-tell") as port:
        right, wrong, none = (of(f"redis://{who}127.0.0.1:{port}") for who in (":dont-tell@", ":guessed@", ""))
        assert ask(right, "set", "a", b"1").error == ""
        for services in (wrong, none):
            with Asking(FUNCTION, services) as asking:
                failed = asking.ask("key-value.get", "cache", "a")
                lines = [line.text for line in asking.context.written.lines()]
                assert failed.error == "other"
                assert f"Redis at 127.0.0.1:{port} can't be used" in lines[0]
                assert not any(secret in failed.message + lines[0] for secret in ("dont-tell", "guessed"))
        for services in (right, wrong, none):
            assert "dont-tell" not in repr(services.stores.find("cache").place)  # type: ignore[union-attr]
            services.close()


def test_a_server_that_is_not_there_is_the_guests_error_and_the_users_line() -> None:
    services = of(f"redis://127.0.0.1:{free_port()}")
    with Asking(FUNCTION, services) as asking:
        assert asking.ask("key-value.get", "cache", "a").error == "other"
        assert "can't be used" in asking.context.written.lines()[0].text
    services.close()


def test_a_connection_that_the_server_closed_is_made_again(services: Services, port: int) -> None:
    ask(services, "set", "a", b"1")
    with socket.create_connection(("127.0.0.1", port)) as other:
        other.sendall(b"CLIENT KILL TYPE normal SKIPME yes\r\n")
        assert other.recv(100).startswith(b":")
    assert ask(services, "get", "a").data == b"1"


def test_tls_is_checked(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path / "tls")
    with redis_with_tls(tmp_path / "redis", cert, key) as port:
        trusting, checking = of(f"rediss://localhost:{port}/#insecure"), of(f"rediss://localhost:{port}")
        assert ask(trusting, "set", "a", b"1").error == ""
        assert ask(checking, "get", "a").error == "other"
        for services in (trusting, checking):
            services.close()


def test_an_address_that_is_none_is_refused_when_it_is_granted() -> None:
    with pytest.raises(ManifestError) as found:
        KeyValue.check(FUNCTION, of("http://:dont-tell@example.org"))
    assert "Redis" in found.value.message
    assert "dont-tell" not in str(found.value)


def test_a_thousand_requests_hold_nothing_afterwards(services: Services) -> None:
    def once() -> None:
        ask(services, "set", "a", b"1")
        ask(services, "swap", "a", b"1", b"2")

    for _ in range(20):
        once()
    before = held()
    for _ in range(500):
        once()
    settle(lambda: held() <= before + 2)
