"""Mosquitto, an MQTT server, as Debian brings it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.servers import running


@contextmanager
def mosquitto(folder: Path, *lines: str) -> Iterator[int]:
    """A server with these lines in its configuration; yields its port."""
    open_to_all = [] if any(line.startswith("allow_anonymous") for line in lines) else ["allow_anonymous true"]

    def command(port: int) -> list[str]:
        file = folder / "mosquitto.conf"
        own = [
            "user root",
            f"listener {port} 127.0.0.1",
            "queue_qos0_messages true",
            "max_inflight_messages 0",
            *open_to_all,
            *lines,
        ]
        file.write_text("\n".join(own) + "\n")
        return ["mosquitto", "-c", str(file)]

    with running(command, folder) as port:
        yield port


class Message(NamedTuple):
    """What a subscriber got."""

    topic: str
    qos: int
    payload: bytes


class Subscriber:
    """Keeps the messages to a topic until they are taken.

    Parameters:
        port: The server's.
        topic: Or a pattern of topics.
        options: Further options of ``mosquitto_sub``.
    """

    def __init__(self, port: int, topic: str, *options: str) -> None:
        self._command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), *options]
        self._command += ["-c", "-i", f"listening to {topic.replace('#', 'all')}", "-q", "2", "-t", topic]
        subprocess.run([*self._command, "-E"], check=True, timeout=60)

    def take(self, count: int) -> list[Message]:
        """So many messages, in their order."""
        command = [*self._command, "-C", str(count), "-W", "60", "-F", "%t %q %x"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True, timeout=90).stdout.splitlines()
        parts = [line.rsplit(" ", 2) for line in lines]
        return [Message(topic, int(qos), bytes.fromhex(payload)) for topic, qos, payload in parts]
