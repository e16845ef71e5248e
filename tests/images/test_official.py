"""The same cell as a project of Spin's templates: built with the official command, it gives the same answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from spinlab.engine import Sandbox, default_engine
from spinlab.function import Function
from spinlab.http import Headers, Request
from spinlab.images.recipe import RECIPES
from spinlab.languages import BuildContext
from spinlab.languages.python import LANGUAGE
from spinlab.toolchains import environments
from spinlab.toolchains.process import environment, run
from tests.images.running import VERSIONS, sandbox

CELL = """
from short import Response
from greeting import greet

def handle(request):
    import colorsys

    if request.path == "/text":
        return greet(request.query.get("name", "you"))
    if request.path == "/json":
        return {"headers": request.headers.get_all("x-a"), "color": colorsys.rgb_to_hsv(1, 0, 0), "module": __name__}
    if request.path == "/stream":
        return (f"{n}\\n" for n in range(3))
    if request.path == "/echo":
        return Response(request.body, 201, {"content-type": "x/y"})
    if request.path == "/boom":
        raise ValueError("boom")
    return 404, None
"""
MODULE = "def greet(name):\n    return f'Hello, {name}!'\n"
REQUESTS = [
    Request("GET", "/text?name=%C3%A9"),
    Request("GET", "/json", Headers([("x-a", "1"), ("x-a", "2")])),
    Request("GET", "/stream"),
    Request("POST", "/echo", body=bytes(range(256)) * 1000),
    Request("GET", "/boom"),
    Request("GET", "/nothing"),
    Request("HEAD", "/text"),
]


@pytest.mark.toolchain
@pytest.mark.parametrize("wasi", VERSIONS)
def test_the_official_build_answers_as_the_image_does(wasi: str, tmp_path: Path) -> None:
    function = Function("hello", CELL, wasi=wasi)
    built = LANGUAGE.build(function, BuildContext(modules={"greeting": Function("greeting", MODULE, module=True)}))
    files = LANGUAGE.official(function, built)
    assert files is not None
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    home = RECIPES[wasi].toolchain()
    program, *arguments = LANGUAGE.build_command(function, built).split()
    assert program == "componentize-py"
    run([environments.program(home, program), *arguments], cwd=tmp_path, env=environment({"VIRTUAL_ENV": str(home)}))
    engine = default_engine()
    component = (tmp_path / "app.wasm").read_bytes()
    official = Sandbox(engine, engine.prepare(component, name="official"), name="hello")
    try:
        with sandbox(built) as image:
            for request in REQUESTS:
                expected, found = image.handle(request), official.handle(request)
                what = f"{request.method} {request.target}"
                assert (what, found.status, found.headers) == (what, expected.status, expected.headers)
                assert (what, found.body) == (what, expected.body)
            assert [image.handle(r).status for r in REQUESTS] == [200, 200, 200, 201, 500, 404, 200]
    finally:
        official.close()
        shutil.rmtree(tmp_path, ignore_errors=True)
