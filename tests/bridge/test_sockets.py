"""`wasi:sockets` of both versions against real servers: what is granted works, what is not is denied and shown."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from spinlab import App, Function
from spinlab.function import Limits
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Response
from tests.bridge import servers
from tests.guests import component

GUESTS = ("sockets2", "sockets3")


class Bench:
    """An app with one guest, and the means to let it do what lines say."""

    def __init__(self, guest: str) -> None:
        self.guest = guest
        self.app = App("sockets")

    def grant(
        self, *hosts: str, runtime: RuntimeConfig | None = None, timeout: float = 20.0, address: str = ""
    ) -> Bench:
        """Let it reach these; `address` is a variable."""
        self.app.close()
        self.app = App("sockets", runtime=runtime)
        self.app.set_variable("address", address)
        limits = Limits(timeout=timeout)
        self.app.add(
            Function(
                "guest",
                component(self.guest),
                language="wasm",
                routes=("/...",),
                allowed_outbound_hosts=hosts,
                limits=limits,
            )
        )
        return self

    def ask(self, *script: str) -> Response:
        return self.app.post("/", "\n".join(script))

    def run(self, *script: str) -> list[str]:
        answer = self.ask(*script)
        assert answer.status == 200, (answer.error, answer.logs)
        return answer.text.split("\n")


@pytest.fixture(params=GUESTS)
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param)
    yield bench
    bench.app.close()


@pytest.fixture
def older() -> Iterator[Bench]:
    bench = Bench("sockets2")
    yield bench
    bench.app.close()


@pytest.fixture
def newer() -> Iterator[Bench]:
    bench = Bench("sockets3")
    yield bench
    bench.app.close()


def eventually(holds: Callable[[], bool]) -> bool:
    for _ in range(200):
        if holds():
            return True
        time.sleep(0.05)
    return False


# TCP


def test_bytes_go_both_ways_and_each_direction_ends(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        said = bench.grant(f"tcp://127.0.0.1:{port}").run(
            f"connect a 127.0.0.1 {port}", "write a hello", "read a 5", "addresses a", "finished a", "all a"
        )
    assert said == ["connected", "5", "hello", f"127.0.0.1 127.0.0.1:{port}", "done", " end"]


def test_a_megabyte_comes_back(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        said = bench.grant(f"tcp://127.0.0.1:{port}").run(
            f"connect a 127.0.0.1 {port}",
            *["fill a 100000", "read a 100000"] * 10,
            "finished a",
            "all a",
        )
    assert said == ["connected", *["100000", "100000 bytes"] * 10, "done", " end"]


def test_several_connections_are_open_at_once(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        said = bench.grant(f"tcp://127.0.0.1:{port}").run(
            *[f"connect {name} 127.0.0.1 {port}" for name in "abc"],
            *[f"write {name} {name * 3}" for name in "abc"],
            *[f"read {name} 3" for name in "cba"],
        )
    assert said == ["connected"] * 3 + ["3"] * 3 + ["ccc", "bbb", "aaa"]


def test_connections_are_waited_for_together(older: Bench) -> None:
    with servers.tcp(servers.echo) as port, servers.tcp(servers.hang) as silent:
        said = older.grant("tcp://127.0.0.1:*").run(
            f"start a 127.0.0.1 {silent}", f"start b 127.0.0.1 {port}", "finish b", "finish a", "write b x", "first a b"
        )
    assert said == ["started", "started", "connected", "connected", "1", "b"]


def test_an_ipv6_address_is_reached(bench: Bench) -> None:
    with servers.tcp(servers.echo, socket.AF_INET6) as port:
        said = bench.grant(f"tcp://[::1]:{port}").run(f"connect a ::1 {port}", "write a hi", "read a 2", "addresses a")
    assert said == ["connected", "2", "hi", f"::1 [::1]:{port}"]


def test_what_was_written_is_sent_although_the_socket_is_dropped(bench: Bench) -> None:
    sink = servers.Sink()
    with servers.tcp(sink) as port:
        assert bench.grant(f"tcp://127.0.0.1:{port}").run(f"connect a 127.0.0.1 {port}", "fill a 300000") == [
            "connected",
            "300000",
        ]
        assert sink.got.acquire(timeout=20)
    assert len(sink.taken[0]) == 300_000


def test_nobody_listening_is_refused(bench: Bench) -> None:
    with servers.closed_port() as port:
        assert bench.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}") == ["connection-refused"]


def test_a_server_that_breaks_off_is_a_reset(bench: Bench) -> None:
    with servers.tcp(servers.reset) as port:
        said = bench.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}", "write a hello", "all a")
    assert said[:2] == ["connected", "5"]
    assert "reset" in said[2].lower()


def test_a_server_that_says_nothing_ends_with_the_request(bench: Bench) -> None:
    with servers.tcp(servers.hang) as port:
        answer = bench.grant("tcp://127.0.0.1:*", timeout=1.0).ask(f"connect a 127.0.0.1 {port}", "all a")
    assert answer.status == 504
    with servers.tcp(servers.echo) as port:
        assert bench.run(f"connect a 127.0.0.1 {port}", "write a x", "read a 1") == ["connected", "1", "x"]


def test_a_server_that_takes_nothing_fills_a_bound(older: Bench) -> None:
    with servers.tcp(servers.hang) as port:
        assert older.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}", "flood a") == ["connected", "full"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads its memory from /proc")
def test_a_hundred_megabytes_that_nobody_reads_stay_where_they_are(bench: Bench) -> None:
    bench.grant("tcp://127.0.0.1:*")
    with servers.tcp(servers.echo) as port:
        bench.run(f"connect a 127.0.0.1 {port}", "write a x", "read a 1")
    before = resident()
    with servers.tcp(servers.pour) as port:
        assert bench.run(f"connect a 127.0.0.1 {port}", "sleep 500", "read a 10") == ["connected", "slept", "\0" * 10]
    assert resident() - before < 40 << 20


def resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_options_are_set_and_told(bench: Bench) -> None:
    wanted = "true 2000000000 2000000000 3 42 70000 80000"
    with servers.tcp(servers.echo) as port:
        said = bench.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}", "options a", "write a x", "read a 1")
    assert said == ["connected", wanted, "1", "x"]


def test_options_that_can_not_be_zero_say_so(older: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        assert older.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}", "zeros a")[1] == "6"


def test_a_direction_that_was_shut_down_is_closed(older: Bench) -> None:
    sink = servers.Sink()
    with servers.tcp(sink) as port:
        said = older.grant("tcp://127.0.0.1:*").run(
            f"connect a 127.0.0.1 {port}",
            "write a bye",
            "shutdown a send",
            "write a more",
            "shutdown a receive",
            "all a",
        )
        assert sink.got.acquire(timeout=20)
    assert said == ["connected", "3", "done", "closed", "done", " end"]
    assert sink.taken == [b"bye"]


def test_a_stream_is_given_once_and_may_be_left(newer: Bench) -> None:
    with servers.tcp(servers.pour) as port:
        said = newer.grant("tcp://127.0.0.1:*").run(f"connect a 127.0.0.1 {port}", "read a 1", "leave a", "again a")
    assert said == ["connected", "\0", "done", "invalid-state"]


PYTHON = """
import socket

def handle(request):
    with socket.socket() as connection:
        try:
            connection.connect(("127.0.0.1", int(request.query["port"])))
        except OSError as error:
            return repr(error)
        connection.sendall(b"hello")
        return connection.recv(100)
"""


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_python_cell_uses_plain_sockets(wasi: str) -> None:
    app = App("sockets")
    try:
        with servers.tcp(servers.echo) as port:
            hosts = (f"tcp://127.0.0.1:{port}",)
            app.add(Function("talk", PYTHON, routes=("/talk",), allowed_outbound_hosts=hosts, wasi=wasi))
            assert app.get(f"/talk?port={port}").text == "hello"
            denied = app.get("/talk?port=9")
            assert "Permission" in denied.text
            assert [d.option for d in denied.denied] == ["--allow tcp://127.0.0.1:9"]
    finally:
        app.close()


# UDP


def test_datagrams_go_and_come(bench: Bench) -> None:
    with servers.udp() as port:
        said = bench.grant(f"udp://127.0.0.1:{port}").run(
            "udp a 0.0.0.0 0", f"send a hello 127.0.0.1 {port}", "receive a", f"peer a 127.0.0.1 {port}", "send a again"
        )
        assert (
            bench.run("udp a 0.0.0.0 0", f"peer a 127.0.0.1 {port}", "send a more", "receive a")[3] == "127.0.0.1 MORE"
        )
    sent = "1" if bench.guest == "sockets2" else "done"
    assert said == ["true", sent, "127.0.0.1 HELLO", f"127.0.0.1:{port}", sent]


def test_a_socket_is_bound_when_it_first_sends(newer: Bench) -> None:
    with servers.udp() as port:
        said = newer.grant(f"udp://127.0.0.1:{port}").run("unbound a", f"send a x 127.0.0.1 {port}", "receive a")
    assert said == ["invalid-state", "done", "127.0.0.1 X"]


def test_a_datagram_from_a_place_that_is_not_granted_never_arrives(bench: Bench) -> None:
    with servers.udp(also_from="127.0.0.2") as port:
        said = bench.grant(f"udp://127.0.0.1:{port}").run(
            "udp a 0.0.0.0 0", f"send a hello 127.0.0.1 {port}", "receive a"
        )
    assert said[2] == "127.0.0.1 HELLO"


def test_a_connected_socket_takes_datagrams_of_its_peer_only(bench: Bench) -> None:
    with servers.udp(also_from="127.0.0.2") as port:
        said = bench.grant("udp://*:*").run(
            "udp a 0.0.0.0 0", f"peer a 127.0.0.1 {port}", "send a x", "receive a", f"send a y 127.0.0.3 {port}"
        )
    assert said[3:] == ["127.0.0.1 X", "invalid-argument"]


def test_a_datagram_that_is_too_large_is_refused(bench: Bench) -> None:
    said = bench.grant("udp://127.0.0.1:*").run("udp a 0.0.0.0 0", "big a 70000 127.0.0.1 9")
    assert said == ["true", "datagram-too-large"]


# Grants


def test_without_a_grant_everything_is_denied_and_shown(bench: Bench) -> None:
    answer = bench.grant().ask(
        "connect a 203.0.113.9 5432", "udp b 0.0.0.0 0", "resolve example.com", "bind 0.0.0.0 8080", "listen"
    )
    codes = answer.text.lower().replace("errorcode::accessdenied", "access-denied").split("\n")
    assert codes[:4] == ["access-denied"] * 4
    assert codes[4] == ("invalid-state" if bench.guest == "sockets2" else "access-denied")
    assert [(d.capability, d.target, d.option) for d in answer.denied] == [
        ("outbound TCP", "tcp://203.0.113.9:5432", "--allow tcp://203.0.113.9:5432"),
        ("outbound UDP", "a UDP socket", "--allow udp://*:*"),
        ("name lookup", "the address of example.com", "--allow tcp://example.com:*"),
    ]
    assert [call.outcome for call in answer.calls][:3] == ["denied"] * 3
    stderr = "\n".join(line.text for line in answer.logs)
    assert 'allowed_outbound_hosts = ["tcp://203.0.113.9:5432"]' in stderr
    assert "components are clients only" in stderr


def test_the_trace_tells_connections_with_their_bytes(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        answer = bench.grant("tcp://127.0.0.1:*").ask(f"connect a 127.0.0.1 {port}", "write a hello", "read a 5")
    (call,) = answer.calls
    assert (call.capability, call.operation, call.target) == ("outbound TCP", "connect", f"tcp://127.0.0.1:{port}")
    assert (call.outcome, call.sent, call.received) == ("ok", 5, 5)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("connect a 127.0.0.1 0", "invalid-argument"),
        ("connect a 0.0.0.0 80", "invalid-argument"),
        ("connect a ::ffff:127.0.0.1 80", "invalid-argument"),
        ("connect a 224.0.0.1 80", "invalid-argument"),
        ("bind ::1 80", "access-denied"),
        ("udp a 127.0.0.1 5353", "access-denied"),
        ("udp a ::ffff:0.0.0.0 0", "invalid-argument"),
    ],
)
def test_what_can_not_be_connected_or_bound_has_its_error(bench: Bench, line: str, code: str) -> None:
    assert bench.grant("*://*:*").run(line) == [code]


def test_a_port_that_is_not_granted_is_denied(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port, servers.tcp(servers.echo) as other:
        said = bench.grant(f"tcp://127.0.0.1:{port}").run(f"connect a 127.0.0.1 {port}", f"connect b 127.0.0.1 {other}")
    assert said == ["connected", "access-denied"]


def test_a_granted_name_is_looked_up_and_its_address_reached(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        bench.grant(f"tcp://localhost:{port}")
        assert bench.run(f"connect a 127.0.0.1 {port}") == ["access-denied"]
        said = bench.run(
            "resolve localhost", f"connect a 127.0.0.1 {port}", "write a x", "read a 1", "connect b 127.0.0.1 1"
        )
    assert "127.0.0.1" in said[0].split(",")
    assert said[1:] == ["connected", "1", "x", "access-denied"]


def test_a_port_of_a_looked_up_name_is_denied_by_its_name(older: Bench) -> None:
    answer = older.grant("tcp://localhost:5432").ask("resolve localhost", "connect a 127.0.0.1 80")
    assert [d.option for d in answer.denied] == ["--allow tcp://localhost:80"]


def test_a_lookup_is_forgotten_with_its_request(bench: Bench) -> None:
    bench.grant("tcp://localhost:*").run("resolve localhost")
    with servers.tcp(servers.echo) as port:
        assert bench.run(f"connect a 127.0.0.1 {port}") == ["access-denied"]


def test_a_lookup_says_once_that_spin_has_none(older: Bench) -> None:
    first, second = (older.grant("tcp://localhost:*").ask("resolve localhost"), older.ask("resolve localhost"))
    assert any("name lookup" in line.text for line in first.logs)
    assert not any("name lookup" in line.text for line in second.logs)


def test_names_have_their_errors(older: Bench) -> None:
    said = older.grant("*://*:*").run("resolve nope.invalid", "resolve a..b@c", "resolve 127.0.0.1", "resolve ::1")
    assert said == ["name-unresolvable", "invalid-argument", "127.0.0.1", "::1"]


def test_a_template_in_a_grant_has_the_variables_value(older: Bench) -> None:
    with servers.tcp(servers.echo) as port:
        older.grant("tcp://{{ address }}:*", address="127.0.0.1")
        assert older.run(f"connect a 127.0.0.1 {port}") == ["connected"]
        older.app.set_variable("address", "192.0.2.1")
        assert older.run(f"connect a 127.0.0.1 {port}") == ["access-denied"]


def test_a_blocked_network_is_refused_whatever_is_granted(bench: Bench) -> None:
    runtime = RuntimeConfig(block_networks=("private",))
    with servers.tcp(servers.echo) as port, servers.udp() as datagrams:
        answer = bench.grant("*://*:*", runtime=runtime).ask(
            f"connect a 127.0.0.1 {port}", "udp b 0.0.0.0 0", f"send b x 127.0.0.1 {datagrams}"
        )
    assert answer.text.split("\n") == ["access-denied", "true", "access-denied"]
    assert any("blocked" in line.text for line in answer.logs)


# Limits


def test_a_thousand_connections_hit_the_limit_of_a_request(bench: Bench) -> None:
    limit = "new-socket-limit" if bench.guest == "sockets2" else "other: connection quota exhausted"
    with servers.tcp(servers.hang) as port:
        assert bench.grant("tcp://127.0.0.1:*").run(f"many 1000 127.0.0.1 {port}") == [f"128 then {limit}"]
        assert bench.run(f"many 20 127.0.0.1 {port}") == ["20"]


def test_the_operators_limit_counts_over_all_requests(bench: Bench) -> None:
    runtime = RuntimeConfig(max_socket_connections=5)
    with servers.tcp(servers.echo) as port:
        said = bench.grant("*://*:*", runtime=runtime).run(
            f"many 9 127.0.0.1 {port}", "close many0", "close many1", "sleep 100", "udp u 0.0.0.0 0"
        )
    assert said[0].startswith("5 then ")
    assert said[-1] == "true"


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
def test_no_descriptor_or_thread_stays_behind(bench: Bench) -> None:
    with servers.tcp(servers.echo) as port, servers.udp() as datagrams:
        bench.grant("*://*:*")
        script = [
            f"connect a 127.0.0.1 {port}",
            f"connect b 127.0.0.1 {port}",
            "write a x",
            "read a 1",
            "udp u 0.0.0.0 0",
            f"send u x 127.0.0.1 {datagrams}",
            "receive u",
            "connect c 127.0.0.1 1",
        ]
        for _ in range(10):
            bench.run(*script)
        assert eventually(lambda: len(bench.app.services.network.connections) == 0)
        before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
        for _ in range(300):
            bench.run(*script)
        gc.collect()
        assert eventually(lambda: len(os.listdir("/proc/self/fd")) <= before + 8)
        assert threading.active_count() <= threads + 4
        assert eventually(lambda: len(bench.app.services.network.connections) == 0)
