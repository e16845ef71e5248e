"""A source in another language than it was given as is recognised; one in the right language never is."""

from __future__ import annotations

import pytest

from spinlab.toolchains.wrong_language import TITLES, wrong_language

SOURCES = {
    "python": "from spin_sdk import http\n\ndef handle(request):\n    return {'a': 1}\n",
    "javascript": "export default {\n  async fetch(request) {\n    return new Response(`hi`);\n  }\n};\n",
    "typescript": "function handle(r: Request): Response {\n  const n: number = 1;\n  return new Response();\n}\n",
    "rust": 'fn handle(req: Request) -> Response {\n    let mut x = 1;\n    Response::new(200, format!("{x}"))\n}\n',
    "c": '#include "spin.h"\n\nvoid handle(spin_request *req, spin_response *res) {\n    spin_text(res, "hi");\n}\n',
    "cpp": '#include "spin.h"\n#include <string>\n\nvoid handle(spin_request *req, spin_response *res) {\n'
    '    std::string s = "x";\n    spin::write(res, s);\n}\n',
    "zig": 'const std = @import("std");\nconst spin = @import("spin.zig");\n\n'
    "pub fn handle(req: *spin.Request, res: *spin.Response) !void {\n    try res.write(req.path());\n}\n",
    "go": 'package main\n\nimport "net/http"\n\nfunc handle(w http.ResponseWriter, r *http.Request) {\n'
    '    n := 1\n    fmt.Fprintln(w, "hi", n)\n}\n',
    "wat": '(module\n  (func (export "handle") (param i32 i32))\n)\n',
    "html": "<!doctype html>\n<title>x</title>\n<p>hello</p>\n",
}
ALIKE = {("javascript", "typescript"), ("c", "cpp")}


@pytest.mark.parametrize("wanted", SOURCES)
@pytest.mark.parametrize("written", SOURCES)
def test_each_language_is_told_from_each_other(written: str, wanted: str) -> None:
    found = wrong_language(SOURCES[written], wanted)
    if written == wanted or (written, wanted) in ALIKE:
        assert found is None
    else:
        assert found is not None
        assert TITLES[found.name] == found.title
        assert written in (found.name, *(b for a, b in ALIKE if a == found.name))


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ("python", "def add(a, b): return a + b\n"),
        ("python", "async def handle(request):\n    return await x()\n"),
        ("javascript", "addEventListener('fetch', e => e.respondWith(new Response('x')));\n"),
        ("javascript", "function handle(request) {\n  return request.path;\n}\n"),
        ("go", "package main\n\nfunc handle() {\n}\n"),
        ("html", "<h1>Hello</h1>\n"),
    ],
)
def test_short_sources_are_recognised(written: str, source: str) -> None:
    found = wrong_language(source, "rust")
    assert found is not None
    assert found.name == written


@pytest.mark.parametrize("source", ["", "x", "hello world", "a = 1", "}{", "\0" * 10, "(" * 30_000, "def " * 30_000])
def test_no_guess_is_made_of_what_looks_like_nothing(source: str) -> None:
    assert wrong_language(source, "zig") is None
