from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from spinlab.function import Function
from spinlab.widgets.card import MEDIA_TYPE, CardFacts, card, touches, with_source

HOSTILE = "<script>alert(1)</script>"
HELLO = Function("hello", "source", routes=("/hello/:name",))
FACTS = CardFacts(
    HELLO,
    revision=3,
    wasi="0.2",
    sizes=(12_345_678, 4_000_000, 20_000_000),
    build=0.003,
    compile=1.5,
    cold_start=0.0021,
    url="http://127.0.0.1:3000",
)


def test_a_card_says_everything_that_was_promised() -> None:
    text = card(FACTS).text
    for part in (
        "hello · Python · WASI 0.2 · revision 3",
        "/hello/:name",
        "http://127.0.0.1:3000/hello/name",
        "may touch  nothing",
        "12.3 MB",
        "4.0 MB compressed",
        "20.0 MB",
        "build 3.00 ms",
        "compile 1.5 s",
        "cold start 2.10 ms",
        "fresh for each request",
    ):
        assert part in text, part


def test_the_html_says_the_same_without_script_or_style_elements() -> None:
    shown = card(FACTS)
    html = shown.html
    assert 'href="http://127.0.0.1:3000/hello/name"' in html
    assert "nothing" in html
    assert not re.search(r"<(script|style|link|iframe)|\son\w+=", html)


def test_colours_come_from_the_theme_with_a_fallback_for_light_and_dark() -> None:
    colours = re.findall(r"(?<![-\w])color:([^;\"]+)", card(FACTS).html)
    assert colours
    assert all(c.startswith("var(--jp-") and "light-dark(" in c for c in colours)


def test_grants_are_named() -> None:
    function = Function(
        "f",
        "",
        routes=("/f",),
        allowed_outbound_hosts=("https://example.com",),
        key_value_stores=("default",),
        variables={"token": "{{ token }}"},
        environment={"A": "b"},
        files=(("a.txt", "/a.txt"), ("b", "b")),
    )
    assert touches(function) == (
        "outbound https://example.com",
        "key-value store default",
        "variable token",
        "environment A",
        "file a.txt as /a.txt",
        "file b",
    )


def test_a_module_says_how_it_is_used() -> None:
    text = card(CardFacts(Function("util", "x = 1", module=True))).text
    assert "import util" in text
    assert "route" not in text


def test_a_private_function_has_no_route() -> None:
    assert "only other functions" in card(CardFacts(Function("f", "", private=True), wasi="0.2")).text


def test_reuse_is_said() -> None:
    known = CardFacts(HELLO, wasi="0.3", reuse=128)
    assert "up to 128 requests" in card(known).text


@pytest.mark.parametrize("field", ["description", "origin", "name", "route", "remark", "host", "language"])
def test_hostile_words_never_become_markup(field: str) -> None:
    function = Function(
        HOSTILE if field == "name" else "f",
        "",
        language=HOSTILE if field == "language" else "python",
        routes=(HOSTILE if field == "route" else "/f",),
        allowed_outbound_hosts=(HOSTILE if field == "host" else "https://a",),
        description=HOSTILE if field == "description" else "",
        origin=HOSTILE if field == "origin" else "",
    )
    remarks = (HOSTILE if field == "remark" else "x",)
    shown = card(CardFacts(function, wasi="0.2", url="http://127.0.0.1:1", remarks=remarks))
    assert "<script" not in shown.html
    assert "<script" not in with_source(shown, function).html


def test_the_json_is_plain_and_whole() -> None:
    value = card(FACTS).custom[MEDIA_TYPE]
    assert json.loads(json.dumps(value)) == value
    assert value["name"] == "hello"
    assert value["routes"] == ["/hello/:name"]
    assert value["touches"] == []


def test_the_bundle_has_text_html_and_json() -> None:
    assert set(card(FACTS)._repr_mimebundle_()) == {"text/plain", "text/html", MEDIA_TYPE}


def test_the_html_is_well_formed() -> None:
    class Balanced(HTMLParser):
        open: list[str] = []

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Balanced()
    parser.feed(card(FACTS).html)
    assert parser.open == []
