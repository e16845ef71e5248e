"""Who answers requests beside the kernel: an address anywhere, and ``spinlab up`` of an export."""

from __future__ import annotations

import ipaddress
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx

from spinlab.client import Client
from spinlab.errors import CallError, OptionError
from spinlab.http import Headers, Request, Response
from spinlab.testing.serving import up

if TYPE_CHECKING:
    from typing_extensions import Self

    from spinlab.app import App

PATIENCE: Final = 30.0
"""Seconds that an answer may take."""
LARGEST: Final = 128 << 20
"""Bytes of a body that are read."""


class Remote(Client):
    """An app that answers at an address; a context manager.

    Parameters:
        url: What stands before a path, such as ``https://app.example.com``.
        insecure: Take any certificate.

    Raises:
        OptionError: That is no address.
    """

    def __init__(self, url: str, *, insecure: bool = False) -> None:
        try:
            urlsplit(url)  # refuses brackets that httpx lets pass
            address = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise OptionError(f"{url!r} is not an address: {error}", hint=_SUCH) from None
        if address.scheme not in ("http", "https") or not address.host:
            raise OptionError(f"{url!r} is not an address", hint=_SUCH)
        if address.query or address.fragment:
            raise OptionError(f"{url!r} ends with a query or fragment", hint="give what stands before a path")
        self.name = ""
        self.url = url.rstrip("/")
        self._address = address
        self._http = httpx.Client(verify=not insecure, timeout=PATIENCE, trust_env=not _is_here(address.host))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def handle(self, request: Request) -> Response:
        """Send a request as it is: no redirect is followed, nothing is unpacked.

        Raises:
            CallError: There is no answer; the message says why.
        """
        assert isinstance(request.body, bytes)
        fields = [(n, v) for n, v in request.headers if (n.lower(), v) != ("host", f"{self.name}.localhost")]
        target = self._address.raw_path.rstrip(b"/") + request.target.encode("ascii")
        began = time.perf_counter()
        try:
            sent = httpx.Request(
                request.method, self._address.copy_with(raw_path=target), headers=fields, content=request.body or None
            )
            answer = self._http.send(sent, stream=True, follow_redirects=False)
            try:
                body = _body(answer, began)
            finally:
                answer.close()
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            reason = str(error) or type(error).__name__
            raise CallError(f"{self.url} does not answer: {reason}", hint="does the app run there?") from None
        headers = Headers((n.decode("latin-1"), v.decode("latin-1")) for n, v in answer.headers.raw)
        return Response(answer.status_code, headers, body, elapsed=time.perf_counter() - began)


_SUCH = "such as https://app.example.com or http://127.0.0.1:3000"


@contextmanager
def exported(app: App) -> Iterator[str]:
    """Serve an export of the app by ``spinlab up``, with empty stores, while the block runs; gives its address.

    Variables have the values that they have here.

    Raises:
        ExportError: The app can't be exported.
        ListenError: The export can't be served; what was said is in the hint.
    """
    from spinlab.export import project

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        folder = Path(place, "app")
        written = project(app, folder)
        scripts = [word for one in written.scripts for word in ("--sqlite", f"@{folder}/{one.removeprefix('@')}")]
        variables = {}
        for name in app.services.declared():
            found = app.services.variables.find(name)
            if found is not None:
                variables[f"SPIN_VARIABLE_{name.upper()}"] = found[0]
        with up(folder, *scripts, environ=variables) as url:
            yield url


def _is_here(host: str) -> bool:
    """Whether a host is this machine, where no proxy leads to."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _body(answer: httpx.Response, began: float) -> bytes:
    parts, size = [], 0
    for part in answer.iter_raw():
        size += len(part)
        if size > LARGEST:
            raise CallError(f"the body is longer than {LARGEST >> 20} MiB")
        if time.perf_counter() - began > PATIENCE:
            raise CallError(f"the answer took longer than {PATIENCE:.0f} s")
        parts.append(part)
    return b"".join(parts)
