"""The headers that a guest gets beside the client's own."""

from __future__ import annotations

from spinlab.http import Headers, Request
from spinlab.routing import Router, guest_headers, spin_headers


def headers(pattern: str, target: str, *, host: str = "spin.example:3000", scheme: str = "http") -> dict[str, str]:
    request = Request(target=target, headers=Headers({"Host": host}), scheme=scheme, client="127.0.0.1:8777")
    match = Router([(pattern, None, "c")]).match(request.path)
    assert match is not None
    return dict(spin_headers(match, request))


def test_the_seven_headers_of_a_wildcard_route() -> None:
    assert headers("/foo/...", "/foo/bar?key1=value1&key2=value2", scheme="https") == {
        "spin-path-info": "/bar",
        "spin-full-url": "https://spin.example:3000/foo/bar?key1=value1&key2=value2",
        "spin-matched-route": "/foo/...",
        "spin-base-path": "/",
        "spin-raw-component-route": "/foo/...",
        "spin-component-route": "/foo",
        "spin-client-addr": "127.0.0.1:8777",
    }


def test_the_root_route_and_the_catch_all_give_empty_values() -> None:
    root = headers("/", "/")
    assert (root["spin-matched-route"], root["spin-raw-component-route"], root["spin-component-route"]) == (
        "",
        "/",
        "/",
    )
    everything = headers("/...", "/x/")
    assert (everything["spin-component-route"], everything["spin-path-info"]) == ("", "/x/")


def test_the_matched_route_is_normalised_and_the_raw_one_is_not() -> None:
    found = headers("a/b/", "/a/b")
    assert (found["spin-matched-route"], found["spin-raw-component-route"]) == ("/a/b", "a/b/")


def test_each_parameter_has_a_header_in_lower_case_with_dashes() -> None:
    found = headers("/u/:User_ID/:x", "/u/a%20b/7")
    assert (found["spin-path-match-user-id"], found["spin-path-match-x"]) == ("a%20b", "7")


def test_a_parameter_that_can_not_be_a_header_name_is_left_out() -> None:
    assert not [name for name in headers("/:a(b)", "/1") if name.startswith("spin-path-match")]


def test_the_clients_own_headers_stay_before_those_of_spin() -> None:
    request = Request(
        target="/a",
        headers=Headers([("Host", "h"), ("Connection", "close"), ("X", "1"), ("X", "2"), ("Spin-Client-Addr", "me")]),
    )
    match = Router([("/a", None, "c")]).match("/a")
    assert match is not None
    found = guest_headers(match, request)
    assert found.get_all("x") == ["1", "2"]
    assert "connection" not in found
    assert found.get_all("spin-client-addr") == ["me", "127.0.0.1:0"]


def test_the_host_of_local_service_chaining_is_not_shown() -> None:
    match = Router([("/a", None, "c")]).match("/a")
    assert match is not None
    for host in ("other.spin.internal", "other.spin.internal:80"):
        assert "host" not in guest_headers(match, Request(target="/a", headers=Headers({"Host": host})))
    assert "host" in guest_headers(match, Request(target="/a", headers=Headers({"Host": "spin.internal"})))


def test_without_a_host_the_url_names_localhost() -> None:
    match = Router([("/a", None, "c")]).match("/a")
    assert match is not None
    assert dict(spin_headers(match, Request(target="/a")))["spin-full-url"] == "http://localhost/a"
