"""Components by URL: from a real server, checked, kept, bounded."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import spinlab
from spinlab.engine import wat_to_wasm
from spinlab.errors import ManifestError
from spinlab.export import project
from spinlab.loading import download
from spinlab.loading.download import fetched
from spinlab.manifest import load, normalize
from tests.conftest import wat_source
from tests.loading.projects import application

COMPONENT = wat_to_wasm(wat_source("fetched"))
DIGEST = f"sha256:{hashlib.sha256(COMPONENT).hexdigest()}"


class Server(BaseHTTPRequestHandler):
    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("location", "/x.wasm")
            self.end_headers()
            return
        body = {"/x.wasm": COMPONENT, "/large": b"0" * 300_000}.get(self.path)
        self.send_response(404 if body is None else 200)
        if self.path != "/large":
            self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_arguments: object) -> None: ...


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (Server,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}", asked
        running.shutdown()
        thread.join()


def test_a_component_is_fetched_once_and_kept_under_its_digest(server: tuple[str, list[str]], tmp_path: Path) -> None:
    url, asked = server
    told: list[float | None] = []
    for _ in range(2):
        data = fetched(f"{url}/moved", DIGEST, lambda _what, done=None: told.append(done), folder=tmp_path)
        assert data == COMPONENT
    assert asked == ["/moved", "/x.wasm"]
    assert told[-1] == 1.0
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(b"changed by somebody")
    assert fetched(f"{url}/x.wasm", DIGEST, folder=tmp_path) == COMPONENT
    assert kept.read_bytes() == COMPONENT


def test_what_was_not_used_for_longest_makes_room(
    server: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "ROOM", len(COMPONENT) + 10)
    for number, name in enumerate(("old", "older")):
        (tmp_path / f"{name}.wasm").write_bytes(b"0" * 10)
        os.utime(tmp_path / f"{name}.wasm", (1000 - number, 1000 - number))
    fetched(f"{server[0]}/x.wasm", DIGEST, folder=tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"old.wasm", f"{DIGEST[7:]}.wasm"}


def test_something_else_than_the_digest_says_is_refused(server: tuple[str, list[str]], tmp_path: Path) -> None:
    other = "sha256:" + "0" * 64
    with pytest.raises(ManifestError, match=f"invalid content digest; expected {other}, downloaded {DIGEST}"):
        fetched(f"{server[0]}/x.wasm", other, folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("path", "digest", "told"),
    [
        ("/nowhere", DIGEST, "404"),
        ("/x.wasm", "md5:1", "must start with 'sha256:'"),
        ("/x.wasm", "sha256:1", "invalid `digest`"),
        ("/large", DIGEST, "more than"),
    ],
)
def test_what_can_not_be_fetched_is_named(
    server: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, digest: str, told: str
) -> None:
    monkeypatch.setattr(download, "LARGEST", 200_000)
    with pytest.raises(ManifestError, match=told):
        fetched(server[0] + path, digest, folder=tmp_path)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://127.0.0.1:1/x.wasm", "http://[/x", "nonsense"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ManifestError, match="Error fetching source URL"):
        fetched(url, DIGEST, folder=tmp_path)


def test_an_app_with_a_fetched_component_answers_and_is_exported_as_it_was(
    server: tuple[str, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINLAB_CACHE_DIR", str(tmp_path / "cache"))
    text = f"""
[[trigger.http]]
route = "/"
component = "far"
[component.far]
source = {{ url = "{server[0]}/x.wasm", digest = "{DIGEST}" }}
"""
    folder = application(tmp_path / "app", text)
    with spinlab.load(folder) as app:
        assert app.get("/").text.strip() == "fetched"
        made = project(app, tmp_path / "out")
    assert not [path for path in made.files if path.endswith(".wasm")]
    assert normalize(load(tmp_path / "out/spin.toml")) == normalize(load(folder / "spin.toml"))
