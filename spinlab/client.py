"""A request as a client writes it: made from plain arguments, refused when HTTP could not carry it."""

from __future__ import annotations

import json
import re
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from spinlab.errors import OptionError
from spinlab.http import Headers, Request, Response

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_KEPT = "".join(map(chr, range(0x21, 0x7F)))
"""What stays as it is in a target: all that ASCII shows. The rest is percent-encoded, as browsers do."""


_SURROGATE = re.compile("[\ud800-\udfff]")


class Client:
    """What sends requests to an app the way a client would.

    Attributes:
        name: Of the app, for the host of a request.
    """

    name: str

    @abstractmethod
    def handle(self, request: Request) -> Response:
        """Answer a request, whole."""

    def request(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str] | Headers | None = None,
        body: bytes | str | None = None,
        json_body: Any = None,
    ) -> Response:
        """Send a request the way a client would.

        Parameters:
            method: HTTP method.
            target: Path and query, beginning with ``/``; what a URL can't hold is percent-encoded.
            headers: Fields; ``host`` is added when missing.
            body: The body; text goes as UTF-8.
            json_body: A value to send as JSON instead.

        Raises:
            OptionError: The target does not begin with ``/``, HTTP can't carry the method or a header, or there are two
                bodies.
        """
        host = f"{self.name}.localhost"
        return self.handle(request(method, target, host=host, headers=headers, body=body, json_body=json_body))

    def get(self, target: str, **options: Any) -> Response:
        """`request` with GET."""
        return self.request("GET", target, **options)

    def post(self, target: str, body: bytes | str | None = None, **options: Any) -> Response:
        """`request` with POST."""
        return self.request("POST", target, body=body, **options)


def request(
    method: str,
    target: str,
    *,
    host: str,
    headers: Mapping[str, str] | Headers | None = None,
    body: bytes | str | None = None,
    json_body: Any = None,
) -> Request:
    """A request; `Client.request` has the parameters.

    Raises:
        OptionError: HTTP has no such method, target, header or body.
    """
    if not _TOKEN.fullmatch(method):
        raise OptionError(f"{method!r} is not an HTTP method", hint="one word, such as GET or POST")
    if not target.startswith("/"):
        raise OptionError(f"a path starts with /, not {target!r}", hint=f"did you mean /{target}?")
    if body is not None and json_body is not None:
        raise OptionError("give body or json_body, not both")
    fields = Headers(headers or ())
    for name, value in fields:
        _check_field(name, value)
    data = _bytes(body)
    if json_body is not None:
        data = json.dumps(json_body).encode()
        if "content-type" not in fields:
            fields.add("content-type", "application/json")
    if "host" not in fields:
        fields.add("host", host)
    if data and "content-length" not in fields:
        fields.add("content-length", str(len(data)))
    return Request(method.upper(), quote(_SURROGATE.sub("\ufffd", target), safe=_KEPT), fields, data)


def _check_field(name: str, value: str) -> None:
    if not _TOKEN.fullmatch(name):
        raise OptionError(f"{name!r} is not the name of a header", hint="letters, digits and -, such as x-request-id")
    if any(c in value for c in "\r\n\0"):
        raise OptionError(
            f"the header {name!r} holds a line break or a null character: {value!r}",
            hint="a header is one line; longer text goes into the body",
        )


def _bytes(body: bytes | str | None) -> bytes:
    try:
        return body.encode() if isinstance(body, str) else body or b""
    except UnicodeEncodeError as error:
        raise OptionError(
            f"the body is no text that UTF-8 can carry: {error.reason} at character {error.start}",
            hint="give the body as bytes",
        ) from None
