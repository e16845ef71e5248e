from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.server.hosts import Host, parse_host, parse_origin


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("localhost:3000", Host("localhost", 3000)),
        ("LocalHost", Host("localhost", None)),
        ("localhost.:3000", Host("localhost", 3000)),
        ("[::1]:3000", Host("[::1]", 3000)),
        ("calc.localhost:80", Host("calc.localhost", 80)),
    ],
)
def test_a_host_header_is_taken_apart(text: str, host: Host) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text", ["", "a b", "a:b", "localhost:99999", "u@localhost", "localhost/x", "a,b", "::1", "a:1:2"]
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert parse_host(text) is None


@pytest.mark.parametrize("name", ["localhost", "calc.localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_loopback_names_are_known(name: str) -> None:
    host = parse_host(name)
    assert host is not None
    assert host.loopback


@pytest.mark.parametrize("name", ["localhost.evil.com", "127.0.0.1.evil.com", "notlocalhost", "10.0.0.1", "0.0.0.0"])
def test_names_that_only_look_like_loopback_are_not(name: str) -> None:
    host = parse_host(name)
    assert host is not None
    assert not host.loopback


def test_the_label_of_an_app_is_what_stands_before_localhost() -> None:
    labels = [parse_host(name).label for name in ("localhost", "127.0.0.1", "calc.localhost", "a.b.localhost")]  # type: ignore[union-attr]
    assert labels == ["", "", "calc", None]


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://a.org", Host("a.org", 443)),
        ("http://localhost:3000", Host("localhost", 3000)),
        ("null", None),
        ("file://", None),
        ("chrome-extension://abc", None),
    ],
)
def test_an_origin_names_its_port(text: str, host: Host | None) -> None:
    assert parse_origin(text) == host


@given(st.text(max_size=40))
def test_any_text_is_a_host_or_none(text: str) -> None:
    host = parse_host(text)
    assert host is None or (host.name == host.name.lower() and (host.port is None or host.port < 65536))
