"""One entry of ``allowed_outbound_hosts``: ``scheme://host[:port]``, each part ``*`` for any.

The grammar and its error texts are those of Spin 4 (``crates/outbound-networking-config/src/allowed_hosts.rs``).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from spinlab.errors import ManifestError
from spinlab.manifest import hosts
from spinlab.manifest.ids import debug

DEFAULT_PORTS = {"postgres": 5432, "mysql": 3306, "redis": 6379, "mqtt": 1883, "http": 80, "https": 443}
CHAINING_SUFFIX = ".spin.internal"

_LEARN = "\nLearn more: https://spinframework.dev/v3/http-outbound#granting-http-permissions-to-components"
T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _RefusedError(ValueError):
    """Why a part of an entry is refused, in Spin's words; the hint is ours."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True)
class Subdomains:
    """Every domain that ends in `suffix`, which begins with a dot."""

    suffix: str


@dataclass(frozen=True)
class Own:
    """The application itself (``self``): requests to a relative URL."""


@dataclass(frozen=True)
class AllowedHost:
    """One entry.

    Attributes:
        scheme: Such as ``https``; None for any.
        host: A domain or address, a network, all subdomains, the application itself; None for any.
        ports: From the first to before the second; None for any.
        text: As written.
    """

    scheme: str | None
    host: hosts.Host | Network | Subdomains | Own | None
    ports: tuple[int, int] | None
    text: str = ""

    @property
    def chaining(self) -> bool:
        """Whether it grants requests to other components of the application."""
        name = self.host.suffix if isinstance(self.host, Subdomains) else self.host
        return isinstance(name, str) and name.endswith(CHAINING_SUFFIX)

    def allows(self, scheme: str, host: hosts.Host, port: int | None) -> bool:
        """Whether it lets a connection through; a port of None is the scheme's own."""
        return (self.scheme is None or self.scheme == scheme) and self._host(host) and self._port(scheme, port)

    def _host(self, host: hosts.Host) -> bool:
        if self.host is None:
            return True
        if isinstance(self.host, Subdomains):
            return isinstance(host, str) and host.endswith(self.host.suffix)
        if isinstance(self.host, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
            return not isinstance(host, str) and host in self.host
        return host == self.host

    def _port(self, scheme: str, port: int | None) -> bool:
        if self.ports is None:
            return True
        number = DEFAULT_PORTS.get(scheme) if port is None else port
        return number is not None and self.ports[0] <= number < self.ports[1]


def parse(text: str) -> AllowedHost:
    """Read one entry without templates in it.

    Raises:
        ManifestError: Spin would refuse it, with its reason.
    """
    entry = text.strip()
    scheme, found, rest = entry.partition("://")
    if not found:
        raise _no_scheme(entry)
    host, port = _cut_port(entry, rest)
    ports = _part(f"Invalid allowed host port {debug(port)}", lambda: _ports(port, scheme))
    named = _part(f"Invalid allowed host scheme {debug(scheme)}", lambda: _scheme(scheme))
    return AllowedHost(named, _part(f"Invalid allowed host {debug(host)}", lambda: _host(host)), ports, text)


def _no_scheme(entry: str) -> ManifestError:
    if entry in ("*", ":", "?", ""):
        return ManifestError(
            f"{debug(entry)} is not an allowed outbound host format.\nHosts must be in the form "
            "<scheme>://<host>[:<port>], with '*' wildcards allowed for each.\nIf you intended to allow all outbound "
            "networking, you can use '*://*:*' - this will obviate all network sandboxing." + _LEARN,
            hint="name what it needs, such as https://example.com",
        )
    return ManifestError(
        f"{debug(entry)} does not contain a scheme (e.g., 'http://' or '*://'){_LEARN}", hint=f"write https://{entry}"
    )


def _cut_port(entry: str, rest: str) -> tuple[str, str]:
    before, colon, tail = rest.rpartition(":")
    if not colon:
        return rest, ""
    if not tail:
        return before, ""
    try:
        _host(rest)
    except ValueError:
        port, _, path = tail.partition("/")
        if path:
            raise ManifestError(
                f"{debug(entry)} has a path but is not allowed to", hint="leave the path away"
            ) from None
        return before, port
    return rest, ""


def _part(context: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        hint = error.hint if isinstance(error, _RefusedError) else "write a domain or an address, such as example.com"
        raise ManifestError(f"{context}: {error}", hint=hint) from None


def _scheme(scheme: str) -> str | None:
    if scheme == "*":
        return None
    if scheme.startswith("{"):
        raise _RefusedError("scheme lists are not supported", "write one entry for each scheme")
    if any(not character.isalpha() for character in scheme):
        raise _RefusedError("only alphabetic characters are allowed", "such as https, redis or *")
    return scheme


def _host(host: str) -> hosts.Host | Network | Subdomains | Own | None:
    host = host.strip()
    if host == "*":
        return None
    if host in ("self", "self.alt"):
        return Own()
    if host.startswith("{"):
        raise _RefusedError("host lists are not yet supported", "write one entry for each host")
    network = _network(host)
    if network is not None:
        return network
    host = host.removesuffix("/")
    if "/" in host:
        raise _RefusedError("must not include a path", "leave the path away")
    if host.startswith("*."):
        return _subdomains(host[2:])
    if "*" in host:
        raise _RefusedError("wildcards are allowed only as subdomains", "write *.example.com, or * for any host")
    return hosts.parse(host)


def _subdomains(domain: str) -> Subdomains:
    if "*" in domain:
        raise _RefusedError("wildcards are allowed only as prefixes", "write one * at the beginning")
    try:
        parsed = hosts.parse(domain)
    except ValueError as error:
        raise _RefusedError(f'invalid wildcard host "*.{domain}": {error}', "such as *.example.com") from None
    if not isinstance(parsed, str):
        raise _RefusedError("wildcard suffix must be a domain", "write the network as 10.0.0.0/8")
    return Subdomains(f".{parsed}")


def _network(host: str) -> Network | None:
    address, slash, bits = host.partition("/")
    if not slash or "%" in address or not re.fullmatch(r"\+?[0-9]+", bits):
        return None
    try:
        return ipaddress.ip_network(f"{ipaddress.ip_address(address)}/{int(bits)}", strict=False)
    except ValueError:
        return None


def _ports(port: str, scheme: str) -> tuple[int, int] | None:
    if not port:
        known = DEFAULT_PORTS.get(scheme)
        if known is None:
            raise _RefusedError(
                f"no port was provided and the scheme {debug(scheme)} does not have a known default port number",
                "add one, such as :443, or :* for any",
            )
        return known, known + 1
    if port == "*":
        return None
    if port.startswith("{"):
        raise _RefusedError(
            "port lists are not yet supported", "write one entry for each port, or a range such as :80..90"
        )
    first, dots, last = port.partition("..")
    if dots:
        context = f"port range {debug(port)} contains non-number"
        return _port(first, context), _port(last, context)
    number = _port(port, f"port {debug(port)} is not a number")
    return number, number + 1


def _port(text: str, context: str) -> int:
    hint = "a port is a number up to 65535, * for any, or a range such as 8000..9000 (without its end)"
    if not text:
        raise _RefusedError(f"{context}: cannot parse integer from empty string", hint)
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise _RefusedError(f"{context}: invalid digit found in string", hint)
    if int(text) > 65535:
        raise _RefusedError(f"{context}: number too large to fit in target type", hint)
    return int(text)
