from __future__ import annotations

import pytest

from spinlab.routing import Router
from spinlab.widgets.urls import Address, example_path


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/hello/:name", "/hello/name"),
        ("/hello/...", "/hello"),
        ("/...", "/"),
        ("/a/*", "/a"),
        ("/f/:id.json", "/f/id.json"),
    ],
)
def test_an_example_path_is_one_that_the_pattern_matches(pattern: str, path: str) -> None:
    assert example_path(pattern) == path
    assert Router([(pattern, "x", "x")]).match(path) is not None


def test_an_address_is_text_and_a_link() -> None:
    address = Address('http://127.0.0.1:3001/"><script>')
    bundle = address._repr_mimebundle_()
    assert bundle["text/plain"] == address
    assert "<script>" not in bundle["text/html"]
    assert bundle["text/html"].startswith("<a href=")


def test_what_is_no_web_address_is_never_a_link() -> None:
    assert "<a" not in Address("javascript:alert(1)")._repr_mimebundle_()["text/html"]
