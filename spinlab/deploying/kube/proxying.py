"""Sends requests to an app through the API server, which leads them to its Service: no domain is needed for that."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from spinlab.client import Client
from spinlab.deploying.kube.cluster import Cluster
from spinlab.errors import CallError, OptionError
from spinlab.http import Headers, Request, Response
from spinlab.testing.requests.places import LARGEST

PORT: Final = 80
"""Of the Service that the operator makes."""
_NOT_OURS: Final = frozenset({"host", "connection", "content-length", "transfer-encoding"})
"""Fields that the connection to the API server has of its own."""


class Proxied(Client):
    """An app behind the API server's proxy for Services.

    Parameters:
        cluster: Where it is.
        name: Of its Service.
    """

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.name = name
        self._cluster = cluster
        self._root = f"/api/v1/namespaces/{cluster.namespace}/services/http:{name}:{PORT}/proxy"

    def handle(self, request: Request) -> Response:
        """Send a request.

        Raises:
            CallError: Nobody answers there; the message says why.
            OptionError: The API server can't pass it on.
        """
        assert isinstance(request.body, bytes)
        if "authorization" in request.headers:
            raise OptionError(
                "the API server takes the header authorization for itself, and passes none on",
                hint=f"kubectl port-forward svc/{self.name} 8080:{PORT}, then --at http://127.0.0.1:8080",
            )
        headers = [(name, value) for name, value in request.headers if name.lower() not in _NOT_OURS]
        began = time.perf_counter()
        answer = self._cluster.raw(
            request.method, self._root + request.target, headers=headers, body=request.body or None
        )
        try:
            body = self._cluster.whole(answer, LARGEST)
        finally:
            answer.close()
        self._check(int(answer.status), body)
        return Response(
            int(answer.status), Headers(list(answer.headers.items())), body, elapsed=time.perf_counter() - began
        )

    def _check(self, status: int, body: bytes) -> None:
        """Let an answer of the app pass, and tell one of the API server."""
        message = _said(status, body)
        if message is None:
            return
        named = re.escape(self.name)
        if re.fullmatch(rf'no endpoints available for service "(http:)?{named}(:{PORT})?"', message):
            raise self._no_pod()
        if re.fullmatch(rf'services "(http:)?{named}(:{PORT})?" not found', message):
            # Said as well of a Service for which nobody looked for pods yet.
            if self._cluster.get("v1", "Service", self.name) is not None:
                raise self._no_pod()
            raise CallError(
                f"namespace {self._cluster.namespace!r} has no Service {self.name!r}",
                hint="`%spin deploy --to kube` makes it; --name and --namespace say which is meant",
            )
        if message.startswith("error trying to reach service:"):
            raise CallError(
                f"the API server does not reach the pod of {self.name}: {message.partition(': ')[2][:200]}",
                hint=f"kubectl port-forward svc/{self.name} 8080:{PORT} takes another way",
            )
        if status in (401, 403) and ("is forbidden: User" in message or message == "Unauthorized"):
            from spinlab.deploying.kube.refusals import of_answer

            raise of_answer(status, body, self._cluster.where)

    def _no_pod(self) -> CallError:
        return CallError(
            f"no pod of {self.name} answers in namespace {self._cluster.namespace!r}",
            hint="`%spin deploy status --to kube` says why",
        )


def _said(status: int, body: bytes) -> str | None:
    """The message of an API server's own answer; None for what comes from an app."""
    if status < 400 or not body.startswith(b"{") or len(body) > 1 << 16:
        return None
    try:
        found: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    known = isinstance(found, Mapping) and found.get("kind") == "Status" and found.get("apiVersion") == "v1"
    return str(found.get("message", "")) if known and found.get("code") == status else None
