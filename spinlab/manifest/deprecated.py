"""``allowed_http_hosts``: what grants were called before Spin 2, as today's (``crates/manifest/src/compat``)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from spinlab.errors import ManifestError
from spinlab.manifest import hosts

_NO_HOST = "isn't a valid host or host:port string"
_ALL = ("http://*:*", "https://*:*", "http://self")


def outbound_hosts(allowed_http_hosts: Sequence[str]) -> tuple[str, ...]:
    """The entries of ``allowed_outbound_hosts`` that mean the same.

    Raises:
        ManifestError: Some are no hosts; all of them are named.
    """
    if "insecure:allow-all" in allowed_http_hosts:
        return _ALL
    found: list[str] = []
    wrong: list[str] = []
    for entry in allowed_http_hosts:
        entries, problem = _entries(entry)
        found += entries
        wrong += [f"{entry} {problem}"] if problem else []
    if wrong:
        raise ManifestError(
            "One or more allowed_http_hosts entries was invalid:\n" + "\n".join(wrong),
            hint='write allowed_outbound_hosts = ["https://example.com"] instead',
        )
    return tuple(found)


def _entries(entry: str) -> tuple[list[str], str]:
    """What one entry means, and why it can't be."""
    try:
        url = urlsplit(entry if "//" in entry else f"http://{entry}")
        name, port = hosts.parse(url.hostname or ""), url.port
    except ValueError:
        return [], _NO_HOST
    if url.scheme not in ("http", "https"):
        return [], _NO_HOST
    if len(url.path) > 1:
        return [], "contains a path, should be host and optional port only"
    if port == {"http": 80, "https": 443}[url.scheme]:
        port = None
    if name == "self":
        return ["http://self"], ""
    shown = f"[{name}]" if ":" in str(name) else str(name)
    return [f"{scheme}://{shown}" + (f":{port}" if port is not None else "") for scheme in ("http", "https")], ""
