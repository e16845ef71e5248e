"""Requests in the words of other clients, and paths of routes: the modules alone, in a browser."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from playwright.sync_api import Page

import spinlab
from spinlab.client import request
from spinlab.magics.words import split
from spinlab.routing import parse
from spinlab.widgets.live.assembling import STATIC

pytestmark = pytest.mark.browser

TEXTS = ("plain", "it's", 'say "hi"', "a\\b", "\\\"mixed'\\", "$HOME `ls` {x}", "é ü", "a b&c=d?e#f", "-d", "tab\there")


def alone(name: str) -> str:
    """A module without its imports and exports."""
    lines = (STATIC / name).read_text("utf-8").splitlines(True)
    return "".join(line.removeprefix("export ") for line in lines if not line.startswith("import "))


def call(page: Page, name: str, function: str, *given: Any) -> Any:
    """Call a function of a module that needs no page."""
    needs = "" if name == "pairs.js" else alone("pairs.js")
    code = f"{needs}\n{alone(name)}\nreturn {function}(...given)"
    return page.evaluate("([code, given]) => new Function('given', code)(given)", [code, list(given)])


def copied(**changes: Any) -> dict[str, Any]:
    return {"method": "GET", "path": "/", "headers": [], "body": None, "json": False, "file": "", **changes}


@pytest.mark.parametrize("text", [*TEXTS, "two\nlines"])
def test_a_request_as_curl_is_read_by_a_shell_as_it_was(page: Page, text: str) -> None:
    asked = copied(method="POST", path="/a/b?x=é", headers=[["x-a", text]], body=text)
    line = call(page, "copying.js", "asCurl", asked, "http://localhost:3000")
    if "$'" in line:
        assert "\\x0a" in line or "\\x09" in line
        return
    words = shlex.split(line)
    assert words[:4] == ["curl", "-X", "POST", "http://localhost:3000/a/b?x=%C3%A9"]
    assert words[4:] == ["-H", f"x-a: {text}", "--data-raw", text]


@pytest.mark.parametrize("text", TEXTS)
def test_a_request_as_a_line_is_read_by_the_magic_as_it_was(page: Page, text: str) -> None:
    asked = copied(method="PUT", path="/a b?c", headers=[["x-a", text]], body=text)
    line = call(page, "copying.js", "asSpin", asked)
    words = [word.text for word in split(line)]
    assert words == ["%spin", "put", "/a%20b?c", "-H", f"x-a: {text}", "-d", text]


def test_json_goes_as_json_and_what_no_line_can_hold_goes_as_python(page: Page) -> None:
    asked = copied(
        method="POST", path="/x", body='{\n  "a": "it\'s"\n}', json=True, headers=[["content-type", "application/json"]]
    )
    words = [word.text for word in split(call(page, "copying.js", "asSpin", asked))]
    assert words == ["%spin", "post", "/x", "--json", '{"a":"it\'s"}']
    hard = copied(method="POST", path="/x'", body="two\nlines \u2028 é", headers=[["x-a", "b"]])
    line = call(page, "copying.js", "asSpin", hard)
    assert line.startswith("spinlab.current_app().request(")
    sent: list[Any] = []

    class Recording:
        def request(self, *given: Any, **more: Any) -> None:
            sent.append((given, more))

    class Module:
        Headers = spinlab.Headers

        @staticmethod
        def current_app() -> Recording:
            return Recording()

    eval(line, {"spinlab": Module})
    ((method, path), more) = sent[0]
    made = request(method, path, host="x", **more)
    assert made.body == "two\nlines \u2028 é".encode()
    assert made.headers.get("x-a") == "b"


@pytest.mark.parametrize(
    ("pattern", "values", "path"),
    [
        ("/add/:a/:b", ["1", "2"], "/add/1/2"),
        ("/add/:a/:b", ["", "2"], "/add/:a/2"),
        ("/hello/:name", ["a/b ü?"], "/hello/a%2Fb%20%C3%BC%3F"),
        ("/files/...", ["a b/c"], "/files/a%20b/c"),
        ("/files/...", [""], "/files"),
        ("/...", ["x"], "/x"),
        ("/", [], "/"),
        ("/:name.json", ["x"], "/x.json"),
        ("/a+b/(c)/:d", ["$"], "/a+b/(c)/%24"),
    ],
)
def test_a_path_is_made_of_its_parameters_and_read_back(page: Page, pattern: str, values: list[str], path: str) -> None:
    parsed = parse(pattern)
    route = {"pattern": pattern, "params": list(parsed.params), "wildcard": parsed.wildcard, "problem": ""}
    assert call(page, "routes.js", "pathOf", route, values) == path
    assert call(page, "routes.js", "valuesOf", route, path) == values
    assert parsed.match(path) is not None


def test_pairs_of_a_query_keep_every_letter(page: Page) -> None:
    pairs = [["a b", "é&="], ["", "x"], ["y", ""], ["half", "\ud800"]]
    text = call(page, "pairs.js", "encodedPairs", json.loads(json.dumps(pairs)))
    assert text.startswith("a%20b=%C3%A9%26%3D&=x&y=")
    assert call(page, "pairs.js", "decodedPairs", text)[:3] == pairs[:3]
