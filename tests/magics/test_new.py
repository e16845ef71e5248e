"""%spin new in a real kernel: the cell that it puts below."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("python", "%%spin hello"),
        ("python greets", "%%spin greets"),
        ("py greets", "%%spin greets"),
        ("javascript", "%%spin javascript hello"),
        ("ts", "%%spin typescript hello"),
        ("python --template kv", "%%spin visits --kv default"),
        ("python counts -t kv", "%%spin counts --kv default"),
        ("python -t sqlite", "%%spin notes --sqlite default"),
        ("python -t fetch", "%%spin asks --allow http://self"),
        ("wat", "%%spin wat hello"),
        ("html", "%%spin html hello"),
        ("wasm ready", "%spin add ready --source ready.wasm"),
        ("-t http-py", "%%spin hello"),
        ("-t http-py greets", "%%spin greets"),
        ("python greets -t http-py", "%%spin greets"),
        ("http-py greets", "%%spin greets"),
        ("-t http-js", "%%spin javascript hello"),
        ("-t http-ts", "%%spin typescript hello"),
        ("-t http-rust mul", "%%spin rust mul"),
        ("-t http-c", "%%spin c hello"),
        ("-t http-zig", "%%spin zig hello"),
        ("-t http-empty shop", "%spin app shop"),
        ("-t static-fileserver site", "%spin static site --route /site/..."),
    ],
)
def test_it_puts_the_cell_below_with_the_grants_that_it_needs(kernel: Kernel, line: str, first: str) -> None:
    ran = kernel.run(f"%spin new {line}").ok()
    assert ran.next_input.partition("\n")[0] == first
    assert ran.text.strip() == ""


def test_the_cell_works_as_it_is(kernel: Kernel) -> None:
    cell = kernel.run("%spin new python -t kv").ok().next_input
    assert "revision 1" in kernel.run(cell).ok().text
    assert "visit number" in kernel.run("%spin get /visits").ok().text


def test_a_name_that_is_taken_is_not_chosen(kernel: Kernel) -> None:
    register(kernel, "hello")
    assert kernel.run("%spin new python").ok().next_input.startswith("%%spin hello2\n")
    register(kernel, "hello2")
    assert kernel.run("%spin new wat").ok().next_input.startswith("%%spin wat hello3\n")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("", "%spin new needs a language", "python"),
        ("pyton", "'pyton' is not a language", "did you mean python?"),
        ("python -t http", None, None),
        ("python --template sql", "there is no template 'sql'", "did you mean sqlite?"),
        ("html --template kv", "a page has no starter", "another language"),
        ("c --template sqlite", "no SQLite for C", "--template kv"),
        ("python -t http-php", "no starter for http-php", "docs/languages.md"),
        ("http-php", "no starter for http-php", "docs/languages.md"),
        ("wat hello -t http-py", "http-py is not for wat", "leave out wat"),
        ("python wat", "'wat' is the name of a language", "another name"),
        ("python 1st", "1st", ""),
        ("python a b", "does not take 'b'", "usage"),
    ],
)
def test_what_it_can_not_make_is_pointed_at(kernel: Kernel, line: str, message: str | None, hint: str | None) -> None:
    ran = kernel.run(f"%spin new {line}")
    if message is None:
        ran.ok()
        return
    assert ran.status == "error"
    assert ran.ename in ("OptionError", "NameRefused")
    assert message in ran.traceback
    assert hint is not None
    assert hint in ran.traceback
    assert ran.next_input == ""


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ("%spin new pyt", {"python"}),
        ("%spin new python --template k", {"kv"}),
        ("%spin new -t http-p", {"http-py", "http-py-p2"}),
        ("%spin doctor zi", {"zig"}),
        ("%spin inspect x --wi", {"--wit"}),
        ("%%spin wat x --if", {"--if-here"}),
    ],
)
def test_its_words_are_completed(kernel: Kernel, code: str, offered: set[str]) -> None:
    assert set(kernel.complete(code)[0]) == offered
