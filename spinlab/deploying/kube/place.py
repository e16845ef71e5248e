"""The destination: an app goes to a registry, and a SpinApp that names its digest to a cluster."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, ClassVar

from spinlab.client import Client
from spinlab.deploying.destination import Deployed, Destination, Release, State, Status
from spinlab.deploying.kube import applying, reading
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.deploying.kube.shipping import Cargo, cargo, resources, stamped
from spinlab.deploying.kube.standing import Standing, executors_of, hosts_of, pods_of, shim_of, standing
from spinlab.deploying.kube.waiting import USUAL, wait
from spinlab.errors import DeployError
from spinlab.export.kube.names import check_label
from spinlab.export.kube.resources import API, Resource
from spinlab.languages import Progress, silent
from spinlab.targets import Reason, find, judge


class Kube(Destination):
    """A cluster with SpinKube."""

    title: ClassVar[str] = "the cluster"

    def reasons(self, release: Release) -> Sequence[Reason]:
        """Why a release can't run on the nodes' shim."""
        options = self.asked.options
        if options.get("spin_image"):  # which Spin is in there, its name does not tell
            return ()
        shim = options.get("shim")
        if not shim:
            with self._cluster() as cluster:
                shim = shim_of(cluster)
        return judge(release.asks, find(f"shim-{str(shim).removeprefix('v')}" if shim else "spinkube")).reasons

    def deploy(self, release: Release, progress: Progress = silent) -> Deployed:
        """Push it, apply its resources, and wait until its pods answer."""
        options = self.asked.options
        check_label(self.asked.name)
        force = bool(options.get("force_conflicts"))
        with self._cluster() as cluster:
            progress(f"asking {cluster.where}", None)
            _check_installed(cluster)
            load = cargo(release, options, progress)
            executors = executors_of(cluster)
            wanted = resources(self.asked, release, load, cluster.namespace, executors)
            wanted = stamped(cluster, wanted, executors)
            changes = applying.plan(cluster, wanted.resources, self.asked.name, force=force)
            told: list[str] = []
            for line in _diffs(changes):
                (self.tell or told.append)(line)
            if options.get("dry_run"):
                first = f"nothing was changed or sent (--dry-run): that is what would change in {cluster.where}"
                return Deployed("", (first, *told), wanted.remarks, running=False)
            told += load.ship(progress)
            applying.apply(cluster, changes, force=force)
            told.append(_done(changes))
            if options.get("no_wait"):
                told.insert(0, f"sent to {cluster.where}; nobody waits until it answers (--no-wait)")
            else:
                now = wait(cluster, self.asked.name, float(options.get("wait", USUAL)), progress)
                told += [str(cluster.where), _answering(now)]
            hosts = hosts_of(cluster, self.asked.name)
            remarks = (*wanted.remarks, *self._ways(cluster, hosts))
            return Deployed(hosts[0] if hosts else "", tuple(told), remarks, running=not options.get("no_wait"))

    def status(self) -> Status:
        """What is there now."""
        with self._cluster() as cluster:
            _check_installed(cluster)
            now = standing(cluster, self.asked.name)
            if now.app is None:
                return Status("absent", more=_where(cluster))
            hosts = hosts_of(cluster, self.asked.name)
            return _status(cluster, now, hosts[0] if hosts else "")

    def logs(self, *, last: int | None = None, follow: bool = False) -> Iterator[str]:
        """What its pods wrote; of several, each line begins with its pod."""
        with self._cluster() as cluster:
            self._app(cluster)
            pods = [str(pod["metadata"]["name"]) for pod in pods_of(cluster, self.asked.name)]
            if not pods:
                causes = standing(cluster, self.asked.name).causes
                raise DeployError(
                    f"{self.asked.name} has no pod, and so wrote nothing",
                    hint=str(causes[0]) if causes else "`%spin deploy status --to kube` says how far it is",
                )
            yield from reading.lines(cluster, pods, last=last, follow=follow)

    def url(self) -> str:
        """Its first domain."""
        with self._cluster() as cluster:
            self._app(cluster)
            hosts = hosts_of(cluster, self.asked.name)
            if not hosts:
                raise DeployError(f"{self.asked.name} has no domain", hint="; ".join(self._ways(cluster, [])))
            return hosts[0]

    def delete(self, progress: Progress = silent) -> str:
        """Delete what is ours of it; others' resources stay."""
        name = self.asked.name
        with self._cluster() as cluster:
            _check_installed(cluster)
            found = applying.ours(cluster, name)
            app = cluster.get(API, "SpinApp", name)
            if app is not None and not applying.is_ours(app):
                owners = sorted({str(one.get("manager")) for one in app["metadata"].get("managedFields") or ()})
                raise DeployError(
                    f"the SpinApp {name} in {cluster.where} was not made by spinlab, but by {', '.join(owners)}",
                    hint=f"{cluster.where.kubectl} -n {cluster.namespace} delete spinapp {name}",
                )
            if not found:
                raise DeployError(f"{cluster.where} has no deployment {name!r}", hint=_others(cluster))
            gone = []
            for one in found:
                progress(f"deleting {one['kind']} {one['metadata']['name']}", None)
                if cluster.delete(one):
                    gone.append(f"{one['kind']} {one['metadata']['name']}")
            return f"deleted from {cluster.where}: {', '.join(gone)}"

    @contextmanager
    def client(self, *, insecure: bool = False) -> Iterator[Client]:
        """Through the API server's proxy for Services; its certificate is the kubeconfig's matter."""
        from spinlab.deploying.kube.proxying import Proxied

        with self._cluster() as cluster:
            yield Proxied(cluster, self.asked.name)

    def _cluster(self) -> Cluster:
        options = self.asked.options
        return connect(options.get("context") or "", options.get("namespace") or "")

    def _app(self, cluster: Cluster) -> Resource:
        _check_installed(cluster)
        found = cluster.get(API, "SpinApp", self.asked.name)
        if found is None:
            raise DeployError(f"{cluster.where} has no deployment {self.asked.name!r}", hint=_others(cluster))
        return found

    def _ways(self, cluster: Cluster, hosts: Sequence[str]) -> tuple[str, ...]:
        """How it is reached without a domain."""
        if hosts:
            return ()
        name = self.asked.name
        forward = f"{cluster.where.kubectl} -n {cluster.namespace} port-forward svc/{name} 8080:80"
        return (f"it is reached without a domain (--host NAME) by %spin get --at kube /, or {forward}",)


def _check_installed(cluster: Cluster) -> None:
    from spinlab.deploying.kube.refusals import unknown

    if not cluster.serves(API, "SpinApp"):
        raise unknown(API, "SpinApp")


def _others(cluster: Cluster) -> str:
    names = [str(one["metadata"]["name"]) for one in cluster.list(API, "SpinApp")]
    return "there are: " + ", ".join(names[:10]) if names else "there is none in that namespace"


def _diffs(changes: Sequence[applying.Change]) -> Iterator[str]:
    for change in changes:
        yield from change.diff.splitlines()
    same = [change.title for change in changes if change.what == "same"]
    if same:
        yield "no change: " + ", ".join(same)


def _done(changes: Sequence[applying.Change]) -> str:
    words = (("new", "made"), ("changed", "changed"), ("gone", "deleted"))
    parts = []
    for what, word in words:
        titles = [change.title for change in changes if change.what == what]
        if titles:
            parts.append(f"{word} {', '.join(titles)}")
    return "; ".join(parts) or "nothing changed"


def _answering(now: Standing) -> str:
    if not now.makes:
        return "the executor makes no Deployment: who runs the app instead is not known here"
    return f"{now.ready} of {now.wanted} pods answer" if now.wanted else "no pod is wanted now; a request starts one"


def _where(cluster: Cluster) -> tuple[tuple[str, str], ...]:
    return (("context", cluster.where.context or "of this pod"), ("namespace", cluster.namespace))


def _status(cluster: Cluster, now: Standing, url: str) -> Status:
    assert now.app is not None
    about, spec = now.app["metadata"], now.app["spec"]
    state: State = "starting"
    if now.settled or (now.current and now.ready):
        state = "running"
    elif any(cause.final for cause in now.causes):
        state = "failing"
    image = str(spec["image"])
    pods = f"{now.ready} of {now.wanted} answer" if now.makes else "not made by the operator"
    more = (*_where(cluster), ("image", image), ("executor", str(spec["executor"])), ("pods", pods))
    notes: dict[str, Any] = about.get("annotations") or {}
    return Status(
        state,
        since=datetime.fromisoformat(str(about["creationTimestamp"]).replace("Z", "+00:00")),
        version=str(notes.get(Cargo.VERSION, "")),
        digest=image.partition("@")[2],
        url=url if state == "running" else "",
        more=more,
        reasons=tuple(map(str, now.causes)),
    )
