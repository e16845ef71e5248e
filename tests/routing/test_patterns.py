"""The grammar of one route pattern."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import RouteError
from spinlab.routing import parse


@pytest.mark.parametrize(
    ("text", "route", "prefix", "wildcard"),
    [
        ("/", "", "/", False),
        ("", "", "/", False),
        ("/...", "/...", "/", True),
        ("/*", "/*", "/", True),
        ("a", "/a", "/a", False),
        ("/a/", "/a", "/a", False),
        ("/a/...", "/a/...", "/a", True),
        ("/a/.../", "/a/...", "/a", True),
        ("/a/*", "/a/*", "/a", True),
        ("/a...", "/a...", "/a...", False),
    ],
)
def test_a_route_is_normalised_as_spin_does(text: str, route: str, prefix: str, wildcard: bool) -> None:
    found = parse(text)
    assert (found.route, found.prefix, found.wildcard) == (route, prefix, wildcard)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "/a/*name",
            "since there can only be one wildcard, it doesn't need a name. replace `*name` with `*`",
            "'/a/...'",
        ),
        ("/:", "params must be named", ":id"),
        ("/a/:/b", "params must be named", ":id"),
        ("/a/.../b", "a wildcard can only be at the end", ":name"),
        ("/a/*/b", "a wildcard can only be at the end", ":name"),
        ("/café", "'é' never stands in the path of a request", "'/caf%C3%A9'"),
        ("/a b", "' ' never stands in the path of a request", "'/a%20b'"),
        ("/a?x=1", "'?' never stands in the path of a request", "query"),
    ],
)
def test_a_refused_route_is_named_with_its_remedy(text: str, message: str, hint: str) -> None:
    with pytest.raises(RouteError) as caught:
        parse(text)
    assert f"route {text!r}: {message}" == caught.value.message
    assert hint in caught.value.hint
    assert caught.value.location is None


def test_a_parameter_stops_at_a_dot_only_when_the_pattern_has_one_there() -> None:
    json = parse("/f/:name.json")
    assert json.match("/f/x.json") == ({"name": "x"}, None)
    assert json.match("/f/x.y.json") is None
    assert parse("/f/:name").match("/f/x.y.json") == ({"name": "x.y.json"}, None)


@given(st.text(max_size=20))
def test_any_text_is_parsed_or_refused_with_a_route_error(text: str) -> None:
    try:
        parse(text).match("/a/b.c")
    except RouteError as error:
        refused = error
    else:
        return
    assert repr(text) in refused.message
    assert refused.hint


@given(st.lists(st.from_regex(r"[a-z0-9_-]{1,5}", fullmatch=True), max_size=5))
def test_a_literal_route_matches_its_own_path_with_any_slashes_around(parts: list[str]) -> None:
    route = "/" + "/".join(parts)
    for path in (route, route + "/", "//" + route.lstrip("/")):
        assert parse(route).match(path) == ({}, None)


@given(st.lists(st.from_regex(r"[!-.0-~]{1,5}", fullmatch=True), min_size=1, max_size=4))
def test_parameters_take_whole_segments(values: list[str]) -> None:
    found = parse("/" + "/".join(f":p{i}" for i in range(len(values)))).match("/" + "/".join(values))
    assert found is not None
    assert list(found.params.values()) == values
