"""Outbound HTTP against real servers, through the flat interface."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from spinlab.host import DONE, ERROR, PENDING, Services
from spinlab.host.effect import Record
from spinlab.host.runtime_config import ClientTls, RuntimeConfig
from tests.host.asking import Asking
from tests.host.web import MIB, Authority, Site, head, scripted, server


@pytest.fixture(scope="module")
def plain() -> Iterator[Site]:
    with server() as site:
        yield site


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def secure(authority: Authority) -> Iterator[Site]:
    with server(authority.certificate("localhost")) as site:
        yield site


@pytest.fixture(scope="module")
def secure1(authority: Authority) -> Iterator[Site]:
    with server(authority.certificate("localhost"), http2=False) as site:
        yield site


def trusting(authority: Authority, **more: Path) -> RuntimeConfig:
    return RuntimeConfig(client_tls=(ClientTls(("fetcher",), ("localhost",), False, False, authority.root, **more),))


@pytest.fixture(params=["plain", "secure", "secure1"])
def asked(request: pytest.FixtureRequest, authority: Authority) -> Iterator[tuple[Asking, Site]]:
    """A function that may reach a server: HTTP/1.1, HTTP/2 by TLS, HTTP/1.1 by TLS."""
    site: Site = request.getfixturevalue(request.param)
    asking = Asking(site.url, runtime=trusting(authority))
    yield asking, site
    asking.end()
    asking.services.close()


Asked = tuple[Asking, Site]


def test_a_granted_host_is_fetched(asked: Asked) -> None:
    asking, site = asked
    got = asking.fetch(f"{site.url}/told?a=b", "PUT", b"body", "x-test: gr\xfc\xdfe")
    told = json.loads(got.body)
    assert (got.status, got.error) == (200, "")
    assert (told["method"], told["target"]) == ("PUT", "/told?a=b")
    assert ["x-test", "gr\xfc\xdfe"] in told["headers"]
    assert ["content-length", "4"] in told["headers"]


def test_http2_is_chosen_by_the_server_and_http1_otherwise(
    plain: Site, secure: Site, secure1: Site, authority: Authority
) -> None:
    asking = Asking("*://localhost:*", runtime=trusting(authority))
    versions = [json.loads(asking.fetch(f"{site.url}/told").body)["version"] for site in (plain, secure, secure1)]
    assert versions == ["1.1", "2", "1.1"]
    asking.services.close()


def test_fields_of_the_connection_are_not_the_guests_to_set(plain: Site) -> None:
    asking = Asking(plain.url)
    sent = ("host: elsewhere", "connection: x", "transfer-encoding: y", "upgrade: z", "proxy-authorization: secret")
    told = json.loads(asking.fetch(f"{plain.url}/told", "GET", b"", *sent).body)
    assert told["headers"] == [["host", f"localhost:{plain.port}"]]


def test_statuses_come_as_they_are_and_redirects_are_not_followed(asked: Asked) -> None:
    asking, site = asked
    assert asking.fetch(f"{site.url}/x?status=418").status == 418
    got = asking.fetch(f"{site.url}/away?to=http://forbidden.test/")
    assert (got.status, dict(got.headers)["location"]) == (302, "http://forbidden.test/")


def test_nothing_is_decoded(asked: Asked) -> None:
    asking, site = asked
    assert asking.fetch(f"{site.url}/zip").body == b"\x1f\x8b not really"


def test_several_requests_are_under_way_at_once(asked: Asked) -> None:
    asking, site = asked
    began = time.monotonic()
    numbers = [asking.begin(f"{site.url}/slow?ms=300") for _ in range(20)]
    assert [asking.finish(number).body for number in numbers] == [b"at last"] * 20
    assert time.monotonic() - began < 20 * 0.3


def test_a_conversation_goes_both_ways_at_once(asked: Asked) -> None:
    asking, site = asked
    number = asking.begin(f"{site.url}/talk", "POST", form="more")
    heard = b""
    asking.do("http-write", str(number), b"one")
    assert asking.context.wait(str(number), 1 << 63)
    assert asking.context.take(number)[0] == DONE
    for piece in (b"two", b"three"):
        heard += asking.do("http-read", str(number))[3]
        assert asking.do("http-write", str(number), piece)[1] == DONE
    assert asking.do("http-finish", str(number))[1] == DONE
    while len(heard) < 11:
        heard += asking.do("http-read", str(number))[3]
    assert heard == b"onetwothree"


def test_a_large_body_goes_out_in_pieces(asked: Asked) -> None:
    asking, site = asked
    number = asking.begin(f"{site.url}/count", "POST", form="more")
    for _ in range(40):
        assert asking.do("http-write", str(number), b"x" * MIB)[1] == DONE
    assert asking.do("http-finish", str(number))[1] == DONE
    assert asking.finish(number).body == str(40 * MIB).encode()


def test_a_large_body_that_is_there_goes_out_whole(asked: Asked) -> None:
    asking, site = asked
    assert asking.fetch(f"{site.url}/count", "POST", b"x" * 5 * MIB).body == str(5 * MIB).encode()


def test_a_body_that_nobody_takes_is_not_fetched_and_its_connection_ends_with_the_request() -> None:
    sent, gone = [0], threading.Event()

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
        try:
            for _ in range(1024):
                connection.sendall(b"x" * MIB)
                sent[0] += MIB
        except OSError:
            gone.set()

    with scripted(answer) as port:
        asking = Asking("http://127.0.0.1:*")
        number = asking.begin(f"http://127.0.0.1:{port}/")
        assert asking.context.wait(str(number), 1 << 63)
        asking.context.take(number)
        assert len(asking.do("http-read", str(number))[3]) > 0
        asking.end()
        assert gone.wait(20)
        assert sent[0] < 64 * MIB  # what the sockets of both sides take
        _until(lambda: len(asking.services.network.connections) == 0)


def test_an_answer_before_the_body_is_complete_is_an_answer(asked: Asked) -> None:
    asking, site = asked
    number = asking.begin(f"{site.url}/early", "POST", form="more")
    asking.do("http-write", str(number), b"x")
    got = asking.finish(number)
    assert (got.status, got.body) == (413, b"too large")


def test_trailers_pass_both_ways() -> None:
    heard = b""

    def answer(connection: socket.socket) -> None:
        nonlocal heard
        heard = head(connection)
        while not heard.endswith(b"\r\n\r\n") or b"0\r\n" not in heard:
            heard += connection.recv(65536)
        connection.sendall(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\nx-b: 8\r\n\r\n"
        )

    with scripted(answer) as port:
        asking = Asking("http://127.0.0.1:*")
        number = asking.begin(f"http://127.0.0.1:{port}/", "POST", form="more")
        asking.do("http-write", str(number), b"data")
        asking.do("http-finish", f"{number}\nx-pieces: 1")
        got = asking.finish(number)
        assert (got.body, got.trailers) == (b"ok", "x-sum: 7\nx-b: 8")
        assert b"0\r\nx-pieces: 1\r\n\r\n" in heard
        asking.services.close()


def test_connections_are_kept_and_used_again(plain: Site) -> None:
    asking = Asking(plain.url)
    plain.seen.connections.clear()
    for _ in range(5):
        assert asking.fetch(f"{plain.url}/again").status == 200
    assert len(plain.seen.connections) == 1
    assert len(asking.services.network.connections) == 1
    network = asking.services.network
    asking.services.close()
    _until(lambda: len(network.connections) == 0)


def test_without_pooling_every_request_has_its_own_connection(plain: Site) -> None:
    asking = Asking(plain.url, runtime=RuntimeConfig(connection_pooling=False))
    plain.seen.connections.clear()
    for _ in range(3):
        assert asking.fetch(f"{plain.url}/again").status == 200
    assert len(plain.seen.connections) == 3
    _until(lambda: len(asking.services.network.connections) == 0)


def test_a_kept_connection_that_the_server_closed_is_not_noticed() -> None:
    served = []

    def answer(connection: socket.socket) -> None:
        head(connection)
        served.append(1)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        if head(connection):  # a second request on the same connection is not answered
            served.append(2)

    with scripted(answer) as port:
        asking = Asking("http://127.0.0.1:*")
        assert [asking.fetch(f"http://127.0.0.1:{port}/").body for _ in range(3)] == [b"ok"] * 3
        assert served.count(1) == 3
        asking.services.close()


def test_what_may_not_be_done_twice_is_not_repeated() -> None:
    requests = []

    def answer(connection: socket.socket) -> None:
        while requested := head(connection):
            requests.append(requested.split()[0])
            if requested.startswith(b"POST"):
                return
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    with scripted(answer) as port:
        asking = Asking("http://127.0.0.1:*")
        assert asking.fetch(f"http://127.0.0.1:{port}/").status == 200
        assert asking.fetch(f"http://127.0.0.1:{port}/", "POST", b"pay").error == "connection-terminated"
        assert requests == [b"GET", b"POST"]
        asking.services.close()


# What goes wrong.


def test_a_certificate_of_an_unknown_authority_is_refused(secure: Site) -> None:
    asking = Asking(secure.url)
    assert asking.fetch(f"{secure.url}/").error == "TLS-certificate-error"
    assert len(asking.services.network.connections) == 0


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    with server(authority.certificate("other.test")) as site:
        asking = Asking(site.url, runtime=trusting(authority))
        assert asking.fetch(f"{site.url}/").error == "TLS-certificate-error"


def test_client_tls_is_for_the_components_and_hosts_that_it_names(secure: Site, authority: Authority) -> None:
    other = RuntimeConfig(client_tls=(ClientTls(("other",), ("localhost",), False, False, authority.root),))
    assert Asking(secure.url, runtime=other).fetch(f"{secure.url}/").error == "TLS-certificate-error"


def test_a_server_that_wants_a_certificate_gets_the_one_of_client_tls(authority: Authority) -> None:
    certificate, key = authority.certificate("client.test")
    with server(authority.certificate("localhost"), http2=False, ca=authority.root) as site:
        shown = trusting(authority, client_cert_file=certificate, client_private_key_file=key)
        asking = Asking(site.url, runtime=shown)
        assert asking.fetch(f"{site.url}/").status == 200
        asking.services.close()
        hidden = Asking(site.url, runtime=trusting(authority)).fetch(f"{site.url}/").error
        assert hidden in ("TLS-protocol-error", "connection-terminated")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"", "connection-terminated"),
        (b"HTTP/1.1 200 OK\r\ncontent-", "HTTP-protocol-error"),
        (b"no HTTP at all\r\n\r\n", "HTTP-protocol-error"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", "HTTP-protocol-error"),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000, "HTTP-response-header-section-size"),
        (b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", "HTTP-protocol-error"),
    ],
)
def test_an_answer_that_is_none_is_an_error(said: bytes, error: str) -> None:
    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(said)

    with scripted(answer) as port:
        asking = Asking("http://127.0.0.1:*")
        assert asking.fetch(f"http://127.0.0.1:{port}/").error == error
        _until(lambda: len(asking.services.network.connections) == 0)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"content-length: 10\r\n\r\nhalf", "HTTP-response-incomplete"),
        (b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", "HTTP-response-incomplete"),
        (b"transfer-encoding: chunked\r\n\r\nzz\r\n", "HTTP-protocol-error"),
    ],
)
def test_a_body_that_is_cut_short_is_no_whole_one(said: bytes, error: str) -> None:
    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + said)

    with scripted(answer) as port:
        got = Asking("http://127.0.0.1:*").fetch(f"http://127.0.0.1:{port}/")
        assert (got.status, got.broken) == (200, error)


def test_a_reset_in_the_middle_is_an_error() -> None:
    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")

    with scripted(answer) as port:
        got = Asking("http://127.0.0.1:*").fetch(f"http://127.0.0.1:{port}/")
        assert got.broken in ("connection-terminated", "HTTP-response-incomplete")


def test_a_server_that_speaks_no_tls_is_an_error() -> None:
    with scripted(lambda connection: connection.sendall(b"SSH-2.0-x\r\n")) as port:
        assert Asking("https://127.0.0.1:*").fetch(f"https://127.0.0.1:{port}/").error == "TLS-protocol-error"


def test_a_port_that_nobody_listens_on_and_a_name_that_nobody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    asking = Asking("http://*:*")
    assert asking.fetch(f"http://127.0.0.1:{port}/").error == "connection-refused"
    assert asking.fetch("http://nobody.invalid/").error == "DNS-error"
    assert len(asking.services.network.connections) == 0


def test_timeouts_end_a_request_where_it_hangs(asked: Asked) -> None:
    asking, site = asked
    assert asking.fetch(f"{site.url}/hang", timeouts="- 100000000 -").error == "connection-read-timeout"
    got = asking.fetch(f"{site.url}/stall", timeouts="- - 100000000")
    assert (got.body, got.broken) == (b"so far", "connection-read-timeout")
    assert asking.fetch(f"{site.url}/ok").status == 200


def test_a_connection_that_is_not_taken_times_out() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        others = [socket.socket() for _ in range(4)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(full.getsockname())
        asking = Asking("http://127.0.0.1:*")
        url = f"http://127.0.0.1:{full.getsockname()[1]}/"
        assert asking.fetch(url, timeouts="200000000 - -").error in ("connection-timeout", "connection-read-timeout")
        for other in others:
            other.close()


def test_a_server_that_does_not_begin_with_tls_meets_the_timeout_of_the_connection() -> None:
    gone = threading.Event()

    def answer(connection: socket.socket) -> None:
        while connection.recv(65536):
            pass
        gone.set()

    with scripted(answer) as port:
        asking = Asking("https://127.0.0.1:*")
        url = f"https://127.0.0.1:{port}/"
        assert asking.fetch(url, timeouts="200000000 - -").error == "connection-timeout"
        assert gone.wait(20)
        assert len(asking.services.network.connections) == 0
        number = asking.begin(url)
        asking.context.cancel(number)
        _until(lambda: len(asking.services.network.connections) == 0)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("CONNECT http://localhost/", "HTTP-request-method-invalid"),
        ("GET http://localhost/a b", "HTTP-request-URI-invalid"),
        ("GET http://localhost/\xfc", "HTTP-request-URI-invalid"),
        ("GET http://[::1/", "HTTP-request-URI-invalid"),
        ("GET ftp://localhost/", "HTTP-request-URI-invalid"),
        ("GET http://localhost:0/", "HTTP-request-URI-invalid"),
        ("GET http://localhost/" + "x" * 70_000, "HTTP-request-URI-too-long"),
        ("G:T http://localhost:1/", "connection-refused"),
    ],
)
def test_a_request_that_can_not_be_sent_is_refused(line: str, error: str) -> None:
    _, status, found, _ = Asking("*://*:*").do("http", f"{line}\n- - -\nwhole")
    assert (status, found) == (ERROR, error)


def test_a_body_of_another_length_than_announced_is_an_error(plain: Site) -> None:
    asking = Asking(plain.url)
    number = asking.begin(f"{plain.url}/count", "POST", "content-length: 10", form="more")
    asking.do("http-write", str(number), b"123456789")
    assert asking.do("http-finish", str(number))[2] == "HTTP-request-body-size"
    assert asking.finish(number).error == "HTTP-request-body-size"


# Grants.


def test_without_a_grant_it_is_denied_and_told_how_to_grant_it(plain: Site) -> None:
    asking = Asking("https://example.com")
    got = asking.fetch(f"http://user:secret@localhost:{plain.port}/path?token=secret")
    assert got.error == "HTTP-request-denied"
    (denied,) = asking.context.denied
    assert (denied.target, denied.option) == (
        f"http://localhost:{plain.port}",
        f"--allow http://localhost:{plain.port}",
    )
    (call,) = asking.context.calls(0)
    assert (call.operation, call.target, call.outcome) == ("GET", f"http://localhost:{plain.port}", "denied")
    assert "secret" not in repr((call, denied, asking.context.written.lines()))


def test_a_variable_in_a_grant_is_looked_at_each_time(plain: Site) -> None:
    variables = {"place": {"default": "http://elsewhere.test"}}
    asking = Asking("{{ place }}", variables=variables)
    assert asking.fetch(f"{plain.url}/").error == "HTTP-request-denied"
    variables["place"]["default"] = plain.url
    assert asking.fetch(f"{plain.url}/").status == 200
    for empty in ("", "http://", "https://"):
        variables["place"]["default"] = empty
        assert asking.fetch(f"{plain.url}/").error == "HTTP-request-denied"
    asking.services.close()


def test_a_variable_without_a_value_denies_everything_and_the_user_is_told(plain: Site) -> None:
    asking = Asking(plain.url, "https://{{ missing }}", variables={"missing": {"required": True}})
    assert asking.fetch(f"{plain.url}/").error == "HTTP-request-denied"
    assert any("missing" in line.text for line in asking.context.written.lines())


def test_the_value_of_a_variable_is_not_told_when_it_is_no_host(plain: Site) -> None:
    asking = Asking("https://{{ token }}", variables={"token": {"default": "TOP SECRET", "secret": True}})
    assert asking.fetch(f"{plain.url}/").error == "HTTP-request-denied"
    lines = [line.text for line in asking.context.written.lines()]
    assert any("no host" in line for line in lines)
    assert "TOP SECRET" not in repr(lines)


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "0.0.0.0", "[::]"]
)
def test_blocked_networks_hold_for_names_and_every_way_to_write_an_address(plain: Site, host: str) -> None:
    asking = Asking("http://*:*", runtime=RuntimeConfig(block_networks=("private",)))
    assert asking.fetch(f"http://{host}:{plain.port}/").error == "destination-IP-prohibited"
    assert len(asking.services.network.connections) == 0


def test_the_trace_counts_the_bytes_of_both_bodies(plain: Site) -> None:
    asking = Asking(plain.url)
    number = asking.begin(f"{plain.url}/talk", "POST", form="more")
    record = asking.context.effect(number).record  # type: ignore[union-attr]
    asking.do("http-write", str(number), b"12345")
    asking.do("http-finish", str(number))
    assert asking.finish(number).body == b"12345"
    assert isinstance(record, Record)
    assert (record.sent, record.received) == (5, 5)
    asking.services.close()


# Limits.


def test_connections_beyond_the_limit_wait_for_their_turn(plain: Site) -> None:
    asking = Asking(plain.url, runtime=RuntimeConfig(max_connections={"http": 2}, connection_pooling=False))
    numbers = [asking.begin(f"{plain.url}/slow?ms=50") for _ in range(6)]
    assert [asking.finish(number).status for number in numbers] == [200] * 6
    full = [asking.begin(f"{plain.url}/hang") for _ in range(2)]
    # The two that hang hold their places once their names are looked up.
    until = time.monotonic() + 20
    while (answer := asking.fetch(f"{plain.url}/", timeouts="100000000 - -")).error == "":
        assert time.monotonic() < until
    assert answer.error == "connection-timeout"
    for number in full:
        asking.context.cancel(number)
    assert asking.fetch(f"{plain.url}/").status == 200


def test_an_unused_connection_makes_room_for_another(plain: Site, secure1: Site, authority: Authority) -> None:
    runtime = RuntimeConfig(max_total_connections=1, client_tls=trusting(authority).client_tls)
    asking = Asking("*://localhost:*", runtime=runtime)
    for _ in range(3):
        assert asking.fetch(f"{plain.url}/").status == 200
        assert asking.fetch(f"{secure1.url}/").status == 200
    asking.services.close()


def test_one_request_can_not_hold_all_connections(plain: Site) -> None:
    asking = Asking(plain.url, runtime=RuntimeConfig(connection_pooling=False))
    numbers = [asking.begin(f"{plain.url}/hang") for _ in range(200)]
    _until(lambda: any(_refused(asking, number) for number in numbers))
    assert len(asking.services.network.connections) <= 128
    other = asking.another()
    number, status, _, _ = other.start("http", f"GET {plain.url}/\n- - -\nwhole", b"")
    assert status == PENDING
    assert other.wait(str(number), time.monotonic_ns() + 10**10)
    assert other.take(number)[0] == DONE
    other.close()
    asking.end()
    _until(lambda: len(asking.services.network.connections) == 0)


def _refused(asking: Asking, number: int) -> bool:
    effect = asking.context.effect(number)
    result = effect.peek() if effect else None
    return effect is None or (result is not None and result.head == "connection-limit-reached")


def test_a_thousand_requests_leave_nothing_behind(plain: Site) -> None:
    asking = Asking(plain.url)
    assert asking.fetch(f"{plain.url}/").status == 200
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    for number in range(1000):
        if number % 10 == 0:
            context = asking.another()
            context.start("http", f"GET {plain.url}/hang\n- - -\nwhole", b"")
            context.close()
        else:
            asking.context = asking.another()
            assert asking.fetch(f"{plain.url}/").status == 200
            asking.end()
    _until(lambda: len(asking.services.network.connections) <= 1)
    assert threading.active_count() <= threads
    _until(lambda: len(list(Path("/proc/self/fd").iterdir())) <= files + 2)
    asking.services.close()


def _until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


# Proxies.


def test_proxies_of_the_environment_are_used_when_asked_and_never_otherwise(
    plain: Site, secure1: Site, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        request = head(connection)
        asked.append(request)
        if request.startswith(b"CONNECT"):
            with socket.create_connection(("127.0.0.1", secure1.port)) as onward:
                connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                relays = [threading.Thread(target=_relay, args=pair) for pair in _both(connection, onward)]
                for relay in relays:
                    relay.start()
                for relay in relays:
                    relay.join(20)
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nby the proxy")

    with scripted(answer) as port:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://user:pass@127.0.0.1:{port}")
        for name in ("no_proxy", "NO_PROXY", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        direct = Asking("*://*:*", runtime=trusting(authority))
        assert direct.fetch(f"{plain.url}/").body == b"hello from /"
        proxied = Asking("*://*:*", services=Services(runtime=trusting(authority), proxies=lambda: True))
        assert proxied.fetch("http://nobody.invalid/x?y").body == b"by the proxy"
        assert proxied.fetch(f"{secure1.url}/z").body == b"hello from /z"
        assert [request.split(b"\r\n")[0] for request in asked] == [
            b"GET http://nobody.invalid:80/x?y HTTP/1.1",
            f"CONNECT localhost:{secure1.port} HTTP/1.1".encode(),
        ]
        assert all(b"roxy-authorization: Basic dXNlcjpwYXNz" in request.replace(b"-A", b"-a") for request in asked)
        blocked = replace(trusting(authority), block_networks=("10.0.0.0/8",))
        refused = Asking("*://*:*", services=Services(runtime=blocked, proxies=lambda: True))
        assert refused.fetch("http://nobody.invalid/").error == "DNS-error"
        for asking in (direct, proxied):
            asking.services.close()


def test_a_proxy_that_does_not_connect_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(lambda connection: (head(connection), connection.sendall(b"HTTP/1.1 403 No\r\n\r\n"))) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        monkeypatch.delenv("no_proxy", raising=False)
        asking = Asking("*://*:*", services=Services(proxies=lambda: True))
        assert asking.fetch("https://example.com/").error == "destination-unavailable"
        assert len(asking.services.network.connections) == 0


def _both(one: socket.socket, other: socket.socket) -> list[tuple[socket.socket, socket.socket]]:
    return [(one, other), (other, one)]


def _relay(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
