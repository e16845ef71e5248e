from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from spinlab.widgets.markup import join, tag


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text(), st.text())
def test_no_text_becomes_markup(text: str, value: str) -> None:
    seen = Seen()
    seen.feed(tag("p", tag("b", text), text, title=value))
    assert seen.tags == ["p", "b"]
    assert [name for name, _ in seen.attributes] == ["title"]


def test_a_known_attack_stays_text() -> None:
    attack = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    seen = Seen()
    seen.feed(tag("p", attack, title=attack))
    assert seen.tags == ["p"]
    assert seen.text == attack
    assert seen.attributes == [("title", attack)]


def test_attributes_without_a_value_are_left_out() -> None:
    assert tag("td", "x", style=None, class_="a") == '<td class="a">x</td>'


def test_children_may_be_nested_lists() -> None:
    assert join("a", [tag("b"), tag("i")], None) == "a<b></b><i></i>"


def test_controls_are_shown_and_not_obeyed() -> None:
    assert tag("p", "\x1b[2J\u202e") == "<p>\\x1b[2J\\u202e</p>"
