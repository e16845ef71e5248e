"""The short form of a function: `def handle(request)`, and what it may return.

`handle` gets a `Request` and returns text, bytes, a dict or list (sent as JSON), a `Response`, a tuple
`(status, body)` or `(status, body, headers)`, or a generator whose items are sent as they come. Both `def` and
`async def` will do.

This file is plain Python without dependencies. It belongs beside the source: `from short import Response`.
"""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl, unquote

ALLOWED = "a str, bytes, dict, list, Response, (status, body), (status, body, headers) or a generator"
TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
JSON = "application/json"


class Pairs(Mapping):
    """Names and values in order, a name possibly several times.

    `pairs[name]` and `pairs.get(name)` give the first value, `pairs.get_all(name)` every one.
    """

    def __init__(self, pairs=()):
        self._pairs = [(name, value) for name, value in pairs]

    @staticmethod
    def _same(name):
        return name

    def __getitem__(self, name):
        wanted = self._same(name)
        for key, value in self._pairs:
            if self._same(key) == wanted:
                return value
        raise KeyError(name)

    def get_all(self, name):
        """Every value under `name`, in order."""
        wanted = self._same(name)
        return [value for key, value in self._pairs if self._same(key) == wanted]

    def pairs(self):
        """All `(name, value)` pairs in order."""
        return list(self._pairs)

    def __iter__(self):
        return iter(dict.fromkeys(key for key, _ in self._pairs))

    def __len__(self):
        return len({self._same(key) for key, _ in self._pairs})

    def __repr__(self):
        return f"{type(self).__name__}({self._pairs!r})"


class Headers(Pairs):
    """Header fields; names compare without case."""

    @staticmethod
    def _same(name):
        return name.lower()


class Params(Pairs):
    """The named parts of the route; `user_id` and `user-id` are one name, as in Spin's header names."""

    @staticmethod
    def _same(name):
        return name.lower().replace("_", "-")


class Request:
    """What a client asks.

    Attributes:
        method: Upper-case method, such as `GET`.
        uri: Path and query as sent, percent-encoded.
        headers: Every header field; names compare without case.
    """

    def __init__(self, method="GET", uri="/", headers=(), body=b""):
        self.method = method
        self.uri = uri
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self._body = body

    @property
    def path(self):
        """The path as sent, without the query."""
        return self.uri.partition("?")[0]

    @cached_property
    def query(self):
        """The parts of the query, decoded."""
        return Pairs(parse_qsl(self.uri.partition("?")[2], keep_blank_values=True))

    @cached_property
    def params(self):
        """The named parts of the route (`/users/:id` gives `id`), decoded."""
        mark = "spin-path-match-"
        found = ((n[len(mark) :], v) for n, v in self.headers.pairs() if n.lower().startswith(mark))
        return Params((name, unquote(value)) for name, value in found)

    @property
    def body(self):
        """The body as bytes."""
        if callable(self._body):
            self._body = self._body()
        return self._body

    @property
    def text(self):
        """The body as text, in the charset of its content type, else UTF-8; bad bytes are replaced."""
        charset = self.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(' "')
        try:
            return self.body.decode(charset or "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self):
        """The body read as JSON; a `ValueError` when it is not."""
        return json.loads(self.body)

    def __repr__(self):
        return f"<Request {self.method} {self.uri}>"


class Response:
    """An answer in full.

    Parameters:
        body: Text, bytes, a dict or list (sent as JSON), None for no body, or a generator whose items are sent as
            they come.
        status: HTTP status.
        headers: A mapping or pairs; a content type is added when there is none.
    """

    def __init__(self, body=b"", status=200, headers=()):
        self.body = body
        self.status = status
        self.headers = headers


def parts(result, name="handle"):
    """Split what `handle` returned into status, header pairs and body.

    The body is bytes, or an iterator (perhaps asynchronous) of bytes or text.

    Raises:
        TypeError: It is nothing that can be sent; says what can.
        ValueError: A header, status or number can't be sent.
    """
    status, headers, body = 200, (), result
    if isinstance(result, tuple):
        if len(result) not in (2, 3):
            raise TypeError(f"{name}() returned a tuple of {len(result)}; return {ALLOWED}")
        status, body = result[:2]
        headers = result[2] if len(result) == 3 else ()
        if isinstance(body, tuple):
            raise TypeError(f"{name}() returned a tuple inside a tuple; return {ALLOWED}")
    elif all(hasattr(result, part) for part in ("status", "headers", "body")):
        status, headers, body = result.status, result.headers, result.body
    elif result is None:
        raise TypeError(f"{name}() returned None; return {ALLOWED}")
    if body is None:
        body = b""
        kind = None
    else:
        body, kind = _encode(body, name)
    return _status(status, name), _headers(headers, kind, body), body


def item(value):
    """One item of a streamed body as bytes.

    Raises:
        TypeError: It is neither text nor bytes.
    """
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"a generator yields str or bytes, not {_kind(value)}")


def content_type(value):
    """The content type of a streamed body, told by its first item."""
    return TEXT if isinstance(value, str) else BYTES


def _encode(body, name):
    if isinstance(body, str):
        return body.encode(), TEXT
    if isinstance(body, (bytes, bytearray, memoryview)):
        return bytes(body), BYTES
    if isinstance(body, (dict, list)):
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode(), JSON
    if isinstance(body, (Iterator, AsyncIterator)):
        return body, None
    raise TypeError(f"{name}() returned {_kind(body)}; return {ALLOWED}")


def _status(status, name):
    if isinstance(status, bool) or not isinstance(status, int):
        raise TypeError(f"{name}() returned {_kind(status)} as the status; it is a number such as 404")
    if not 100 <= status <= 999:
        raise ValueError(f"{name}() returned {int(status)} as the status; it has three digits, such as 404")
    return int(status)


def _headers(headers, kind, body):
    pairs = headers.pairs() if isinstance(headers, Pairs) else headers
    pairs = pairs.items() if isinstance(pairs, Mapping) else pairs
    found = []
    for name, value in pairs or ():
        text = value if isinstance(value, str) else str(value)
        if any(c in text or c in name for c in "\r\n\0"):
            raise ValueError(f"the header {name!r} holds a line break: {text!r}")
        found.append((name, text.encode("utf-8")))
    names = {name.lower() for name, _ in found}
    if kind and "content-type" not in names:
        found.append(("content-type", kind.encode()))
    if isinstance(body, bytes) and "content-length" not in names:
        found.append(("content-length", str(len(body)).encode()))
    return found


def _kind(value):
    return "None" if value is None else f"{type(value).__name__} ({str(value)[:40]!r})"
