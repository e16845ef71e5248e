"""A cluster's API server, through the Kubernetes client."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, TypeVar

from spinlab.deploying.kube import refusals
from spinlab.deploying.kube.refusals import Refused
from spinlab.errors import DeployError, ToolMissing
from spinlab.export.kube.resources import Resource

if TYPE_CHECKING:
    from typing_extensions import Self

    from spinlab.deploying.kube.contexts import Where

MANAGER: Final = "spinlab"
"""Under this name the API server keeps which fields are ours."""
ALL: Final = "*"
"""Instead of a namespace: all of them."""
PATIENCE: Final = (10.0, 60.0)
"""Seconds until a connection stands, and until an answer comes."""

T = TypeVar("T")


def library(part: str) -> Any:
    """A part of the Kubernetes client.

    Raises:
        ToolMissing: It is not here.
    """
    try:
        return import_module(f"kubernetes.{part}")
    except ImportError:
        raise ToolMissing(
            "a cluster is reached by the Kubernetes client, which is not here", hint="pip install 'spinlab[kube]'"
        ) from None


class Cluster:
    """One API server, and the namespace that is meant; a context manager.

    Parameters:
        where: Which.
        configuration: Of the client: address, login, trust.
    """

    def __init__(self, where: Where, configuration: Any) -> None:
        # The client's own discovery keeps a file that anybody may write; what an API has is asked below instead.
        self.where = where
        self._api = library("client").ApiClient(configuration)
        self._dynamic = library("dynamic").DynamicClient(self._api, discoverer=lambda _client, _file: None)
        self._kinds: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._api.close()

    @property
    def namespace(self) -> str:
        """The one that is meant."""
        return self.where.namespace

    # ---- resources

    def serves(self, api: str, kind: str) -> bool:
        """Whether the cluster knows that kind of resource."""
        return kind in self._of_api(api)

    def forget(self) -> None:
        """Ask anew which kinds there are: somebody installed more."""
        self._kinds.clear()

    def get(self, api: str, kind: str, name: str, namespace: str = "", *, shy: bool = False) -> Resource | None:
        """One resource; None when it, or its kind, is not there, or when `shy` and this login must not see it."""
        if not self.serves(api, kind):
            return None
        try:
            return self._answer("get", self._path(api, kind, name, namespace))
        except Refused as error:
            if error.status == 404 or (shy and error.status == 403):
                return None
            raise

    def list(
        self, api: str, kind: str, *, labels: str = "", fields: str = "", namespace: str = "", shy: bool = False
    ) -> list[Resource]:
        """The resources of a kind; none when the cluster does not know it, or when `shy` and this login must not see
        them."""
        if not self.serves(api, kind):
            return []
        options = {"label_selector": labels or None, "field_selector": fields or None}
        try:
            answer = self._answer("get", self._path(api, kind, "", namespace), **options)
        except Refused as error:
            if shy and error.status == 403:
                return []
            raise
        return [{"apiVersion": api, "kind": kind, **one} for one in answer.get("items") or ()]

    def apply(self, resource: Mapping[str, Any], *, dry: bool = False, force: bool = False) -> Resource:
        """Server-side apply; answers what is there then.

        Parameters:
            resource: The fields that are ours.
            dry: Let the server check and answer, and change nothing.
            force: Take fields over that belong to others.

        Raises:
            Refused: The server refuses; `Refused.conflicts` has the fields of others.
        """
        api, kind = resource["apiVersion"], resource["kind"]
        if not self.serves(api, kind):
            raise refusals.unknown(api, kind)
        about = resource["metadata"]
        return self._answer(
            "server_side_apply",
            self._resource(api, kind),
            body=dict(resource),
            name=about["name"],
            namespace=about.get("namespace") or self.namespace,
            field_manager=MANAGER,
            force_conflicts=True if force else None,
            dry_run="All" if dry else None,
        )

    def delete(self, resource: Mapping[str, Any], *, dry: bool = False) -> bool:
        """Delete a resource, if it is still the one that is meant; whether it was there."""
        about = resource["metadata"]
        path = self._path(resource["apiVersion"], resource["kind"], about["name"], about.get("namespace") or "")
        body: Resource = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if about.get("uid"):
            body["preconditions"] = {"uid": about["uid"]}
        try:
            self._answer("delete", path, body=body, dry_run="All" if dry else None)
        except Refused as error:
            if error.status != 404:
                raise
            return False
        return True

    # ---- pods

    def log(self, pod: str, *, last: int | None = None, before: bool = False, follow: bool = False) -> Iterator[str]:
        """Lines of a pod's log.

        Parameters:
            pod: Its name.
            last: So many from the end only.
            before: Of the container that ran before this one.
            follow: Go on with what comes.
        """
        words = {"tailLines": last, "previous": before or None, "follow": follow or None}
        query = "&".join(f"{key}={str(value).lower()}" for key, value in words.items() if value is not None)
        path = self._path("v1", "Pod", pod, "") + "/log" + (f"?{query}" if query else "")
        answer = self.raw("GET", path, follow=follow)
        try:
            if answer.status >= 400:
                raise refusals.of_answer(answer.status, answer.read(1 << 16), self.where)
            rest = b""
            for part in self._parts(answer, decode=True):
                *lines, rest = (rest + part).split(b"\n")
                yield from (line.decode(errors="replace").rstrip("\r") for line in lines)
            if rest:
                yield rest.decode(errors="replace")
        finally:
            answer.close()

    # ---- requests as they are

    def raw(
        self, method: str, target: str, *, headers: Any = None, body: bytes | None = None, follow: bool = False
    ) -> Any:
        """Send a request with our login, and answer what comes as it comes; no redirect is followed.

        Parameters:
            method: Of HTTP.
            target: Path and query below the server's address.
            headers: Pairs, beside the login.
            body: Of the request.
            follow: Whether the answer may pause for as long as it likes.
        """
        import urllib3

        fields = urllib3.HTTPHeaderDict(headers or ())
        for one in self._api.configuration.auth_settings().values():
            fields[one["key"]] = one["value"]
        timeout = urllib3.Timeout(connect=PATIENCE[0], read=None if follow else PATIENCE[1])
        options = {"redirect": False, "retries": False, "preload_content": False, "decode_content": False}
        pool, url = self._api.rest_client.pool_manager, self._api.configuration.host + target
        return self._read(lambda: pool.urlopen(method, url, headers=fields, body=body, timeout=timeout, **options))

    def whole(self, answer: Any, most: int) -> bytes:
        """The body of an answer, as it came.

        Raises:
            DeployError: It breaks off, or is longer than `most` bytes.
        """
        parts, size = [], 0
        for part in self._parts(answer, decode=False):
            size += len(part)
            if size > most:
                raise DeployError(f"the answer is longer than {most >> 20} MiB")
            parts.append(part)
        return b"".join(parts)

    def _parts(self, answer: Any, *, decode: bool) -> Iterator[bytes]:
        parts = iter(answer.stream(1 << 16, decode_content=decode))
        while (part := self._read(lambda: next(parts, None))) is not None:
            yield part

    def version(self) -> str:
        """Of the API server, such as ``v1.36.3``."""
        return str(self._answer("get", "/version").get("gitVersion", ""))

    def _path(self, api: str, kind: str, name: str, namespace: str) -> str:
        inside = None if namespace == ALL else namespace or self.namespace
        path: str = self._resource(api, kind).path(name=name or None, namespace=inside)
        return path

    def _resource(self, api: str, kind: str) -> Any:
        about = self._of_api(api)[kind]
        group, _, version = api.rpartition("/")
        return library("dynamic").Resource(
            prefix="apis" if group else "api",
            group=group,
            api_version=version,
            kind=kind,
            namespaced=about["namespaced"],
            verbs=about["verbs"],
            name=about["name"],
            client=self._dynamic,
        )

    def _of_api(self, api: str) -> dict[str, Any]:
        """Kinds of an API by name, asked once."""
        if api not in self._kinds:
            try:
                answer = self._answer("get", f"/apis/{api}" if "/" in api else f"/api/{api}")
            except Refused as error:
                if error.status != 404:
                    raise
                answer = {}
            listed = answer.get("resources") or ()
            found = {str(one["kind"]): one for one in listed if "/" not in one["name"]}
            if not found:
                return {}  # so that it is asked again: somebody may install it meanwhile
            self._kinds[api] = found
        return self._kinds[api]

    def _answer(self, call: str, target: Any, **options: Any) -> Resource:
        def ask() -> Any:
            if call == "server_side_apply":
                return self._dynamic.server_side_apply(target, serialize=False, _request_timeout=PATIENCE, **options)
            return self._dynamic.request(call, target, serialize=False, _request_timeout=PATIENCE, **options)

        answer = self._read(lambda: ask().data)
        try:
            found = json.loads(answer)
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise DeployError(
                f"{self.where.server} answers no JSON: it is no API server",
                hint=f"is the server of context {self.where.context!r} right?",
            )
        return found

    def _read(self, step: Callable[[], T]) -> T:
        """Do a step that speaks with the server; what goes wrong is told in words."""
        from urllib3.exceptions import HTTPError

        try:
            return step()
        except library("client.exceptions").ApiException as error:
            if error.status:
                raise refusals.of_answer(int(error.status), error.body, self.where) from None
            raise refusals.unreachable(str(error.reason), self.where) from None
        except (HTTPError, OSError) as error:
            raise refusals.unreachable(str(error), self.where) from None
