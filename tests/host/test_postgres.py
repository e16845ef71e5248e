from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import ToolMissing
from spinlab.function import Function
from spinlab.host import PENDING, Services
from spinlab.host.pack import Case, unpack
from spinlab.host.postgres import Postgres
from spinlab.host.runtime_config import RuntimeConfig
from tests.bridge.databases import postgres_url
from tests.host.databases import Asking, Connection, asking, talker
from tests.servers import certificate
from tests.servers.postgres import PASSWORD, postgres


@pytest.fixture
def ask() -> Iterator[Asking]:
    with asking() as found:
        yield found


@pytest.fixture
def db(ask: Asking, postgres_port: int) -> Connection:
    found = Connection(ask, "postgres", postgres_url(postgres_port))
    assert not found.opened.error, found.opened
    return found


def refused(ask: Asking, address: str) -> str:
    """What a guest is told that can't open an address."""
    opened = ask.ask("postgres.open", address)
    assert opened.error in ("connection-failed", "access-denied"), opened
    return opened.message


def test_both_forms_of_an_address_lead_to_the_same_database(ask: Asking, postgres_port: int) -> None:
    pairs = f"host=127.0.0.1 port={postgres_port} user=ada password = '{PASSWORD}' dbname=postgres"
    for address in (postgres_url(postgres_port), pairs, pairs + " connect_timeout=5 application_name='it\\'s'"):
        found = Connection(ask, "postgres", address)
        assert found.rows("select current_user::text") == [["ada"]]


def test_a_wrong_password_is_told_and_not_shown(ask: Asking, postgres_port: int) -> None:
    message = refused(ask, f"postgres://ada:wr0ng@127.0.0.1:{postgres_port}/postgres")
    assert "password authentication failed" in message
    assert "wr0ng" not in message + repr(ask.calls)


def test_a_server_that_is_not_there_is_a_connection_that_failed(ask: Asking) -> None:
    assert refused(ask, "postgres://ada:x@127.0.0.1:1/postgres") == "127.0.0.1:1: Connection refused"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("postgres://ada:s3cret@db.test/x?sslmode=verify-full", "invalid value for option `sslmode`"),
        ("postgres://ada:s3cret@db.test/x?sslrootcert=/etc/passwd", "unknown option `sslrootcert`"),
        ("host=db.test password=s3cret service=prod", "unknown option `service`"),
        ("host=db.test password=s3cret passfile=/root/.pgpass", "unknown option `passfile`"),
        ("host=/var/run/postgresql password=s3cret", "Unix sockets are not supported"),
        ("postgres://ada:s3cret@%2Fvar%2Frun/x", "Unix sockets are not supported"),
        ("user=ada password=s3cret", "both host and hostaddr are missing"),
        ("host=a,b port=1,2,3 password=s3cret", "invalid number of ports"),
        ("host=a,b hostaddr=127.0.0.1 password=s3cret", "number of hosts (2) is different"),
        ("host=a hostaddr=db.test password=s3cret", "invalid value for option `hostaddr`"),
        ("host=a port=99999 password=s3cret", "invalid value for option `port`"),
        ("host=a password='s3cret", "expected key=value pairs"),
        ("db.test:5432", "expected key=value pairs"),
        ("postgres://[::1/x", "IPv6"),
        ("host=a password=s3\0cret", "null byte"),
    ],
)
def test_an_address_that_can_not_be_read_is_told_without_its_values(ask: Asking, address: str, told: str) -> None:
    message = refused(ask, address)
    assert told in message
    assert "s3cret" not in message + repr(ask.calls)


def test_each_host_of_an_address_has_to_be_granted() -> None:
    with asking("postgres://a.test", "postgres://b.test:6000") as ask:
        assert "c.test:5432 is not permitted" in refused(ask, "postgres://x@a.test,c.test/db")
        assert "b.test:5432 is not permitted" in refused(ask, "host=a.test,b.test user=x")
        assert "a.test:6000 is not permitted" in refused(ask, "host=b.test,a.test port=6000 user=x")


def test_where_to_connect_instead_of_a_name_has_to_be_granted_too() -> None:
    with asking("postgres://a.test") as ask:
        assert "10.0.0.1:5432 is not permitted" in refused(ask, "host=a.test hostaddr=10.0.0.1 user=x")


def test_a_blocked_network_is_not_connected_to(postgres_port: int) -> None:
    with asking(runtime=RuntimeConfig(block_networks=("127.0.0.0/8",))) as ask:
        assert "blocked" in refused(ask, postgres_url(postgres_port))


def test_the_next_host_is_tried_when_one_is_not_there(ask: Asking, postgres_port: int) -> None:
    address = f"host=127.0.0.1,127.0.0.1 port=1,{postgres_port} user=ada dbname=postgres password='{PASSWORD}'"
    assert Connection(ask, "postgres", address).rows("select 1") == [[1]]


def test_the_users_own_environment_is_not_for_guests(
    ask: Asking, postgres_port: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    passwords = tmp_path / "pgpass"
    passwords.write_text(f"*:*:*:*:{PASSWORD}\n")
    passwords.chmod(0o600)
    for name, value in {
        "PGPASSWORD": PASSWORD,
        "PGPASSFILE": str(passwords),
        "PGSSLMODE": "require",
        "PGOPTIONS": "-c search_path=elsewhere",
        "PGHOST": "elsewhere",
        "PGREQUIREAUTH": "none",
    }.items():
        monkeypatch.setenv(name, value)
    assert "no password supplied" in refused(ask, f"postgres://ada@127.0.0.1:{postgres_port}/postgres")
    found = Connection(ask, "postgres", postgres_url(postgres_port))
    assert found.rows("show search_path") == [['"$user", public']]


@pytest.mark.parametrize(
    ("statement", "params", "name", "told"),
    [
        ("select 1; select 2", [], "db-error", "cannot insert multiple commands"),
        ("selec 1", [], "db-error", "syntax error"),
        ("select $1::int4", [], "query-failed", "expected 1 parameters but got 0"),
        ("select 1", [Case("int32", 1)], "query-failed", "expected 0 parameters but got 1"),
        ("select $1::int8", [Case("int32", 1)], "query-failed", "`int32` and the Postgres type `int8`"),
        ("select $1::uuid", [Case("str", "x")], "query-failed", "`str` and the Postgres type `uuid`"),
        ("select $1::uuid", [Case("uuid", "x")], "bad-parameter", "invalid UUID x"),
        ("select $1::jsonb", [Case("jsonb", b"{")], "bad-parameter", "invalid JSON"),
        ("select $1::jsonb", [Case("jsonb", b"[" * 100_000)], "bad-parameter", "invalid JSON"),
        ("select $1::numeric", [Case("decimal", "1e5")], "bad-parameter", "invalid decimal"),
        ("select $1::date", [Case("date", [2023, 2, 29])], "bad-parameter", "invalid date"),
        ("select $1::time", [Case("time", [24, 0, 0, 0])], "bad-parameter", "invalid time"),
        ("select $1::timestamptz", [Case("timestamp", 2**62)], "bad-parameter", "invalid epoch timestamp"),
        ("select $1::int4", [Case("uint32", 1)], "value-conversion-failed", "does not support unsigned integers"),
        ("select $1::int4", [Case("int32", "x")], "bad-parameter", "not a value"),
        ("select $1::int4", [Case("nonsense", 1)], "bad-parameter", "no version"),
        ("select 1\0", [], "query-failed", "null byte"),
        ("copy (select 1) to stdout", [], "query-failed", "COPY is not served"),
        ("select 'infinity'::date", [], "query-failed", "infinity"),
        ("select array[[1,2],[3,4]]", [], "query-failed", "too many dimensions"),
    ],
)
def test_what_does_not_work_is_the_guests_error(
    ask: Asking, postgres_port: int, statement: str, params: list[Case], name: str, told: str
) -> None:
    db = Connection(ask, "postgres", postgres_url(postgres_port))
    answer = db.answer("query", statement, *params)
    assert (answer.error, told in answer.message) == (name, True), answer
    if "copy" not in statement:
        assert db.rows("select 1") == [[1]]
    assert Connection(ask, "postgres", postgres_url(postgres_port)).rows("select 1") == [[1]]


def test_a_bad_value_is_called_otherwise_where_nothing_is_queried(db: Connection) -> None:
    answer = db.answer("execute", "select $1::uuid", Case("uuid", "x"))
    assert (answer.error, answer.message) == ("value-conversion-failed", "invalid UUID x")


def test_a_result_without_rows_has_no_columns_as_in_spin(db: Connection) -> None:
    assert db.answer("query", "select 1 where false").items == [[], []]


def test_what_one_request_left_open_is_not_there_for_the_next(postgres_port: int) -> None:
    services, url = Services(), postgres_url(postgres_port)
    with asking(services=services) as ask:
        db = Connection(ask, "postgres", url)
        db.execute("create table if not exists left_open (i int4)")
        (first,) = db.rows("select pg_backend_pid()")
        db.execute("begin")
        db.execute("insert into left_open values (1)")
        db.execute("set search_path to elsewhere")
        db.execute("create temporary table mine (i int4)")
        db.execute("select pg_advisory_lock(5)")
    with asking(services=services) as ask:
        db = Connection(ask, "postgres", url)
        assert db.rows("select pg_backend_pid()") == [first]
        assert db.rows("select count(*) from left_open") == [[0]]
        assert db.rows("show search_path") == [['"$user", public']]
        assert db.rows("select count(*) from pg_locks where locktype = 'advisory' and objid = 5") == [[0]]
        assert db.answer("query", "select * from mine").error == "db-error"
    services.close()


def test_connections_over_the_limit_wait_for_one_that_is_dropped(postgres_port: int) -> None:
    with asking(runtime=RuntimeConfig(max_connections={"pg": 1})) as ask:
        first = Connection(ask, "postgres", postgres_url(postgres_port))
        waiting = ask.begin("postgres.open", postgres_url(postgres_port, "?application_name=other"))
        assert first.rows("select 1") == [[1]]
        assert ask.context.take(waiting[0])[0] == PENDING
        first.close()  # what is kept for another address makes room
        assert not ask.end(waiting).error


def test_a_backend_that_dies_in_the_middle_of_a_result_is_an_error(ask: Asking, postgres_port: int) -> None:
    db, other = (Connection(ask, "postgres", postgres_url(postgres_port)) for _ in range(2))
    ((backend,),) = db.rows("select pg_backend_pid()")
    answer = db.answer("query", "select repeat('x', 1000) from generate_series(1, 1000000)")
    assert answer.head == "more"
    other.rows("select pg_terminate_backend($1)", Case("int32", backend))
    number = answer.number
    while answer.head == "more":
        answer = db.next(number)
    assert answer.error in ("db-error", "query-failed")
    assert db.answer("query", "select 1").error == "query-failed"
    assert other.rows("select 1") == [[1]]


def test_a_server_that_is_killed_in_the_middle_of_a_statement_is_an_error(ask: Asking) -> None:
    with postgres() as port:
        db, waiting = (Connection(ask, "postgres", postgres_url(port)) for _ in range(2))
        begun = waiting.begin("query", "select 1 from pg_sleep(60)")
        ((data,),) = db.rows("show data_directory")
        os.kill(int(Path(str(data), "postmaster.pid").read_text().split()[0]), 9)
        assert ask.end(begun).error in ("db-error", "query-failed")
    assert "refused" in refused(ask, postgres_url(port))


def test_an_idle_connection_that_the_server_closed_is_not_used_again(postgres_port: int) -> None:
    services, url = Services(), postgres_url(postgres_port)
    with asking(services=services) as ask:
        ((backend,),) = Connection(ask, "postgres", url).rows("select pg_backend_pid()")
    with asking(services=services) as ask:
        other = Connection(ask, "postgres", postgres_url(postgres_port, "?application_name=killer"))
        other.rows("select pg_terminate_backend($1, 5000)", Case("int32", backend))
        assert Connection(ask, "postgres", url).rows("select 1") == [[1]]
    services.close()


@pytest.mark.parametrize(
    "statement",
    ["select repeat('x', 200000000)", "select repeat('x', 1000000) from generate_series(1, 200)"],
    ids=["one value", "many rows"],
)
def test_a_result_over_128_mib_is_refused(ask: Asking, postgres_port: int, statement: str) -> None:
    db = Connection(ask, "postgres", postgres_url(postgres_port))
    answer = db.answer("query", statement)
    number = answer.number
    while answer.head == "more":
        answer = db.next(number)
    assert (answer.error, answer.message) == ("query-failed", "query result exceeds limit of 134217728 bytes")
    assert Connection(ask, "postgres", postgres_url(postgres_port)).rows("select 1") == [[1]]


def test_the_certificate_of_a_server_is_checked_whenever_it_has_one(tmp_path: Path, ask: Asking) -> None:
    cert, key = certificate(tmp_path / "own")
    files = {"cert.pem": cert.read_bytes(), "key.pem": key.read_bytes()}
    with postgres("ssl=on", "ssl_cert_file=cert.pem", "ssl_key_file=key.pem", files=files) as port:
        local = f"host=localhost port={port} user=ada dbname=postgres password='{PASSWORD}'"
        assert "certificate verify failed" in refused(ask, local)
        assert "certificate verify failed" in refused(ask, local + " sslmode=require")
        plain = Connection(ask, "postgres", local + " sslmode=disable")
        assert plain.rows("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == [[False]]
        safe = Connection(ask, "postgres", local, cert.read_text())
        assert safe.rows("select ssl from pg_stat_ssl where pid = pg_backend_pid()") == [[True]]
        named = Connection(ask, "postgres", local.replace("localhost", "127.0.0.1"), cert.read_text())
        assert "certificate" in named.opened.message
        stranger, _ = certificate(tmp_path / "other")
        assert "verify failed" in Connection(ask, "postgres", local, stranger.read_text()).opened.message


def test_a_root_certificate_that_is_none_is_told(ask: Asking) -> None:
    answer = ask.ask("postgres.root", "", "no certificate")
    assert (answer.error, answer.message) == ("other", "invalid root certificate")


def test_a_server_that_says_nothing_is_waited_for_until_the_address_says(ask: Asking) -> None:
    with talker(lambda peer: time.sleep(30) if peer.recv(1) else None) as port:
        assert "timed out" in refused(ask, f"postgres://ada:x@127.0.0.1:{port}/db?connect_timeout=1")


@pytest.mark.parametrize("family", ["postgres", "mysql"])
def test_a_request_that_ends_while_a_server_says_nothing_leaves_no_descriptor(family: str) -> None:
    services, heard = Services(), threading.Semaphore(0)

    def silent(peer: socket.socket) -> None:
        heard.release()
        while peer.recv(100):
            pass
        heard.release()

    def wait_for(count: int) -> None:
        for _ in range(count):
            assert heard.acquire(timeout=60)

    with talker(silent) as port:
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with asking(services=services) as ask:
                for _ in range(20):
                    assert ask.begin(f"{family}.open", f"{family}://ada:x@127.0.0.1:{port}/db")[1] == PENDING
                wait_for(20)
            wait_for(20)  # each has been closed on our side
    assert len(os.listdir("/proc/self/fd")) <= before + 4
    services.close()


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"", b"N" + b"\xff" * 100, b"S\x00\x00\x00"])
def test_a_server_that_is_none_is_a_connection_that_failed(ask: Asking, said: bytes) -> None:
    def talk(peer: object) -> None:
        peer.recv(100)  # type: ignore[attr-defined]
        peer.sendall(said)  # type: ignore[attr-defined]

    with talker(talk) as port:
        assert refused(ask, f"postgres://ada:s3cret@127.0.0.1:{port}/db")


def test_what_is_asked_of_a_connection_of_an_earlier_request_is_gone(ask: Asking) -> None:
    assert ask.ask("postgres.query", "4711", "select 1", []).error == "gone"


def test_the_trace_tells_where_and_what_but_no_values(ask: Asking, postgres_port: int) -> None:
    db = Connection(ask, "postgres", postgres_url(postgres_port))
    db.rows("  select 'body', $1::text", Case("str", "body"))
    first, second = ask.calls
    assert (first.operation, first.target) == ("open", f"postgres://127.0.0.1:{postgres_port}")
    assert (second.operation, second.target, second.outcome) == ("query", "SELECT", "ok")
    assert "body" not in repr(ask.calls)


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    code = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from spinlab.function import Function\nfrom spinlab.host.checks import check\n"
        "from spinlab.host import Services\n"
        "check(Function('f', '', allowed_outbound_hosts=('https://a.test',)), Services())\n"
        "try: check(Function('f', '', allowed_outbound_hosts=('postgres://a.test',)), Services())\n"
        "except Exception as error: print(type(error).__name__, error.hint)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told == f"{ToolMissing.__name__} pip install 'spinlab[postgres]'\n"


def test_a_grant_passes_where_the_library_is_there() -> None:
    Postgres.check(Function("f", "", allowed_outbound_hosts=("postgres://a.test",)), Services())


def test_several_statements_on_one_connection_are_done_one_after_the_other(db: Connection) -> None:
    begun = [db.begin("query", "select $1::int4", Case("int32", i)) for i in range(20)]
    found = [unpack(db.asking.end(one).data)[1] for one in begun]  # type: ignore[index]
    assert found == [[[Case("int32", i)]] for i in range(20)]
