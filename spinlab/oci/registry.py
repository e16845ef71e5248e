"""A registry, by the OCI distribution API 1.1 over httpx.

oras-py was weighed and not taken: it sends a blob in one piece out of memory or in pieces that it can't go on with when
one is lost, does not check what it fetches against its digest, has no progress, takes `insecure` for plain HTTP only,
and brings a second HTTP library. What is needed is a dozen requests, and httpx is here.

A push that is broken off leaves blobs that no manifest names: the next one finds them, and the registry's garbage
collection may take them.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx

from spinlab.errors import RegistryError
from spinlab.oci.artifact import DOCKER_MANIFEST, INDEXES, MANIFEST, Blob, Descriptor, digest_of
from spinlab.oci.authorizing import Authorizer, denied
from spinlab.oci.credentials import Credentials
from spinlab.oci.reference import Reference
from spinlab.oci.refusals import broken, refused
from spinlab.oci.store import LARGEST_MANIFEST, Tell
from spinlab.oci.transport import client

T = TypeVar("T")

CHUNK: Final = 4 << 20
"""Bytes sent in one request: what every registry takes (GitHub's no more than 4 MiB; Spin's client sends as much)."""

ATTEMPTS: Final = 5
"""How often one step is tried that breaks off or finds the registry busy, without getting any further."""

_PIECE = 1 << 16
_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_BUSY = (429, 502, 503, 504)
_NO_PIECES = (400, 404, 405, 411, 415, 416, 501)
"""What registries answer that take a blob at once only."""
_LOST = (400, 404, 416)
"""What they answer when they don't know how far an upload is, or what arrived is not what was sent."""


class Registry:
    """One repository of a registry. Threads may use it together.

    Parameters:
        reference: What is pushed or pulled.
        insecure: Take any certificate, and plain HTTP where there is no TLS.
        write: Whether something is to be pushed.
        given: Credentials in place of those that are kept.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        insecure: bool = False,
        write: bool = False,
        given: Credentials | None = None,
    ) -> None:
        self.reference = reference
        self.name = str(reference)
        self._client = client(insecure=insecure)
        self._base = ""
        self._insecure = insecure
        self._lock = threading.Lock()
        self._auth = Authorizer(self._client, reference, write=write, given=given)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def check_login(self) -> None:
        """Let credentials pass that the registry takes.

        Raises:
            RegistryError: It refuses them.
        """
        self._url("")
        answer = self._again(lambda: self._ask("GET", f"{self._base}/v2/"))
        if answer.status_code != 200:
            raise refused(self.name, answer, "logged in")

    def has(self, blob: Descriptor) -> bool:
        """Whether a blob is there already."""
        answer = self._again(lambda: self._ask("HEAD", f"blobs/{blob.digest}", follow=True))
        if answer.status_code in (200, 404):
            return answer.status_code == 200
        raise refused(self.name, answer, f"asked for {blob.digest}")

    def put(self, blob: Blob, tell: Tell) -> None:
        """Send a blob, in pieces when it is long; a piece that is lost is sent again."""
        if len(blob.data) > CHUNK and self._in_pieces(blob, tell):
            return
        self._again(lambda: self._at_once(blob))
        tell(len(blob.data))

    def publish(self, manifest: Blob) -> None:
        """Put a manifest under the tag, or under its digest when there is no tag."""
        wanted = self.reference.tag or manifest.digest
        headers = {"content-type": manifest.media_type}
        answer = self._again(lambda: self._ask("PUT", f"manifests/{wanted}", headers=headers, content=manifest.data))
        if answer.status_code not in (200, 201, 202):
            raise refused(self.name, answer, "sent the manifest")
        said = answer.headers.get("docker-content-digest", manifest.digest)
        if said != manifest.digest:
            raise RegistryError(
                f"{self.name}: the registry stored the manifest as {said}, not as {manifest.digest}",
                hint="something between here and the registry changes what is sent",
            )

    def manifest(self) -> bytes:
        """Fetch the manifest."""
        accept = ", ".join((MANIFEST, DOCKER_MANIFEST, *INDEXES))
        path = f"manifests/{self.reference.wanted}"
        answer = self._again(lambda: self._ask("GET", path, headers={"accept": accept}, follow=True))
        if answer.status_code != 200:
            raise refused(self.name, answer, "asked for the manifest")
        data = answer.content
        wanted = self.reference.digest or answer.headers.get("docker-content-digest", "")
        if wanted.startswith("sha256:") and digest_of(data) != wanted:
            raise _mismatch(self.name, "manifest", wanted, digest_of(data))
        return data

    def blob(self, wanted: Descriptor, tell: Tell) -> bytes:
        """Fetch a blob; where it breaks off it goes on from there."""
        data, failures = bytearray(), 0
        while True:
            before = len(data)
            try:
                self._fetch(wanted, data, tell)
            except (httpx.TransportError, _Busy) as error:
                failures = 1 if len(data) > before else failures + 1
                if failures >= ATTEMPTS:
                    raise broken(self.name, error, f"fetched {wanted.digest}") from error
                time.sleep(_pause(failures, error))
                continue
            break
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != wanted.digest:
            raise _mismatch(self.name, "layer", wanted.digest, found)
        return bytes(data)

    # ---- sending

    def _at_once(self, blob: Blob) -> None:
        place = self._begun(blob)
        headers = {"content-type": "application/octet-stream"}
        answer = self._ask("PUT", place, params={"digest": blob.digest}, headers=headers, content=blob.data)
        if answer.status_code not in (201, 202, 204):
            raise refused(self.name, answer, f"sent {blob.digest}")

    def _begun(self, blob: Blob) -> str:
        """Where an upload goes."""
        answer = self._ask("POST", "blobs/uploads/", headers={"content-length": "0"})
        if answer.status_code != 202 or "location" not in answer.headers:
            raise refused(self.name, answer, f"began to send {blob.digest}")
        return urljoin(str(answer.request.url), answer.headers["location"])

    def _in_pieces(self, blob: Blob, tell: Tell) -> bool:
        """Send a blob piece by piece; False when the registry takes none."""
        place = self._again(lambda: self._begun(blob))
        sent, failures, restarts, size = 0, 0, 0, len(blob.data)
        broke_off = False
        while True:
            reached, error = sent, None
            try:
                answer = self._piece(place, blob, sent)
            except (httpx.TransportError, _Busy) as broke:
                error = broke
            else:
                if answer.status_code in (201, 202, 204):
                    if sent == size:
                        return True
                    place = urljoin(place, answer.headers.get("location", place))
                    reached, failures = min(sent + CHUNK, size), 0
                elif sent == 0 and not broke_off and answer.status_code in _NO_PIECES:
                    return False
                elif not broke_off or answer.status_code not in _LOST or restarts == ATTEMPTS:
                    raise refused(self.name, answer, f"sent {blob.digest}")
                else:  # it kept a part of the piece that broke off, and can't say so: docker-registry
                    place, reached, restarts = self._again(lambda: self._begun(blob)), 0, restarts + 1
            if error is not None:
                failures, broke_off = failures + 1, True
                if failures >= ATTEMPTS:
                    raise broken(self.name, error, f"sent {blob.digest}") from error
                time.sleep(_pause(failures, error))
                place, reached = self._reached(place, blob)
            tell(reached - sent)
            sent = reached

    def _piece(self, place: str, blob: Blob, begin: int) -> httpx.Response:
        """Send the piece that begins there; behind the last one, say that it was all."""
        if begin == len(blob.data):
            return self._ask("PUT", place, params={"digest": blob.digest}, content=b"")
        end = min(begin + CHUNK, len(blob.data))
        headers = {"content-type": "application/octet-stream", "content-range": f"{begin}-{end - 1}"}
        return self._ask("PATCH", place, headers=headers, content=blob.data[begin:end])

    def _reached(self, place: str, blob: Blob) -> tuple[str, int]:
        """Where an upload goes on, and how much of it is there; a new one when the registry has lost it."""
        answer = self._again(lambda: self._ask("GET", place))
        if answer.status_code != 204:
            return self._again(lambda: self._begun(blob)), 0
        last = answer.headers.get("range", "").removeprefix("bytes=").rpartition("-")[2]
        reached = int(last) + 1 if last.isdigit() and last != "0" else 0
        return urljoin(place, answer.headers.get("location", place)), min(reached, len(blob.data))

    # ---- fetching

    def _fetch(self, wanted: Descriptor, data: bytearray, tell: Tell) -> None:
        """Fetch what is not there yet of a blob."""
        headers = {"range": f"bytes={len(data)}-"} if data else {}
        url = self._url(f"blobs/{wanted.digest}")
        with self._stream(url, headers) as answer:
            if answer.status_code in _BUSY:
                raise _Busy(answer)
            if answer.status_code not in (200, 206):
                answer.read()
                raise refused(self.name, answer, f"asked for {wanted.digest}")
            if data and answer.status_code == 200:
                tell(-len(data))
                data.clear()
            for piece in answer.iter_raw(_PIECE):
                data += piece
                tell(len(piece))
                if len(data) > wanted.size:
                    raise RegistryError(
                        f"{self.name}: {wanted.digest} is longer than the {wanted.size} bytes that the manifest says",
                        hint="push the application again",
                    )
        if len(data) < wanted.size:
            raise httpx.RemoteProtocolError(f"it ended after {len(data)} of {wanted.size} bytes")

    def _stream(self, url: str, headers: Mapping[str, str]) -> closing[httpx.Response]:
        plain = {"accept-encoding": "identity", **headers}
        request = self._client.build_request("GET", url, headers={**plain, **self._auth.header()})
        answer = self._client.send(request, stream=True, follow_redirects=True)
        if answer.status_code == 401:
            answer.close()
            request = self._client.build_request("GET", url, headers={**plain, **self._auth.answer(answer)})
            answer = self._client.send(request, stream=True, follow_redirects=True)
            if answer.status_code == 401:
                answer.close()
                raise denied(self.reference, known=self._auth.known)
        return closing(answer)

    # ---- one request

    def _ask(
        self,
        method: str,
        where: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        follow: bool = False,
    ) -> httpx.Response:
        url = httpx.URL(where if "://" in where else self._url(where))
        for name, value in (params or {}).items():
            url = url.copy_add_param(name, value)
        ours = self._is_ours(url)
        for again in (False, True):
            known = self._auth.header() if ours else {}
            request = self._client.build_request(method, url, headers={**(headers or {}), **known}, content=content)
            answer = _bounded(self._client.send(request, stream=True, follow_redirects=follow), self.name)
            if answer.status_code != 401 or again or not ours:
                break
            self._auth.answer(answer)
        if answer.status_code == 401:
            raise denied(self.reference, known=self._auth.known)
        if answer.status_code in _BUSY:
            raise _Busy(answer)
        return answer

    def _url(self, path: str) -> str:
        with self._lock:
            if not self._base:
                self._base = self._again(self._greeted)
        return f"{self._base}/v2/{self.reference.repository}/{path}"

    def _is_ours(self, url: httpx.URL) -> bool:
        base = urlsplit(self._base)
        return (url.scheme, url.netloc.decode()) == (base.scheme, base.netloc)

    def _greeted(self) -> str:
        """Where the API is; finds out whether it is one, and who it wants to know."""
        schemes = ("https", "http") if self._insecure else ("https",)
        for number, scheme in enumerate(schemes, 1):
            base = f"{scheme}://{self.reference.host}"
            try:
                answer = _bounded(
                    self._client.send(self._client.build_request("GET", f"{base}/v2/"), stream=True), base
                )
            except httpx.TransportError:
                if number < len(schemes):
                    continue
                raise
            if answer.status_code == 401:
                self._auth.challenged(answer)
            elif answer.status_code in _BUSY:
                raise _Busy(answer)
            elif answer.status_code != 200 or "html" in answer.headers.get("content-type", ""):
                raise refused(self.name, answer, "asked whether it is a registry")
            return base
        raise AssertionError("unreachable")

    def _again(self, step: Callable[[], T]) -> T:
        """Do a step; once more, and again, when the connection breaks or the registry is busy."""
        failures = 0
        while True:
            try:
                return step()
            except (httpx.TransportError, _Busy) as error:  # noqa: PERF203 - one turn is a request
                failures += 1
                if failures == ATTEMPTS or _is_final(error):
                    raise broken(self.name, error, "asked") from error
                time.sleep(_pause(failures, error))


class _Busy(Exception):
    """The registry asks to come again."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(f"it answers {answer.status_code} {answer.reason_phrase}")
        after = answer.headers.get("retry-after", "")
        self.seconds = min(float(after), _LONGEST_PAUSE) if after.isdigit() else 0.0


def _bounded(answer: httpx.Response, name: str) -> httpx.Response:
    """An answer that was read, when it is not too long for one of the API."""
    data = bytearray()
    try:
        if answer.request.method != "HEAD":
            for piece in answer.iter_bytes(_PIECE):
                data += piece
                if len(data) > LARGEST_MANIFEST:
                    raise RegistryError(
                        f"{name}: the answer is longer than {LARGEST_MANIFEST >> 20} MiB", hint="is it a registry?"
                    )
    finally:
        answer.close()
    return httpx.Response(
        answer.status_code, headers=_plain(answer.headers), content=bytes(data), request=answer.request
    )


def _plain(headers: httpx.Headers) -> httpx.Headers:
    """Headers of a body that was decoded."""
    return httpx.Headers(
        [
            (k, v)
            for k, v in headers.multi_items()
            if k not in ("content-encoding", "content-length", "transfer-encoding")
        ]
    )


def _is_final(error: Exception) -> bool:
    """Whether trying again is of no use: a certificate stays what it is."""
    return "certificate" in str(error).lower() or "no address" in str(error).lower() or "not known" in str(error)


def _pause(attempt: int, error: Exception) -> float:
    asked = error.seconds if isinstance(error, _Busy) else 0.0
    return max(_PAUSE * (1 << (attempt - 1)), asked)


def _mismatch(name: str, what: str, wanted: str, found: str) -> RegistryError:
    return RegistryError(
        f"{name}: the {what} is not what its digest says: expected {wanted}, got {found}",
        hint="nothing of it was taken; it was damaged on the way or in the registry, so push it again",
    )
