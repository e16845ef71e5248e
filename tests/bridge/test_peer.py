"""The same guests under `wasmtime serve`, an independent runtime: what a guest sees and answers must not differ."""

from __future__ import annotations

import httpx
import pytest

from tests.bridge.bench import request, sandbox
from tests.guests import folder
from tests.peer.wasmtime_serve import serve

pytestmark = pytest.mark.peer


PATHS = {
    "effects2": ["/fields", "/lengths", "/stdin", "/log", "/files", "/sleep?ms=1", "/nothing"],
    "stream2": [
        "/events?n=2&ms=1",
        "/cpu?n=2&ms=1",
        "/large?kb=200",
        "/leak",
        "/trailers",
        "/after?ms=1",
        "/head-first",
    ],
}


@pytest.mark.parametrize("guest", PATHS)
def test_answers_are_the_peers(guest: str) -> None:
    with serve(folder() / f"{guest}.wasm") as url, httpx.Client() as client:
        for path in PATHS[guest]:
            theirs, ours = client.get(url + path), sandbox(guest).handle(request(path))
            assert ours.status == theirs.status_code, path
            if theirs.status_code == 200:
                assert ours.body == theirs.content, path


def test_a_guest_sees_the_same_request() -> None:
    headers = [("X-A", "1"), ("x-b", "é"), ("x-a", "2"), ("te", "trailers")]
    with serve(folder() / "echo2.wasm") as url:
        sent = httpx.Request("GET", url + "/describe?a=%20b&c", headers=[(n, v.encode("latin-1")) for n, v in headers])
        with httpx.Client() as client:
            theirs = client.send(sent).text.split("\n")
    seen = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent.headers.raw]
    ours = sandbox("echo2").handle(request("/describe?a=%20b&c", headers=seen[1:])).text.split("\n")
    assert ours[0] == theirs[0]
    assert sorted(ours[2:]) == sorted(theirs[2:])
    assert [line for line in ours if line.startswith("x-a")] == [line for line in theirs if line.startswith("x-a")]
