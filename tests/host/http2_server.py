"""A server that says in HTTP/2 what a test wants, frame by frame."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h2.config
import h2.connection
import h2.events

from tests.host.web import scripted


class Talk:
    """One connection of a client.

    Attributes:
        state: The protocol.
        requests: Streams that have their whole head, in order.
        window: Bytes that the client lets us send on the first stream.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self.state.initiate_connection()
        self.requests: list[int] = []
        self.reset: list[int] = []
        self.flush()

    def flush(self) -> None:
        self.connection.sendall(self.state.data_to_send())

    def hear(self) -> bool:
        """Take what the client says; False at its end."""
        data = self.connection.recv(65536)
        if not data:
            return False
        for event in self.state.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self.requests.append(event.stream_id or 0)
            elif isinstance(event, h2.events.StreamReset):
                self.reset.append(event.stream_id or 0)
            elif isinstance(event, h2.events.DataReceived):
                self.state.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        self.flush()
        return True

    def request(self, count: int = 1) -> int:
        """Wait until there are so many requests; the stream of the last."""
        while len(self.requests) < count:
            if not self.hear():
                raise OSError("the client left")
        return self.requests[count - 1]

    def head(self, stream: int, *, end: bool = False) -> None:
        self.state.send_headers(stream, [(":status", "200"), ("server", "test")], end_stream=end)
        self.flush()

    def data(self, stream: int, data: bytes, *, end: bool = False) -> None:
        self.state.send_data(stream, data, end_stream=end)
        self.flush()

    def raw(self, kind: int, payload: bytes, stream: int = 0) -> None:
        """A frame that the protocol would not let us send."""
        frame = len(payload).to_bytes(3, "big") + bytes([kind, 0]) + stream.to_bytes(4, "big") + payload
        self.connection.sendall(frame)


@contextmanager
def talking(certificate: tuple[Path, Path], say: Callable[[Talk], object]) -> Iterator[int]:
    """A server on 127.0.0.1 that offers HTTP/2 alone; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.set_alpn_protocols(["h2"])

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            say(Talk(wrapped))

    with scripted(answer) as port:
        yield port
