from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab.server.credentials import is_jupyter_cookie, sets_jupyter_cookie, strip, without_jupyter_cookies
from spinlab.server.jupyter import Jupyter

TOKEN = "0123456789abcdef0123456789abcdef"
KNOWN = Jupyter(hosts=frozenset({"localhost:8888"}), base_urls=("/",), tokens=frozenset({TOKEN}))
LOGIN = ("cookie", "username-localhost-8888=2|1:0|10:1; mine=1")


def passed(*fields: tuple[str, str], proxied: bool = False, jupyter: Jupyter = KNOWN) -> list[tuple[str, str]]:
    return strip(jupyter, list(fields), "", proxied=proxied)[0]


def query_of(query: str, *fields: tuple[str, str], proxied: bool = False) -> str:
    return strip(KNOWN, list(fields), query, proxied=proxied)[1]


@pytest.mark.parametrize(
    "name",
    ["_xsrf", "username-localhost-8888", "jupyterhub-session-id", "jupyterhub-user-ada", "jupyter-hub-token", " _XSRF"],
)
def test_cookies_of_jupyter_are_known(name: str) -> None:
    assert is_jupyter_cookie(name)


@pytest.mark.parametrize("name", ["session", "xsrf", "_xsrf2", "username", "my-username-x", "jupyter"])
def test_cookies_of_a_function_are_not_jupyters(name: str) -> None:
    assert not is_jupyter_cookie(name)


def test_a_cookie_header_keeps_the_functions_own() -> None:
    assert without_jupyter_cookies("a=1; _xsrf=2|x;username-x-1=abc ; b=2") == "a=1; b=2"
    assert passed(("cookie", "_xsrf=1; username-a=2")) == []


@pytest.mark.parametrize("proxied", [True, False])
@pytest.mark.parametrize("scheme", ["token", "Token", "TOKEN"])
def test_jupyters_token_scheme_never_passes(scheme: str, proxied: bool) -> None:
    assert passed(("authorization", f"{scheme} anything"), proxied=proxied) == []


@pytest.mark.parametrize("value", [f"Bearer {TOKEN}", f"bearer  {TOKEN} ", f"Basic {TOKEN}"])
def test_a_known_token_passes_in_no_scheme(value: str) -> None:
    assert passed(("authorization", value)) == []


def test_a_functions_own_bearer_token_passes() -> None:
    own = ("authorization", "Bearer function-secret")
    assert passed(own) == [own]
    assert own in passed(own, LOGIN, proxied=True)


def test_a_bearer_token_that_let_a_request_through_jupyter_is_jupyters() -> None:
    # a hub's token is not known here; without a login cookie it must be what let the request in
    own = ("authorization", "Bearer of-the-hub")
    assert passed(own, proxied=True) == []


def test_with_a_token_in_the_address_the_bearer_is_the_functions_own() -> None:
    own = ("authorization", "Bearer function-secret")
    fields, query = strip(KNOWN, [own], "token=of-the-hub&x=1", proxied=True)
    assert fields == [own]
    assert query == "x=1"


def test_an_open_jupyter_has_no_credentials_to_infer() -> None:
    own = ("authorization", "Bearer function-secret")
    assert passed(own, proxied=True, jupyter=Jupyter(base_urls=("/",), open=True)) == [own]


def test_a_known_token_leaves_the_query_and_the_rest_stays_as_sent() -> None:
    assert query_of(f"a=%20&token={TOKEN}&b=+&b=2") == "a=%20&b=+&b=2"
    assert query_of(f"%74oken={TOKEN}") == ""
    assert query_of("token=mine&a=1") == "token=mine&a=1"
    assert query_of("a&&b=") == "a&&b="


def test_a_token_parameter_of_a_logged_in_request_is_the_functions_own() -> None:
    assert query_of("token=mine", LOGIN, proxied=True) == "token=mine"


def test_a_known_token_passes_under_no_name() -> None:
    assert passed(("x-anything", f"a {TOKEN} b"), ("x-other", "1")) == [("x-other", "1")]
    assert query_of(f"x={TOKEN}&y=1") == "y=1"


def test_a_referer_loses_the_token_that_jupyters_page_had() -> None:
    assert passed(("referer", f"http://localhost:8888/lab?token={TOKEN}&a=1")) == [
        ("referer", "http://localhost:8888/lab?a=1")
    ]
    assert passed(("referer", "http://localhost:8888/lab?token=of-the-hub")) == [
        ("referer", "http://localhost:8888/lab")
    ]


def test_the_xsrf_header_of_jupyter_does_not_pass() -> None:
    xsrf = ("x-xsrftoken", "2|abc")
    assert passed(xsrf, LOGIN, proxied=True) == [("cookie", "mine=1")]
    assert passed(xsrf, ("cookie", "_xsrf=2|abc")) == []
    assert passed(xsrf) == [xsrf]


@pytest.mark.parametrize(
    "header",
    [
        "_xsrf=1",
        " _xsrf =1; Path=/",
        "username-localhost-8888=x; Path=/; HttpOnly",
        "jupyterhub-session-id=1",
        "=_xsrf=1",
        " = username-a=1",
        "_xsrf",
        "_XSRF=1",
    ],
)
def test_a_guest_can_not_set_jupyters_cookies(header: str) -> None:
    assert sets_jupyter_cookie(header)


@pytest.mark.parametrize("header", ["a=_xsrf=1", "session=1; Path=/_xsrf", "=1", "x"])
def test_a_guest_can_set_its_own_cookies(header: str) -> None:
    assert not sets_jupyter_cookie(header)


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "_xsrf", "token", "x%3D"]), st.text("abc%3D+ ", max_size=5)), max_size=6
    )
)
def test_a_query_without_credentials_is_never_changed(parameters: list[tuple[str, str]]) -> None:
    query = "&".join(f"{n}={v}" for n, v in parameters if n not in ("_xsrf", "token"))
    assert query_of(query) == query


@given(st.lists(st.sampled_from(["a=1", "_xsrf=2", "username-x=3", "jupyterhub-user-a=4", " b = 5 "]), max_size=8))
def test_no_order_of_cookies_lets_one_of_jupyters_through(cookies: list[str]) -> None:
    left = without_jupyter_cookies(";".join(cookies))
    assert not any(is_jupyter_cookie(cookie.partition("=")[0]) for cookie in left.split(";"))
