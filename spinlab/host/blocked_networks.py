"""Networks that no component may connect to (Spin 4: ``crates/outbound-networking-config/src/blocked_networks.rs``)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that a translator on the way turns into IPv4 (RFC 6052)."""


class BlockedNetworks:
    """What ``block_networks`` names.

    Parameters:
        entries: CIDR blocks, and ``private`` for everything that is not routed on the public internet.

    Raises:
        ValueError: An entry is neither.
    """

    def __init__(self, entries: Iterable[str] = ()) -> None:
        named = tuple(entries)
        self._private = "private" in named
        self._networks = [ipaddress.ip_network(entry, strict=False) for entry in named if entry != "private"]

    def __bool__(self) -> bool:
        return self._private or bool(self._networks)

    def blocks(self, address: Address) -> bool:
        """Whether a connection to this address is forbidden, also where it is an IPv4 address inside an IPv6 one."""
        return self._blocks(address) or any(self._blocks(inner) for inner in _embedded(address))

    def _blocks(self, address: Address) -> bool:
        if self._private and not _is_global(address):
            return True
        return any(address in network for network in self._networks if network.version == address.version)


def _is_global(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return True  # what is inside is looked at by itself
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address may lead to."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    low = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    found = [address.ipv4_mapped, address.sixtofour]
    if int(address) >> 32 == 0 or address in _TRANSLATED:
        found.append(low)
    return [inner for inner in found if inner is not None]
