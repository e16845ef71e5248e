"""Takes the server's GOAWAY out of an HTTP/2 connection.

h2 takes it for the end of everything. A server that says it, such as after a thousand requests, goes on with the
exchanges that it names (RFC 9113, 6.8).
"""

from __future__ import annotations

_GOAWAY = 7
_HEAD = 9
_LARGEST = 1 << 14


class Frames:
    """Cuts what a server sends into frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes | int]:
        """Bytes for h2, and the last stream that the server serves for each GOAWAY."""
        data = self._rest + data
        found: list[bytes | int] = []
        start = at = 0
        while len(data) - at >= _HEAD:
            size = int.from_bytes(data[at : at + 3], "big")
            if size > _LARGEST:
                at = len(data)  # more than we allow: h2 ends the connection
                break
            end = at + _HEAD + size
            if data[at + 3] == _GOAWAY:
                if end > len(data):
                    break
                if at > start:
                    found.append(data[start:at])
                found.append(int.from_bytes(data[at + _HEAD : at + _HEAD + 4], "big") & 0x7FFFFFFF)
                start = end
            if end > len(data):
                break
            at = end
        if at > start:
            found.append(data[start:at])
        self._rest = data[at:]
        return found
