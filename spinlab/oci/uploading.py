"""Sends one blob (OCI distribution 1.1: *Pushing blobs*): at once, or piece by piece when it is long."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeVar
from urllib.parse import urljoin

import httpx

from spinlab.oci.artifact import Blob
from spinlab.oci.patience import ATTEMPTS, Busy, pause
from spinlab.oci.refusals import broken, refused
from spinlab.oci.store import Tell

T = TypeVar("T")

CHUNK: Final = 4 << 20
"""Bytes sent in one request: what every registry takes (GitHub's no more than 4 MiB; Spin's client sends as much)."""

_NO_PIECES = (400, 404, 405, 411, 415, 416, 501)
"""What registries answer that take a blob at once only."""

_LOST = (400, 404, 416)
"""What they answer when they don't know how far an upload is, or what arrived is not what was sent."""

_BYTES = {"content-type": "application/octet-stream"}


class Asked(Protocol):
    """Where it is sent."""

    name: str

    def ask(
        self,
        method: str,
        where: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send one request."""

    def again(self, step: Callable[[], T]) -> T:
        """Do a step; once more, and again, when the connection breaks or the registry is busy."""


class Upload:
    """One blob on its way.

    Parameters:
        registry: Where to.
        blob: What.
        tell: Told what has gone.
    """

    def __init__(self, registry: Asked, blob: Blob, tell: Tell) -> None:
        self._registry, self._blob, self._tell = registry, blob, tell
        self._place = ""
        self._sent = 0
        self._failures = 0
        self._restarts = 0
        self._broke_off = False

    def run(self) -> None:
        """Send it.

        Raises:
            RegistryError: The registry refuses it, or always breaks off.
        """
        if len(self._blob.data) > CHUNK and self._in_pieces():
            return
        self._registry.again(self._at_once)
        self._tell(len(self._blob.data))

    def _at_once(self) -> None:
        params = {"digest": self._blob.digest}
        answer = self._registry.ask("PUT", self._begun(), params=params, headers=_BYTES, content=self._blob.data)
        if answer.status_code not in (201, 202, 204):
            raise self._refused(answer)

    def _begun(self) -> str:
        """Where it goes."""
        answer = self._registry.ask("POST", "blobs/uploads/", headers={"content-length": "0"})
        if answer.status_code != 202 or "location" not in answer.headers:
            raise self._refused(answer)
        return urljoin(str(answer.request.url), answer.headers["location"])

    def _in_pieces(self) -> bool:
        """Send it piece by piece; False when the registry takes none."""
        self._place = self._registry.again(self._begun)
        while True:
            try:
                answer = self._piece()
            except (httpx.TransportError, Busy) as error:
                self._go_on(error)
                continue
            if answer.status_code in (201, 202, 204):
                if self._sent == len(self._blob.data):
                    return True
                self._place = urljoin(self._place, answer.headers.get("location", self._place))
                self._failures = 0
                self._is_at(min(self._sent + CHUNK, len(self._blob.data)))
            elif self._sent == 0 and not self._broke_off and answer.status_code in _NO_PIECES:
                return False
            else:
                self._restart(answer)

    def _piece(self) -> httpx.Response:
        """Send what comes next; behind the last piece, say that it was all."""
        if self._sent == len(self._blob.data):
            return self._registry.ask("PUT", self._place, params={"digest": self._blob.digest}, content=b"")
        data = self._blob.data[self._sent : self._sent + CHUNK]
        headers = {**_BYTES, "content-range": f"{self._sent}-{self._sent + len(data) - 1}"}
        return self._registry.ask("PATCH", self._place, headers=headers, content=data)

    def _go_on(self, error: Exception) -> None:
        """After a connection broke: find out where, or begin anew when the registry has lost it."""
        self._failures, self._broke_off = self._failures + 1, True
        if self._failures >= ATTEMPTS:
            raise broken(self._registry.name, error, f"sent {self._blob.digest}") from error
        time.sleep(pause(self._failures, error))
        answer = self._registry.again(lambda: self._registry.ask("GET", self._place))
        if answer.status_code != 204:
            self._place = self._registry.again(self._begun)
            self._is_at(0)
            return
        last = answer.headers.get("range", "").removeprefix("bytes=").rpartition("-")[2]
        reached = int(last) + 1 if last.isdigit() and last != "0" else 0
        self._place = urljoin(self._place, answer.headers.get("location", self._place))
        self._is_at(min(reached, len(self._blob.data)))

    def _restart(self, answer: httpx.Response) -> None:
        """Begin anew where the registry kept a part of a piece and can't say so, as docker-registry does."""
        if not self._broke_off or answer.status_code not in _LOST or self._restarts == ATTEMPTS:
            raise self._refused(answer)
        self._restarts += 1
        self._place = self._registry.again(self._begun)
        self._is_at(0)

    def _is_at(self, reached: int) -> None:
        self._tell(reached - self._sent)
        self._sent = reached

    def _refused(self, answer: httpx.Response) -> Exception:
        return refused(self._registry.name, answer, f"sent {self._blob.digest}")
