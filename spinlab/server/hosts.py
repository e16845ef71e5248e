"""Whose address a request names: the listener's own, the Jupyter server's, or a stranger's.

A web page can make a browser send anything to a loopback port but a Host header of its choice: the browser writes that
from the address of the page. So a Host that no stranger can own (`localhost`, an IP address, the Jupyter server's name)
proves that no name was rebound to this machine (DNS rebinding).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~-]+)(?::([0-9]{1,5}))?")


@dataclass(frozen=True)
class Host:
    """A Host header, taken apart.

    Attributes:
        name: Lower case, an IPv6 address in brackets, without a closing dot.
        port: As written, None when there is none.
    """

    name: str
    port: int | None

    @cached_property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The IP address that the name is, None for a name proper."""
        try:
            return ip_address(self.name.strip("[]"))
        except ValueError:
            return None

    @cached_property
    def loopback(self) -> bool:
        """Whether a browser takes the name to its own machine, whatever a name server says (RFC 6761, 6.3)."""
        if self.name == "localhost" or self.name.endswith(".localhost"):
            return True
        address = self.address
        return address is not None and address.is_loopback

    @property
    def label(self) -> str | None:
        """``NAME`` of ``NAME.localhost``; empty for the plain names, None for more than one label."""
        if not self.name.endswith(".localhost"):
            return ""
        label = self.name[: -len(".localhost")]
        return label if label and "." not in label else None

    def same(self, other: Host, *, https: bool = False) -> bool:
        """Whether both name one address; a missing port is the scheme's."""
        usual = 443 if https else 80
        return self.name == other.name and (self.port or usual) == (other.port or usual)


@lru_cache(256)
def parse_host(text: str) -> Host | None:
    """Take a Host header or the authority of an origin apart; None when it is not one."""
    found = _HOST.fullmatch(text.strip().lower())
    if found is None:
        return None
    port = int(found[2]) if found[2] else None
    if port is not None and port > 65535:
        return None
    return Host(found[1].rstrip(".") or found[1], port)


def parse_origin(text: str) -> Host | None:
    """The host of an Origin header, with the scheme's port made explicit; None for ``null`` and other schemes."""
    scheme, separator, rest = text.strip().lower().partition("://")
    if not separator or scheme not in ("http", "https"):
        return None
    host = parse_host(rest)
    if host is None or host.port is not None:
        return host
    return Host(host.name, 443 if scheme == "https" else 80)
