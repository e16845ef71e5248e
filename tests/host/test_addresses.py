"""Addresses of Redis and MQTT: whatever a guest writes, what is connected to is what was checked."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spinlab.host.mqtt_address import MqttAddress
from spinlab.host.network import destination
from spinlab.host.redis_address import RedisAddress

PIECES = st.sampled_from(
    ["redis://", "rediss://", "mqtt://", "mqtts://", "a", "b.example", "127.0.0.1", "[::1]", "@", ":", "/", "?", "#"]
    + ["\\", "%40", "%2f", "%", "client_id=x", "&", "=", "6379", "0", " ", "\t", "ü", "é", "", "//", "x:y@", "\x00"]
)
ADDRESSES = st.lists(PIECES, max_size=12).map("".join)
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


@given(ADDRESSES)
@example("redis://a@b@c/1")
@example("redis://a/@b.example")
@example("redis://a#@b.example")
@example("redis://a\\@b.example")
def test_a_redis_is_looked_for_where_the_grant_was_checked(address: str) -> None:
    try:
        parsed = RedisAddress.parse(address)
    except ValueError as error:
        assert len(address) < 10 or address not in str(error)
        return
    assert parsed.to == destination(address, "redis")
    assert (
        str(parsed.to.host) in (address.lower(), *re.split(r"[@/:?#\[\]]", address.lower()))
        or "::1" in address
        or (not address.isascii())
    )


@given(ADDRESSES)
@example("mqtt://a?client_id=@b.example")
@example("mqtt://a@b.example?client_id=")
def test_an_mqtt_server_is_looked_for_where_the_grant_was_checked(address: str) -> None:
    try:
        parsed = MqttAddress.parse(address)
    except ValueError:
        return
    assert parsed.to == destination(address, "mqtt")


@given(TEXTS, TEXTS, st.integers(0, 10**18 - 1), st.booleans())
def test_a_redis_address_is_read_as_it_was_meant(user: str, password: str, database: int, tls: bool) -> None:
    login = f"{quote(user, safe='')}:{quote(password, safe='')}"
    parsed = RedisAddress.parse(f"redis{'s' * tls}://{login}@example.com:7000/{database}?protocol=3")
    assert (parsed.user, parsed.password, parsed.database) == (user, password, database)
    assert (parsed.tls, parsed.verify, parsed.protocol) == (tls, True, 3)
    assert str(parsed.to) == f"redis{'s' * tls}://example.com:7000"
    assert password not in repr(parsed) or password in repr(
        RedisAddress.parse("redis://example.com:7000")
    ) + user + str(database)


@pytest.mark.parametrize("parse", [RedisAddress.parse, lambda address: MqttAddress.parse(address, "u", "geheim", 1)])
def test_a_password_is_not_shown(parse: object) -> None:
    shown = [repr(parse(a)) for a in ("redis://u:geheim@h", "mqtt://u:geheim@h?client_id=c") if _reads(parse, a)]  # type: ignore[operator]
    assert len(shown) == 1
    assert "geheim" not in shown[0]


def _reads(parse: object, address: str) -> bool:
    try:
        parse(address)  # type: ignore[operator]
    except ValueError:
        return False
    return True


def test_what_an_mqtt_address_says() -> None:
    address = "mqtts://example.com?client_id=a%20b&clean_session=false&keep_alive_secs=5&inflight_num=3"
    parsed = MqttAddress.parse(f"{address}&max_incoming_packet_size_bytes=7", "u", "p", 9)
    assert (parsed.port, parsed.tls) == (8883, True)
    options = parsed.options
    assert (options.client, options.clean, options.keep_alive, options.user) == ("a b", False, 9, "u")
    assert (options.largest_in, options.largest_out) == (10240, 10240)  # one size alone does nothing
    sizes = "&max_incoming_packet_size_bytes=7&max_outgoing_packet_size_bytes=8"
    options = MqttAddress.parse(f"mqtt://example.com?client_id={sizes}").options
    assert (options.client, options.largest_in, options.largest_out) == ("", 7, 8)
