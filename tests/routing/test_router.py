"""Routes are found as Spin finds them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.errors import RouteError
from spinlab.routing import Router, parse
from spinlab.routing.order import grown, in_order, precedes

FIRST = [
    "/...",
    "/favicon.ico",
    "/users/:id",
    "/users/:id/...",
    "/users/me",
    "/f/:name.json",
    "/f/:name",
    "/a",
    "/a/",
]
SECOND = ["/users/:id/posts/:pid", "/:x/me/...", "/users/...", "/a/:x/b"]


def router(patterns: list[str]) -> Router[str]:
    return Router((p, p, f"c{i}") for i, p in enumerate(patterns))


@pytest.mark.parametrize(
    ("path", "route", "params", "wildcard"),
    [
        ("/", "/...", {}, ""),
        ("/.env", "/...", {}, ".env"),
        ("/favicon.ico", "/favicon.ico", {}, None),
        ("/favicon.ico/", "/favicon.ico", {}, None),
        ("/users/3", "/users/:id", {"id": "3"}, None),
        ("/users/3.5", "/users/:id", {"id": "3.5"}, None),
        ("/users/me", "/users/me", {}, None),
        ("/users/me/x", "/users/:id/...", {"id": "me"}, "x"),
        ("/users/", "/...", {}, "users"),
        ("/users", "/...", {}, "users"),
        ("/users/3/a/b", "/users/:id/...", {"id": "3"}, "a/b"),
        ("//users//3", "/users/:id/...", {"id": ""}, "3"),
        ("/users//x", "/users/:id/...", {"id": ""}, "x"),
        ("/f/x.json", "/f/:name.json", {"name": "x"}, None),
        ("/f/x.y.json", "/f/:name", {"name": "x.y.json"}, None),
        ("/f/x", "/f/:name", {"name": "x"}, None),
        ("/a", "/a", {}, None),
        ("/a/", "/a", {}, None),
        ("/ab", "/...", {}, "ab"),
    ],
)
def test_the_first_table_of_answers(path: str, route: str, params: dict[str, str], wildcard: str | None) -> None:
    found = router(FIRST).match(path)
    assert found is not None
    assert (found.pattern, found.params, found.wildcard) == (route, params, wildcard)


@pytest.mark.parametrize(
    ("path", "route", "params", "wildcard"),
    [
        ("/users/me/posts/4", "/users/:id/posts/:pid", {"id": "me", "pid": "4"}, None),
        ("/users/me", "/users/...", {}, "me"),
        ("/z/me/q", "/:x/me/...", {"x": "z"}, "q"),
        ("/a//b", "/a/:x/b", {"x": ""}, None),
    ],
)
def test_the_second_table_of_answers(path: str, route: str, params: dict[str, str], wildcard: str | None) -> None:
    found = router(SECOND).match(path)
    assert found is not None
    assert (found.pattern, found.params, found.wildcard) == (route, params, wildcard)


def test_a_path_that_no_route_takes_has_no_match() -> None:
    assert router(SECOND).match("/") is None
    assert Router[str]().match("/") is None


@pytest.mark.parametrize(
    ("path", "trailing"),
    [("/test", ""), ("/test/", "/"), ("/test/hello", "/hello"), ("/test/hello/", "/hello/"), ("/test//x/", "//x/")],
)
def test_the_tail_is_reported_with_the_slashes_of_spin(path: str, trailing: str) -> None:
    found = router(["/test/..."]).match(path)
    assert found is not None
    assert found.trailing == trailing


def test_the_path_is_matched_as_sent_with_its_case_and_percent_signs() -> None:
    routes = router(["/caf%C3%A9", "/:other"])
    found = routes.match("/caf%c3%a9")
    assert found is not None
    assert found.params == {"other": "caf%c3%a9"}
    again = routes.match("/caf%C3%A9")
    assert again is not None
    assert again.pattern == "/caf%C3%A9"


def test_a_wildcard_takes_its_own_path_and_a_parameter_does_not() -> None:
    assert router(["/users/..."]).match("/users") is not None
    assert router(["/users/:id"]).match("/users") is None


def test_the_last_of_two_routes_with_the_same_text_wins_in_the_place_of_the_first() -> None:
    routes = Router([("/a", 1, "one"), ("/a/", 2, "two"), ("/a", 3, "three")])
    found = routes.match("/a")
    assert found is not None
    assert (found.target, found.component) == (3, "three")
    assert [tuple(d) for d in routes.duplicates] == [("/a", "one", "three")]
    assert str(routes.duplicates[0]) == "one: /a (duplicate of three)"


def test_a_duplicate_of_the_root_is_called_slash() -> None:
    assert Router([("/", 1, "one"), ("/", 2, "two")]).duplicates[0].route == "/"


def test_routes_that_spin_answers_itself_are_reported() -> None:
    routes = Router([("/.well-known/spin/health", 1, "mine"), ("/.well-known/other", 2, "fine")])
    assert [(u.route, u.component) for u in routes.unreachable] == [("/.well-known/spin/health", "mine")]


def test_a_route_that_another_one_shadows_is_reported() -> None:
    routes = Router([("/a/:x", 1, "one"), ("/a/:y", 2, "two"), ("/b", 3, "three"), ("b/", 4, "four")])
    assert {u.component for u in routes.unreachable} == {"two", "four"}


def test_an_error_names_route_and_component() -> None:
    with pytest.raises(RouteError, match=r"Error parsing route /a/\*x associated with component c0: .*one wildcard"):
        router(["/a/*x"])


def test_a_leading_dot_route_depends_on_the_order_of_the_manifest_as_in_spin() -> None:
    first = router(["/...", "/.env"]).match("/.env")
    assert first is not None
    assert first.pattern == "/.env"
    second = router(["/.env", "/..."]).match("/.env")
    assert second is not None
    assert second.pattern == "/..."


def test_five_thousand_routes_are_looked_up_under_their_own_beginning() -> None:
    routes = router([f"/app/f{i}/:id/..." for i in range(5000)] + ["/..."])
    found = routes.match("/app/f4321/7/x")
    assert found is not None
    assert (found.pattern, found.params) == ("/app/f4321/:id/...", {"id": "7"})
    looked_at = [len(routes._index.get(b, ())) for b in ("", "app", "app/f4321", "app/f4321/7")]
    assert sum(looked_at) == 2


parts = st.sampled_from(
    ["", "a", "b", "ab", "a.b", ".a", ":x", ":y", ":x.a", ":x.:y", "a.:x", "a.", ":x.", "..", ":x..b"]
)
ends = st.sampled_from(["", "/", "/..."])
patterns = st.builds(lambda p, end: "/" + "/".join(p) + end, st.lists(parts, max_size=4), ends)
paths = st.text(alphabet="ab/.", max_size=12).map(lambda p: "/" + p)


def scan(texts: list[str], path: str) -> tuple[str, dict[str, str], str | None] | None:
    """The rule itself: all routes in order, the first that matches."""
    unique = [parse(t) for t in dict.fromkeys(texts)]
    for index in in_order(unique):
        found = unique[index].match(path)
        if found is not None:
            return unique[index].text, found.params, found.wildcard
    return None


@given(st.lists(patterns, max_size=30), paths)
def test_the_index_finds_what_trying_all_in_order_finds(texts: list[str], path: str) -> None:
    found = router(texts).match(path)
    got = None if found is None else (found.pattern, found.params, found.wildcard)
    assert got == scan(texts, path)


@given(st.lists(patterns.filter(lambda p: "." not in p.removesuffix("/...")), max_size=60))
def test_without_dots_sorting_gives_the_order_of_the_tree(texts: list[str]) -> None:
    found = [parse(t) for t in dict.fromkeys(texts)]
    assert in_order(found) == grown(found)


@given(st.lists(patterns, max_size=11))
def test_a_small_tree_is_one_row_searched_from_the_left(texts: list[str]) -> None:
    found = [parse(t) for t in texts]
    row: list[int] = []
    for index, pattern in enumerate(found):
        at = next((i for i, k in enumerate(row) if precedes(pattern, found[k])), len(row))
        row.insert(at, index)
    assert grown(found) == row


@given(st.integers(0, 400), st.randoms())
def test_the_tree_keeps_every_route(count: int, source: random.Random) -> None:
    texts = [f"/:a.{source.choice('xyz')}/{source.choice(['', ':b', 'c'])}" for _ in range(count)]
    assert sorted(grown([parse(t) for t in texts])) == list(range(count))
