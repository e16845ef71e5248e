from __future__ import annotations

import hashlib
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import ToolMissing
from spinlab.host import PENDING, Services
from spinlab.host.pack import Case
from spinlab.host.runtime_config import RuntimeConfig
from tests.bridge.databases import mariadb_url
from tests.host.databases import Asking, Connection, asking, talker
from tests.servers import certificate
from tests.servers.mariadb import mariadb


@pytest.fixture
def ask() -> Iterator[Asking]:
    with asking() as found:
        yield found


@pytest.fixture
def db(ask: Asking, mariadb_port: int) -> Connection:
    found = Connection(ask, "mysql", mariadb_url(mariadb_port))
    assert not found.opened.error, found.opened
    return found


def refused(ask: Asking, address: str) -> str:
    """What a guest is told that can't open an address."""
    opened = ask.ask("mysql.open", address)
    assert opened.error in ("connection-failed", "access-denied"), opened
    return opened.message


def test_a_wrong_password_is_told_and_not_shown(ask: Asking, mariadb_port: int) -> None:
    message = refused(ask, f"mysql://ada:wr0ng@127.0.0.1:{mariadb_port}/shop")
    assert "Access denied for user 'ada'" in message
    assert "wr0ng" not in message + repr(ask.calls)


def test_a_server_that_is_not_there_is_a_connection_that_failed(ask: Asking) -> None:
    assert refused(ask, "mysql://ada:x@127.0.0.1:1/shop") == "Connection refused"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("mysql://ada:s3cret@db.test/x?nonsense=1", "Unknown URL parameter 'nonsense'"),
        ("mysql://ada:s3cret@db.test/x?socket=/run/mysqld.sock", "Unix sockets are not supported"),
        ("mysql://ada:s3cret@/x", "invalid connection URL"),
        ("mysql://ada:s3cret@db.test:99999/x", "invalid connection URL"),
        ("postgres://ada:s3cret@db.test/x", "mysql://user:password@host:port/database was expected"),
        ("db.test", "invalid connection URL"),
        ("mysql://ada:s3%FFcret@db.test/x", "invalid connection URL"),
        ("mysql://ada:s3cret%00@db.test/x", "null byte"),
    ],
)
def test_an_address_that_can_not_be_read_is_told_without_its_values(ask: Asking, address: str, told: str) -> None:
    message = refused(ask, address)
    assert told in message
    assert "s3cret" not in message + repr(ask.calls)


def test_a_blocked_network_is_not_connected_to(mariadb_port: int) -> None:
    with asking(runtime=RuntimeConfig(block_networks=("127.0.0.0/8",))) as ask:
        assert "blocked" in refused(ask, mariadb_url(mariadb_port))


@pytest.mark.parametrize(
    ("statement", "params", "name", "told"),
    [
        ("select 1; select 2", [], "query-failed", "ERROR 1064"),
        ("select * from nope", [], "query-failed", "ERROR 1146: Table 'shop.nope' doesn't exist"),
        ("select ?", [], "query-failed", "Statement takes 1 parameters but 0 was supplied"),
        ("select 1", [Case("int32", 1)], "query-failed", "Statement takes 0 parameters but 1 was supplied"),
        ("select ?", [Case("int64", 2**63)], "bad-parameter", "not a value of type int64"),
        ("select ?", [Case("nonsense", 1)], "bad-parameter", "no version"),
        ("set @a = 1", [], "other", "unable to stream query result"),
        ("select 1.5", [], "value-conversion-failed", "column 1.5"),
        ("select now()", [], "value-conversion-failed", "data type Other"),
        ("load data local infile '/etc/passwd' into table t", [], "query-failed", "ERROR"),
    ],
)
def test_what_does_not_work_is_the_guests_error(
    db: Connection, statement: str, params: list[Case], name: str, told: str
) -> None:
    answer = db.answer("query", statement, *params)
    assert (answer.error, told in answer.message) == (name, True), answer
    assert db.rows("select 1") == [[1]]


def test_a_procedure_with_several_results_gives_its_first(db: Connection) -> None:
    db.execute("create or replace procedure two() begin select 1; select 2, 3; end")
    assert db.rows("call two()") == [[1]]
    db.execute("call two()")
    assert db.rows("select 4") == [[4]]


def test_a_long_text_crosses_whole(db: Connection) -> None:
    text = "ü" * 10_000
    assert db.rows("select cast(? as char)", Case("str", text)) == [[text]]
    for size in (250, 251, 65535, 65536):
        assert db.rows("select length(?)", Case("binary", b"\0" * size)) == [[size]]


def test_what_one_request_left_open_is_not_there_for_the_next(mariadb_port: int) -> None:
    services, url = Services(), mariadb_url(mariadb_port)
    with asking(services=services) as ask:
        db = Connection(ask, "mysql", url)
        db.execute("create table if not exists left_open (i int)")
        (first,) = db.rows("select connection_id()")
        db.execute("start transaction")
        db.execute("insert into left_open values (1)")
        db.execute("set @mine = 5")
        db.execute("set session time_zone = '+05:00'")
        db.execute("use mysql")
    with asking(services=services) as ask:
        db = Connection(ask, "mysql", url)
        assert db.rows("select connection_id()") == [first]
        assert db.rows("select count(*) from left_open") == [[0]]
        assert db.rows("select @mine, @@session.time_zone, database(), 'ü'") == [[None, "SYSTEM", "shop", "ü"]]
    services.close()


def test_without_a_database_nothing_is_kept(mariadb_port: int) -> None:
    services, url = Services(), mariadb_url(mariadb_port).rpartition("/")[0]
    with asking(services=services) as ask:
        db = Connection(ask, "mysql", url)
        (first,) = db.rows("select connection_id()")
        db.execute("use shop")
    with asking(services=services) as ask:
        db = Connection(ask, "mysql", url)
        assert db.rows("select connection_id() = ?, database()", Case("int64", first[0])) == [[0, None]]
    services.close()


def test_connections_over_the_limit_wait_for_one_that_is_dropped(mariadb_port: int) -> None:
    with asking(runtime=RuntimeConfig(max_connections={"mysql": 1})) as ask:
        first = Connection(ask, "mysql", mariadb_url(mariadb_port))
        waiting = ask.begin("mysql.open", mariadb_url(mariadb_port, "?tcp_nodelay=true"))
        assert first.rows("select 1") == [[1]]
        assert ask.context.take(waiting[0])[0] == PENDING
        first.close()
        assert not ask.end(waiting).error


def test_a_connection_that_dies_in_the_middle_of_a_result_is_an_error(ask: Asking, mariadb_port: int) -> None:
    db, other = (Connection(ask, "mysql", mariadb_url(mariadb_port)) for _ in range(2))
    ((number,),) = db.rows("select connection_id()")
    answer = db.answer("query", "select repeat('x', 1000) from seq_1_to_100000000")
    assert answer.head == "more"
    rows = answer.number
    other.execute(f"kill connection {number}")
    while answer.head == "more":
        answer = db.next(rows)
    assert answer.error == "other"
    assert db.answer("query", "select 1").error in ("query-failed", "connection-failed")
    assert other.rows("select 1") == [[1]]


def test_a_statement_that_nobody_waits_for_any_more_ends_on_the_server(ask: Asking, mariadb_port: int) -> None:
    db, other = (Connection(ask, "mysql", mariadb_url(mariadb_port)) for _ in range(2))
    ((number,),) = db.rows("select connection_id()")
    begun = db.begin("query", "select sleep(100)")
    running = "select count(*) from information_schema.processlist where id = ? and info like '%sleep%'"
    while other.rows(running, Case("int64", number)) != [[1]]:
        pass
    ask.context.cancel(begun[0])
    assert db.rows("select 7") == [[7]]
    assert other.rows(running, Case("int64", number)) == [[0]]


@pytest.mark.parametrize(
    "statement",
    ["select repeat('x', 200000000)", "select repeat('x', 1000000) from seq_1_to_200"],
    ids=["one value", "many rows"],
)
def test_a_result_over_128_mib_is_refused(statement: str) -> None:
    with mariadb("--max-allowed-packet=512M") as port, asking() as ask:
        db = Connection(ask, "mysql", mariadb_url(port))
        answer = db.answer("query", statement)
        number = answer.number
        while answer.head == "more":
            answer = db.next(number)
        assert (answer.error, answer.message) == ("other", "query result exceeds limit of 134217728 bytes")
        assert Connection(ask, "mysql", mariadb_url(port)).rows("select 1") == [[1]]


def test_tls_is_used_where_the_address_asks_for_it_and_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Asking
) -> None:
    cert, key = certificate(tmp_path / "tls")
    readable = {name: file.read_bytes() for name, file in (("cert.pem", cert), ("key.pem", key))}
    with mariadb("--ssl-cert=FOLDER/cert.pem", "--ssl-key=FOLDER/key.pem", files=readable) as port:
        local = mariadb_url(port).replace("127.0.0.1", "localhost")
        used = "select variable_value <> '' from information_schema.session_status where variable_name = 'Ssl_cipher'"
        assert Connection(ask, "mysql", local).rows(used) == [[0]]
        assert "invalid peer certificate" in refused(ask, local + "?ssl-mode=REQUIRED")
        monkeypatch.setenv("SSL_CERT_FILE", str(cert))
        assert Connection(ask, "mysql", local + "?sslMode=VERIFY_CA").rows(used) == [[1]]
        assert "invalid peer certificate" in refused(ask, mariadb_url(port) + "?sslMode=VERIFY_CA")


def test_a_server_without_tls_gets_no_password_when_the_address_asks_for_tls(ask: Asking, mariadb_port: int) -> None:
    assert "no TLS" in refused(ask, mariadb_url(mariadb_port, "?ssl-mode=REQUIRED"))


def _packet(number: int, data: bytes) -> bytes:
    return struct.pack("<I", len(data))[:3] + bytes([number]) + data


def _greeting(plugin: bytes = b"mysql_native_password") -> bytes:
    capabilities = 0x0008 | 0x0200 | 0x8000 | 0x0008_0000  # a database, protocol 4.1, passwords, plugins
    head = b"\x0a5.7.0\0" + struct.pack("<I", 1) + b"12345678\0" + struct.pack("<H", capabilities & 0xFFFF)
    head += (
        bytes([45]) + struct.pack("<HHB", 2, capabilities >> 16, 21) + bytes(10) + b"123456789012\0" + plugin + b"\0"
    )
    return _packet(0, head)


OK = b"\x00\x00\x00\x02\x00\x00\x00"


def _hear(peer: socket.socket) -> bytes:
    head = b""
    while len(head) < 4:
        head += peer.recv(4 - len(head)) or b"\0\0\0\0"
    size = int.from_bytes(head[:3], "little")
    data = b""
    while len(data) < size:
        data += peer.recv(size - len(data)) or bytes(size)
    return data


@pytest.mark.parametrize("plugin", [b"mysql_clear_password", b"mysql_old_password"])
def test_a_server_that_wants_the_password_in_clear_does_not_get_it(ask: Asking, plugin: bytes) -> None:
    heard: list[bytes] = []

    def switches(peer: socket.socket) -> None:
        peer.sendall(_greeting())
        heard.append(_hear(peer))
        peer.sendall(_packet(2, b"\xfe" + plugin + b"\0" + b"12345678\0"))
        heard.append(peer.recv(1000))

    def greets(peer: socket.socket) -> None:
        peer.sendall(_greeting(plugin))
        heard.append(peer.recv(1000))

    for talk in (switches, greets):
        with talker(talk) as port:
            assert "needs TLS" in refused(ask, f"mysql://ada:s3cret@127.0.0.1:{port}/db")
    assert b"s3cret" not in b"".join(heard)


def test_a_server_that_asks_for_a_file_gets_none(ask: Asking) -> None:
    heard: list[bytes] = []

    def talk(peer: socket.socket) -> None:
        peer.sendall(_greeting())
        _hear(peer)
        peer.sendall(_packet(2, OK))
        _hear(peer)
        peer.sendall(_packet(1, b"\x00" + struct.pack("<IHHBH", 1, 0, 0, 0, 0)))
        _hear(peer)
        peer.sendall(_packet(1, b"\xfb/etc/passwd"))
        heard.append(peer.recv(1000))

    with talker(talk) as port:
        db = Connection(ask, "mysql", f"mysql://ada:s3cret@127.0.0.1:{port}/db")
        answer = db.answer("query", "select 1")
    assert (answer.error, answer.message) == ("query-failed", "LOAD DATA LOCAL is not served")
    assert b"root:" not in b"".join(heard)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"",
        _packet(0, b"\x0a"),
        _packet(0, b"\xff\x10\x04Too many connections"),
        _packet(0, hashlib.sha512(b"noise").digest()),
        _packet(7, b"\x0a5.7.0\0"),
    ],
    ids=["HTTP", "nothing", "too short", "too many connections", "noise", "out of turn"],
)
def test_a_server_that_is_none_is_a_connection_that_failed(ask: Asking, said: bytes) -> None:
    with talker(lambda peer: peer.sendall(said)) as port:
        message = refused(ask, f"mysql://ada:s3cret@127.0.0.1:{port}/db")
    assert message
    assert "s3cret" not in message


def test_a_server_that_answers_nonsense_to_a_statement_is_an_error(ask: Asking) -> None:
    def talk(peer: socket.socket) -> None:
        peer.sendall(_greeting())
        _hear(peer)
        peer.sendall(_packet(2, OK))
        for noise in (b"\x00\x01", b"", b"\xff"):
            _hear(peer)
            peer.sendall(_packet(1, noise))

    with talker(talk) as port:
        db = Connection(ask, "mysql", f"mysql://ada:s3cret@127.0.0.1:{port}/db")
        for _ in range(3):
            assert db.answer("query", "select 1").error == "query-failed"


def test_the_trace_tells_where_and_what_but_no_values(ask: Asking, mariadb_port: int) -> None:
    db = Connection(ask, "mysql", mariadb_url(mariadb_port))
    db.rows("select 'body', ?", Case("str", "body"))
    first, second = ask.calls
    assert (first.operation, first.target) == ("open", f"mysql://127.0.0.1:{mariadb_port}")
    assert (second.operation, second.target, second.outcome) == ("query", "SELECT", "ok")
    assert "body" not in repr(ask.calls)


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    code = (
        "import sys; sys.modules['aiomysql'] = None\n"
        "from spinlab.function import Function\nfrom spinlab.host.checks import check\n"
        "from spinlab.host import Services\n"
        "check(Function('f', '', allowed_outbound_hosts=('https://a.test',)), Services())\n"
        "try: check(Function('f', '', allowed_outbound_hosts=('mysql://a.test',)), Services())\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == f"{ToolMissing.__name__} pip install 'spinlab[mysql]'\n"


def test_closing_the_services_closes_what_is_kept(mariadb_port: int) -> None:
    with asking() as own:
        watcher = Connection(own, "mysql", mariadb_url(mariadb_port))
        services = Services()
        with asking(services=services) as ask:
            ((number,),) = Connection(ask, "mysql", mariadb_url(mariadb_port)).rows("select connection_id()")
        services.close()
        there = "select count(*) from information_schema.processlist where id = ?"
        while watcher.rows(there, Case("int64", number)) != [[0]]:
            pass
