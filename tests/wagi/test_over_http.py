"""What a program says of its answer, as a client on a socket sees it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.loading.projects import application
from tests.loading.upping import Up
from tests.wagi import programs

SAID = {
    "short": "Content-Type: a\nContent-Length: 2\n\nhello",
    "long": "Content-Type: a\nContent-Length: 100\n\nhello",
    "odd": "Content-Type: a\nContent-Length: x\n\nhello",
    "chunked": "Content-Type: a\nTransfer-Encoding: chunked\nConnection: keep-alive\n\nhello",
    "early": "Status: 103\nContent-Type: a\n\nhello",
    "last": "Status: 999\nContent-Type: a\n\nhello",
    "nothing": "Status: 204\n\nhello",
    "silent": "",
}
COMPONENT = """
[[trigger.http]]
route = "/{name}"
component = "{name}"
executor = {{ type = "wagi" }}
[component.{name}]
source = "{name}.wasm"
"""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder: Path = tmp_path_factory.mktemp("app")
    application(folder, "".join(COMPONENT.format(name=name) for name in (*SAID, "echo")))
    for name, output in SAID.items():
        (folder / f"{name}.wasm").write_bytes(programs.module(programs.says(output)))
    (folder / "echo.wasm").write_bytes(programs.module(programs.ECHO))
    with Up(folder) as running:
        yield running


def exchange(up: Up, request: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """Status line, fields and the rest of an answer, up to the end of the connection."""
    parts = urlsplit(up.url)
    with socket.create_connection((str(parts.hostname), int(parts.port or 0)), timeout=60) as connection:
        connection.sendall(request.replace(b"HOST", parts.netloc.encode()))
        data = b""
        while piece := connection.recv(65536):
            data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, {name.lower(): value for name, _, value in (line.partition(b": ") for line in lines)}, body


def ask(up: Up, name: str) -> tuple[bytes, dict[bytes, bytes], bytes]:
    return exchange(up, f"GET /{name} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n".encode())


@pytest.mark.parametrize("name", ["short", "long", "odd", "chunked"])
def test_the_length_of_an_answer_is_that_of_its_body(up: Up, name: str) -> None:
    status, fields, body = ask(up, name)
    assert status.startswith(b"HTTP/1.1 200")
    assert (fields[b"content-length"], body) == (b"5", b"hello")
    assert b"transfer-encoding" not in fields


def test_a_status_without_a_body_has_none(up: Up) -> None:
    status, _, body = ask(up, "nothing")
    assert (status[:12], body) == (b"HTTP/1.1 204", b"")


@pytest.mark.parametrize("name", ["early", "last", "silent"])
def test_what_a_server_can_not_send_is_an_empty_500(up: Up, name: str) -> None:
    status, fields, body = ask(up, name)
    assert (status[:12], body, fields.get(b"content-length")) == (b"HTTP/1.1 500", b"", b"0")


def test_a_body_in_chunks_is_told_by_its_length(up: Up) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    _, _, body = exchange(up, head + b"3\r\none\r\n4\r\n two\r\n0\r\n\r\n")
    assert body == b"one two"
