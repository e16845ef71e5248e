"""A cell of each language that answers every kind of request, and what is sent to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spinlab import App, Function, Headers, Request
from spinlab.languages import language
from tests.export.cells import REQUESTS, request

KINDS = Path(__file__).with_name("kinds")

BODIES: Mapping[str, bytes] = {
    "empty": b"",
    "no content": b"",
    "text": "héllo WÖRLD!".encode(),
    "binary": bytes(range(256)) * 4,
    "json": '{"list":[1,2.5,null,true],"text":"ü","method":"PUT"}'.encode(),
    "a megabyte": b"0123456789abcdef" * 65536,
    "streamed": b"".join(b"piece %d\n" % n for n in range(5)),
    "echo of nothing": b"",
    "echo of text": "grüße".encode(),
    "echo of bytes": bytes(range(256)),
    "echo of a megabyte": bytes(range(256)) * 4096,
    "a status": b"short and stout",
    "an exception": b"",
    "an unknown kind": b"",
}
"""What every language answers."""

STATUSES = {"no content": 204, "a status": 418, "an exception": 500, "an unknown kind": 404}


@dataclass(frozen=True)
class Subject:
    """A cell and the requests for it.

    Attributes:
        language: Its language.
        source: Its text.
        options: Further fields of its function.
        requests: Name -> request.
        every: Whether it answers every kind; a page and a piece of WAT do not.
        projects: Whether there is an official project of it.
        builds: Whether the tool that builds it can be had.
        peered: Whether every form of it is compared in `wasmtime serve` too, or the shared one alone.
    """

    language: str
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    requests: Mapping[str, Request] = field(default_factory=lambda: dict(REQUESTS))
    every: bool = True
    projects: bool = True
    builds: bool = True
    peered: bool = True

    def application(self) -> App:
        """An app of this function alone, which answers everything: a peer knows no routes."""
        app = App("answers")
        app.add(Function("every_kind", self.source, language=self.language, routes=("/...",), **dict(self.options)))
        return app

    @property
    def has_image(self) -> bool:
        """Whether it runs on an image, so that the forms of an export differ."""
        return self.language in ("javascript", "typescript", "html")


def _every(language: str, ending: str, *, builds: bool = True, peered: bool = True) -> Subject:
    return Subject(language, (KINDS / f"every.{ending}").read_text(), builds=builds, peered=peered)


def _few() -> dict[str, Request]:
    host = Headers([("host", "localhost:3000")])
    return {
        "the page": Request("GET", "/", host),
        "head": Request("HEAD", "/", host),
        "a path": request("x?y=z"),
        "posted": request("x", "POST", b"body"),
    }


def _starter(name: str) -> Subject:
    source = getattr(language(name), "starter")("http")  # noqa: B009
    return Subject(name, source, requests=_few(), every=False, projects=False)


def _service() -> Subject:
    source = (KINDS / "service.rs").read_text()
    # The release of the peer knows another draft of WASI 0.3 than the template's SDK.
    return Subject("rust", source, {"wasi": "0.3"}, _few(), every=False, peered=False)


SUBJECTS: Mapping[str, Subject] = {
    "c": _every("c", "c"),
    "cpp": _every("cpp", "cpp"),
    "zig": _every("zig", "zig"),
    "rust": _every("rust", "rs"),
    "rust-0.3": _service(),
    "go": _every("go", "go", builds=False),
    "javascript": _every("javascript", "js"),
    "typescript": _every("typescript", "ts", peered=False),
    "wat": _starter("wat"),
    "html": _starter("html"),
}
