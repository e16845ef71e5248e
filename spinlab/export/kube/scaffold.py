"""`spin kube scaffold`, and what it leaves out: from options to resources (spin-plugin-kube: ``pkg/cmd/scaffold.go``).

With the plugin's own options the documents are those of the plugin, key by key and in its order.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from spinlab.errors import ExportError
from spinlab.export.kube import amounts, certificates, checks, names, scaling, values
from spinlab.export.kube.entry import Entry
from spinlab.export.kube.measured import Proposal
from spinlab.export.kube.resources import EXECUTOR, Probe, Resource, RuntimeConfig, SpinApp, SpinAppExecutor
from spinlab.export.kube.scaling import Scaling
from spinlab.export.kube.values import Values
from spinlab.export.kube.yaml_text import Quantity, Quoted, dump
from spinlab.manifest.ids import check_component

SPINTAINER = "spintainer"
HIDDEN = "hidden"


@dataclass(frozen=True)
class Options:
    """What is asked for; the first ones are the plugin's, with its defaults.

    Attributes:
        image: Reference of the artifact.
        replicas, max_replicas: Pods; with an autoscaler the least and the most.
        autoscaler: ``hpa`` or ``keda``; empty for none.
        cpu_utilization, memory_utilization: Percent that it tries to keep.
        executor: Name of the SpinAppExecutor.
        cpu_limit, cpu_request, memory_limit, memory_request: Of a pod.
        azure_identity: Label pods for Azure Workload Identity.
        service_account_name: What pods may do in the cluster.
        runtime_config: Bytes of a runtime-config.toml.
        image_pull_secrets: Names of Secrets that open the registry.
        values: For the application's variables.
        components: Ids of those that run; all when empty.
        name: Of the app; from the image when empty.
        namespace: Where; the context's when empty.
        probes: Ask `HEALTH` whether the app is ready and alive.
        instance_memory: What one instance may use.
        entry: The domain.
        tls: Certificate and key for it.
        spin_image: Runs Spin in this container where nodes have no shim, by an executor of its own.
        proposal: Memory of a pod, where the options say none.
    """

    image: str
    replicas: int = 2
    max_replicas: int = 3
    autoscaler: str = ""
    cpu_utilization: int = 60
    memory_utilization: int = 60
    executor: str = EXECUTOR
    cpu_limit: str = ""
    cpu_request: str = ""
    memory_limit: str = ""
    memory_request: str = ""
    azure_identity: bool = False
    service_account_name: str = ""
    runtime_config: bytes | None = field(default=None, repr=False)
    image_pull_secrets: Sequence[str] = ()
    values: Values = field(default_factory=Values)
    components: Sequence[str] = ()
    name: str = ""
    namespace: str = ""
    probes: bool = False
    instance_memory: str = ""
    entry: Entry | None = None
    tls: tuple[Path, Path] | None = None
    spin_image: str = ""
    proposal: Proposal | None = None


@dataclass(frozen=True)
class Scaffold:
    """Resources, and what a reader should know of them.

    Attributes:
        name: Of the app.
        resources: In the order in which they are applied.
        comments: Lines that stand before them.
    """

    name: str
    resources: tuple[Resource, ...] = field(repr=False)
    comments: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """As YAML."""
        return dump(self.resources, self.comments)

    @property
    def shown(self) -> str:
        """As YAML for an output that is kept: what Secrets hold is left out."""
        return dump(map(_without_secrets, self.resources), self.comments)

    @property
    def has_secrets(self) -> bool:
        """Whether there is a Secret among them."""
        return any(resource["kind"] == "Secret" for resource in self.resources)

    def save(self, path: Path) -> None:
        """Write them to a file that only its owner reads, as the plugin does.

        Raises:
            ExportError: It can't be written.
        """
        new = path.with_name(f".{path.name}.new")
        try:
            new.unlink(missing_ok=True)
            with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(self.text)
            new.replace(path)
        except OSError as error:
            raise ExportError(f"{path} can't be written: {error.strerror}", hint="give another file") from error


def scaffold(options: Options) -> Scaffold:
    """The resources of an app.

    Raises:
        ExportError: The options don't fit each other, or a cluster would refuse what they ask for.
    """
    name = options.name or names.app_name(options.image)
    names.app_name(options.image)
    names.check_label(name)
    autoscaling = _scaling(options)
    _check(options, autoscaling)
    resources = [*_executor(options), _app(options, name, autoscaling).as_resource()]
    resources[-1]["spec"]["image"] = Quoted(options.image)
    _quoted(resources[-1]["spec"])
    if options.runtime_config is not None:
        resources.append(values.runtime_config(name, options.namespace, options.runtime_config))
    resources += options.values.resources(name, options.namespace)
    hosts = options.entry.hosts if options.entry else ()
    if autoscaling is not None:
        resources.append(autoscaling.resource(name, options.namespace, hosts))
    if options.entry is not None:
        resources += _entry(options, name, options.entry, waiting=autoscaling is not None and autoscaling.to_zero)
    checks.check(resources)
    return Scaffold(name, tuple(resources), tuple(_comments(options, autoscaling)))


def _scaling(options: Options) -> Scaling | None:
    if not options.autoscaler:
        return None
    utilization = options.cpu_utilization, options.memory_utilization
    made = Scaling(options.autoscaler, options.replicas, options.max_replicas, *utilization)
    made.check()
    return made


def _check(options: Options, autoscaling: Scaling | None) -> None:
    if options.replicas < 0 or (options.replicas == 0 and autoscaling is None):
        raise ExportError(
            f"the minimum replica count ({options.replicas}) must be greater than 0",
            hint="--replicas 1, or --autoscaler keda --replicas 0 to go down to no pod",
        )
    if autoscaling is not None and not autoscaling.to_zero:
        memory = options.memory_limit or options.proposal
        for what, limit in (("cpu", options.cpu_limit), ("memory", memory)):
            if not limit:
                hint = "--cpu-limit 500m" if what == "cpu" else "--memory-limit 128Mi, or --measured"
                raise ExportError(f"{what} limits must be set when autoscaling is enabled", hint=hint)
    if autoscaling is not None and autoscaling.to_zero and options.entry is None:
        raise ExportError(
            "to go down to no pod, it has to be known which requests start one",
            hint="--host app.example.com: KEDA's HTTP add-on holds requests for that host",
        )
    for component in options.components:
        check_component(component)
    for limit, request, what in (
        (options.cpu_limit, options.cpu_request, "cpu"),
        (options.memory_limit, options.memory_request, "memory"),
    ):
        for text, option in ((limit, f"--{what}-limit"), (request, f"--{what}-request")):
            if text:
                amounts.parse(text, option)
    _check_entry(options)


def _check_entry(options: Options) -> None:
    if options.entry is not None:
        options.entry.check()
    elif options.tls is not None:
        raise ExportError("a certificate is for a host", hint="--host app.example.com")
    if options.tls is not None and options.entry is not None and not options.entry.tls:
        raise ExportError("--no-tls and --tls-cert exclude each other", hint="leave one of them out")


def _executor(options: Options) -> list[Resource]:
    if not options.spin_image:
        return []
    made = SpinAppExecutor(_executor_name(options), options.namespace, spin_image=options.spin_image)
    return [made.as_resource()]


def _executor_name(options: Options) -> str:
    return SPINTAINER if options.spin_image and options.executor == EXECUTOR else options.executor


def _app(options: Options, name: str, autoscaling: Scaling | None) -> SpinApp:
    limits = {"cpu": options.cpu_limit, "memory": options.memory_limit}
    requests = {"cpu": options.cpu_request, "memory": options.memory_request}
    if options.proposal is not None:
        limits["memory"] = limits["memory"] or options.proposal.limit
        requests["memory"] = requests["memory"] or options.proposal.request
    config = RuntimeConfig(load_from_secret=f"{name}-runtime-config") if options.runtime_config is not None else None
    probe = Probe() if options.probes else None
    return SpinApp(
        name,
        options.image,
        executor=_executor_name(options),
        namespace=options.namespace,
        replicas=None if autoscaling else options.replicas,
        enable_autoscaling=autoscaling is not None,
        pod_labels={"azure.workload.identity/use": Quoted("true")} if options.azure_identity else {},
        service_account_name=options.service_account_name,
        variables=options.values.variables(name),
        components=tuple(options.components),
        limits=_amounts(limits),
        requests=_amounts(requests),
        image_pull_secrets=tuple(options.image_pull_secrets),
        runtime_config=config,
        readiness=probe,
        liveness=probe,
        invocation_limits={"memory": options.instance_memory} if options.instance_memory else {},
    )


def _amounts(given: Mapping[str, str]) -> dict[str, str]:
    return {name: Quantity(text) for name, text in given.items() if text}


def _quoted(spec: Resource) -> None:
    """Put the values of variables into quotes, so that ``true`` and ``1`` stay text."""
    for variable in spec.get("variables", ()):
        if "value" in variable:
            variable["value"] = Quoted(variable["value"])


def _entry(options: Options, name: str, entry: Entry, *, waiting: bool) -> list[Resource]:
    found: list[Resource] = []
    if options.tls is not None:
        secret = entry.secret(name)
        found.append(certificates.secret(secret, options.namespace, *options.tls, entry.hosts))
    return [*found, *entry.resources(name, options.namespace, waiting=waiting)]


def _comments(options: Options, autoscaling: Scaling | None) -> list[str]:
    lines: list[str] = []
    if options.proposal is not None and not (options.memory_limit and options.memory_request):
        lines += options.proposal.reasons()
    if autoscaling is not None and autoscaling.to_zero:
        lines += scaling.TO_ZERO
    if options.spin_image:
        lines.append(
            f"No shim is needed: pods are containers of {options.spin_image}, whose Spin pulls the app at each start; "
            "its image has to be public."
        )
    if options.entry is not None and options.entry.tls and options.tls is None and not options.entry.gateway:
        name = options.entry.secret(options.name or names.app_name(options.image))
        by = f"make it: kubectl create secret tls {name} --cert=FILE --key=FILE"
        if options.entry.issuer:
            by = f"cert-manager fills it (ClusterIssuer {options.entry.issuer})."
        lines.append(f"TLS is served with the Secret {name}; {by}")
    return lines


def _without_secrets(resource: Resource) -> Resource:
    if resource["kind"] != "Secret":
        return resource
    return {**resource, "data": dict.fromkeys(resource["data"], HIDDEN)}
