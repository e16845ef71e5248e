"""Where an address leads, and whether a function's ``allowed_outbound_hosts`` let it connect there."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from spinlab.errors import ManifestError, SpinError
from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.denied import Refusal
from spinlab.host.services import Services
from spinlab.manifest import hosts
from spinlab.manifest.allowed_hosts import AllowedHosts, split


@dataclass(frozen=True)
class Destination:
    """Where a connection goes. Never holds a user, a password or a path.

    Attributes:
        scheme: In lower case.
        host: A domain in lower case ASCII, or an address.
        port: Its port, or the scheme's own; None when there is neither.
    """

    scheme: str
    host: hosts.Host
    port: int | None

    @property
    def authority(self) -> str:
        """``host:port``, without a port that the scheme implies."""
        host = hosts.show(self.host)
        return host if self.port in (None, denied.PORTS.get(self.scheme)) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{hosts.show(self.host)}" + (f":{self.port}" if self.port else "")


def destination(address: str, scheme: str = "") -> Destination:
    """Where an address leads; without a scheme of its own it has `scheme`.

    Raises:
        ValueError: It has no host that can be read.
    """
    found, host, port = split(address, scheme)
    return Destination(found, host, denied.PORTS.get(found) if port is None else port)


def check(
    function: Function, services: Services, scheme: str, host: hosts.Host | str, port: int | None
) -> Refusal | None:
    """Whether the function's ``allowed_outbound_hosts`` let it connect there; None when they do."""
    try:
        to = Destination(scheme, _host(host) if isinstance(host, str) else host, port)
    except ValueError:
        return denied.destination(scheme, str(host), port)
    return _refusal(function, services, lambda allowed: _allows(allowed, to), to)


def _host(text: str) -> hosts.Host:
    with suppress(ValueError):
        return ipaddress.IPv6Address(text)  # as everybody but a URL writes it
    return hosts.parse(text)


def check_own(function: Function, services: Services) -> Refusal | None:
    """Whether it may send requests to its own app."""
    return _refusal(function, services, AllowedHosts.allows_self, Destination("http", "self", None))


def _refusal(
    function: Function, services: Services, allows: Callable[[AllowedHosts], bool], to: Destination
) -> Refusal | None:
    reason = ""
    try:
        if allows(granted(function, services)):
            return None
    except SpinError as error:
        # One entry that can't be read denies everything, as in Spin; the reason is for the user alone.
        reason = f"allowed_outbound_hosts can't be read: {error.message}"
    refusal = denied.destination(to.scheme, hosts.show(to.host), to.port)
    return denied.because(refusal, reason) if reason else refusal


def granted(function: Function, services: Services) -> AllowedHosts:
    """What a function may connect to, with the variables as they are now.

    Raises:
        SpinError: A variable has no value, or makes an entry that is refused.
    """
    entries = function.allowed_outbound_hosts
    resolved = tuple(_resolved(entry, services) for entry in entries)
    try:
        return _parsed(entries, resolved, tuple(services.components()))
    except ManifestError:
        if resolved == entries:
            raise
        # Its own words would show the values, and one may be a secret.
        raise ManifestError("the values of variables make an entry that is no host") from None


def _resolved(entry: str, services: Services) -> str:
    return services.variables.resolve(entry) if "{{" in entry else entry


@lru_cache(maxsize=256)
def _parsed(entries: tuple[str, ...], resolved: tuple[str, ...], components: tuple[str, ...]) -> AllowedHosts:
    pairs = zip(entries, resolved, strict=True)
    # An optional endpoint that is not set; a literal entry of that form stays the error that it is.
    kept = [text for entry, text in pairs if entry == text or text not in ("", "http://", "https://")]
    return AllowedHosts.parse(kept, components=components)


def _allows(allowed: AllowedHosts, to: Destination) -> bool:
    return any(entry.allows(to.scheme, to.host, to.port) for entry in allowed.entries)
