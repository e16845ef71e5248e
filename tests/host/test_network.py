"""Grants, addresses, and how many connections there are."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.function import Function
from spinlab.host import Services
from spinlab.host.blocked_networks import BlockedNetworks
from spinlab.host.connections import Connections, LimitReached
from spinlab.host.loop import LOOP
from spinlab.host.network import Network, Unreachable, check, check_own, destination
from spinlab.host.racing import first
from spinlab.host.resolving import AT_ONCE
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.manifest.allowed_hosts import AllowedHosts

SCHEMES = st.sampled_from(["http", "https", "redis", "tcp", "x"])
NAMES = st.sampled_from(
    ["a.test", "b.a.test", "x.b.a.test", "10.0.0.1", "10.1.2.3", "[::1]", "self", "one.spin.internal"]
)
ENTRIES = st.builds(
    "{}://{}:{}".format,
    SCHEMES | st.just("*"),
    NAMES | st.sampled_from(["*", "*.a.test", "*.spin.internal", "10.0.0.0/8"]),
    st.sampled_from(["*", "80", "443", "80..443", "1..1"]),
)
URLS = st.builds("{}://{}{}/path".format, SCHEMES, NAMES, st.sampled_from(["", ":80", ":443", ":442", ":1"]))


def function(*allowed: str) -> Function:
    return Function("fetcher", "", allowed_outbound_hosts=allowed)


def failing(network: Network, host: str, port: int, **options: Any) -> str:
    with pytest.raises(Unreachable) as error:
        LOOP.wait(network.connect("http", host, port, **options), 30)
    assert len(network.connections) == 0
    return error.value.code


def lookup(*addresses: str) -> Callable[..., list[Any]]:
    """A resolver with these addresses for every name."""

    def found(name: str, port: int, **_options: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    return found


# Grants.


@given(st.lists(ENTRIES, max_size=3), URLS)
def test_the_check_lets_through_what_the_grants_allow_and_nothing_else(entries: list[str], url: str) -> None:
    try:
        to = destination(url)
    except ValueError:
        return
    services = Services(components=lambda: ["one"])
    refusal = check(function(*entries), services, to.scheme, to.host, to.port)
    assert (refusal is None) == AllowedHosts.parse(entries, components=["one"]).allows(url)


@given(st.text(max_size=20), st.integers(0, 70_000))
def test_nothing_is_reached_without_a_grant(host: str, port: int) -> None:
    refusal = check(function(), Services(), "http", host, port)
    assert refusal is not None
    assert refusal.error == "HTTP-request-denied"


@given(st.text(max_size=40))
def test_what_is_shown_of_an_address_has_no_password_and_no_path(text: str) -> None:
    try:
        to = destination(f"https://user:TOP-SECRET@{text}/TOP-SECRET?TOP-SECRET#TOP-SECRET")
    except ValueError:
        return
    assert "TOP-SECRET" not in str(to) + to.authority or "TOP-SECRET".lower() not in text.lower()


def test_each_scheme_has_its_own_port() -> None:
    ports = {scheme: destination("example.com", scheme).port for scheme in ("redis", "mqtt", "mysql", "postgres")}
    assert ports == {"redis": 6379, "mqtt": 1883, "mysql": 3306, "postgres": 5432}
    granted = function("redis://example.com", "mysql://example.com:*")
    assert check(granted, Services(), "redis", "example.com", 6379) is None
    assert check(granted, Services(), "redis", "example.com", 6380) is not None
    assert check(granted, Services(), "mysql", "example.com", 1) is None


def test_an_address_may_be_written_as_sockets_write_it() -> None:
    for host in ("::1", "[::1]"):
        assert check(function("tcp://[::1]:80"), Services(), "tcp", host, 80) is None
        assert check(function("tcp://[::2]:80"), Services(), "tcp", host, 80) is not None


def test_self_is_granted_as_self_alone() -> None:
    assert check_own(function("http://self"), Services()) is None
    assert check_own(function("*://*:*"), Services()) is None
    assert check_own(function("https://example.com"), Services()) is not None
    assert check(function("http://self"), Services(), "http", "self", 80) is not None


def test_the_wildcard_of_chaining_stands_for_the_components_that_there_are() -> None:
    services = Services(components=lambda: ["one", "two"])
    granted = function("http://*.spin.internal")
    assert check(granted, services, "http", "one.spin.internal", 80) is None
    assert check(granted, services, "http", "three.spin.internal", 80) is not None
    assert check(granted, services, "https", "one.spin.internal", 443) is not None


# Blocked networks. The first two lists are those of Spin's tests.


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.10.10.10",
        "100.64.1.1",
        "127.0.0.1",
        "169.254.0.1",
        "192.0.0.1",
        "::1",
        "::ffff:10.10.10.10",
        "fc00::f00d",
        "192.168.1.1",
        "172.16.0.1",
        "255.255.255.255",
        "224.0.0.1",
        "fe80::1",
        "::",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
    ],
)
def test_private_networks_are_all_that_are_not_public(address: str) -> None:
    assert BlockedNetworks(["private"]).blocks(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["123.123.123.123", "2600::beef", "8.8.8.8", "::ffff:8.8.8.8"])
def test_public_addresses_are_not_private(address: str) -> None:
    assert not BlockedNetworks(["private"]).blocks(ipaddress.ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_blocked_in_every_form(address: ipaddress.IPv4Address) -> None:
    blocked = BlockedNetworks(["123.0.0.0/8", "10.0.0.0/8"])
    for form in (f"::ffff:{address}", f"::{address}", f"64:ff9b::{address}"):
        assert blocked.blocks(ipaddress.ip_address(form)) == blocked.blocks(address)


def test_a_name_is_connected_to_where_it_led_when_it_was_checked() -> None:
    """A resolver that answers with a public address first and a private one then (rebinding)."""
    asked: list[str] = []

    def rebinding(name: str, port: int, **_options: Any) -> list[Any]:
        asked.append(name)
        return lookup("203.0.113.1" if len(asked) == 1 else "127.0.0.1")(name, port)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        services = Services(runtime=RuntimeConfig(block_networks=("127.0.0.0/8",)))
        network = Network(services, lookup=rebinding)
        addresses = LOOP.wait(network.resolve("rebinding.test", port))
        assert [address[1][0] for address in addresses] == ["203.0.113.1"]
        assert failing(network, "rebinding.test", port) == "destination-IP-prohibited"
        assert asked == ["rebinding.test"] * 2


def test_of_a_name_with_several_addresses_those_that_are_allowed_are_left() -> None:
    services = Services(runtime=RuntimeConfig(block_networks=("private",)))
    network = Network(services, lookup=lookup("127.0.0.1", "8.8.8.8", "::1", "fe80::1%1", "2600::beef"))
    found = LOOP.wait(network.resolve("mixed.test", 80))
    assert [address[1][0] for address in found] == ["8.8.8.8", "2600::beef"]


def test_localhost_is_blocked_by_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        link = LOOP.wait(Services().network.connect("http", "localhost", port))
        assert link.address == "127.0.0.1"
        link.close()
        blocked = Services(runtime=RuntimeConfig(block_networks=("private",))).network
        assert failing(blocked, "localhost", port) == "destination-IP-prohibited"


# Names and connections.


def test_an_address_that_does_not_answer_is_passed_by() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        network = Network(Services(), lookup=lookup("::1", "127.0.0.2", "127.0.0.1"))
        link = LOOP.wait(network.connect("http", "several.test", port), 30)
        assert link.address == "127.0.0.1"
        link.close()


def test_a_resolver_that_hangs_holds_up_its_own_request_only() -> None:
    gate = threading.Event()

    def hangs(name: str, port: int, **_options: Any) -> list[Any]:
        if name.startswith("slow"):
            gate.wait(20)
        return lookup("127.0.0.1")(name, port)

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        network = Network(Services(), lookup=hangs)
        assert failing(network, "slow.test", port, timeout=0.1) == "DNS-timeout"
        LOOP.wait(network.connect("http", "quick.test", port), 10).close()
        for _ in range(AT_ONCE - 1):
            assert failing(network, "slow.test", port, timeout=0.01) == "DNS-timeout"
        assert failing(network, "quick.test", port, timeout=0.1) == "DNS-timeout"  # its turn has not come
        gate.set()
        LOOP.wait(network.connect("http", "quick.test", port), 10).close()


def test_without_descriptors_a_connection_is_an_error() -> None:
    import resource

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        network = Services().network
        LOOP.wait(network.connect("http", "127.0.0.1", port)).close()
        gc.collect()
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        with open("/dev/null") as lowest:
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest.fileno() + 1, limits[1]))
            try:
                assert failing(network, "127.0.0.1", port) == "connection-limit-reached"
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_of_several_attempts_the_first_that_works_is_taken_and_the_others_are_let_go() -> None:
    dropped: list[str] = []
    cancelled: list[str] = []

    def attempt(name: str, seconds: float, *, works: bool) -> Callable[[], Any]:
        async def work() -> str:
            try:
                await asyncio.sleep(seconds)
            except asyncio.CancelledError:
                cancelled.append(name)
                raise
            if not works:
                raise OSError(name)
            return name

        return work

    attempts = [attempt("fails", 0, works=False), attempt("hangs", 60, works=True), attempt("good", 0.01, works=True)]
    assert LOOP.wait(first(attempts, 0.02, dropped.append), 10) == "good"
    assert LOOP.wait(asyncio.sleep(0, "done")) == "done"
    assert cancelled == ["hangs"]
    assert dropped == []
    with pytest.raises(OSError, match="one"):
        LOOP.wait(first([attempt("one", 0, works=False), attempt("two", 0, works=False)], 1, dropped.append), 10)


# How many.


def test_places_are_given_in_turn_and_a_full_kind_holds_up_no_other() -> None:
    book = Connections(3, {"redis": 1})
    redis = book.at_once("redis")
    http = book.at_once("http")
    assert redis
    assert http
    waiting = [asyncio.run_coroutine_threadsafe(book.wait("redis"), LOOP.loop) for _ in range(2)]
    _until(lambda: len(book._waiting) == 2)
    assert book.at_once("http") is not None
    assert book.at_once("http") is None
    redis.release()
    redis.release()
    assert waiting[0].result(10).kind == "redis"
    assert not waiting[1].done()
    waiting[1].cancel()
    http.release()
    assert book.at_once("http") is not None


def test_a_place_that_was_given_to_someone_who_has_left_is_given_on() -> None:
    book = Connections(1)
    only = book.at_once("http")
    assert only
    first_waiting = asyncio.run_coroutine_threadsafe(book.wait("http"), LOOP.loop)
    second = asyncio.run_coroutine_threadsafe(book.wait("http"), LOOP.loop)
    _until(lambda: len(book._waiting) == 2)
    first_waiting.cancel()
    only.release()
    second.result(10).release()
    _until(lambda: len(book) == 0)


def test_one_request_has_a_bound_of_its_own() -> None:
    book = Connections(None, each_request=2)
    one, other = object(), object()
    held = [book.at_once("http", one), book.at_once("http", one)]
    with pytest.raises(LimitReached):
        book.at_once("http", one)
    assert book.at_once("http", other)
    assert held[0]
    held[0].hand_over()
    assert book.at_once("http", one)
    with pytest.raises(LimitReached):
        LOOP.wait(book.wait("http", one))


def test_what_is_unused_is_let_go_when_somebody_waits() -> None:
    book = Connections(1)
    kept = book.at_once("http")
    assert kept
    book.spare(kept.release)
    LOOP.wait(book.wait("redis"), 10).release()
    assert len(book) == 0


def _until(true: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
