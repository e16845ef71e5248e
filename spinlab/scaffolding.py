"""The options of ``kube scaffold``, said once for the notebook and the terminal: the plugin's own, then ours.

Plain values without an import of what does the work, since the magics read them when they are loaded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Choice:
    """One option.

    Attributes:
        names: Long ones first.
        help: One line.
        metavar: What its value is called; empty for a flag.
        many: Whether it may be given several times.
        whole: Whether it is a whole number.
        values: The only values, when there are few.
    """

    names: tuple[str, ...]
    help: str
    metavar: str = ""
    many: bool = False
    whole: bool = False
    values: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its first name as an identifier."""
        return self.names[0].lstrip("-").replace("-", "_")


OF_THE_PLUGIN: Final = (
    Choice(("--from", "-f"), "The app's reference in a registry.", "REF"),
    Choice(("--replicas", "-r"), "Pods; with an autoscaler the least; 2 when left out.", "N", whole=True),
    Choice(("--max-replicas",), "The most pods of an autoscaler; 3 when left out.", "N", whole=True),
    Choice(("--autoscaler",), "Let the number of pods follow the load: hpa or keda.", "KIND"),
    Choice(
        ("--autoscaler-target-cpu-utilization",), "Percent of the CPU that it keeps; 60 when left out.", "N", whole=True
    ),
    Choice(
        ("--autoscaler-target-memory-utilization",),
        "Percent of the memory that it keeps; 60 when left out.",
        "N",
        whole=True,
    ),
    Choice(("--executor",), "The SpinAppExecutor; containerd-shim-spin when left out.", "NAME"),
    Choice(("--cpu-limit",), "CPU that a pod may use, such as 500m.", "AMOUNT"),
    Choice(("--cpu-request",), "CPU that is kept for a pod.", "AMOUNT"),
    Choice(("--memory-limit",), "Memory that a pod may use, such as 128Mi.", "AMOUNT"),
    Choice(("--memory-request",), "Memory that is kept for a pod.", "AMOUNT"),
    Choice(("--azure-identity",), "Label pods for Azure Workload Identity."),
    Choice(("--service-account-name",), "The service account of the pods.", "NAME"),
    Choice(("--out", "-o"), "The file to write, for its owner only; shown when left out.", "FILE"),
    Choice(("--runtime-config-file", "-c"), "A runtime-config.toml; it becomes a Secret.", "FILE"),
    Choice(("--image-pull-secret", "-s"), "A Secret that opens the registry.", "NAME", many=True),
    Choice(
        ("--variable", "-v"),
        "A variable of the app; NAME alone has the value that it has here. Declared secrets go into a Secret.",
        "NAME=VALUE",
        many=True,
    ),
    Choice(("--component",), "Run only this component.", "ID", many=True),
)
"""What `spin kube scaffold` has (spin-plugin-kube 0.4.0)."""

OUR_OWN: Final = (
    Choice(("--name",), "The app's name in the cluster; from the reference when left out.", "NAME"),
    Choice(("--namespace", "-n"), "The namespace to write into each resource.", "NAME"),
    Choice(("--secret",), "The same as --variable, for what nobody may see: into a Secret.", "NAME=VALUE", many=True),
    Choice(("--config-map",), "Keep the other variables in a ConfigMap."),
    Choice(("--probes",), "Ask Spin's health endpoint whether a pod is ready and alive."),
    Choice(("--instance-memory",), "Memory that one instance may use, such as 64Mi.", "AMOUNT"),
    Choice(("--measured",), "Propose the memory from a request to each function, run here."),
    Choice(("--measure",), "The same, from a GET of this path.", "PATH", many=True),
    Choice(
        ("--concurrency",), "Requests that a pod answers at once, for --measured; 10 when left out.", "N", whole=True
    ),
    Choice(("--host",), "A domain that leads to the app, by an Ingress.", "NAME", many=True),
    Choice(("--ingress-class",), "The Ingress's class; the cluster's own when left out.", "NAME"),
    Choice(("--gateway",), "A Gateway that is there: --host becomes a route of it.", "[NAMESPACE/]NAME"),
    Choice(("--gateway-class",), "Make a Gateway of this class for --host.", "NAME"),
    Choice(("--tls-secret",), "The Secret with the host's certificate; APP-tls when left out.", "NAME"),
    Choice(("--tls-cert",), "Certificate chain in PEM, for that Secret.", "FILE"),
    Choice(("--tls-key",), "Its key in PEM.", "FILE"),
    Choice(("--issuer",), "The ClusterIssuer of cert-manager that fills it.", "NAME"),
    Choice(("--no-tls",), "Plain HTTP."),
    Choice(
        ("--spin-image",),
        "Run Spin in this container instead of a node's shim, by an executor 'spintainer'.",
        "IMAGE",
    ),
)
"""What it has not."""

CHOICES: Final = (*OF_THE_PLUGIN, *OUR_OWN)
