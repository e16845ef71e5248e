"""A registry, by the OCI distribution API 1.1 over httpx.

oras-py (0.2.43) was weighed and not taken: it wants each blob as a file, sends it out of memory or in pieces that
it can't go on with when one is lost, does not check what it fetches against its digest, knows no identity tokens, tells
no progress, and brings a second HTTP library. What is needed is a dozen requests, and httpx is here.

A push that is broken off leaves blobs that no manifest names: the next one finds them, and the registry's garbage
collection may take them.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from spinlab.errors import RegistryError
from spinlab.oci.artifact import DOCKER_MANIFEST, INDEXES, MANIFEST, Blob, Descriptor, digest_of
from spinlab.oci.authorizing import Authorizer, denied
from spinlab.oci.credentials import Credentials
from spinlab.oci.patience import ATTEMPTS, BUSY, Busy, is_final, pause
from spinlab.oci.reference import Reference
from spinlab.oci.refusals import broken, refused
from spinlab.oci.store import LARGEST_MANIFEST, Tell
from spinlab.oci.transport import client
from spinlab.oci.uploading import Upload

T = TypeVar("T")

_PIECE = 1 << 16


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
        answer = self.again(lambda: self.ask("GET", f"{self._base}/v2/"))
        if answer.status_code != 200:
            raise refused(self.name, answer, "logged in")

    def has(self, blob: Descriptor) -> bool:
        """Whether a blob is there already."""
        answer = self.again(lambda: self.ask("HEAD", f"blobs/{blob.digest}", follow=True))
        if answer.status_code in (200, 404):
            return answer.status_code == 200
        raise refused(self.name, answer, f"asked for {blob.digest}")

    def put(self, blob: Blob, tell: Tell) -> None:
        """Send a blob, in pieces when it is long; a piece that is lost is sent again."""
        Upload(self, blob, tell).run()

    def publish(self, manifest: Blob) -> None:
        """Put a manifest under the tag, or under its digest when there is no tag."""
        wanted = self.reference.tag or manifest.digest
        headers = {"content-type": manifest.media_type}
        answer = self.again(lambda: self.ask("PUT", f"manifests/{wanted}", headers=headers, content=manifest.data))
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
        answer = self.again(lambda: self.ask("GET", path, headers={"accept": accept}, follow=True))
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
            except (httpx.TransportError, Busy) as error:
                failures = 1 if len(data) > before else failures + 1
                if failures >= ATTEMPTS:
                    raise broken(self.name, error, f"fetched {wanted.digest}") from error
                time.sleep(pause(failures, error))
                continue
            break
        found = f"sha256:{hashlib.sha256(data).hexdigest()}"
        if found != wanted.digest:
            raise _mismatch(self.name, "layer", wanted.digest, found)
        return bytes(data)

    # ---- fetching

    def _fetch(self, wanted: Descriptor, data: bytearray, tell: Tell) -> None:
        """Fetch what is not there yet of a blob."""
        headers = {"range": f"bytes={len(data)}-"} if data else {}
        url = self._url(f"blobs/{wanted.digest}")
        with self._stream(url, headers) as answer:
            if answer.status_code in BUSY:
                raise Busy(answer)
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

    def ask(
        self,
        method: str,
        where: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        follow: bool = False,
    ) -> httpx.Response:
        """Send one request, with what the registry wants to know of us; once more when it did not know us.

        Parameters:
            method, headers, params, content: Of the request.
            where: Below the repository, or a whole URL; another host is told nothing of us.
            follow: Whether to go where it is sent on to.

        Raises:
            RegistryError: The registry refuses us.
            Busy: It asks to come again.
            TransportError: The connection broke (httpx).
        """
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
        if answer.status_code in BUSY:
            raise Busy(answer)
        return answer

    def _url(self, path: str) -> str:
        with self._lock:
            if not self._base:
                self._base = self.again(self._greeted)
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
            elif answer.status_code in BUSY:
                raise Busy(answer)
            elif answer.status_code != 200 or "html" in answer.headers.get("content-type", ""):
                raise refused(self.name, answer, "asked whether it is a registry")
            return base
        raise AssertionError("unreachable")

    def again(self, step: Callable[[], T]) -> T:
        """Do a step; once more, and again, when the connection breaks or the registry is busy."""
        failures = 0
        while True:
            try:
                return step()
            except (httpx.TransportError, Busy) as error:  # noqa: PERF203 - one turn is a request
                failures += 1
                if failures == ATTEMPTS or is_final(error):
                    raise broken(self.name, error, "asked") from error
                time.sleep(pause(failures, error))


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


def _mismatch(name: str, what: str, wanted: str, found: str) -> RegistryError:
    return RegistryError(
        f"{name}: the {what} is not what its digest says: expected {wanted}, got {found}",
        hint="nothing of it was taken; it was damaged on the way or in the registry, so push it again",
    )
