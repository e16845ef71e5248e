"""A request as a client writes it: made from plain arguments, refused when HTTP could not carry it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from spinlab.errors import OptionError
from spinlab.http import Headers, Request

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_KEPT = "".join(map(chr, range(0x21, 0x7F)))
"""What stays as it is in a target: all that ASCII shows. The rest is percent-encoded, as browsers do."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def request(
    method: str,
    target: str,
    *,
    host: str,
    headers: Mapping[str, str] | Headers | None = None,
    body: bytes | str | None = None,
    json_body: Any = None,
) -> Request:
    """A request; `spinlab.App.request` has the parameters.

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
