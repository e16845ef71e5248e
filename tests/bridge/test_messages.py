"""Redis and MQTT for guests of both generations, against real servers."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from spinlab.errors import LimitExceeded
from spinlab.function import Function, Limits
from spinlab.host import Host, Services
from tests.bridge.bench import request, sandbox
from tests.bridge.stores import answers, bytes_of, run
from tests.host.held import held, settle
from tests.servers import free_port
from tests.servers.mosquitto import Message, Subscriber, mosquitto
from tests.servers.redis import redis

GUESTS = pytest.mark.parametrize("guest", ["messages2", "messages3"])


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture(scope="module")
def mqtt_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as found:
        yield found


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services()
    yield found
    found.close()


@pytest.fixture
def host(services: Services) -> Host:
    return host_for(services, "redis://127.0.0.1:*", "mqtt://127.0.0.1:*")


def host_for(services: Services, *allowed: str) -> Host:
    return Host(function=Function("messages", "", allowed_outbound_hosts=allowed), services=services)


def address(port: int) -> str:
    return f"redis open | redis://127.0.0.1:{port}"


def broker(port: int, options: str = "") -> str:
    return f"mqtt open | mqtt://127.0.0.1:{port}?client_id=guest{options} |  |  | 0"


@GUESTS
def test_every_operation_of_redis(guest: str, host: Host, redis_port: int) -> None:
    lines = {
        address(redis_port): "opened",
        "redis execute | FLUSHALL": '[RedisResult::Status("OK")]',
        "redis get | nobody": "None",
        "redis set | key | 00ff0d0a": "()",
        "redis get | key": "Some([0, 255, 13, 10])",
        "redis set | empty | ": "()",
        "redis get | empty": "Some([])",
        "redis incr | n": "1",
        "redis del | key | empty | nobody": "2",
        "redis sadd | s | x | ü": "2",
        "redis srem | s | x | y": "1",
        "redis smembers | s": '["ü"]',
        "redis publish | channel | 00": "()",
        "redis execute | GET | b6e": f"[RedisResult::Binary({bytes_of('1')})]",
        "redis execute | GET | b00ff": "[RedisResult::Nil]",
        "redis execute | SET | b6e | i-9223372036854775808": '[RedisResult::Status("OK")]',
        "redis execute | INCRBY | b6e | i9223372036854775807": "[RedisResult::Int64(-1)]",
        "redis execute | COMMAND | b434f554e54": None,
        "redis execute | MGET | b6e | b78": f"[RedisResult::Binary({bytes_of('-1')}), RedisResult::Nil]",
    }
    found = answers(guest, *lines, host=host)
    for line, answer, expected in zip(lines, found, lines.values(), strict=True):
        assert expected is None or answer in (expected, f"Ok({expected})"), line


@GUESTS
def test_every_error_of_redis(guest: str, services: Services, redis_port: int) -> None:
    host = host_for(services, "redis://127.0.0.1:*", "redis://no-such-host.invalid", "x://127.0.0.1:*")
    opened = [address(redis_port), "redis execute | FLUSHALL", "redis sadd | s | x"]
    found = answers(
        guest,
        "redis open | redis://example.com",
        "redis open | nonsense",
        "redis open | x://127.0.0.1:1",
        "redis open | redis://no-such-host.invalid",
        address(free_port()),
        f"redis open-many | redis://127.0.0.1:{redis_port} | 1000",
        *opened,
        "redis get | s",
        "redis incr | s",
        "redis execute | NOSUCH",
        host=host,
    )
    assert found[:6] == [
        "Err(Error::InvalidAddress)",
        "Err(Error::InvalidAddress)",
        "Err(Error::InvalidAddress)",
        'Err(Error::Other("failed to look up the address"))',
        'Err(Error::Other("Connection refused"))',
        "128 Error::TooManyConnections",
    ]
    assert all(error.startswith('Err(Error::Other("WRONGTYPE: ') for error in found[9:11])
    assert found[11].startswith('Err(Error::Other("An error was signalled by the server - ResponseError: unknown')


@GUESTS
def test_every_way_to_publish(guest: str, host: Host, mqtt_port: int) -> None:
    topic = f"from/{guest}/ü"
    subscriber = Subscriber(mqtt_port, topic)
    lines = [f"mqtt publish | {topic} | 00ff{qos:02x} | {qos}" for qos in range(3)]
    assert answers(guest, broker(mqtt_port), *lines, host=host) == ["opened", "Ok(())", "Ok(())", "Ok(())"]
    assert sorted(subscriber.take(3)) == [Message(topic, qos, bytes([0, 255, qos])) for qos in range(3)]


@GUESTS
def test_every_error_of_mqtt(guest: str, host: Host, mqtt_port: int) -> None:
    found = answers(
        guest,
        "mqtt open | mqtt://anna:geheim@example.com?client_id=a | anna | geheim | 5",
        "mqtt open | mqtt://127.0.0.1 |  |  | 5",
        f"mqtt open-many | mqtt://127.0.0.1:{mqtt_port}?client_id=a |  |  | 0 | 1000",
        broker(free_port()),
        "mqtt publish | t | 00 | 1",
        broker(mqtt_port),
        f"mqtt publish | {'x' * 70_000} | 00 | 1",
        host=host,
    )
    assert found == [
        'Err(Error::ConnectionFailed("address mqtt://example.com:1883 is not permitted"))',
        "Err(Error::InvalidAddress)",
        "128 Error::TooManyConnections",
        "opened",
        'Err(Error::ConnectionFailed("Connection refused"))',
        "opened",
        'Err(Error::Other("a text is longer than 65535 bytes"))',
    ]


@GUESTS
def test_a_connection_that_an_instance_kept_is_opened_again_for_its_next_request(
    guest: str, host: Host, redis_port: int, mqtt_port: int
) -> None:
    box = sandbox(guest, host=host, reuse=100)
    assert run(box, address(redis_port), broker(mqtt_port)) == ["opened"] * 2
    for _ in range(3):
        assert run(box, "redis set | k | 00", "redis get | k", "mqtt publish | t | 00 | 2") == [
            "Ok(())",
            "Ok(Some([0]))",
            "Ok(())",
        ]


def test_many_operations_of_one_guest_are_under_way_at_once(host: Host, redis_port: int) -> None:
    lines = [f"redis execute | ECHO | b{n:04x}" for n in range(100)]
    found = run(sandbox("messages3", host=host), address(redis_port), *lines, target="/together")
    assert found[1:] == [f"Ok([RedisResult::Binary([{n >> 8}, {n & 255}])])" for n in range(100)]


def test_what_one_task_waits_for_does_not_hold_up_another(host: Host, redis_port: int, mqtt_port: int) -> None:
    lines = [address(redis_port), "redis execute | BLPOP | b71 | i0", broker(mqtt_port)]
    box = sandbox("messages3", host=host)
    answered: list[str] = []
    thread = threading.Thread(target=lambda: answered.extend(run(box, *lines, target="/together")))
    thread.start()
    with socket.create_connection(("127.0.0.1", redis_port), 60) as other:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            other.sendall(b"CLIENT LIST\r\n")
            if b"cmd=blpop" in other.recv(100_000):
                break
        other.sendall(b"RPUSH q v\r\n")
        thread.join(60)
    assert answered == ["opened", "Ok([RedisResult::Binary([113]), RedisResult::Binary([118])])", "opened"]


@GUESTS
def test_a_server_that_hangs_ends_with_the_requests_deadline(guest: str, host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        limits = Limits(timeout=0.5)
        body = f"{address(port)}\nredis get | k".replace(" | ", "\t").encode()
        answer = sandbox(guest, host=host, limits=limits).handle(request("/", body))
        assert answer.status == 504
        assert isinstance(answer.error, LimitExceeded)
        server = listener.accept()[0]
        with server:
            while server.recv(1000):  # until it is closed
                pass


@GUESTS
def test_a_large_value_passes(guest: str, host: Host, redis_port: int) -> None:
    lines = (address(redis_port), "redis set-large | large | 20000000", "redis length | large", "redis del | large")
    assert answers(guest, *lines, host=host) == ["opened", "Ok(())", "Ok(Some(20000000))", "Ok(1)"]


@GUESTS
def test_a_guest_that_ends_with_connections_open_leaves_nothing(
    guest: str, services: Services, redis_port: int, mqtt_port: int
) -> None:
    host: Any = host_for(services, "*://127.0.0.1:*")
    box = sandbox(guest, host=host)

    def one() -> None:
        found = run(box, address(redis_port), "redis incr | n", broker(mqtt_port), "mqtt publish | t | 00 | 1")
        assert [answer.partition("(")[0] for answer in found] == ["opened", "Ok", "opened", "Ok"]

    one()
    settle(lambda: len(services.network.connections) == 0)
    before = held()
    for _ in range(100):
        one()
    settle(lambda: held() <= before + 2 and len(services.network.connections) == 0)  # a worker more or less
