"""HTTP values: what goes into a function and what comes out of it.

Plain values without sockets: the listener, the notebook and the tests all speak in these. A body is bytes when it
is whole, and a `Body` while it is still arriving.
"""

from __future__ import annotations

import json as _json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from spinlab.secrets import mask
from spinlab.shown import Shown

HeaderItems = Iterable[tuple[str, str]]


class Headers:
    """An ordered multi-map of header fields; names compare without case.

    Values are text in latin-1, as HTTP/1.1 carries them.
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, str] | HeaderItems | Headers = ()) -> None:
        pairs: HeaderItems = items.items() if isinstance(items, (Mapping, Headers)) else items
        self._items: list[tuple[str, str]] = [(str(n), str(v)) for n, v in pairs]

    def __getitem__(self, name: str) -> str:
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found

    def get(self, name: str, default: str | None = None) -> str | None:
        """The first value under `name`."""
        low = name.lower()
        return next((v for n, v in self._items if n.lower() == low), default)

    def get_all(self, name: str) -> list[str]:
        """Every value under `name`, in order."""
        low = name.lower()
        return [v for n, v in self._items if n.lower() == low]

    def add(self, name: str, value: str) -> None:
        """Append a field, keeping those that are there."""
        self._items.append((name, value))

    def set(self, name: str, value: str) -> None:
        """Replace every field of that name by one."""
        self.remove(name)
        self._items.append((name, value))

    def remove(self, name: str) -> None:
        """Drop every field of that name; none is no error."""
        low = name.lower()
        self._items = [(n, v) for n, v in self._items if n.lower() != low]

    def items(self) -> list[tuple[str, str]]:
        """All fields in order, duplicates included."""
        return list(self._items)

    def copy(self) -> Headers:
        """An independent copy."""
        return Headers(self._items)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.items())

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return [(n.lower(), v) for n, v in self._items] == [(n.lower(), v) for n, v in other._items]

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"


class BodyAborted(Exception):
    """The other side went away before the body was complete."""


class Body:
    """A body that is still arriving: one side feeds it, the other takes what is there.

    Thread-safe. `feed` never blocks; the feeder looks at `room` and waits for `on_room` to keep memory bounded.

    Parameters:
        limit: Bytes that may wait here before `room` is false.
    """

    def __init__(self, limit: int = 1 << 20) -> None:
        self._lock = threading.Lock()
        self._chunks: deque[bytes] = deque()
        self._waiting = 0
        self._limit = limit
        self._ended = False
        self._error: str | None = None
        self._trailers = Headers()
        self._on_data: Callable[[], None] | None = None
        self._on_room: Callable[[], None] | None = None

    @property
    def room(self) -> bool:
        """Whether more may be fed now."""
        return self._waiting < self._limit

    def feed(self, chunk: bytes) -> None:
        """Add bytes at the end."""
        with self._lock:
            if chunk and not self._ended:
                self._chunks.append(chunk)
                self._waiting += len(chunk)
            call = self._on_data
        if call:
            call()

    def end(self, trailers: Headers | None = None) -> None:
        """No more bytes will come."""
        with self._lock:
            self._ended = True
            self._trailers = trailers or Headers()
            call = self._on_data
        if call:
            call()

    def abort(self, reason: str = "connection closed") -> None:
        """The sender went away; whoever takes gets `BodyAborted`."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
            self._error = reason
            call = self._on_data
        if call:
            call()

    def take(self) -> bytes | Headers | None:
        """What is there now: bytes, the trailers when it ended, or None when nothing has come yet.

        Raises:
            BodyAborted: The sender went away.
        """
        with self._lock:
            if self._chunks:
                data = b"".join(self._chunks) if len(self._chunks) > 1 else self._chunks[0]
                self._chunks.clear()
                self._waiting = 0
                call = self._on_room
            elif self._error is not None:
                raise BodyAborted(self._error)
            else:
                return self._trailers if self._ended else None
        if call:
            call()
        return data

    def notify(self, on_data: Callable[[], None] | None = None, on_room: Callable[[], None] | None = None) -> None:
        """Set who is called (from any thread, without a lock held) when there is data, or room again."""
        with self._lock:
            if on_data is not None:
                self._on_data = on_data
            if on_room is not None:
                self._on_room = on_room


@dataclass(frozen=True)
class Request:
    """A request as it reaches an app.

    Attributes:
        method: Upper-case method.
        target: Path and query as sent, percent-encoded, beginning with ``/``.
        headers: All fields.
        body: Bytes, or a `Body` that is still arriving.
        scheme: ``http`` or ``https``.
        client: Address of the peer as ``ip:port``.
        hops: Functions of the same app that wait for the answer, each for the next.
    """

    method: str = "GET"
    target: str = "/"
    headers: Headers = field(default_factory=Headers)
    body: bytes | Body = b""
    scheme: str = "http"
    client: str = "127.0.0.1:0"
    hops: int = 0

    @property
    def path(self) -> str:
        """The path as sent, without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query without its question mark; empty when there is none."""
        return self.target.partition("?")[2]


@dataclass(frozen=True)
class LogLine:
    """A line (or a last fragment) that a guest wrote.

    Attributes:
        stream: ``stdout`` or ``stderr``.
        text: Without the line end.
        time: Seconds since the epoch.
    """

    stream: str
    text: str
    time: float = 0.0


@dataclass(frozen=True)
class Denied:
    """One thing that a guest asked for and was not granted.

    Attributes:
        capability: Such as ``outbound HTTP`` or ``key-value store``.
        target: What it asked for, such as ``https://example.com:443``.
        option: The option of ``%%spin`` that would grant it.
        manifest: The line of the manifest that would.
    """

    capability: str
    target: str
    option: str
    manifest: str


@dataclass(frozen=True)
class HostCall:
    """One call of a guest to the host, as the trace tells it. Holds no body and no secret.

    Attributes:
        capability: Such as ``outbound HTTP`` or ``key-value store``.
        operation: Such as ``GET`` or ``set``.
        target: What it was about: an origin, a label, a name.
        outcome: ``ok``, ``denied``, ``unfinished`` or the name of the error in the guest's interface.
        began: Seconds from the beginning of the request.
        elapsed: Seconds to the answer's beginning.
        sent, received: Bytes.
        denied: What would have granted it; None when it was allowed.
    """

    capability: str
    operation: str
    target: str
    outcome: str = "ok"
    began: float = 0.0
    elapsed: float = 0.0
    sent: int = 0
    received: int = 0
    denied: Denied | None = None


@dataclass(frozen=True)
class Response(Shown):
    """What a function answered, whole.

    Attributes:
        status: HTTP status.
        headers: All fields.
        body: The bytes.
        trailers: Fields that came after the body.
        function: Name of the function that answered; empty for spinlab's own answers.
        elapsed: Seconds from the call to the last byte.
        logs: What the guest wrote during this request.
        denied: What it asked for and was not granted.
        error: Why a 5xx of ours was sent, as the cell shows it; None when the guest answered.
        advice: What a display says beside an answer of ours, such as the closest route; no client gets it.
        calls: What it asked of the host, in order; the first `spinlab.engine.CALLS_KEPT`.
    """

    status: int = 200
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    trailers: Headers = field(default_factory=Headers)
    function: str = ""
    elapsed: float = 0.0
    logs: tuple[LogLine, ...] = ()
    denied: tuple[Denied, ...] = ()
    error: Exception | None = None
    advice: str = ""
    calls: tuple[HostCall, ...] = ()

    def __repr__(self) -> str:
        told = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields(self))
        return mask(f"Response({told})")

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def content_type(self) -> str:
        """The media type in lower case without parameters; empty when there is none."""
        return (self.headers.get("content-type") or "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text, in the charset of its content type, else UTF-8; bad bytes are replaced."""
        parts = (self.headers.get("content-type") or "").lower().split("charset=")
        charset = parts[1].split(";")[0].strip().strip('"') if len(parts) > 1 else "utf-8"
        try:
            return self.body.decode(charset, "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is not JSON.
        """
        return _json.loads(self.body)
