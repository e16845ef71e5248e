"""Addresses of Redis and MQTT: whatever a guest writes, what is connected to is what was checked."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from spinlab.host.mqtt_address import MqttAddress
from spinlab.host.network import destination
from spinlab.host.redis_address import RedisAddress

PIECES = st.sampled_from(
    [
        *(
            "redis://",
            "rediss://",
            "mqtt://",
            "mqtts://",
            "a",
            "b.example",
            "127.0.0.1",
            "[::1]",
            "x:y@",
            "client_id=x",
        ),
        *("@", ":", "/", "//", "?", "#", "\\", "%40", "%2f", "%", "&", "=", "6379", "0", " ", "\t", "ü", "\x00"),
    ]
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
    except ValueError:
        return
    assert parsed.to == destination(address, "redis")


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


def test_a_password_is_not_shown() -> None:
    assert "geheim" not in repr(RedisAddress.parse("redis://u:geheim@example.com"))
    assert "geheim" not in repr(MqttAddress.parse("mqtt://example.com?client_id=c", "u", "geheim", 1))


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
