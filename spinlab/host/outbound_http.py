"""Outbound HTTP: ``wasi:http`` (Spin 4: crates/factor-outbound-http, crates/trigger-http/src/outbound_http.rs).

``http`` begins a request, ``http-write`` and ``http-finish`` go on with its body, ``http-read`` takes the next piece of
the response. Requests to the app itself (a relative URL, ``http://self.alt``) and to another component
(``http://NAME.spin.internal``) are answered here without a socket.
"""

from __future__ import annotations

from functools import partial

from spinlab.function import Function
from spinlab.host.denied import Refusal
from spinlab.host.effect import Caller, Effect, Result
from spinlab.host.fetching import Fetch, Fetched
from spinlab.host.http_client import Broken, Outgoing, read_request
from spinlab.host.http_client.message import read_url
from spinlab.host.inside import HOPS, Inside
from spinlab.host.network import check, check_own
from spinlab.host.services import Services
from spinlab.manifest.ids import kebab

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_networking", "outbound_http", "client_tls")
IMPORTS = ("wasi:http/outgoing-handler", "wasi:http/client")

NAME = "outbound HTTP"

_CHAINING = ".spin.internal"


class OutboundHttp:
    """Serves ``http*`` for one function.

    Parameters:
        function: Whose grants hold.
        services: Whose network it is.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services
        self._component = kebab(function.name)

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin a request, or go on with one."""
        if op == "http":
            return self._request(args, data, call)
        text, _, lines = args.partition("\n")
        number = int(text)
        fetch = call.effect(number)
        if not isinstance(fetch, Fetch):
            return Result.error("connection-terminated")
        if op == "http-write":
            return fetch.push(data)
        return fetch.pull(partial(call.release, number)) if op == "http-read" else fetch.close_body(lines)

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """Tell of a request by its method and its origin."""
        if op != "http":
            return None
        method, _, url = args.partition("\n")[0].partition(" ")
        return NAME, method, origin(url)

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Nothing to find out at registration: the grants are checked with the manifest."""

    def _request(self, args: str, data: bytes, call: Caller) -> Result | Effect:
        try:
            out = read_request(args, data)
        except Broken as error:
            return Result.error(error.code, str(error))
        own = out.to is None or out.to.host == "self.alt"
        refusal = self._refusal(out, own)
        if refusal is not None:
            return Result.refused(refusal)
        if call.crowded:
            return Result.error("connection-limit-reached")
        component = None if own else _chained(out)
        if not own and component is None:
            return Fetched(out).send(self._services.network.http, self._component, call)
        if call.hops >= HOPS:
            call.note(f"the functions of this app call each other more than {HOPS} deep")
            return Result.error("loop-detected")
        return Inside(out).submit(self._services, component, call.hops + 1)

    def _refusal(self, out: Outgoing, own: bool) -> Refusal | None:
        if own or out.to is None:
            return check_own(self._function, self._services)
        return check(self._function, self._services, out.to.scheme, out.to.host, out.to.port)


def origin(url: str) -> str:
    """Scheme, host and port of a URL, as a trace tells them; ``http://self`` for the app itself."""
    try:
        to, _ = read_url(url)
    except Broken:
        return "an address that can't be read"
    return str(to) if to and to.host != "self.alt" else "http://self"


def _chained(out: Outgoing) -> str | None:
    """The component that a request goes to."""
    host = out.to.host if out.to else None
    if not isinstance(host, str):
        return None
    component, _, rest = host.partition(".")
    return component if f".{rest}" == _CHAINING else None
