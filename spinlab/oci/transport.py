"""The HTTP client for registries: the platform's roots, its proxies, nothing of ours."""

from __future__ import annotations

import ssl

import httpx

from spinlab import __version__

_CONNECT, _ANSWER = 10.0, 60.0
_CONNECTIONS = 16


def client(*, insecure: bool) -> httpx.Client:
    """A client that many threads use.

    Parameters:
        insecure: Take any certificate.
    """
    return httpx.Client(
        verify=_context(insecure=insecure),
        timeout=httpx.Timeout(_ANSWER, connect=_CONNECT),
        limits=httpx.Limits(max_connections=_CONNECTIONS, max_keepalive_connections=_CONNECTIONS),
        headers={"user-agent": f"spinlab/{__version__}"},
    )


def _context(*, insecure: bool) -> ssl.SSLContext:
    if insecure:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
