"""Which cluster, which namespace, and as whom: from kubeconfigs as kubectl reads them, or from inside a pod."""

from __future__ import annotations

import logging
import os
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from spinlab.deploying.kube.cluster import Cluster, library
from spinlab.errors import DeployError, ExportError
from spinlab.export.kube.names import label_problem
from spinlab.export.kube.yaml_text import load

ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its token, its namespace and the authority of its cluster."""
DEFAULT: Final = "default"


@dataclass(frozen=True)
class Where:
    """A cluster and a namespace of it.

    Attributes:
        context: Of the kubeconfig; empty inside a pod.
        namespace: The one that is meant.
        server: Address of the API server.
    """

    context: str
    namespace: str
    server: str = ""

    def __str__(self) -> str:
        inside = f"context {self.context!r}" if self.context else "the cluster of this pod"
        return f"namespace {self.namespace!r} of {inside}"

    @property
    def kubectl(self) -> str:
        """What stands before a verb of kubectl to mean the same."""
        return f"kubectl --context {shlex.quote(self.context)}" if self.context else "kubectl"


def connect(context: str = "", namespace: str = "") -> Cluster:
    """The cluster that is meant; nothing is asked of it yet.

    Parameters:
        context: Of the kubeconfig; the current one when empty.
        namespace: The context's own, else ``default``, when empty.

    Raises:
        DeployError: There is no kubeconfig, it can't be read, or has no such context.
        ToolMissing: The Kubernetes client is not here.
    """
    problem = label_problem(namespace) if namespace and not namespace[0].isdigit() else ""
    if problem:
        raise DeployError(f"{namespace!r} can't be a namespace: {problem}", hint="--namespace NAME")
    configuration = _configuration()
    files = _files()
    there = [file for file in files if file.exists()]
    if not there:
        return _inside(configuration, files, context, namespace)
    merged = _merged(there)
    chosen = _chosen(merged, context)
    where = Where(chosen["name"], namespace or chosen["context"].get("namespace") or DEFAULT, _server(merged, chosen))
    _load(configuration, there, where)
    return Cluster(where, configuration)


def _configuration() -> Any:
    made = library("client").Configuration()
    made.retries = False  # a server that is not there is told at once, and no redirect is followed
    return made


def _files() -> list[Path]:
    """Kubeconfigs in their order, whether they are there or not (client-go: ``clientcmd/loader.go``)."""
    listed = [part for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return [Path(part).expanduser() for part in listed or ["~/.kube/config"]]


def _inside(configuration: Any, files: Sequence[Path], context: str, namespace: str) -> Cluster:
    if context or "KUBERNETES_SERVICE_HOST" not in os.environ or not (ACCOUNT / "token").exists():
        shown = ", ".join(map(str, files))
        raise DeployError(
            f"there is no kubeconfig: {shown} is not there",
            hint="KUBECONFIG names one; most tools that make a cluster write one, such as: k3d kubeconfig merge NAME",
        )
    loader = library("config.incluster_config").InClusterConfigLoader(
        token_filename=str(ACCOUNT / "token"), cert_filename=str(ACCOUNT / "ca.crt")
    )
    loader.load_and_set(configuration)
    own = ACCOUNT / "namespace"
    return Cluster(
        Where("", namespace or (own.read_text().strip() if own.exists() else DEFAULT), configuration.host),
        configuration,
    )


def _merged(files: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Contexts and clusters by name, and ``current-context``: whoever says it first is right."""
    found: dict[str, dict[str, Any]] = {"contexts": {}, "clusters": {}, "current": {}}
    for file in files:
        try:
            documents = load(file.read_text(encoding="utf-8"), str(file))
        except (OSError, UnicodeDecodeError) as error:
            raise DeployError(f"{file} can't be read: {error}", hint="KUBECONFIG names another") from None
        except ExportError as error:
            raise DeployError(error.message, hint="is that a kubeconfig? KUBECONFIG names another") from None
        for document in documents[:1]:
            if not isinstance(document, Mapping):
                raise DeployError(f"{file} is no kubeconfig", hint="KUBECONFIG names another")
            if document.get("current-context"):
                found["current"].setdefault("name", str(document["current-context"]))
            for key in ("contexts", "clusters"):
                for one in document.get(key) or ():
                    if isinstance(one, Mapping) and "name" in one:
                        found[key].setdefault(str(one["name"]), dict(one))
    return found


def _chosen(merged: Mapping[str, Mapping[str, Any]], wanted: str) -> dict[str, Any]:
    contexts = merged["contexts"]
    name = wanted or merged["current"].get("name", "")
    there = "there are: " + ", ".join(contexts) if contexts else "the kubeconfig has none"
    if not name:
        raise DeployError("the kubeconfig has no current context", hint=f"--context NAME; {there}")
    found = contexts.get(name)
    if found is None or not isinstance(found.get("context"), Mapping):
        near = get_close_matches(name, contexts, n=1)
        raise DeployError(f"there is no context {name!r}", hint=f"did you mean {near[0]}?" if near else there)
    return dict(found)


def _server(merged: Mapping[str, Mapping[str, Any]], chosen: Mapping[str, Any]) -> str:
    cluster = merged["clusters"].get(str(chosen["context"].get("cluster")), {}).get("cluster")
    return str(cluster.get("server", "")) if isinstance(cluster, Mapping) else ""


def _load(configuration: Any, files: Sequence[Path], where: Where) -> None:
    config = library("config")
    with _said() as said:
        try:
            config.load_kube_config(
                os.pathsep.join(map(str, files)), context=where.context, client_configuration=configuration
            )
        except (config.ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise DeployError(
                f"context {where.context!r} can't be used: {error}",
                hint=f"`{where.kubectl} get namespaces` says the same until the kubeconfig is right",
            ) from None
    if said and not configuration.api_key and not configuration.cert_file:
        raise DeployError(
            f"context {where.context!r} gives no login: {said[-1]}",
            hint="its kubeconfig runs a command for that; log in again with the tool that made it",
        )


@contextmanager
def _said() -> Iterator[list[str]]:
    """What the client writes to the log: a command that gives no login is told nowhere else."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keep = Keep(logging.ERROR)
    root = logging.getLogger()
    root.addHandler(keep)
    try:
        yield lines
    finally:
        root.removeHandler(keep)
