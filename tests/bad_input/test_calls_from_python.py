"""What only code can get wrong, without a notebook; and bytes on a socket that no client would send."""

from __future__ import annotations

import math
import socket
from typing import Any

import pytest

from spinlab import App, Function
from spinlab.errors import CellError, NameRefused, OptionError, RouteError, SourceError
from spinlab.function import Limits
from spinlab.server import Server

SEES = "import os\ndef handle(request):\n    return [os.environ.get('A'), request.path]\n"


@pytest.mark.parametrize(
    ("name", "options", "kind"),
    [
        ("2fast", {}, NameRefused),
        ("my__f", {}, NameRefused),
        ("", {}, NameRefused),
        ("a/../b", {}, NameRefused),
        ("python", {}, NameRefused),
        ("py", {}, NameRefused),
        (3, {}, NameRefused),
        ("seen", {"source": 3}, SourceError),
        ("seen", {"source": None}, SourceError),
        ("seen", {"routes": "/seen"}, RouteError),
        ("seen", {"reuse": 0}, OptionError),
        ("seen", {"limits": Limits(timeout=0)}, OptionError),
        ("seen", {"limits": Limits(timeout=-1)}, OptionError),
        ("seen", {"limits": Limits(timeout=math.nan)}, OptionError),
        ("seen", {"limits": Limits(timeout=math.inf)}, OptionError),
        ("seen", {"limits": Limits(timeout="3")}, OptionError),  # type: ignore[arg-type]
        ("seen", {"limits": Limits(memory=-1)}, OptionError),
        ("seen", {"limits": Limits(memory=0)}, OptionError),
        ("seen", {"limits": Limits(response=-1)}, OptionError),
        ("seen", {"limits": Limits(log=1.5)}, OptionError),  # type: ignore[arg-type]
        ("seen", {"limits": 10}, OptionError),
        ("seen", {"routes": ("/\udcff",)}, RouteError),
        ("seen", {"routes": ("/a/*name",)}, RouteError),
        ("seen", {"language": "cobol"}, OptionError),
        ("seen", {"wasi": "0.9"}, OptionError),
        ("seen", {"environment": {"A": "x\0B=y"}}, OptionError),
        ("seen", {"environment": {"A=B": "x"}}, OptionError),
        ("seen", {"environment": {"": "x"}}, OptionError),
    ],
)
def test_a_function_that_can_not_be_is_refused_with_a_remedy(
    app: App, name: str, options: dict[str, Any], kind: type[CellError]
) -> None:
    app.add(Function("seen", SEES, routes=("/seen/...",)))
    with pytest.raises(kind) as caught:
        app.add(Function(name, **{"source": SEES, "routes": ("/seen/...", "/other"), **options}))
    assert caught.value.hint
    assert app["seen"].revision == 1
    assert app.get("/seen").json() == [None, "/seen"]


def test_half_a_surrogate_pair_anywhere_harms_nobody(app: App) -> None:
    app.add(Function("seen", SEES, routes=("/seen/...",), environment={"A": "a\udcffb"}))
    assert app.get("/seen/\ud800").json() == ["a?b", "/seen/%EF%BF%BD"]
    assert app.get("/seen", headers={"x-a": "\udcff"}).status == 200


@pytest.mark.parametrize(
    ("target", "field", "status"),
    [
        (b"/seen/%ff%00", b"x-a: b", b"200"),
        (b"/seen", b"x-a: \xff\xfe", b"200"),
        (b"/seen/\xff\xfe", b"x-a: b", b"400"),
        (b"/seen", b"x-a: b\0c", b"400"),
        (b"/seen", b"x a: b", b"400"),
        (b"/seen", b"x-a: b\r c", b"400"),
    ],
)
def test_any_bytes_on_a_socket_get_an_answer_and_the_next_request_works(
    app: App, target: bytes, field: bytes, status: bytes
) -> None:
    app.add(Function("seen", SEES, routes=("/seen/...",)))
    server = Server(lambda label: app, port=0)
    host = server.start().removeprefix("http://")
    try:
        name, _, port = host.partition(":")
        with socket.create_connection((name, int(port)), timeout=20) as connection:
            head = b"GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\nConnection: close\r\n\r\n"
            connection.sendall(head % (target, host.encode(), field))
            assert connection.makefile("rb").readline().split(b" ")[1] == status
        assert app.get("/seen").status == 200
    finally:
        server.stop()
