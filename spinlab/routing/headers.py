"""The headers that tell a guest how it was reached (Spin 4: ``crates/trigger-http/src/headers.rs``)."""

from __future__ import annotations

import re
from typing import Any

from spinlab.http import Headers, Request
from spinlab.routing.patterns import parse
from spinlab.routing.router import Match

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CHAINING_SUFFIX = ".spin.internal"


def spin_headers(match: Match[Any], request: Request) -> list[tuple[str, str]]:
    """What Spin adds to a request: seven fields, and one for each parameter.

    Parameters:
        match: The route that was taken.
        request: As it came. Its Host names the URL; without one it is ``localhost``.
    """
    pattern = parse(match.pattern)
    host = request.headers.get("host") or "localhost"
    fields = [
        ("spin-path-info", match.trailing or ""),
        ("spin-full-url", f"{request.scheme}://{host}{request.target}"),
        ("spin-matched-route", pattern.route),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", match.pattern),
        ("spin-component-route", match.pattern.removesuffix("/...")),
        ("spin-client-addr", request.client),
    ]
    for name, value in match.params.items():
        header = f"spin-path-match-{name.lower().replace('_', '-')}"
        # Spin leaves out a field whose name HTTP does not allow.
        if _TOKEN.fullmatch(header):
            fields.append((header, value))
    return fields


def guest_headers(match: Match[Any], request: Request) -> Headers:
    """All fields that the guest sees.

    As in Spin: ``Connection`` is transport and goes; a ``Host`` of local service chaining goes; Spin's own fields come
    last, after any of the same name that the client sent.
    """
    kept = Headers(
        (name, value)
        for name, value in request.headers.items()
        if name.lower() != "connection" and not (name.lower() == "host" and _is_chaining(value))
    )
    for name, value in spin_headers(match, request):
        kept.add(name, value)
    return kept


def _is_chaining(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    first, _, rest = name.partition(".")
    return bool(first) and f".{rest}" == _CHAINING_SUFFIX
