"""Real TCP and UDP servers on free ports of this machine, each behaving in one way."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def tcp(serve: Callable[[socket.socket], None], family: int = socket.AF_INET) -> Iterator[int]:
    """Each connection is served on a thread of its own; answers the port."""
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1" if family == socket.AF_INET else "::1", 0))
    listener.listen(256)
    open_now: list[socket.socket] = []

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_now.append(connection)
                threading.Thread(target=run, args=(connection,), daemon=True).start()

    def run(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            serve(connection)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_now:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def echo(connection: socket.socket) -> None:
    """Gives back what comes, and ends when the client does."""
    while data := connection.recv(65536):
        connection.sendall(data)


def hang(connection: socket.socket) -> None:
    """Takes nothing and says nothing."""
    threading.Event().wait(60)


def reset(connection: socket.socket) -> None:
    """Breaks off with an RST after the first bytes."""
    connection.recv(1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def pour(connection: socket.socket) -> None:
    """Sends 100 MB, whoever wants them."""
    piece = bytes(1 << 20)
    for _ in range(100):
        connection.sendall(piece)


class Sink:
    """Takes everything and remembers it; `got` is set at the end of each connection."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []
        self.got = threading.Semaphore(0)

    def __call__(self, connection: socket.socket) -> None:
        data = b""
        with contextlib.suppress(OSError):
            while piece := connection.recv(65536):
                data += piece
        self.taken.append(data)
        self.got.release()


@contextmanager
def udp(answer: Callable[[bytes], bytes] = bytes.upper, also_from: str = "") -> Iterator[int]:
    """Answers each datagram, first from another address when that is given; answers the port."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if also_from:
        other.bind((also_from, 0))
    server.settimeout(0.05)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError):
                data, name = server.recvfrom(65535)
                if also_from:
                    other.sendto(b"forged", name)
                server.sendto(answer(data), name)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield server.getsockname()[1]
    finally:
        over.set()
        thread.join()
        server.close()
        other.close()


@contextmanager
def closed_port() -> Iterator[int]:
    """A port where nobody listens, held so that nobody else comes to."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
