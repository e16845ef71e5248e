"""Where the sockets of one function may go.

Spin checks the address of every connection against ``tcp://`` and ``udp://`` entries, and answers no name lookups to
sockets. Here a guest may look up a name that an entry grants; the addresses that it was told are then granted to the
same request as if the name were. A guest that relies on that finds no names under Spin, so it is told once.
"""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from weakref import WeakKeyDictionary

from spinlab.errors import SpinError
from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.blocked_networks import Address
from spinlab.host.denied import Refusal
from spinlab.host.effect import Caller, Result
from spinlab.host.network import Unreachable, check, granted
from spinlab.host.services import Services
from spinlab.host.socket_facts import Endpoint
from spinlab.manifest import hosts

NAMES_KEPT = 256
"""Addresses that one request is remembered to have looked up."""

_LOOKUPS = (
    "name lookup: Spin answers none to wasi:sockets; a component that is to run there connects to an address that its "
    "allowed_outbound_hosts grants"
)


class Reach:
    """What a function's sockets may reach.

    Parameters:
        function: Whose grants hold.
        services: Whose network it is.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services
        self._names: WeakKeyDictionary[Caller, dict[Address, set[str]]] = WeakKeyDictionary()
        self._said = False

    def refusal(self, call: Caller, scheme: str, to: Endpoint) -> Refusal | None:
        """Why a connection is not granted; None when it is."""
        refusal = check(self._function, self._services, scheme, to.ip, to.port)
        if refusal is None:
            return None
        for name in sorted(self._names.get(call, {}).get(to.ip, ())):
            by_name = check(self._function, self._services, scheme, name, to.port)
            if by_name is None:
                return None
            refusal = by_name
        return refusal

    def forbids(self, to: Endpoint) -> bool:
        """Whether the operator does, whatever is granted."""
        return self._services.network.prohibited(to.ip)

    def grants_any(self, scheme: str) -> bool:
        """Whether there is any place of this scheme that it may reach."""
        try:
            entries = granted(self._function, self._services).entries
        except SpinError:
            return False
        return any(entry.scheme in (None, scheme) for entry in entries)

    def _grants_name(self, name: str) -> bool:
        try:
            entries = granted(self._function, self._services).entries
        except SpinError:
            return False
        any_port = [replace(entry, ports=None) for entry in entries if entry.scheme in (None, "tcp", "udp")]
        return any(entry.allows(scheme, name, None) for entry in any_port for scheme in ("tcp", "udp"))

    def literal(self, text: str) -> Result | str:
        """The answer to a lookup that needs none: of an address, or of what may not be looked up; else the name."""
        try:
            return Result(head=str(ipaddress.ip_address(text.strip("[]"))))
        except ValueError:
            pass
        try:
            name = hosts.parse(text)
        except ValueError:
            return Result.error("invalid-argument")
        if not isinstance(name, str):
            return Result(head=str(name))
        return name if self._grants_name(name) else Result.refused(denied.lookup(name))

    async def resolve(self, name: str, call: Caller) -> Result:
        """The addresses of a granted name, remembered for the request."""
        try:
            found = await self._services.network.resolve(name, 0)
        except Unreachable as error:
            return Result.error("access-denied" if error.code == "destination-IP-prohibited" else "name-unresolvable")
        known = self._names.setdefault(call, {})
        addresses = list(dict.fromkeys(Endpoint.of(where).ip for _, where in found))
        for address in addresses:
            if address in known or len(known) < NAMES_KEPT:
                known.setdefault(address, set()).add(name)
        if not self._said:
            self._said = True
            call.note(_LOOKUPS)
        return Result(head="\n".join(map(str, addresses)))
