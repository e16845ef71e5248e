"""HTML cells: the page as it is, from the file server, and remarks on what does not match."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.errors import ManifestError, OptionError, SourceError
from spinlab.languages import language
from spinlab.languages.html import remarks


@pytest.fixture
def app() -> Iterator[App]:
    with App("pages") as app:
        yield app


def page(source: str | bytes, name: str = "page", **more: object) -> Function:
    return Function(name, source, language="html", **{"routes": (f"/{name}/...",), **more})  # type: ignore[arg-type]


def test_the_page_is_sent_byte_for_byte(app: App) -> None:
    source = "\ufeff<!doctype html>\r\n<p>Grüße {{ name }}\r\n"
    app.add(page(source))
    answer = app.get("/page")
    assert answer.status == 200
    assert answer.body == source.encode()
    assert answer.headers.get("content-type") == "text/html; charset=utf-8"
    assert app.get("/page/").body == source.encode()
    assert app.get("/page/other").status == 404


@pytest.mark.parametrize("route", ["/", "/about", "/:any", "/..."])
def test_it_answers_at_whatever_route_it_has(app: App, route: str) -> None:
    app.add(page("<h1>here</h1>", routes=(route,)))
    path = {"/:any": "/x", "/...": "/"}.get(route, route)
    assert app.get(path).body == b"<h1>here</h1>"


def test_a_changed_cell_is_a_new_revision_on_the_same_component(app: App) -> None:
    first = app.add(page("<h1>one</h1>"))
    tag = app.get("/page").headers.get("etag")
    second = app.add(page("<h1>two</h1>"))
    assert first is not None
    assert second is not None
    assert second.revision == 2
    assert second.prepared is first.prepared or second.build.component == first.build.component
    assert app.get("/page").body == b"<h1>two</h1>"
    assert app.get("/page").headers.get("etag") != tag
    assert app.add(page("<h1>two</h1>")) is second
    app.undo("page")
    assert app.get("/page").body == b"<h1>one</h1>"
    assert app.get("/page").headers.get("etag") == tag


def test_a_browser_asks_whether_its_copy_is_still_the_newest(app: App) -> None:
    app.add(page("<h1>one</h1>"))
    seen = app.get("/page")
    assert seen.headers.get("cache-control") == "no-cache"
    tag = str(seen.headers.get("etag"))
    again = app.get("/page", headers={"if-none-match": f'"other", W/{tag}'})
    assert (again.status, again.body) == (304, b"")
    app.add(page("<h1>two</h1>"))
    assert app.get("/page", headers={"if-none-match": tag}).status == 200


def test_files_that_it_mounts_are_served_beside_it(app: App, tmp_path: Path) -> None:
    (tmp_path / "app.js").write_text("let a = 1")
    app.add(page("<script src=app.js></script>", files=(("app.js", ""),), folder=str(tmp_path)))
    assert app.get("/page/app.js").headers.get("content-type") == "text/javascript; charset=utf-8"
    assert b"<script" in app.get("/page/").body


@pytest.mark.parametrize("place", ["/index.html", "/index.html/x"])
def test_nothing_can_be_mounted_in_its_place(app: App, tmp_path: Path, place: str) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(ManifestError, match="the cell itself"):
        app.add(page("<p>x", files=(("a", place),), folder=str(tmp_path)))
    assert app.get("/page").status == 404


@pytest.mark.parametrize("source", ["", "  \n\t"])
def test_an_empty_page_is_refused(app: App, source: str) -> None:
    with pytest.raises(SourceError, match="the page is empty"):
        app.add(page(source))


def test_a_page_that_is_not_utf8_is_refused_with_its_line(app: App) -> None:
    with pytest.raises(SourceError, match="not UTF-8") as caught:
        app.add(page(b"<p>fine\n<p>\xff"))
    assert caught.value.location is not None
    assert caught.value.location.line == 2


def test_another_language_is_named(app: App) -> None:
    source = "def handle(request):\n    return f'hello {request.path}'\n"
    with pytest.raises(SourceError, match="looks like Python") as caught:
        app.add(page(source))
    assert caught.value.hint == "begin the cell with %%spin python page"


def test_text_without_a_tag_is_a_page(app: App) -> None:
    app.add(page("just text"))
    assert app.get("/page").body == b"just text"


def test_options_of_other_languages_are_refused(app: App) -> None:
    with pytest.raises(OptionError, match="no packages"):
        app.add(page("<p>x", requires=("left-pad",)))
    with pytest.raises(OptionError, match="imported"):
        app.add(page("<p>x", module=True, routes=()))


def test_tags_that_do_not_match_are_remarks_with_their_lines(app: App) -> None:
    live = app.add(page("<main>\n<div>\n<b>x</b>\n</main>\n</span>", first_line=2))
    assert live is not None
    assert live.build.warnings == ("line 3: <div> is not closed", "line 6: </span> closes nothing")
    assert app.get("/page").status == 200


@pytest.mark.parametrize(
    "text",
    [
        "<!doctype html><html><head><title>x</title><body><p>one<p>two<ul><li>a<li>b</ul><br><img src=x>",
        "<table><tr><td>1<td>2<tr><td>3</table>",
        "<svg><path d='M0 0'/><circle r='1'/></svg><math><mi>x</mi></math>",
        "<script>if (a < b) { document.write('</div>') }</script><style>a > b {}</style>",
        "<!-- <div> --><input disabled><select><option>a<option>b</select>",
        "<p>a &lt; b &amp; c < d",
    ],
)
def test_html_as_it_may_be_written_has_no_remarks(text: str) -> None:
    assert remarks(text) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<div", ()),
        ("<div/>", ("line 1: <div/> does not close itself in HTML; write <div></div>", "line 1: <div> is not closed")),
        ("\n<a href=x>y", ("line 2: <a> is not closed",)),
        ("<section><em>x</section>", ("line 1: <em> is not closed",)),
    ],
)
def test_what_is_said_of_a_tag(text: str, said: tuple[str, ...]) -> None:
    assert remarks(text)[:1] == said[:1]


def test_at_most_five_remarks_are_made() -> None:
    found = remarks("<b>\n" * 9)
    assert len(found) == 6
    assert found[-1] == "and 4 more of that kind"


def test_a_page_of_a_megabyte_is_served(app: App) -> None:
    source = "<p>" + "x" * 1_000_000
    app.add(page(source))
    assert app.get("/page").body == source.encode()


def test_the_starter_is_a_page_without_remarks(app: App) -> None:
    html = language("htm")
    source = html.starter("http")  # type: ignore[attr-defined]
    live = app.add(page(source))
    assert live is not None
    assert live.build.warnings == ()
    assert app.get("/page").text == source
    with pytest.raises(OptionError, match="no starter 'kv'"):
        html.starter("kv")  # type: ignore[attr-defined]
    assert html.tools() == ()  # type: ignore[attr-defined]


def test_a_starter_with_one_character_less_is_still_served(app: App) -> None:
    source = language("html").starter("http")  # type: ignore[attr-defined]
    for at in range(0, len(source), 23):
        shorter = source[:at] + source[at + 1 :]
        app.add(page(shorter))
        assert app.get("/page").text == shorter
