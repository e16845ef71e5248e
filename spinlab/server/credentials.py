"""Jupyter's own credentials: a guest never sees them, and can't set them.

Whoever holds Jupyter's token or login cookie runs code as the user, so a function must not get them by being called
through Jupyter, nor because cookies of ``localhost`` go to every port. A function's own bearer token passes.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable
from urllib.parse import unquote_plus

from spinlab.server.jupyter import Jupyter

Fields = list[tuple[str, str]]

_COOKIE = re.compile(r"_xsrf$|username-|jupyterhub-|jupyter-|_oauth2_proxy|spinlab-", re.IGNORECASE)
_SCHEME = re.compile(r"\s*(token|bearer)\s+(.*?)\s*", re.IGNORECASE | re.DOTALL)
_SHORTEST = 8  # a known secret shorter than this is not looked for inside other values


def is_jupyter_cookie(name: str) -> bool:
    """Whether a cookie of that name is Jupyter's, a hub's, or the listener's own.

    jupyter_server: ``_xsrf``, ``username-HOST-PORT``; jupyterhub: ``jupyterhub-session-id``, ``jupyterhub-user-NAME``,
    ``jupyterhub-hub-login``.
    """
    return _COOKIE.match(name.strip()) is not None


def without_jupyter_cookies(header: str) -> str:
    """A Cookie header without Jupyter's cookies; empty when nothing is left."""
    kept = [c.strip() for c in header.split(";") if c.strip() and not is_jupyter_cookie(c.partition("=")[0])]
    return "; ".join(kept)


def sets_jupyter_cookie(header: str) -> bool:
    """Whether a Set-Cookie header would set one of Jupyter's cookies.

    A cookie without a name is one too when its value looks like a pair: browsers send ``Set-Cookie: =_xsrf=1`` back as
    ``_xsrf=1``.
    """
    pair = header.partition(";")[0].strip()
    name, equals, value = pair.partition("=")
    if not equals:
        return is_jupyter_cookie(pair)
    return is_jupyter_cookie(name if name.strip() else value.partition("=")[0])


def _is_known(value: str, tokens: Iterable[str]) -> bool:
    given = value.encode("utf-8", "surrogateescape")
    return any(hmac.compare_digest(given, token.encode()) for token in tokens)


def _holds_known(value: str, tokens: Iterable[str]) -> bool:
    return any(len(token) >= _SHORTEST and token in value for token in tokens)


def split_query(query: str) -> list[tuple[str, str, str]]:
    """The parameters of a query: name and value decoded, and the text as it was sent."""
    parts = []
    for text in query.split("&"):
        name, _, value = text.partition("=")
        parts.append((unquote_plus(name), unquote_plus(value), text))
    return parts


class _Credentials:
    """Which credentials of one request are Jupyter's."""

    def __init__(self, jupyter: Jupyter, fields: Fields, query: str, *, proxied: bool) -> None:
        self.tokens = jupyter.tokens
        cookies = [c for name, value in fields if name == "cookie" for c in value.split(";")]
        self.xsrf = {v.strip() for n, _, v in (c.partition("=") for c in cookies) if n.strip() == "_xsrf"}
        logged_in = any(c.strip().lower().startswith(("username-", "jupyterhub-user")) for c in cookies)
        # Jupyter let it pass without a login cookie: so the token that it carries is Jupyter's, known here or not
        self.must_be_token = proxied and not logged_in and not jupyter.open
        self.in_query = self.must_be_token and any(n == "token" for n, _, _ in split_query(query)) if query else False

    def is_parameter(self, name: str, value: str) -> bool:
        """Whether a query parameter is Jupyter's."""
        if name == "token":
            return self.must_be_token or _is_known(value, self.tokens)
        if name == "_xsrf":
            return True
        return _holds_known(value, self.tokens)

    def is_authorization(self, value: str) -> bool:
        """Whether an Authorization header is Jupyter's."""
        found = _SCHEME.fullmatch(value)
        if found is None:
            return _holds_known(value, self.tokens)
        if found[1].lower() == "token" or _is_known(found[2], self.tokens):
            return True
        return self.must_be_token and not self.in_query


def strip(jupyter: Jupyter, fields: Fields, query: str, *, proxied: bool) -> tuple[Fields, str]:
    """Take Jupyter's credentials out of a request.

    Parameters:
        jupyter: What is known of the Jupyter server.
        fields: Header fields, names in lower case.
        query: Without its question mark.
        proxied: Whether Jupyter passed the request on (and so let it in).

    Returns:
        The fields and the query that a guest may see.
    """
    own = _Credentials(jupyter, fields, query, proxied=proxied)
    kept: Fields = []
    for name, value in fields:
        if name == "cookie":
            rest = without_jupyter_cookies(value)
            if rest:
                kept.append((name, rest))
        elif name == "authorization":
            if not own.is_authorization(value):
                kept.append((name, value))
        elif name == "referer":
            kept.append((name, _referer(own, value)))
        elif name == "x-xsrftoken":
            if not proxied and value not in own.xsrf:
                kept.append((name, value))
        elif not _holds_known(value, own.tokens):
            kept.append((name, value))
    return kept, _query(own, query)


def _query(own: _Credentials, query: str) -> str:
    if not query:
        return query
    parts = split_query(query)
    kept = [text for name, value, text in parts if not own.is_parameter(name, value)]
    return query if len(kept) == len(parts) else "&".join(kept)


def _referer(own: _Credentials, value: str) -> str:
    """A Referer may be an address of Jupyter's with its token in it."""
    address, mark, query = value.partition("?")
    if not mark:
        return value
    kept = [t for n, v, t in split_query(query) if n != "token" and not own.is_parameter(n, v)]
    return f"{address}?{'&'.join(kept)}" if kept else address
