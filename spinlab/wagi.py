"""The executor ``wagi``: a request as the environment, arguments and input of a CGI program, its output as a response.

Spin's rules, with its peculiarities (Spin 4: ``crates/trigger-http/src/wagi.rs``, ``crates/http/src/wagi``). Nothing
here runs anything: values in, values out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from spinlab.engine import Answer
from spinlab.errors import GuestError
from spinlab.http import Headers, Request
from spinlab.routing import Match, parse, spin_headers

INCOMPLETE: Final = "Exactly one of 'location' or 'content-type' must be specified"

_TOLD: Final = {"spin-path-info": "PATH_INFO"}
_UNTOLD: Final = ("HTTP_AUTHORIZATION", "HTTP_CONNECTION")
_VISIBLE: Final = re.compile(r"[\t -~]*")
_VALUE: Final = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_STATUS: Final = re.compile(r"[1-9][0-9]{2}")
_END_OF_HEAD: Final = re.compile(rb"\n\r*\n")
_WHITE: Final = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_NOTES: Final = 5
_SHOWN: Final = 80


class Wagi:
    """What stands between one request and the program that answers it (`spinlab.engine.Gateway`).

    Parameters:
        component: Id of the component, for messages.
        argv: Arguments with placeholders, as in the manifest.
        match: The route that was taken.
        request: As it came.

    Attributes:
        arguments: Of the program, its name first.
    """

    def __init__(self, component: str, argv: str, match: Match[Any], request: Request) -> None:
        self.arguments = arguments(argv, request)
        self._component = component
        self._match = match
        self._request = request

    def variables(self, length: int) -> Iterable[tuple[str, str]]:
        """See `variables`."""
        return variables(self._match, self._request, length).items()

    def answer(self, output: bytes) -> Answer:
        """See `answer`."""
        return answer(output, self._component)


def arguments(argv: str, request: Request) -> tuple[str, ...]:
    """The arguments of a request: split at single spaces, so that two in a row leave an empty one between them."""
    query = request.query.replace("&", " ")
    return tuple(argv.replace("${SCRIPT_NAME}", request.path).replace("${ARGS}", query).split(" "))


def variables(match: Match[Any], request: Request, length: int) -> dict[str, str]:
    """The CGI variables of a request whose body has `length` bytes."""
    host, port = _host_and_port(request)
    client = _ip(request.client)
    path = match.trailing or ""
    decoded = unquote_to_bytes(path).decode("utf-8", "replace")
    route = parse(match.pattern).route
    found = {
        "AUTH_TYPE": "",
        "CONTENT_LENGTH": str(length),
        # Spin looks for a header of the variable's name; HTTP_CONTENT_TYPE has the real one.
        "CONTENT_TYPE": _visible(request.headers.get("content_type") or "", ""),
        "GATEWAY_INTERFACE": "CGI/1.1",
        "QUERY_STRING": request.query,
        "REMOTE_ADDR": client,
        "REMOTE_HOST": client,
        "REMOTE_USER": "",
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": route.removesuffix("/..."),
        "X_RAW_PATH_INFO": path,
        "PATH_TRANSLATED": decoded,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "WAGI/1",
    }
    for name, value in request.headers.items():
        key = f"HTTP_{name.upper().replace('-', '_')}"
        if key not in _UNTOLD:
            found[key] = _visible(value, "CORRUPT VALUE")
    # Over any of the same name; so PATH_INFO is the path as it was sent.
    for name, value in spin_headers(match, request):
        if not name.startswith("spin-path-match-"):
            found[_TOLD.get(name) or "X_" + name.removeprefix("spin-").replace("-", "_").upper()] = value
    return found | {f"X_PATH_MATCH_{_upper(name)}": value for name, value in match.params.items()}


def _host_and_port(request: Request) -> tuple[str, str]:
    """As Spin takes the Host header apart: at its first colon."""
    host = request.headers.get("host") or ""
    name, _, port = host.partition(":") if _VISIBLE.fullmatch(host) else ("", "", "")
    return name or "default_host", port or "80"


def _ip(client: str) -> str:
    return client.rpartition(":")[0].strip("[]")


def _visible(value: str, otherwise: str) -> str:
    return value if _VISIBLE.fullmatch(value) else otherwise


def _upper(name: str) -> str:
    return "".join(c.upper() if c.isascii() else c for c in name)


def answer(output: bytes, component: str) -> Answer:
    """Read what a program wrote: header lines, an empty line, the body.

    Parameters:
        output: All of its stdout.
        component: Its id, for messages.

    Raises:
        GuestError: Spin would answer with an empty 500: nothing was written, or the headers can't be sent.
    """
    if not output:
        raise GuestError(
            f'The "{component}" component is configured to use the WAGI executor but did not write to stdout. '
            "Check the `executor` in spin.toml.",
            hint="a CGI program writes a line such as Content-Type: text/plain, an empty line, and the body",
        )
    end = _END_OF_HEAD.search(output)
    head, body = (output[: end.start()], output[end.end() :]) if end else (b"", output)
    notes: list[str] = []
    try:
        fields = _fields(head.replace(b"\r", b"").decode(), notes)
    except UnicodeDecodeError:
        raise GuestError("its header lines are not UTF-8", hint="an empty line ends them; is one missing?") from None
    return _answer(fields, body, notes) or _incomplete(notes, found=end is not None)


def _fields(head: str, notes: list[str]) -> dict[str, str]:
    """The header lines by name as written; the last one of a name counts, also of those that HTTP would repeat."""
    found: dict[str, str] = {}
    for line in head.strip(_WHITE).split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip(_WHITE)] = value.strip(_WHITE)
        elif head:
            _note(notes, f"not a header line: {line[:_SHOWN]!r}")
    return found


def _answer(fields: dict[str, str], body: bytes, notes: list[str]) -> Answer | None:
    status, explicit, sufficient = 200, False, False
    headers = Headers()
    for name, value in fields.items():
        low = name.lower()
        if low == "status":
            explicit = sufficient = True
            code = value.partition(" ")[0]
            if _STATUS.fullmatch(code):
                status = int(code)
            else:
                status = 502
                _note(notes, f"not a status: {value[:_SHOWN]!r}; write Status: 404 Not Found")
            continue
        if low in ("content-type", "location"):
            sufficient = True
            if low == "location" and not explicit:
                status = 302
        elif not _NAME.fullmatch(low):
            _note(notes, f"not the name of a header: {name[:_SHOWN]!r}")
            continue
        if not _VALUE.fullmatch(value):
            raise GuestError(
                f"its header {name[:_SHOWN]} has a value that HTTP can't carry",
                hint="values have no control characters",
            )
        headers.set(low, value.encode().decode("latin-1"))
    return Answer(status, headers, body, tuple(notes)) if sufficient else None


def _incomplete(notes: list[str], *, found: bool) -> Answer:
    missing = "a Content-Type (or Location, or Status) line" if found else "an empty line between headers and body"
    said = (*notes, f"{INCOMPLETE}: its output lacks {missing}")
    return Answer(500, Headers(), INCOMPLETE.encode(), said)


def _note(notes: list[str], text: str) -> None:
    if len(notes) < _NOTES:
        notes.append(text)
