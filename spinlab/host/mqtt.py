"""Outbound MQTT: ``fermyon:spin/mqtt@2.0.0`` and ``spin:mqtt@3.0.0`` (Spin 4: crates/factor-outbound-mqtt).

As in Spin, a connection is made when the first message is published, and again when it was lost; messages that a guest
publishes at the same time share it. It goes with the request.
"""

from __future__ import annotations

import asyncio
from typing import cast

from spinlab.function import Function
from spinlab.host.connections import Permit
from spinlab.host.effect import Caller, Effect, Record, Result
from spinlab.host.loop import LOOP, Outside, within
from spinlab.host.mqtt_address import MqttAddress
from spinlab.host.mqtt_session import ConnectionFailed, MqttError, Qos, Session, TooLarge
from spinlab.host.network import Network, Unreachable, destination
from spinlab.host.pack import unpack
from spinlab.host.services import Services
from spinlab.host.streams import open_stream, problem

MANIFEST = ("allowed_outbound_hosts",)
RUNTIME = ("outbound_mqtt", "outbound_networking")
IMPORTS = ("fermyon:spin/mqtt", "spin:mqtt/")

NAME = "outbound MQTT"

CONNECTING = 5.0
"""Seconds until a server has let us in (as the client library that Spin uses)."""


class Mqtt:
    """Serves ``mqtt.*`` for one function.

    Parameters:
        function: Whose grants hold.
        services: Whose network it is.
    """

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result | Effect:
        """Begin ``mqtt.open`` or ``mqtt.publish``."""
        if op == "mqtt.open":
            return self._open(args, data, call)
        connection = call.effect(int(args))
        if not isinstance(connection, Connection) or connection.closed:
            return Result.error("gone")
        topic, payload, qos = cast("tuple[str, bytes, str]", unpack(data))
        most = self._services.runtime.max_mqtt_payload
        if most is not None and len(payload) > most:
            message = f"payload size {len(payload)} exceeds the maximum allowed size of {most} bytes"
            return Result.error("other", message)
        record = Record(NAME, "publish", str(connection.address.to), len(data))
        call.record(record)
        effect = LOOP.begin(connection.publish(topic, payload, Qos.named(qos), record, call))
        effect.record = record
        return effect

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str] | None:
        """Tell of an ``open``; a ``publish`` tells of itself, since only its connection knows where it leads."""
        if op != "mqtt.open":
            return None
        try:
            return NAME, "open", str(destination(args, "mqtt"))
        except ValueError:
            return NAME, "open", "an address that can't be read"

    def _open(self, address: str, data: bytes, call: Caller) -> Result | Effect:
        try:
            to = destination(address, "mqtt")
        except ValueError:
            return Result.error("connection-failed", "the address is not permitted: it can't be read")
        refusal = self._services.network.check(self._function, self._services, to.scheme, to.host, to.port)
        if refusal is not None:
            return Result.refused(refusal)
        try:
            wanted = MqttAddress.parse(address, *cast("tuple[str, str, int]", unpack(data)))
        except ValueError:
            return Result.error("invalid-address")
        connection = Connection(wanted, self._services.network)
        LOOP.begin(connection.open(call), connection, explain=_explain)
        return connection


class Connection(Outside):
    """A connection that a guest opened, made when it is needed.

    Attributes:
        address: Where it leads.
        closed: Whether the guest, or the end of its request, closed it.
    """

    def __init__(self, address: MqttAddress, network: Network) -> None:
        super().__init__(stream=True)
        self.address = address
        self.closed = False
        self._network = network
        self._permit: Permit | None = None
        self._session: Session | None = None
        self._connecting = asyncio.Lock()

    async def open(self, call: Caller) -> Result:
        """Take a place among the connections, as Spin does before there is one."""
        self._permit = await self._network.permit("mqtt", holder=call)
        if self.closed:
            self._close()
        return Result()

    async def publish(self, topic: str, payload: bytes, qos: Qos, record: Record, call: Caller) -> Result:
        """Send a message and wait for its acknowledgement."""
        try:
            session = await self._connected()
            await session.publish(topic, payload, qos)
            result = Result()
        except Exception as error:  # noqa: BLE001 (whatever fails is the guest's error)
            result = _explain(error)
            if isinstance(error, TooLarge):
                call.note(_LARGER)
        if not self.closed:
            record.close(result)
        return result

    async def _connected(self) -> Session:
        async with self._connecting:
            if self._session is None or not self._session.alive:
                self._session = await self._connect()
                if self.closed:
                    self._session.close()
            return self._session

    async def _connect(self) -> Session:
        try:
            async with within(CONNECTING):
                return await self._begin()
        except asyncio.TimeoutError:
            raise ConnectionFailed("Network timeout") from None

    async def _begin(self) -> Session:
        to = self.address.to
        link = await self._network.connect("mqtt", to.host, self.address.port, permit=self._permit)
        reader, writer = await open_stream(link, to.host if self.address.tls else None)
        return await Session.begin(reader, writer, self.address.options)

    def cancel(self) -> None:
        """Close the connection."""
        super().cancel()
        self.closed = True
        LOOP.loop.call_soon_threadsafe(self._close)

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
        if self._permit is not None:
            self._permit.release()


_LARGER = (
    "MQTT: messages of more than 10 KiB, as Spin counts them, need a larger limit in the address: "
    "add &max_incoming_packet_size_bytes=1048576&max_outgoing_packet_size_bytes=1048576"
)


def _explain(error: Exception) -> Result:
    if isinstance(error, Unreachable):
        limited = error.code == "connection-limit-reached"
        return Result.error("too-many-connections") if limited else Result.error("connection-failed", problem(error))
    if isinstance(error, (ConnectionFailed, OSError)):
        return Result.error("connection-failed", problem(error))
    if isinstance(error, MqttError):
        return Result.error("other", str(error))
    return Result.error("other", f"{type(error).__name__}: {error}")
