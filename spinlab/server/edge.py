"""Who may ask, and for which app: the rules of the listener, without a socket.

`Edge.admit` takes what a client sent and answers an `Entry` (the request as a guest may see it) or a `Refusal` (what to
tell the client instead).
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field

from spinlab.server.credentials import Fields, split_query, strip
from spinlab.server.hosts import Host, parse_host, parse_origin
from spinlab.server.jupyter import Jupyter

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))

# jupyter-server-proxy says with these under which path of Jupyter's it is reached.
_CONTEXT = ("x-forwarded-context", "x-proxycontextpath", "x-forwarded-prefix")
_TOKEN_HEADER = "x-spinlab-token"  # noqa: S105  (its name, not its value)
TOKEN_PARAMETER = "spinlab-token"  # noqa: S105
APP_PATH = "/.app/"
"""What stands before the name of an app where the host can't tell it, as behind a proxy: ``/.app/NAME/...``."""

_APP = re.compile(re.escape(APP_PATH) + r"([a-z0-9-]+)(?![^/?])", re.IGNORECASE)


@dataclass(frozen=True)
class Policy:
    """What the user decided about the listener.

    Attributes:
        hosts: Further Host headers to answer to, ``name`` or ``name:port``; their pages are trusted as direct ones are.
        origins: Origins whose pages may send unsafe methods from another site, such as ``https://example.com``;
            ``*`` for every one.
        trusted_pages: True when proxied pages may have Jupyter's own origin.
        token: A secret that each request has to show; empty for none.
    """

    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    trusted_pages: bool = False
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Entry:
    """A request that may go to an app.

    Attributes:
        label: ``NAME`` of ``NAME.localhost``, or of ``/.app/NAME`` behind a proxy; empty for the first app.
        proxied: Whether it came through the Jupyter server (or could have).
        scheme: ``http`` or ``https``, as the client's address has it.
        target: Path and query without the app's name and Jupyter's credentials.
        fields: Header fields without them.
        context: Path under which a proxy is reached, without a slash at the end; empty when direct.
        new_cookie: True when the client showed the access token in its address and should keep it as a cookie.
    """

    label: str
    proxied: bool
    scheme: str
    target: str
    fields: Fields
    context: str = ""
    new_cookie: bool = False


@dataclass(frozen=True)
class Refusal:
    """What a client is told instead.

    Attributes:
        status: HTTP status.
        text: One or two sentences: what was wrong, and what to do.
        allow: What the user would run to let such requests pass; empty when nothing does.
    """

    status: int
    text: str
    allow: str = ""

    @property
    def reason(self) -> str:
        """What was wrong, in few words."""
        return self.text.partition(", so ")[0].partition(". ")[0].partition(": ")[0]


def host_of(fields: Fields) -> tuple[Host, str] | Refusal:
    """The host that a request is for, and how it was written."""
    hosts = [value for name, value in fields if name == "host"]
    if len(hosts) != 1:
        return Refusal(400, "no 'Host' header present in request" if not hosts else "more than one 'Host' header")
    host = parse_host(hosts[0])
    return (host, hosts[0]) if host is not None else Refusal(400, "the 'Host' header is not a host")


class Edge:
    """The rules for one listener.

    Parameters:
        port: Where it listens; None for a socket file, which no browser can reach.
        policy: What the user decided.
        jupyter: The Jupyter server that this kernel belongs to.
        listens_openly: True when it listens on more than loopback.
    """

    def __init__(
        self,
        port: int | None,
        policy: Policy | None = None,
        jupyter: Jupyter | None = None,
        *,
        listens_openly: bool = False,
    ) -> None:
        self.port = port
        self.policy = policy or Policy()
        self.jupyter = jupyter or Jupyter()
        self.listens_openly = listens_openly
        self.cookie = f"spinlab-{port or 'socket'}"

    @property
    def keeps_cookies(self) -> bool:
        """Whether a guest may set cookies of Jupyter's names."""
        return False

    def admit(self, method: str, target: str, fields: Fields) -> Entry | Refusal:
        """Decide on a request.

        Parameters:
            method: In upper case.
            target: Path and query as sent.
            fields: Header fields, names in lower case.
        """
        seen = dict(reversed(fields))  # the first field of a name
        found = host_of(fields)
        if isinstance(found, Refusal):
            return found
        host, text = found
        context = next((seen[name] for name in _CONTEXT if name in seen), None)
        proxied = self._is_proxied(host, text.lower(), context, seen)
        if proxied is None:
            return self._stranger(text)
        label, target, named = self._app_of(host, target, proxied=proxied)
        if label is None:
            return Refusal(404, f"an app's address is NAME.localhost, without further dots: {host.name}")
        refusal = self._another_site(method, host, seen, proxied=proxied)
        if refusal is not None:
            return refusal
        shown = self._shows_token(seen, target)
        if shown is None:
            told = "this listener asks for its access token: open the address that %spin url shows"
            return Refusal(401, told, "%spin url")
        scheme = _scheme(seen) if proxied else "http"
        fields, target = self._clean(fields, target, proxied=proxied)
        if named:  # so that a guest can tell under which path it is reached
            fields = [(n, v.rstrip("/") + named if n in _CONTEXT else v) for n, v in fields]
        return Entry(label, proxied, scheme, target, fields, _path(context), shown == "address")

    def _app_of(self, host: Host, target: str, *, proxied: bool) -> tuple[str | None, str, str]:
        """The label of the app that is meant, the target without it, and the part of the path that named it."""
        if host.loopback and not proxied:
            return host.label, target, ""
        found = _APP.match(target)
        if found is not None:
            rest = target[found.end() :]
            return found[1].lower(), rest if rest.startswith("/") else f"/{rest}", found[0]
        return host.label if self.port is None else "", target, ""

    def _is_proxied(self, host: Host, text: str, context: str | None, seen: dict[str, str]) -> bool | None:
        """False for a direct request, True for one through Jupyter, None for a stranger's."""
        if text in self.jupyter.hosts or (self.port is None and host.loopback):
            return True  # over a socket file a page of Jupyter's looks like any other client: the careful way for all
        if host.loopback and (host.port or 80) == self.port:
            # with a proxy's mark it is Jupyter behind a tunnel that happens to have our port number
            return context is not None
        if text in self.policy.hosts or host.name in self.policy.hosts or self._forwarded(host):
            return context is not None
        if self.listens_openly and host.address is not None and (host.port or 80) == self.port:
            return context is not None
        if context is not None and self._reached_through_jupyter(host, seen):
            return True
        return None

    def _forwarded(self, host: Host) -> bool:
        return any(host.name.endswith(suffix) for suffix in self.jupyter.forwarded)

    def _reached_through_jupyter(self, host: Host, seen: dict[str, str]) -> bool:
        """Whether a request with a proxy's mark came under a name that can't have been rebound to us.

        Loopback names and IP addresses can't. For any other name a browser is the witness: it sends Sec-Fetch-Site,
        which no script can set, only to addresses it trusts (https), and we speak http; so a proxy with a certificate
        for that name stands in front.
        """
        if not self.jupyter.here:
            return False
        return host.loopback or host.address is not None or "sec-fetch-site" in seen

    def _stranger(self, host: str) -> Refusal:
        where = f"localhost:{self.port}" if self.port is not None else "localhost"
        allow = f"%config Spin.hosts = [{host!r}]"
        return Refusal(
            421,
            f"{host} is not an address of this listener, so a web page may be trying to reach it through a name of its "
            f"own. Use http://{where} or the address of the Jupyter server, or allow the name with "
            f"{allow} in the notebook.",
            allow,
        )

    def _another_site(self, method: str, host: Host, seen: dict[str, str], *, proxied: bool) -> Refusal | None:
        """Unsafe methods are for pages of this address only: a browser sends them with the user's cookies."""
        if proxied and not self.policy.trusted_pages and seen.get("service-worker", "").lower() == "script":
            return Refusal(403, "a function behind the Jupyter server can't be a service worker of it")
        if method in SAFE or not from_another_site(host, seen, proxied=proxied, https=_scheme(seen) == "https"):
            return None
        origin = seen.get("origin", "").lower()
        if "*" in self.policy.origins or origin in self.policy.origins:
            return None
        named = origin if origin not in ("", "null") else "another site"
        remedy = f"%config Spin.origins = [{named if named == origin else '*'!r}]"
        text = f"{method} from a page of {named} is refused. If you trust that page: {remedy} in the notebook."
        return Refusal(403, text, remedy)

    def _shows_token(self, seen: dict[str, str], target: str) -> str | None:
        """Where the access token was shown (``none``: it isn't asked for); None when it was not."""
        if not self.policy.token:
            return "none"
        for cookie in seen.get("cookie", "").split(";"):
            name, _, value = cookie.strip().partition("=")
            if name == self.cookie and self._is_token(value):
                return "cookie"
        if self._is_token(seen.get(_TOKEN_HEADER, "")):
            return "header"
        query = target.partition("?")[2]
        if any(name == TOKEN_PARAMETER and self._is_token(value) for name, value, _ in split_query(query)):
            return "address"
        return None

    def _is_token(self, value: str) -> bool:
        return hmac.compare_digest(value.encode("utf-8", "surrogateescape"), self.policy.token.encode())

    def _clean(self, fields: Fields, target: str, *, proxied: bool) -> tuple[Fields, str]:
        path, mark, query = target.partition("?")
        fields, query = strip(self.jupyter, fields, query, proxied=proxied)
        if self.policy.token:
            fields = [(n, v) for n, v in fields if n != _TOKEN_HEADER]
            query = "&".join(text for name, _, text in split_query(query) if name != TOKEN_PARAMETER)
        return fields, f"{path}?{query}" if mark and query else path


def from_another_site(host: Host, seen: dict[str, str], *, proxied: bool, https: bool) -> bool:
    """Whether a page of another site sent it; other ports of localhost are the same site for a direct request only."""
    site = seen.get("sec-fetch-site")
    if site is not None:
        allowed = ("same-origin", "none") if proxied else ("same-origin", "none", "same-site")
        return site.strip().lower() not in allowed
    origin = seen.get("origin")
    if origin is None:
        return False  # not a browser: browsers say where an unsafe request comes from
    other = parse_origin(origin)
    if other is None:
        return True
    return not other.same(host, https=https) if proxied else other.name != host.name


def _scheme(seen: dict[str, str]) -> str:
    """The scheme of the client's address as the outermost proxy saw it."""
    said = seen.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return said if said in ("http", "https") else "http"


def _path(context: str | None) -> str:
    """A context path that can be trusted in a Set-Cookie header."""
    path = (context or "").rstrip("/")
    return path if path.startswith("/") and path.isascii() and not set(path) & set('; ,"\\\r\n\t') else ""
