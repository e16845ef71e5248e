"""The function whose answers are compared in every form of export, and the requests that are sent to it."""

from __future__ import annotations

from spinlab import App, Function, Headers, Request

HELPER = '''"""Shared by other cells."""


def shout(text):
    return text.upper() + "!"
'''

CELL = """from helper import shout
from short import Response

KINDS = {}


def kind(function):
    KINDS[function.__name__] = function
    return function


@kind
def empty(request):
    return ""


@kind
def none(request):
    return Response(status=204)


@kind
def text(request):
    return "h\\u00e9llo " + shout("w\\u00f6rld")


@kind
def binary(request):
    return bytes(range(256)) * 4


@kind
def json(request):
    return {"list": [1, 2.5, None, True], "text": "\\u00fc", "method": request.method}


@kind
def big(request):
    return b"0123456789abcdef" * 65536


@kind
def stream(request):
    for number in range(5):
        yield f"piece {number}\\n"


@kind
def echo(request):
    return Response(request.body, headers={"content-type": request.headers.get("content-type") or "none"})


@kind
def headers(request):
    many = request.headers.get_all("x-many")
    return Response("|".join(many), headers=[("x-answer", "one"), ("x-answer", "two")])


@kind
def path(request):
    return request.path + " " + ";".join(f"{name}={value}" for name, value in request.query.pairs())


@kind
def teapot(request):
    return 418, "short and stout"


@kind
def fails(request):
    return 1 / 0


@kind
def wrong(request):
    return object()


@kind
def leaves(request):
    raise SystemExit(3)


def handle(request):
    print("asked for", request.path)
    return KINDS[request.path.split("/")[2]](request)
"""

CLASSIC = """from spin_sdk.http import IncomingHandler as Base, Request, Response


class IncomingHandler(Base):
    def handle_request(self, request: Request) -> Response:
        return Response(200, {"x-kind": "classic"}, bytes(f"{request.method} {request.uri} ", "utf-8") + request.body)
"""


def request(path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Request:
    """A request as a client sends it."""
    fields = Headers([("host", "localhost:3000"), *((n.replace("_", "-"), v) for n, v in headers.items())])
    if body:
        fields.add("content-length", str(len(body)))
    return Request(method, f"/all/{path}", fields, body)


REQUESTS = {
    "empty": request("empty"),
    "no content": request("none"),
    "text": request("text"),
    "binary": request("binary"),
    "json": request("json", "PUT", b"{}", content_type="application/json"),
    "a megabyte": request("big"),
    "streamed": request("stream"),
    "echo of nothing": request("echo", "POST"),
    "echo of text": request("echo", "POST", "grüße".encode(), content_type="text/plain; charset=utf-8"),
    "echo of bytes": request("echo", "POST", bytes(range(256)), content_type="application/octet-stream"),
    "echo of a megabyte": request("echo", "POST", bytes(range(256)) * 4096),
    "duplicate headers": Request(
        "GET", "/all/headers", Headers([("host", "localhost:3000"), ("x-many", "1"), ("x-many", "2"), ("X-Many", "3")])
    ),
    "percent-encoded path": request("path/a%20b/%E2%82%AC%2Fc?x=1&y=%26&x=2&z"),
    "a status": request("teapot"),
    "head": request("text", "HEAD"),
    "options": request("json", "OPTIONS"),
    "an exception": request("fails"),
    "a wrong result": request("wrong"),
    "an exit": request("leaves"),
    "an unknown kind": request("nothing"),
}


def application(wasi: str) -> App:
    """An app with the function, which answers under ``/all``, and the module it imports."""
    app = App("answers")
    app.add(Function("helper", HELPER, wasi=wasi, module=True))
    app.add(Function("every_kind", CELL, wasi=wasi, routes=("/all/...",), environment={"MODE": "test"}))
    return app
