from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.runtime_config import RuntimeConfig
from tests.host.held import held, settle
from tests.host.requests import Answer, Asking
from tests.servers import certificate, free_port
from tests.servers.mosquitto import Message, Subscriber, mosquitto


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as found:
        yield found


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services()
    yield found
    found.close()


def function(*hosts: str) -> Function:
    return Function("f", "", allowed_outbound_hosts=hosts or ("mqtt://*:*", "mqtts://*:*"))


@pytest.fixture
def asking(services: Services) -> Iterator[Asking]:
    with Asking(function(), services) as found:
        yield found


def open_(asking: Asking, address: str, user: str = "", password: str = "", keep_alive: int = 30) -> Answer:
    return asking.ask("mqtt.open", address, user, password, keep_alive)


class Connection:
    """A guest's connection."""

    def __init__(self, asking: Asking, port: int, *login: str, options: str = "client_id=guest") -> None:
        self.asking = asking
        opened = open_(asking, f"mqtt://127.0.0.1:{port}?{options}", *login)
        assert not opened.error, opened
        self.number = str(opened.number)

    def begin(self, topic: str, payload: bytes, qos: str = "at-least-once") -> tuple[int, int, str, bytes]:
        return self.asking.begin("mqtt.publish", self.number, topic, payload, qos)

    def answer(self, topic: str, payload: bytes, qos: str = "at-least-once") -> Answer:
        return self.asking.end(self.begin(topic, payload, qos))

    def publish(self, topic: str, payload: bytes, qos: str = "at-least-once") -> None:
        answer = self.answer(topic, payload, qos)
        assert not answer.error, answer


@pytest.mark.parametrize(("qos", "number"), [("at-most-once", 0), ("at-least-once", 1), ("exactly-once", 2)])
def test_a_message_arrives_byte_for_byte(asking: Asking, port: int, qos: str, number: int) -> None:
    topic = f"telemetry/ü/{number}"
    subscriber = Subscriber(port, topic)
    payload = bytes(range(256))
    Connection(asking, port).publish(topic, payload, qos)
    assert subscriber.take(1) == [Message(topic, number, payload)]


def test_an_empty_message_arrives(asking: Asking, port: int) -> None:
    subscriber = Subscriber(port, "empty")
    Connection(asking, port).publish("empty", b"")
    assert subscriber.take(1) == [Message("empty", 1, b"")]


def test_messages_of_one_connection_keep_their_order(asking: Asking, port: int) -> None:
    subscriber = Subscriber(port, "order")
    connection = Connection(asking, port)
    for number in range(50):
        connection.publish("order", b"%d" % number)
    assert [message.payload for message in subscriber.take(50)] == [b"%d" % number for number in range(50)]


def test_many_messages_at_once_all_arrive(asking: Asking, port: int) -> None:
    subscriber = Subscriber(port, "many")
    connection = Connection(asking, port)
    begun = [connection.begin("many", b"%d" % n, ("at-least-once", "exactly-once")[n % 2]) for n in range(90)]
    assert {asking.end(one).error for one in begun} == {""}
    assert {message.payload for message in subscriber.take(90)} == {b"%d" % n for n in range(90)}


def test_a_message_at_the_very_end_of_a_request_arrives(services: Services, port: int) -> None:
    subscriber = Subscriber(port, "last")
    with Asking(function(), services) as asking:
        sizes = "client_id=guest&max_incoming_packet_size_bytes=10&max_outgoing_packet_size_bytes=4000000"
        Connection(asking, port, options=sizes).publish("last", b"x" * 3_000_000, "at-most-once")
    assert len(subscriber.take(1)[0].payload) == 3_000_000


def test_a_message_larger_than_spins_default_is_refused_and_the_user_is_told_why(asking: Asking, port: int) -> None:
    connection = Connection(asking, port)
    connection.publish("size", b"x" * (10 * 1024 - 11))
    answer = connection.answer("size", b"x" * (10 * 1024 - 10))
    assert answer.error == "connection-failed"
    assert "Cannot send packet of size '10241'. It's greater than" in answer.message
    (note,) = [line.text for line in asking.context.written.lines()]
    assert "max_outgoing_packet_size_bytes" in note
    connection.publish("size", b"it still works")


def test_the_operator_may_limit_messages(port: int) -> None:
    services = Services(runtime=RuntimeConfig(max_mqtt_payload=5))
    with Asking(function(), services) as asking:
        connection = Connection(asking, port)
        connection.publish("t", b"12345")
        answer = connection.answer("t", b"123456")
        message = "payload size 6 exceeds the maximum allowed size of 5 bytes"
        assert (answer.error, answer.message) == ("other", message)
    services.close()


@pytest.mark.parametrize("topic", ["", "a/#", "+"])
def test_a_topic_that_the_server_refuses(asking: Asking, port: int, topic: str) -> None:
    connection = Connection(asking, port)
    answer = connection.answer(topic, b"x")
    assert (answer.error, answer.message) == ("connection-failed", "Connection closed by peer abruptly")
    connection.publish("afterwards", b"connected again")


def test_a_topic_that_is_too_long(asking: Asking, port: int) -> None:
    assert Connection(asking, port).answer("x" * 70_000, b"").error == "other"


@pytest.mark.parametrize(
    "address",
    [
        "mqtt://127.0.0.1",
        "mqtt://127.0.0.1?client_id=a&unknown=1",
        "mqtt://127.0.0.1?client_id=a&clean_session=maybe",
        "mqtt://127.0.0.1?client_id=a&inflight_num=x",
        "ws://127.0.0.1:8000?client_id=a",
        "127.0.0.1:1883?client_id=a",
    ],
)
def test_an_address_that_is_none(services: Services, address: str) -> None:
    with Asking(function("*://*:*"), services) as asking:
        answer = open_(asking, address)
        assert (answer.error, answer.message) == ("invalid-address", "")


def test_an_address_without_a_host_is_not_permitted(asking: Asking) -> None:
    answer = open_(asking, "mqtt://?client_id=a")
    assert (answer.error, "is not permitted" in answer.message) == ("connection-failed", True)


def test_what_is_not_granted_is_refused_and_named(services: Services, port: int) -> None:
    with Asking(function("mqtt://localhost:1"), services) as asking:
        answer = open_(asking, f"mqtt://anna:geheim@127.0.0.1:{port}?client_id=a", "anna", "geheim")
        assert (answer.error, answer.message) == ("access-denied", f"address mqtt://127.0.0.1:{port} is not permitted")
        (denied,) = asking.context.denied
        assert (denied.capability, denied.option) == ("outbound MQTT", f"--allow mqtt://127.0.0.1:{port}")
        (call,) = asking.calls
        assert (call.capability, call.operation, call.outcome) == ("outbound MQTT", "open", "denied")
        assert "geheim" not in repr((asking.calls, asking.context.denied, asking.context.written.lines(), answer))


@pytest.mark.parametrize(
    ("address", "grant"),
    [("mqtt://a", "mqtt://a"), ("mqtts://a", "mqtts://a:*"), ("mqtts://a:8883", "mqtts://a:8883")],
)
def test_the_grant_that_is_named_is_one_that_grants(services: Services, address: str, grant: str) -> None:
    with Asking(function("mqtt://nobody"), services) as asking:
        assert open_(asking, f"{address}?client_id=a").error == "access-denied"
        assert asking.context.denied[0].option == f"--allow {grant}"
    with Asking(function(grant), services) as asking:
        assert not open_(asking, f"{address}?client_id=a").error


def test_opening_connects_to_nobody(asking: Asking) -> None:
    connection = Connection(asking, free_port())
    answer = connection.answer("t", b"x")
    assert (answer.error, answer.message) == ("connection-failed", "Connection refused")


def test_no_such_host(asking: Asking) -> None:
    number = str(open_(asking, "mqtt://no-such-host.invalid?client_id=a").number)
    answer = asking.ask("mqtt.publish", number, "t", b"x", "at-most-once")
    assert (answer.error, answer.message) == ("connection-failed", "failed to look up the address")


def test_nothing_connects_into_a_blocked_network(port: int) -> None:
    services = Services(runtime=RuntimeConfig(block_networks=("127.0.0.0/8",)))
    with Asking(function(), services) as asking:
        answer = Connection(asking, port).answer("t", b"x")
        assert (answer.error, answer.message) == ("connection-failed", "the address is in a network that is blocked")
    services.close()


def test_a_connection_waits_for_its_turn_when_the_operator_allows_one(port: int) -> None:
    services = Services(runtime=RuntimeConfig(max_connections={"mqtt": 1}))
    with Asking(function(), services) as asking:
        first = Connection(asking, port)
        waiting = asking.begin("mqtt.open", f"mqtt://127.0.0.1:{port}?client_id=two", "", "", 0)
        first.publish("t", b"x")
        assert asking.context.take(waiting[0])[0] == 0
        asking.context.cancel(int(first.number))
        assert not asking.end(waiting).error
    services.close()


def test_a_guest_that_opens_connections_without_end_is_told_so(asking: Asking, port: int) -> None:
    answers = [open_(asking, f"mqtt://127.0.0.1:{port}?client_id=a") for _ in range(200)]
    assert {answer.error for answer in answers} == {"", "too-many-connections"}


def test_a_connection_of_an_earlier_request_is_gone(services: Services, port: int) -> None:
    with Asking(function(), services) as asking:
        number = Connection(asking, port).number
    with Asking(function(), services) as asking:
        assert asking.ask("mqtt.publish", number, "t", b"x", "at-most-once").error == "gone"


def test_the_trace_tells_each_message_without_its_contents(asking: Asking, port: int) -> None:
    connection = Connection(asking, port, "anna", "geheim")
    connection.publish("secret/topic", b"secret payload")
    connection.answer("#", b"x")
    target = f"mqtt://127.0.0.1:{port}"
    told = [(call.operation, call.target, call.outcome) for call in asking.calls]
    assert told == [("open", target, "ok"), ("publish", target, "ok"), ("publish", target, "connection-failed")]
    assert "secret" not in repr(asking.calls)
    assert "geheim" not in repr(asking.calls)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("guarded")
    words, rules = folder / "passwords", folder / "rules"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(words), "anna", "ge:h@im"], check=True)
    rules.write_text("user anna\ntopic write anna/#\ntopic read anna/#\n")
    with mosquitto(folder, "allow_anonymous false", f"password_file {words}", f"acl_file {rules}") as found:
        yield found


def test_a_user_with_a_password_is_let_in(asking: Asking, guarded: int) -> None:
    subscriber = Subscriber(guarded, "anna/t", "-u", "anna", "-P", "ge:h@im")
    Connection(asking, guarded, "anna", "ge:h@im").publish("anna/t", b"x")
    assert subscriber.take(1) == [Message("anna/t", 1, b"x")]


@pytest.mark.parametrize("login", [("", ""), ("anna", "falsch"), ("anna", ""), ("nobody", "ge:h@im")])
def test_nobody_else_is(asking: Asking, guarded: int, login: tuple[str, str]) -> None:
    answer = Connection(asking, guarded, *login).answer("anna/t", b"x")
    assert (answer.error, answer.message) == (
        "connection-failed",
        "Connection refused, return code: `NotAuthorized`",
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, files: tuple[Path, Path]) -> Iterator[int]:
    lines = (f"certfile {files[0]}", f"keyfile {files[1]}")
    with mosquitto(tmp_path_factory.mktemp("secure"), *lines) as found:
        yield found


def test_a_server_that_somebody_trusted_vouches_for(
    asking: Asking, secure: int, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
    subscriber = Subscriber(secure, "secure", "--cafile", str(files[0]), "--insecure")
    number = str(open_(asking, f"mqtts://localhost:{secure}?client_id=a").number)
    answer = asking.ask("mqtt.publish", number, "secure", b"x", "exactly-once")
    assert not answer.error, answer
    assert subscriber.take(1) == [Message("secure", 2, b"x")]


def test_one_that_nobody_vouches_for(asking: Asking, secure: int) -> None:
    number = str(open_(asking, f"mqtts://localhost:{secure}?client_id=a").number)
    answer = asking.ask("mqtt.publish", number, "t", b"x", "at-most-once")
    assert (answer.error, answer.message) == (
        "connection-failed",
        "invalid peer certificate: self-signed certificate",
    )


def test_the_connection_is_kept_alive(asking: Asking, tmp_path: Path) -> None:
    with mosquitto(tmp_path, "connection_messages true") as port:
        opened = open_(asking, f"mqtt://127.0.0.1:{port}?client_id=patient", "", "", 1)
        number = str(opened.number)
        assert not asking.ask("mqtt.publish", number, "t", b"x", "at-least-once").error
        time.sleep(2.5)  # the server closes the connection of a client that says nothing for one and a half seconds
        assert not asking.ask("mqtt.publish", number, "t", b"x", "at-least-once").error
        assert (tmp_path / "server.log").read_text().count("New client connected") == 1


def test_leaving_is_told_to_the_server(services: Services, tmp_path: Path) -> None:
    with mosquitto(tmp_path) as port:
        with Asking(function(), services) as asking:
            Connection(asking, port).publish("t", b"x")
        settle(lambda: "Client guest disconnected." in (tmp_path / "server.log").read_text())


def test_a_server_that_died_is_connected_to_again_when_it_is_back(asking: Asking, tmp_path: Path) -> None:
    with mosquitto(tmp_path / "one") as port:
        connection = Connection(asking, port)
        connection.publish("t", b"x")
    settle(lambda: connection.answer("t", b"x").error == "connection-failed")
    command = ["mosquitto", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        settle(lambda: connection.answer("t", b"x").error == "")
        process.kill()


class TestServersThatMisbehave:
    """A socket stands in for a server that is broken: no real one does these things when asked."""

    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as found:
            found.settimeout(60)
            yield found

    def meet(self, asking: Asking, listener: socket.socket) -> tuple[tuple[int, int, str, bytes], socket.socket]:
        connection = Connection(asking, listener.getsockname()[1])
        begun = connection.begin("t", b"x", "exactly-once")
        server = listener.accept()[0]
        assert server.recv(100)
        return begun, server

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            (b"", "Connection closed by peer abruptly"),
            (b"\x20\x02\x00", "Connection closed by peer abruptly"),
            (b"\x20\x02\x00\x02", "Connection refused, return code: `BadClientId`"),
            (b"\x20\x02\x00\xff", "Connection refused, return code: `255`"),
            (b"\x20\x01\x00", "Expected ConnAck packet"),
            (b"HTTP/1.1 400 Bad Request\r\n" * 9, "Expected ConnAck packet"),
            (b"\x20\x02\x00\x00\x30\xff\xff\xff\xff\x7f", "Malformed remaining length"),
            (b"\x20\x02\x00\x00\x30\xff\xff\xff\x7f", "payload size limit exceeded: 268435455"),
            (b"\x20\x02\x00\x00\x50\x02\x00\x01", "Connection closed by peer abruptly"),
        ],
    )
    def test_the_guest_is_told(self, asking: Asking, listener: socket.socket, sent: bytes, message: str) -> None:
        begun, server = self.meet(asking, listener)
        server.sendall(sent)
        if sent.startswith(b"\x20\x02\x00\x00"):
            assert server.recv(100)
        server.shutdown(socket.SHUT_WR)
        answer = asking.end(begun)
        server.close()
        assert (answer.error, answer.message) == ("connection-failed", message)

    def test_one_that_never_lets_us_in(self, asking: Asking, listener: socket.socket) -> None:
        begun, server = self.meet(asking, listener)
        answer = asking.end(begun)
        server.close()
        assert (answer.error, answer.message) == ("connection-failed", "Network timeout")

    def test_one_that_never_acknowledges_ends_with_the_request(
        self, services: Services, listener: socket.socket
    ) -> None:
        with Asking(function(), services) as asking:
            _, server = self.meet(asking, listener)
            server.sendall(b"\x20\x02\x00\x00")
            assert server.recv(100).startswith(b"\x34")
        with server:
            while server.recv(1000):  # until it is closed
                pass
        assert [call.outcome for call in asking.calls] == ["ok", "unfinished"]

    def test_one_that_floods_us_is_answered_once(self, services: Services, listener: socket.socket) -> None:
        with Asking(function(), services) as asking:
            begun, server = self.meet(asking, listener)
            server.sendall(b"\x20\x02\x00\x00" + b"\x50\x02\x00\x01" * 1_000_000 + b"\x70\x02\x00\x01")
            assert not asking.end(begun).error
        received = bytearray()
        with server:
            while more := server.recv(65536):
                received += more
        assert received.count(b"\x62\x02\x00\x01") == 1


def test_nothing_is_left_after_many_requests(services: Services, port: int) -> None:
    def request() -> None:
        with Asking(function(), services) as asking:
            connection = Connection(asking, port)
            connection.publish("t", b"v")
            connection.begin("t", b"v", "exactly-once")
            asking.begin("mqtt.open", f"mqtt://127.0.0.1:{port}?client_id=b", "", "", 5)

    request()
    threading.Event().wait(0.1)
    before = held()
    for _ in range(500):
        request()
    settle(lambda: held() <= before)
    assert len(services.network.connections) == 0
