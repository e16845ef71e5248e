from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.network import destination
from spinlab.host.pack import Case, Item
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.manifest.hosts import Host
from tests.host.held import held, settle
from tests.host.requests import Answer, Asking
from tests.servers import certificate, free_port
from tests.servers.redis import redis, redis_with_tls


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with redis(tmp_path_factory.mktemp("redis")) as found:
        yield found


@pytest.fixture
def services() -> Iterator[Services]:
    found = Services()
    yield found
    found.close()


def function(*hosts: str) -> Function:
    return Function("f", "", allowed_outbound_hosts=hosts or ("redis://*:*", "rediss://*:*"))


@pytest.fixture
def asking(services: Services) -> Iterator[Asking]:
    with Asking(function(), services) as found:
        yield found


class Connection:
    """A guest's connection."""

    def __init__(self, asking: Asking, address: str) -> None:
        self.asking = asking
        opened = asking.ask("redis.open", address)
        assert not opened.error, opened
        self.number = str(opened.number)

    def answer(self, operation: str, *items: Item) -> Answer:
        return self.asking.ask(f"redis.{operation}", self.number, *items)

    def __call__(self, operation: str, *items: Item) -> Item:
        answer = self.answer(operation, *items)
        assert not answer.error, answer
        (item,) = answer.items  # type: ignore[misc, union-attr]
        return item

    def execute(self, *words: str | int | bytes) -> Item:
        name, *arguments = words
        return self("execute", name, [one.encode() if isinstance(one, str) else one for one in arguments])


@pytest.fixture
def connection(asking: Asking, port: int, request: pytest.FixtureRequest) -> Connection:
    found = Connection(asking, f"redis://127.0.0.1:{port}")
    found.execute("FLUSHALL")
    return found


def test_what_was_set_is_got_byte_for_byte(connection: Connection) -> None:
    value = bytes(range(256)) + b"\r\n$3\r\n" + "ü".encode()
    assert connection("set", "a key\r\nwith lines", value) is None
    assert connection("get", "a key\r\nwith lines") == value


def test_a_key_that_is_not_there_is_nothing(connection: Connection) -> None:
    assert connection("get", "nobody") is None


def test_an_empty_value_is_not_nothing(connection: Connection) -> None:
    connection("set", "empty", b"")
    assert connection("get", "empty") == b""


def test_counting_begins_at_zero_and_spans_64_bits(connection: Connection) -> None:
    assert connection("incr", "n") == 1
    connection("set", "n", b"-9223372036854775808")
    assert connection("incr", "n") == -9223372036854775807


def test_deleting_tells_how_many_there_were(connection: Connection) -> None:
    connection("set", "a", b"1")
    connection("set", "b", b"1")
    assert connection("del", ["a", "b", "c"]) == 2


def test_deleting_nothing_is_the_servers_error(connection: Connection) -> None:
    answer = connection.answer("del", [])
    assert answer.error == "other"
    assert "wrong number of arguments" in answer.message


def test_a_set_has_each_member_once(connection: Connection) -> None:
    assert connection("sadd", "s", ["x", "y", "x"]) == 2
    assert sorted(connection("smembers", "s")) == ["x", "y"]  # type: ignore[arg-type, type-var]
    assert connection("srem", "s", ["y", "z"]) == 1
    assert connection("smembers", "nobody") == []


def test_published_messages_reach_who_subscribed(connection: Connection, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as listener:
        listener.sendall(b"SUBSCRIBE news\r\n")
        assert b"subscribe" in listener.recv(1000)
        connection("publish", "news", b"\x00\xff\r\n")
        assert listener.recv(1000).endswith(b"$4\r\n\x00\xff\r\n\r\n")


@pytest.mark.parametrize("first", ["SUBSCRIBE", "MONITOR", "QUIT", "HELLO"])
def test_a_guest_that_turns_its_connection_into_something_else_hurts_itself_only(
    connection: Connection, asking: Asking, port: int, first: str
) -> None:
    words: dict[str, Item] = {"SUBSCRIBE": [b"a"], "HELLO": [3]}
    connection.answer("execute", first, words.get(first, []))
    other = Connection(asking, f"redis://127.0.0.1:{port}")
    assert other("publish", "a", b"x") is None
    assert other("get", "nobody") is None
    answer = connection.answer("get", "nobody")
    assert answer.error in ("", "other", "type-error")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("get", ["s"]), ("incr", ["s"]), ("sadd", ["t", ["x"]]), ("smembers", ["t"]), ("srem", ["t", ["x"]])],
)
def test_a_value_of_another_type_is_told_in_the_servers_words_as_in_spin(
    connection: Connection, operation: str, arguments: list[Item]
) -> None:
    connection("sadd", "s", ["x"])
    connection("set", "t", b"text")
    answer = connection.answer(operation, *arguments)
    assert (answer.error, answer.message.partition(":")[0]) == ("other", "WRONGTYPE")


def test_text_is_not_a_number(connection: Connection) -> None:
    connection("set", "t", b"text")
    assert connection.answer("incr", "t").error == "other"


def test_members_that_are_no_text_are_a_type_error(connection: Connection) -> None:
    connection.execute("SADD", "s", b"\xff")
    assert connection.answer("smembers", "s").error == "type-error"


def test_execute_tells_statuses_numbers_bytes_and_nothing_apart(connection: Connection) -> None:
    assert connection.execute("SET", "k", b"\x00v") == [Case("status", "OK")]
    assert connection.execute("GET", "k") == [b"\x00v"]
    assert connection.execute("GET", "nobody") == [None]
    assert connection.execute("INCRBY", "n", 5) == [5]
    assert connection.execute("SET", "n", -(1 << 63)) == [Case("status", "OK")]
    assert connection.execute("GET", "n") == [b"-9223372036854775808"]


def test_execute_flattens_lists_within_lists(connection: Connection) -> None:
    script = "return {1, {'two', {3, false}}, {}, redis.status_reply('FINE')}"
    assert connection.execute("EVAL", script, 0) == [1, b"two", 3, None, Case("status", "FINE")]


def test_an_error_within_a_list_is_the_error(connection: Connection) -> None:
    connection("set", "t", b"text")
    connection.execute("MULTI")
    assert connection.execute("LPUSH", "t", "x") == [Case("status", "QUEUED")]
    answer = connection.answer("execute", "EXEC", [])
    assert answer.error == "other"
    assert connection("get", "t") == b"text"


def test_a_transaction_is_one_connections_own(connection: Connection, asking: Asking, port: int) -> None:
    other = Connection(asking, f"redis://127.0.0.1:{port}")
    connection.execute("MULTI")
    other("set", "k", b"1")
    assert other("get", "k") == b"1"
    assert connection.answer("get", "k").error == "type-error"  # it is queued
    assert connection.execute("EXEC") == [b"1"]


def test_the_servers_words_reach_the_guest(connection: Connection) -> None:
    answer = connection.answer("execute", "NOSUCH", [])
    assert answer.error == "other"
    assert answer.message.startswith("An error was signalled by the server - ResponseError: unknown command 'NOSUCH'")


def test_a_name_of_two_words_is_no_command(connection: Connection) -> None:
    assert connection.answer("execute", "CONFIG GET", [b"port"]).error == "other"


def test_answers_of_the_newer_protocol_are_understood(asking: Asking, port: int) -> None:
    connection = Connection(asking, f"redis://127.0.0.1:{port}?protocol=resp3")
    connection("sadd", "s3", ["x"])
    assert connection("smembers", "s3") == ["x"]
    assert connection("get", "nobody") is None
    script = (
        "redis.setresp(3); return {true, {double=1.5}, {double=1e21}, {double=2}, {big_number='12345678901234567890'}}"
    )
    given = [1, b"1.5", b"1000000000000000000000", b"2", b"12345678901234567890"]
    assert connection.execute("EVAL", script, 0) == given
    answer = connection.answer("execute", "HGETALL", [b"nobody"])
    assert (answer.error, "Redis Map type is not supported" in answer.message) == ("other", True)


def test_many_operations_at_once_each_get_their_own_answer(connection: Connection, asking: Asking) -> None:
    begun = [asking.begin("redis.execute", connection.number, "ECHO", [b"%d" % n]) for n in range(200)]
    assert [asking.end(one).items for one in begun] == [[[b"%d" % n]] for n in range(200)]


def test_giving_up_an_operation_leaves_the_connection_usable(connection: Connection, asking: Asking) -> None:
    waiting = asking.begin("redis.execute", connection.number, "BLPOP", [b"nobody", 1])
    asking.context.cancel(waiting[0])
    assert connection.execute("ECHO", "still there") == [b"still there"]


def test_a_database_of_its_own(asking: Asking, port: int) -> None:
    one, two = (Connection(asking, f"redis://127.0.0.1:{port}/{number}") for number in (1, 2))
    one("set", "here", b"1")
    assert (one("get", "here"), two("get", "here")) == (b"1", None)


def test_a_database_that_is_not_there(asking: Asking, port: int) -> None:
    answer = asking.ask("redis.open", f"redis://127.0.0.1:{port}/99")
    assert (answer.error, "DB index is out of range" in answer.message) == ("other", True)


@pytest.mark.parametrize(
    "address",
    [
        "localhost:6379",
        "redis://",
        "redis:///1",
        "redis://127.0.0.1:port",
        "redis://127.0.0.1/one",
        "redis://127.0.0.1?protocol=4",
        "redis://127.0.0.1@/x",
        "redis://:p/q@127.0.0.1",
        "redis://:p%ff@127.0.0.1",
        "rediss://127.0.0.1#sure",
        "http://127.0.0.1:6379",
    ],
)
def test_an_address_that_is_none(services: Services, address: str) -> None:
    with Asking(function("*://*:*"), services) as asking:
        answer = asking.ask("redis.open", address)
        assert (answer.error, answer.message) == ("invalid-address", "")


def test_what_is_not_granted_is_refused_and_named(services: Services, port: int) -> None:
    with Asking(function("redis://localhost:1"), services) as asking:
        answer = asking.ask("redis.open", f"redis://user:geheim@127.0.0.1:{port}/3")
        assert answer.error == "access-denied"
        (denied,) = asking.context.denied
        assert (denied.capability, denied.target) == ("outbound Redis", f"redis://127.0.0.1:{port}")
        assert denied.option == f"--allow redis://127.0.0.1:{port}"
        (call,) = asking.calls
        assert (call.capability, call.operation, call.outcome) == ("outbound Redis", "open", "denied")
        assert "geheim" not in repr((asking.calls, asking.context.denied, asking.context.written.lines(), answer))


@pytest.mark.parametrize(
    ("address", "grant"),
    [
        ("redis://a", "redis://a"),
        ("redis://a:6380", "redis://a:6380"),
        ("rediss://a", "rediss://a:*"),
        ("rediss://a:6379", "rediss://a:6379"),
        ("redis://[::1]", "redis://[::1]"),
    ],
)
def test_the_grant_that_is_named_is_one_that_grants(services: Services, address: str, grant: str) -> None:
    with Asking(function("redis://nobody"), services) as asking:
        assert asking.ask("redis.open", address).error == "access-denied"
        assert asking.context.denied[0].option == f"--allow {grant}"
    assert services.network.check(function(grant), services, *_destination(address)) is None


def _destination(address: str) -> tuple[str, Host, int | None]:
    to = destination(address)
    return to.scheme, to.host, to.port


def test_nothing_connects_into_a_blocked_network(port: int) -> None:
    services = Services(runtime=RuntimeConfig(block_networks=("127.0.0.0/8",)))
    with Asking(function(), services) as asking:
        for host in ("127.0.0.1", "localhost"):
            answer = asking.ask("redis.open", f"redis://{host}:{port}")
            assert (answer.error, answer.message) == ("other", "the address is in a network that is blocked")
    services.close()


def test_nobody_listens(asking: Asking) -> None:
    answer = asking.ask("redis.open", f"redis://127.0.0.1:{free_port()}")
    assert (answer.error, answer.message) == ("other", "Connection refused")


def test_no_such_host(asking: Asking) -> None:
    answer = asking.ask("redis.open", "redis://no-such-host.invalid")
    assert (answer.error, answer.message) == ("other", "failed to look up the address")


def test_a_connection_waits_for_its_turn_when_the_operator_allows_one(port: int) -> None:
    services = Services(runtime=RuntimeConfig(max_connections={"redis": 1}))
    address = f"redis://127.0.0.1:{port}"
    with Asking(function(), services) as asking:
        first = Connection(asking, address)
        waiting = asking.begin("redis.open", address)
        assert first("get", "nobody") is None
        assert asking.context.take(waiting[0])[0] == 0
        asking.context.cancel(int(first.number))
        assert not asking.end(waiting).error
    services.close()


def test_a_guest_that_opens_connections_without_end_is_told_so(services: Services, port: int) -> None:
    with Asking(function(), services) as asking:
        answers = [asking.ask("redis.open", f"redis://127.0.0.1:{port}") for _ in range(200)]
        assert {answer.error for answer in answers} == {"", "too-many-connections"}
        assert answers[0].error == ""
        assert Connection.answer(_of(asking, answers[0]), "get", "nobody").error == ""


def _of(asking: Asking, opened: Answer) -> Connection:
    found = Connection.__new__(Connection)
    found.asking, found.number = asking, str(opened.number)
    return found


def test_a_connection_of_an_earlier_request_is_gone(services: Services, port: int) -> None:
    with Asking(function(), services) as asking:
        number = Connection(asking, f"redis://127.0.0.1:{port}").number
    with Asking(function(), services) as asking:
        assert asking.ask("redis.get", number, "k").error == "gone"


def test_the_trace_tells_each_operation_without_its_values(services: Services, port: int) -> None:
    with Asking(function(), services) as asking:
        connection = Connection(asking, f"redis://:@127.0.0.1:{port}/1?protocol=2")
        connection("set", "secret-key", b"secret-value")
        connection.answer("sadd", "secret-key", ["x"])
        told = [(call.operation, call.target, call.outcome) for call in asking.calls]
        target = f"redis://127.0.0.1:{port}"
        assert told == [("open", target, "ok"), ("set", target, "ok"), ("sadd", target, "other")]
        assert "secret" not in repr(asking.calls)
        assert asking.calls[1].sent > 20


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("guarded")
    rules = folder / "users.acl"
    rules.write_text("user default on >pass ~* &* +@all\nuser anna on >ge:h@im/1 ~anna:* +@all\n")
    with redis(folder, "--aclfile", str(rules)) as found:
        yield found


class TestPasswords:
    def test_without_a_password_operations_are_refused(self, asking: Asking, guarded: int) -> None:
        connection = Connection(asking, f"redis://127.0.0.1:{guarded}")
        answer = connection.answer("get", "k")
        assert (answer.error, answer.message) == ("other", "NOAUTH: Authentication required.")

    def test_with_it_they_are_not(self, asking: Asking, guarded: int) -> None:
        connection = Connection(asking, f"redis://:pass@127.0.0.1:{guarded}")
        assert connection("get", "anna:k") is None

    @pytest.mark.parametrize("protocol", ["resp2", "resp3"])
    def test_a_user_with_a_password_of_special_characters(self, asking: Asking, guarded: int, protocol: str) -> None:
        address = f"redis://anna:ge%3Ah%40im%2F1@127.0.0.1:{guarded}?protocol={protocol}"
        connection = Connection(asking, address)
        assert connection("incr", "anna:n") > 0  # type: ignore[operator]
        answer = connection.answer("get", "bob:n")
        assert (answer.error, answer.message.partition(":")[0]) == ("other", "NOPERM")

    def test_a_wrong_one_is_not_repeated(self, asking: Asking, guarded: int) -> None:
        answer = asking.ask("redis.open", f"redis://anna:falsch@127.0.0.1:{guarded}")
        assert answer.error == "other"
        assert answer.message.startswith("WRONGPASS")
        assert "falsch" not in repr((answer, asking.calls, asking.context.written.lines()))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, files: tuple[Path, Path]) -> Iterator[int]:
    with redis_with_tls(tmp_path_factory.mktemp("redis"), *files) as found:
        yield found


class TestTls:
    def test_a_server_that_somebody_trusted_vouches_for(
        self, asking: Asking, secure: int, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        connection = Connection(asking, f"rediss://localhost:{secure}")
        connection("set", "k", b"v" * 100_000)
        assert connection("get", "k") == b"v" * 100_000
        assert asking.calls[0].target == f"rediss://localhost:{secure}"

    def test_one_that_nobody_vouches_for(self, asking: Asking, secure: int) -> None:
        answer = asking.ask("redis.open", f"rediss://localhost:{secure}")
        assert (answer.error, answer.message) == ("other", "invalid peer certificate: self-signed certificate")

    def test_one_of_another_name(
        self, asking: Asking, secure: int, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(files[0]))
        answer = asking.ask("redis.open", f"rediss://127.0.0.1:{secure}")
        assert answer.message.startswith("invalid peer certificate: IP address mismatch")

    def test_a_guest_may_say_that_it_takes_any(self, asking: Asking, secure: int) -> None:
        assert Connection(asking, f"rediss://127.0.0.1:{secure}#insecure")("get", "nobody") is None

    def test_a_server_without_tls(self, asking: Asking) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            begun = asking.begin("redis.open", f"rediss://127.0.0.1:{listener.getsockname()[1]}")
            with listener.accept()[0] as server:
                server.sendall(b"-ERR unknown command\r\n")
                answer = asking.end(begun)
        assert (answer.error, answer.message) == ("other", "TLS: wrong version number")


class TestServersThatMisbehave:
    """A socket stands in for a server that is broken: no real one does these things when asked."""

    @pytest.fixture
    def listener(self) -> Iterator[socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as found:
            found.settimeout(60)
            yield found

    def meet(self, asking: Asking, listener: socket.socket) -> tuple[Connection, socket.socket]:
        connection = Connection(asking, f"redis://127.0.0.1:{listener.getsockname()[1]}")
        return connection, listener.accept()[0]

    @pytest.mark.parametrize(
        ("sent", "message"),
        [
            (b"$5\r\nhel", "the server closed the connection"),
            (b"", "the server closed the connection"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n", "the server does not speak the protocol of Redis"),
            (b"$x\r\n", "the server does not speak the protocol of Redis"),
            (b"\r\n", "the server does not speak the protocol of Redis"),
            (b":9223372036854775808\r\n", "the server does not speak the protocol of Redis"),
            (b"*1\r\n" * 100, "the server does not speak the protocol of Redis"),
            (b"+" + b"x" * 1_000_000, "the server does not speak the protocol of Redis"),
            (b"$134217729\r\n", "query result exceeds limit of 134217728 bytes"),
            (b"*9999999999999\r\n", "query result exceeds limit of 134217728 bytes"),
        ],
    )
    def test_the_guest_is_told(self, asking: Asking, listener: socket.socket, sent: bytes, message: str) -> None:
        connection, server = self.meet(asking, listener)
        begun = asking.begin("redis.execute", connection.number, "X", [])
        assert server.recv(100)
        sender = threading.Thread(target=_send, args=(server, sent))
        sender.start()
        answer = asking.end(begun)
        sender.join()
        assert (answer.error, answer.message) == ("other", message)
        assert connection.answer("get", "k").error == "other"

    def test_an_answer_that_nobody_asked_for(self, asking: Asking, listener: socket.socket) -> None:
        connection, server = self.meet(asking, listener)
        server.sendall(b"+OK\r\n")
        assert server.recv(1) == b""
        assert connection.answer("get", "k").message == "the server sent an answer that nobody asked for"
        server.close()

    def test_one_that_hangs_ends_with_the_request(self, services: Services, listener: socket.socket) -> None:
        with Asking(function(), services) as asking:
            connection, server = self.meet(asking, listener)
            asking.begin("redis.set", connection.number, "k", b"x" * 50_000_000)
            asking.begin("redis.get", connection.number, "k")
            assert server.recv(10)
        with server:
            while server.recv(1 << 20):  # until it is closed
                pass
        assert [call.outcome for call in asking.calls] == ["ok", "unfinished", "unfinished"]

    def test_one_that_is_full_does_not_hold_up_others(
        self, services: Services, listener: socket.socket, port: int
    ) -> None:
        with Asking(function(), services) as asking:
            full, server = self.meet(asking, listener)
            asking.begin("redis.set", full.number, "k", b"x" * 50_000_000)
            assert Connection(asking, f"redis://127.0.0.1:{port}")("get", "nobody") is None
            server.close()


def _send(server: socket.socket, sent: bytes) -> None:
    try:
        server.sendall(sent)
        server.shutdown(socket.SHUT_WR)
        while server.recv(1000):
            pass
    except OSError:
        pass
    server.close()


def test_a_server_that_dies_in_the_middle(services: Services, tmp_path: Path) -> None:
    with Asking(function(), services) as asking:
        with redis(tmp_path) as port:
            connection = Connection(asking, f"redis://127.0.0.1:{port}")
            waiting = asking.begin("redis.execute", connection.number, "BLPOP", [b"nobody", 0])
            other = Connection(asking, f"redis://127.0.0.1:{port}")
            while b"blpop" not in other.execute("CLIENT", "LIST")[0]:  # type: ignore[index, operator]
                time.sleep(0.01)
        assert asking.end(waiting).error == "other"
        assert connection.answer("get", "k").error == "other"


def test_a_value_of_100_megabytes(connection: Connection) -> None:
    connection("set", "large", b"x" * 100_000_000)
    assert connection("get", "large") == b"x" * 100_000_000
    connection("del", ["large"])


def test_a_value_that_is_too_large_is_refused(connection: Connection) -> None:
    connection.execute("SETRANGE", "large", 140_000_000, "x")
    answer = connection.answer("get", "large")
    assert (answer.error, answer.message) == ("other", "query result exceeds limit of 134217728 bytes")


def test_nothing_is_left_after_many_requests(services: Services, port: int) -> None:
    address = f"redis://127.0.0.1:{port}"

    def request() -> None:
        with Asking(function(), services) as asking:
            connection = Connection(asking, address)
            connection("set", "k", b"v")
            asking.begin("redis.execute", connection.number, "BLPOP", [b"nobody", 0])
            asking.begin("redis.open", address)

    request()
    before = held()
    for _ in range(500):
        request()
    settle(lambda: held() <= before)
    assert len(services.network.connections) == 0
