"""The file server: what it finds, what it says of it, and that nothing leads out of its folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.export import project
from spinlab.loading import load
from spinlab.magics.verbs.static import HIDDEN

BIG = os.urandom(3_000_001)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    for name, content in {
        "index.html": b"<h1>root</h1>",
        "style.css": b"body{}",
        "empty.txt": b"",
        "a \u00fc%.txt": b"spaced",
        "sub/index.html": b"<h1>sub</h1>",
        "sub/data.json": b"{}",
        "bare/only.txt": b"x",
        ".git/config": b"secret",
        ".env": b"secret",
        "sub/.hidden": b"secret",
        "big.bin": BIG,
    }.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_bytes(content)
    (tmp_path / "outside.txt").write_text("outside")
    return site


@pytest.fixture
def app(folder: Path) -> Iterator[App]:
    with App("site") as app:
        app.add(serving(folder))
        yield app


def serving(folder: Path, **more: object) -> Function:
    given = {"routes": ("/assets/...",), "exclude_files": (HIDDEN,), "folder": str(folder), **more}
    return Function("site", "", language="html", files=((".", "/"),), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("style.css", "text/css; charset=utf-8"),
        ("sub/data.json", "application/json"),
        ("empty.txt", "text/plain; charset=utf-8"),
        ("big.bin", "application/octet-stream"),
    ],
)
def test_a_file_is_sent_whole_with_its_type_and_length(app: App, folder: Path, path: str, kind: str) -> None:
    answer = app.get(f"/assets/{path}")
    content = (folder / path).read_bytes()
    assert answer.status == 200
    assert answer.body == content
    assert answer.headers.get("content-type") == kind
    assert answer.headers.get("content-length") == str(len(content))
    assert answer.headers.get("x-content-type-options") == "nosniff"
    head = app.request("HEAD", f"/assets/{path}")
    assert (head.status, head.body, list(head.headers)) == (200, b"", list(answer.headers))


def test_a_name_may_have_any_character(app: App) -> None:
    assert app.get("/assets/a%20%C3%BC%25.txt").body == b"spaced"
    assert app.get("/assets/a%20%C3%BC%.txt").status == 404
    assert app.get("/assets/%FF").status == 404


def test_a_folder_answers_with_its_index(app: App) -> None:
    assert app.get("/assets").body == b"<h1>root</h1>"
    assert app.get("/assets/").body == b"<h1>root</h1>"
    assert app.get("/assets/sub/").body == b"<h1>sub</h1>"
    assert app.get("/assets/bare/").status == 404
    assert app.get("/assets/style.css/").status == 404


def test_a_folder_without_its_slash_is_moved_there_on_this_host(app: App) -> None:
    answer = app.get("/assets/sub?x=1")
    assert (answer.status, answer.headers.get("location")) == (308, "/assets/sub/?x=1")


def test_a_redirect_never_names_another_host(folder: Path) -> None:
    (folder / "evil.example").mkdir()
    with App("site") as app:
        app.add(serving(folder, routes=("/...",)))
        for path in ("//evil.example", "/evil.example", "///evil.example"):
            answer = app.get(path)
            if answer.status == 308:
                assert answer.headers.get("location") == "/evil.example/"


@pytest.mark.parametrize(
    "path",
    [
        "../outside.txt",
        "%2e%2e/outside.txt",
        "..%2foutside.txt",
        "sub/..%2f..%2foutside.txt",
        "%2e%2e%5coutside.txt",
        "sub/../../outside.txt",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "%00",
        "style.css%00.txt",
        ".env",
        ".git/config",
        "%2egit/config",
        "sub/.hidden",
        "./style.css",
    ],
)
def test_nothing_leads_out_or_to_what_is_hidden(app: App, path: str) -> None:
    answer = app.get(f"/assets/{path}")
    assert answer.status == 404
    assert b"secret" not in answer.body
    assert b"outside" not in answer.body


def test_the_server_itself_keeps_what_is_hidden_to_itself(folder: Path) -> None:
    (folder / ".well-known").mkdir()
    (folder / ".well-known" / "security.txt").write_text("here")
    with App("site") as app:
        app.add(serving(folder, exclude_files=()))
        assert app.get("/assets/.env").status == 404
        assert app.get("/assets/.git/config").status == 404
        assert app.get("/assets/.well-known/security.txt").text == "here"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("bytes=3000000-", 3_000_000, 3_000_000),
        ("bytes=-4", 2_999_997, 3_000_000),
        ("bytes=-9999999", 0, 3_000_000),
        ("bytes=2999999-99999999999999999999", None, None),
        ("bytes=100-99999999", 100, 3_000_000),
    ],
)
def test_a_range_is_a_part(app: App, wanted: str, first: int | None, last: int | None) -> None:
    answer = app.get("/assets/big.bin", headers={"range": wanted})
    if first is None or last is None:
        assert (answer.status, len(answer.body)) == (200, len(BIG))
        return
    assert answer.status == 206
    assert answer.headers.get("content-range") == f"bytes {first}-{last}/{len(BIG)}"
    assert answer.body == BIG[first : last + 1]


@pytest.mark.parametrize("wanted", ["bytes=3000001-", "bytes=-0", "bytes=9999999-99999999"])
def test_a_range_behind_the_end_can_not_be_had(app: App, wanted: str) -> None:
    answer = app.get("/assets/big.bin", headers={"range": wanted})
    assert (answer.status, answer.headers.get("content-range")) == (416, f"bytes */{len(BIG)}")


@pytest.mark.parametrize("wanted", ["bytes=5-1", "lines=1-2", "bytes=a-b", "bytes=0-1,3-4", "bytes=", "bytes=-"])
def test_what_is_no_range_asks_for_the_whole(app: App, wanted: str) -> None:
    answer = app.get("/assets/style.css", headers={"range": wanted})
    assert (answer.status, answer.body) == (200, b"body{}")


def test_a_range_of_a_file_that_has_changed_is_the_whole(app: App) -> None:
    tag = str(app.get("/assets/style.css").headers.get("etag"))
    part = app.get("/assets/style.css", headers={"range": "bytes=0-1", "if-range": tag})
    assert (part.status, part.body) == (206, b"bo")
    whole = app.get("/assets/style.css", headers={"range": "bytes=0-1", "if-range": '"old"'})
    assert (whole.status, whole.body) == (200, b"body{}")


def test_what_a_client_has_is_not_sent_again(app: App) -> None:
    for path in ("style.css", "big.bin"):
        tag = str(app.get(f"/assets/{path}").headers.get("etag"))
        for known in (tag, f'"x", W/{tag}', "*"):
            answer = app.get(f"/assets/{path}", headers={"if-none-match": known})
            assert (answer.status, answer.body, answer.headers.get("etag")) == (304, b"", tag)
        assert app.get(f"/assets/{path}", headers={"if-none-match": '"x"'}).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"])
def test_files_can_only_be_read(app: App, method: str) -> None:
    answer = app.request(method, "/assets/style.css", body=b"x" if method in ("POST", "PUT") else None)
    assert (answer.status, answer.headers.get("allow")) == (405, "GET, HEAD")


def test_a_fallback_answers_for_what_is_not_there(folder: Path) -> None:
    with App("site") as app:
        app.add(serving(folder, environment={"FALLBACK_PATH": "index.html", "CACHE_CONTROL": "max-age=60"}))
        answer = app.get("/assets/some/view")
        assert (answer.status, answer.body) == (200, b"<h1>root</h1>")
        assert answer.headers.get("cache-control") == "max-age=60"
        assert app.get("/assets/style.css").body == b"body{}"


def test_a_page_of_ones_own_says_that_nothing_is_there(folder: Path) -> None:
    with App("site") as app:
        app.add(serving(folder, environment={"CUSTOM_404_PATH": "/sub/index.html"}))
        answer = app.get("/assets/nope")
        assert (answer.status, answer.body) == (404, b"<h1>sub</h1>")
        assert app.get("/assets/nope", headers={"range": "bytes=0-1"}).body == b"<h1>sub</h1>"


@pytest.mark.parametrize("name", ["FALLBACK_PATH", "CUSTOM_404_PATH", "CACHE_CONTROL"])
@pytest.mark.parametrize("value", ["nope.html", "../outside.txt", "a\nb", "/"])
def test_a_setting_that_makes_no_sense_does_no_harm(folder: Path, name: str, value: str) -> None:
    with App("site") as app:
        app.add(serving(folder, environment={name: value}))
        assert app.get("/assets/nope").status == 404
        assert app.get("/assets/style.css").body == b"body{}"


def test_a_changed_folder_is_read_when_it_is_added_again(app: App, folder: Path) -> None:
    (folder / "style.css").write_text("changed")
    (folder / "new.txt").write_text("new")
    assert app.get("/assets/style.css").body == b"body{}"
    live = app.add(serving(folder))
    assert live is not None
    assert live.revision == 2
    assert app.get("/assets/style.css").body == b"changed"
    assert app.get("/assets/new.txt").body == b"new"
    assert app.add(serving(folder)) is live


def test_an_export_has_the_server_once_and_comes_back(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with App("site") as app:
        app.add(serving(folder))
        app.add(Function("home", "<h1>home</h1>\n", language="html", routes=("/",)))
        made = project(app, out)
        before = {path: app.get(path).body for path in ("/", "/assets/style.css", "/assets/sub/", "/assets/big.bin")}
    assert [path for path in made.files if path.endswith(".wasm")] == ["images/static-files.wasm"]
    assert (out / "functions" / "home" / "index.html").read_text() == "<h1>home</h1>\n"
    assert (out / "functions" / "site" / "sub" / "data.json").read_text() == "{}"
    with load(out) as again:
        assert again["home"].function.source == "<h1>home</h1>\n"
        assert again["home"].function.language == "html"
        assert {path: again.get(path).body for path in before} == before
        second = project(again, tmp_path / "again")
    assert set(second.files) == set(made.files)
    for path in made.files:
        assert (tmp_path / "again" / path).read_bytes() == (out / path).read_bytes(), path
    with load(out, as_is=True) as plain:
        assert plain["home"].function.language == "wasm"
        assert {path: plain.get(path).body for path in before} == before
