"""What a response may do to a browser: on Jupyter's own origin almost nothing, on the listener's own nearly all.

A page that comes through the Jupyter server has the origin of Jupyter, and a script in it could open a terminal there.
Content-Security-Policy's ``sandbox`` without ``allow-same-origin`` gives it an origin of its own.
"""

from __future__ import annotations

import re

from spinlab.server.credentials import Fields, sets_jupyter_cookie

SANDBOX = "sandbox allow-scripts allow-forms"

# A server sets these for a connection, not a guest (RFC 9110, 7.6.1).
_HOP_BY_HOP = frozenset(
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
)
# They speak for a whole origin, and the origin is Jupyter's. NEL and Report-To would report addresses of later
# requests, the token in them included, to whoever the guest names.
_SPEAK_FOR_THE_ORIGIN = frozenset(
    (
        *("set-cookie", "set-cookie2", "service-worker-allowed", "clear-site-data", "strict-transport-security"),
        *("public-key-pins", "expect-ct", "nel", "report-to", "alt-svc", "accept-ch", "critical-ch"),
    )
)
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class UnsendableError(ValueError):
    """A response header that HTTP/1.1 can't carry."""


def release(fields: Fields, *, proxied: bool, trusted: bool = False, cookies: bool = False) -> Fields:
    """The header fields of a guest's response that a client gets, names in lower case.

    Parameters:
        fields: As the guest gave them.
        proxied: Whether the response goes through the Jupyter server.
        trusted: True to let proxied pages have Jupyter's origin; the user said that they are the user's own.
        cookies: True when cookies of Jupyter's names may be set, because no Jupyter is at this address.

    Raises:
        UnsendableError: A name or value that can't be sent.
    """
    careful = proxied and not trusted
    sent: Fields = []
    for given, value in fields:
        name = given.lower()
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise UnsendableError(f"{given!r}: {value!r}")
        if name in _HOP_BY_HOP or (careful and name in _SPEAK_FOR_THE_ORIGIN):
            continue
        if name == "set-cookie" and not cookies and sets_jupyter_cookie(value):
            continue
        sent.append((name, value))
    if careful:
        sent.append(("content-security-policy", SANDBOX))
    return sent
