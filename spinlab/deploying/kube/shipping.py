"""What goes to the cluster: the artifact in a registry, and the resources that name its digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import TYPE_CHECKING, Any, ClassVar, Final

from spinlab.deploying.destination import Asked, Release
from spinlab.deploying.kube.applying import owned
from spinlab.deploying.kube.cluster import Cluster
from spinlab.errors import DeployError
from spinlab.export.kube import asked as scaffolding
from spinlab.export.kube.checks import check
from spinlab.export.kube.resources import Resource
from spinlab.export.kube.scaffold import scaffold
from spinlab.export.kube.values import Values
from spinlab.languages import Progress, silent
from spinlab.oci import Reference, digest_of, opened
from spinlab.oci.store import is_local

if TYPE_CHECKING:
    from spinlab.oci import Artifact


@dataclass(frozen=True)
class Cargo:
    """An artifact, and where it is or will be.

    Attributes:
        reference: With the tag that was meant.
        digest: Of its manifest.
        artifact: What has to be sent there; None when it is there.
        insecure: Take any certificate of the registry, and plain HTTP.
    """

    VERSION: ClassVar[str] = "dev.spinlab.version"
    REFERENCE: ClassVar[str] = "dev.spinlab.reference"

    reference: Reference
    digest: str
    artifact: Artifact | None = None
    insecure: bool = False

    @property
    def image(self) -> str:
        """What a SpinApp names: the digest, so that all pods run the same."""
        return f"{self.reference.registry}/{self.reference.repository}@{self.digest}"

    def ship(self, progress: Progress = silent) -> list[str]:
        """Send what is not there yet; answers what moved.

        Raises:
            RegistryError: The registry can't be reached, refuses or breaks off.
        """
        if self.artifact is None:
            return [f"taken from {self.reference}"]
        from spinlab.export.oci.pushing import send

        sent = send(self.artifact, str(self.reference), insecure=self.insecure, progress=progress)
        return [f"{sent.reference}: {sent.summary} ({sent.seconds:.1f} s)"]


@dataclass(frozen=True)
class Wanted:
    """Resources for a cluster, and what to know of them."""

    resources: tuple[Resource, ...]
    remarks: tuple[str, ...] = ()


def cargo(release: Release, options: Mapping[str, Any], progress: Progress = silent) -> Cargo:
    """What is deployed, with its digest; nothing is sent.

    Raises:
        DeployError: It is not said where the cluster takes it from.
        RegistryError: A reference is none, or there is nothing there.
    """
    to, there, insecure = options.get("registry"), options.get("from"), bool(options.get("insecure_registry"))
    if bool(to) == bool(there):
        raise DeployError(
            "--registry and --from exclude each other" if to else "a cluster takes an app from a registry: which one?",
            hint="--registry registry.example.com/team/app:1.0 pushes it; --from REF takes what is there",
        )
    text = str(to or there)
    if is_local(text):
        raise DeployError(f"a cluster can't take an app from {text}", hint="name a registry that its nodes reach")
    reference = Reference.parse(text)
    if there:
        return Cargo(reference, reference.digest or _digest(text, insecure), insecure=insecure)
    if reference.digest:
        raise DeployError(f"{text} is pinned to a digest, so nothing can be pushed there", hint="--from, or a tag")
    from spinlab.export.oci import assemble
    from spinlab.manifest import load, normalize

    manifest = normalize(load(release.folder / "spin.toml"))
    artifact = assemble(manifest, release.folder, progress=progress)
    return Cargo(reference, artifact.manifest.digest, artifact, insecure)


def _digest(reference: str, insecure: bool) -> str:
    store = opened(reference, insecure=insecure)
    try:
        return digest_of(store.manifest())
    finally:
        store.close()


STAMP: Final = "dev.spinlab.values"
"""Annotation of pods: another one means that a Secret or ConfigMap of the app has other values."""


def stamped(cluster: Cluster, wanted: Wanted, executors: Mapping[str, bool]) -> Wanted:
    """The same, with new pods when values change that pods read only when they start.

    Parameters:
        cluster: Where they go.
        wanted: Of the app.
        executors: Those of the namespace; where one makes no Deployment, pods can't be annotated.
    """
    app = next(one for one in wanted.resources if one["kind"] == "SpinApp")
    brought = any(one["kind"] == "SpinAppExecutor" for one in wanted.resources)
    if not executors.get(app["spec"]["executor"], brought):
        return wanted
    before = cluster.get(app["apiVersion"], "SpinApp", app["metadata"]["name"]) or {}
    stamp = ((before.get("spec") or {}).get("podAnnotations") or {}).get(STAMP)
    if any(_differs(cluster, one) for one in wanted.resources):
        stamp = token_hex(4)  # of chance: a digest would tell whether a guess at a secret is right
    if not stamp:
        return wanted
    notes = {**(app["spec"].get("podAnnotations") or {}), STAMP: stamp}
    marked = {**app, "spec": {**app["spec"], "podAnnotations": notes}}
    return replace(wanted, resources=tuple(marked if one is app else one for one in wanted.resources))


def _differs(cluster: Cluster, resource: Resource) -> bool:
    if resource["kind"] not in ("Secret", "ConfigMap") or resource.get("type") == "kubernetes.io/tls":
        return False
    there = cluster.get("v1", resource["kind"], resource["metadata"]["name"])
    return there is None or there.get("data") != resource["data"]


def resources(
    asked: Asked, release: Release, load: Cargo, namespace: str, executors: Mapping[str, bool] | None
) -> Wanted:
    """The resources of a release.

    Parameters:
        asked: Name and options.
        release: What is deployed.
        load: Where the cluster takes it from.
        namespace: Where they go.
        executors: Those of the namespace; None when nobody knows.

    Raises:
        ExportError: Options don't fit each other, or the cluster would refuse what they ask for.
    """
    known = _known(release)
    given = {key: value for key, value in asked.options.items() if key not in ("variable", "secret", "component")}
    # Spin answers for its health by itself, where there is an HTTP trigger.
    probes = "http" in release.asks.triggers and not given.get("no_probes")
    more = {"from": load.image, "name": asked.name, "namespace": namespace, "probes": probes}
    chosen = scaffolding.options({**given, **more}, known)
    made = scaffold(replace(chosen, values=_values(release, known, bool(given.get("config_map")))))
    check(made.resources, executors)
    notes = {Cargo.VERSION: release.version, Cargo.REFERENCE: str(load.reference)}
    remarks = list(made.comments)
    if load.reference.registry.partition(":")[0] in ("localhost", "127.0.0.1"):
        remarks.append(f"{load.reference.registry} is the node itself for a node: it has to find the registry there")
    return Wanted(tuple(owned(made.resources, asked.name, notes)), tuple(remarks))


def _known(release: Release) -> scaffolding.Known:
    if release.app is not None:
        return scaffolding.of_app(release.app)
    return scaffolding.Known(release.values.get, release.secret, [part.name for part in release.asks.parts])


def _values(release: Release, known: scaffolding.Known, config_map: bool) -> Values:
    """The app's variables: what is secret, or holds a secret, goes into a Secret."""

    def hides(name: str, value: str) -> bool:
        return name in release.secret or (known.hidden is not None and known.hidden(value))

    plain = {name: value for name, value in release.values.items() if not hides(name, value)}
    return Values(plain, {n: v for n, v in release.values.items() if n not in plain}, config_map)
