from __future__ import annotations

import pytest

from spinlab.server.pages import SANDBOX, UnsendableError, release


def test_a_proxied_response_gets_an_origin_of_its_own_and_no_say_over_jupyters() -> None:
    fields = [
        ("Content-Type", "text/html"),
        ("Set-Cookie", "a=1"),
        ("Service-Worker-Allowed", "/"),
        ("Clear-Site-Data", '"*"'),
        ("Strict-Transport-Security", "max-age=1"),
        ("NEL", "{}"),
        ("Report-To", "{}"),
        ("Content-Security-Policy", "sandbox allow-scripts allow-same-origin"),
    ]
    assert release(fields, proxied=True) == [
        ("content-type", "text/html"),
        ("content-security-policy", "sandbox allow-scripts allow-same-origin"),
        ("content-security-policy", SANDBOX),
    ]


def test_the_sandbox_never_has_jupyters_origin() -> None:
    assert "allow-same-origin" not in SANDBOX
    assert "allow-top-navigation" not in SANDBOX


@pytest.mark.parametrize("options", [{"proxied": False}, {"proxied": True, "trusted": True}])
def test_direct_and_trusted_pages_keep_what_they_set(options: dict[str, bool]) -> None:
    fields = [("content-type", "text/html"), ("set-cookie", "a=1"), ("service-worker-allowed", "/")]
    assert release(fields, **options) == fields  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"proxied": False}, {"proxied": True, "trusted": True}])
def test_no_page_sets_jupyters_cookies(options: dict[str, bool]) -> None:
    fields = [("set-cookie", "_xsrf=1"), ("set-cookie", "a=1"), ("set-cookie", "=username-x=1")]
    assert release(fields, **options) == [("set-cookie", "a=1")]  # type: ignore[arg-type]


def test_headers_of_the_connection_are_not_a_guests() -> None:
    fields = [("connection", "x"), ("transfer-encoding", "chunked"), ("x-a", "1"), ("x-a", "2")]
    assert release(fields, proxied=False) == [("x-a", "1"), ("x-a", "2")]


@pytest.mark.parametrize(
    ("name", "value"), [("x", "a\r\nb: c"), ("x", "a\nb"), ("x y", "1"), ("", "1"), ("x", "€"), ("x", "\0")]
)
def test_what_would_break_the_message_is_refused(name: str, value: str) -> None:
    with pytest.raises(UnsendableError):
        release([(name, value)], proxied=False)
