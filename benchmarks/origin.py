"""The server that outbound requests go to, in a process of its own."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

BODY = b"Hello from outside\n"
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Origin(asyncio.Protocol):
    """Answers each request when it is complete."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        self.rest += data
        while (end := self.complete()) is not None:
            self.rest = self.rest[end:]
            self.transport.write(ANSWER)

    def complete(self) -> int | None:
        """Where the first request ends, when all of it is there."""
        head, ends, body = self.rest.partition(b"\r\n\r\n")
        if not ends:
            return None
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        if length:
            size = len(head) + 4 + int(length[1])
            return size if size <= len(self.rest) else None
        if b"chunked" not in head:
            return len(head) + 4
        last = body.find(b"0\r\n\r\n")
        return None if last < 0 else len(head) + 4 + last + 5


async def main() -> None:
    """Serve until the end of stdin."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Origin, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def origin() -> Iterator[str]:
    """Its URL, without a slash at the end."""
    command = [sys.executable, "-m", "benchmarks.origin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


if __name__ == "__main__":
    asyncio.run(main())
