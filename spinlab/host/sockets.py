"""``wasi:sockets``: TCP and UDP as a client, and name lookup. Nobody binds a port of his choice, or listens.

A connection is made when the guest connects; before that a socket is options in the bridge's memory. Operations::

    socket.connect  4|6 IP PORT OPTION=VALUE...        -> the connection; head: its addresses, a line each
    socket.read     ID                                 -> data, or the end
    socket.write    ID (data)
    socket.shutdown ID send|receive
    socket.udp      4|6 IP PORT OPTION=VALUE...        -> a bound socket; head: its address
    socket.peer     ID [IP PORT]                       datagrams from there only
    socket.send     ID IP PORT (data)
    socket.receive  ID                                 -> head: where from
    socket.option   ID NAME VALUE
    socket.listen   tcp|udp IP PORT                    always denied
    socket.resolve  NAME                               -> head: addresses, a line each
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial

from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.connections import LimitReached, Permit
from spinlab.host.effect import Caller, Effect, Record, Result
from spinlab.host.loop import LOOP
from spinlab.host.reach import Reach
from spinlab.host.services import Services
from spinlab.host.socket_facts import Endpoint, code
from spinlab.host.tcp import Tcp
from spinlab.host.udp import BIGGEST, Udp
from spinlab.manifest import hosts

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_networking",)
IMPORTS = ("wasi:sockets/",)

Handle = Tcp | Udp


class Sockets:
    """The sockets of one function."""

    def __init__(self, function: Function, services: Services) -> None:
        self._services = services
        self._reach = Reach(function, services)

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Nothing but the grants themselves, which are checked for all that connects."""

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin an operation; see the module."""
        what = op.partition(".")[2]
        if what == "resolve":
            return self._resolve(args, call)
        words = args.split(" ")
        try:
            if what == "connect":
                return self._connect(words, call)
            if what == "udp":
                return self._bind(words, call)
            if what == "listen":
                return self._listen(words, call)
            handle = call.effect(int(words[0]))
        except ValueError:
            return Result.error("invalid-argument")
        if isinstance(handle, Tcp):
            return _tcp(what, handle, words[1:], data)
        if isinstance(handle, Udp):
            return self._datagrams(what, handle, words[1:], data, call)
        # An instance that serves another request has kept it.
        return Result.error("invalid-state")

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """What the trace tells: connections, sockets and lookups; what goes over them is counted there."""
        what = op.partition(".")[2]
        words = args.split(" ")
        if what == "resolve":
            return "name lookup", "resolve", args[:255]
        if what == "connect":
            return "outbound TCP", "connect", _shown("tcp", words[1:3])
        if what == "udp":
            return "outbound UDP", "open", _shown("udp", words[1:3])
        if what == "listen":
            return f"{words[0].upper()} socket", "bind", _shown(words[0], words[1:3])
        return None

    def _resolve(self, name: str, call: Caller) -> Result | Effect:
        found = self._reach.literal(name)
        return found if isinstance(found, Result) else LOOP.begin(self._reach.resolve(found, call))

    def _connect(self, words: list[str], call: Caller) -> Result | Effect:
        to = Endpoint.read(words[1], words[2])
        if not to.is_remote(words[0]) or to.ip.is_multicast or str(to.ip) == "255.255.255.255":
            return Result.error("invalid-argument")
        refused = self._refused("tcp", to, call)
        if refused is not None:
            return refused
        permit = self._permit(call)
        return Tcp(to, words[3:], permit).connect() if isinstance(permit, Permit) else permit

    def _bind(self, words: list[str], call: Caller) -> Result | Effect:
        at = Endpoint.read(words[1], words[2])
        if str(at.ip.version) != words[0] or _is_mapped(at):
            return Result.error("invalid-argument")
        if at.port != 0:
            return self._listen(["udp", *words[1:]], call)
        if not self._reach.grants_any("udp"):
            return Result.refused(denied.refuse("socket.udp", ""))
        permit = self._permit(call)
        if not isinstance(permit, Permit):
            return permit
        try:
            return Udp(at, words[3:], permit, partial(self._takes, call))
        except OSError as error:
            permit.release()
            return Result.error(code(error), str(error))

    def _listen(self, words: list[str], call: Caller) -> Result:
        call.note(f"A component tried to bind {_shown(words[0], words[1:3])}; components are clients only.")
        return Result.error("access-denied", "components are clients only")

    def _permit(self, call: Caller) -> Permit | Result:
        # Not waited for, as in Spin: the guest itself may hold what it waits for.
        try:
            found = self._services.network.connections.at_once("socket", call)
        except LimitReached as error:
            return Result.error("new-socket-limit", str(error))
        return found or Result.error("new-socket-limit", "connection quota exhausted")

    def _takes(self, call: Caller, source: Endpoint) -> bool:
        return self._reach.refusal(call, "udp", source) is None and not self._reach.forbids(source)

    def _refused(self, scheme: str, to: Endpoint, call: Caller) -> Result | None:
        refusal = self._reach.refusal(call, scheme, to)
        if refusal is not None:
            return Result.refused(refusal)
        if self._reach.forbids(to):
            call.note(f"{_shown(scheme, [str(to.ip), str(to.port)])} is in a network that is blocked.")
            return Result.error("access-denied", "destination IP prohibited by runtime config")
        return None

    def _datagrams(self, what: str, udp: Udp, words: list[str], data: bytes, call: Caller) -> Result | Effect:
        if what == "receive":
            return udp.receive()
        if what == "option":
            return udp.option(words[0], int(words[1]))
        if what == "peer" and not words:
            return udp.connect(None)
        to = Endpoint.read(*words)
        if not to.is_remote(str(to.ip.version)):
            return Result.error("invalid-argument")
        if len(data) > BIGGEST:
            return Result.error("datagram-too-large")
        refused = self._refused("udp", to, call)
        if refused is not None:
            _record_refused(what, to, refused, call)
            return refused
        return udp.connect(to) if what == "peer" else udp.send(data, to)


def _tcp(what: str, tcp: Tcp, words: list[str], data: bytes) -> Result | Effect:
    actions: dict[str, Callable[[], Result | Effect]] = {
        "read": tcp.read,
        "write": lambda: tcp.write(data),
        "shutdown": lambda: tcp.shutdown(words[0]),
        "option": lambda: tcp.option(words[0], int(words[1])),
    }
    return actions[what]() if what in actions else Result.error("not-supported")


def _record_refused(what: str, to: Endpoint, refused: Result, call: Caller) -> None:
    record = Record("outbound UDP", what, _shown("udp", [str(to.ip), str(to.port)]))
    record.close(refused)
    call.record(record)


def _is_mapped(at: Endpoint) -> bool:
    return isinstance(at.ip, ipaddress.IPv6Address) and at.ip.ipv4_mapped is not None


def _shown(scheme: str, words: list[str]) -> str:
    try:
        return f"{scheme}://{hosts.show(ipaddress.ip_address(words[0]))}:{int(words[1])}"
    except (ValueError, IndexError):
        return scheme
