"""Who decides how many pods there are: a HorizontalPodAutoscaler, KEDA, or KEDA's HTTP add-on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from spinlab.errors import ExportError
from spinlab.export.kube.resources import Resource, metadata
from spinlab.export.kube.yaml_text import Quoted

INTERCEPTOR: Final = "keda-add-ons-http-interceptor-proxy"
INTERCEPTOR_NAMESPACE: Final = "keda"
INTERCEPTOR_PORT: Final = 8080
"""KEDA's HTTP add-on: where requests wait while there is no pod."""

TO_ZERO: Final = (
    "Scale to zero: a request that comes while there is no pod has to wait somewhere, and CPU and memory of no pod say",
    "nothing. So requests go to the interceptor of KEDA's HTTP add-on, which holds them and starts a pod. The cluster",
    f"needs KEDA and its add-on: helm install http-add-on kedacore/keda-add-ons-http -n {INTERCEPTOR_NAMESPACE}",
)


@dataclass(frozen=True)
class Scaling:
    """What an autoscaler is told.

    Attributes:
        kind: ``hpa`` or ``keda``.
        least, most: Pods.
        cpu, memory: Percent of what a pod requests that it tries to keep.
    """

    kind: str
    least: int
    most: int
    cpu: int = 60
    memory: int = 60

    @property
    def to_zero(self) -> bool:
        """Whether there may be no pod at all."""
        return self.least == 0

    def check(self) -> None:
        """Let it pass.

        Raises:
            ExportError: An autoscaler would refuse it, or never do it.
        """
        if self.kind not in ("hpa", "keda"):
            raise ExportError(
                f"invalid autoscaler type '{self.kind}'; the autoscaler type must be either 'hpa' or 'keda'",
                hint="--autoscaler hpa is part of every cluster; keda can go down to no pod",
            )
        if self.most < max(self.least, 1):
            raise ExportError(
                f"the minimum replica count ({self.least}) must be less than or equal to the maximum replica count "
                f"({self.most}), which is at least 1",
                hint=f"--max-replicas {max(self.least, 1)}",
            )
        if self.to_zero and self.kind == "hpa":
            raise ExportError(
                "a HorizontalPodAutoscaler keeps at least one pod",
                hint="--replicas 1, or --autoscaler keda with --host, which holds requests while there is none",
            )
        for what, value in (("cpu", self.cpu), ("memory", self.memory)):
            if not 1 <= value <= 100:
                raise ExportError(
                    f"target {what} utilization percentage ({value}) must be between 1 and 100",
                    hint=f"--autoscaler-target-{what}-utilization 60",
                )

    def resource(self, name: str, namespace: str, hosts: tuple[str, ...]) -> Resource:
        """What stands beside the SpinApp.

        Parameters:
            name: Of the app.
            namespace: Of the app.
            hosts: Those that requests ask for, for scaling to zero.
        """
        if self.kind == "hpa":
            return self._hpa(name, namespace)
        return self._http(name, namespace, hosts) if self.to_zero else self._keda(name, namespace)

    def _hpa(self, name: str, namespace: str) -> Resource:
        targets = (("cpu", self.cpu), ("memory", self.memory))
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata(f"{name}-autoscaler", namespace),
            "spec": {
                "scaleTargetRef": _deployment(name),
                "minReplicas": self.least,
                "maxReplicas": self.most,
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {
                            "name": what,
                            "target": {"type": "Utilization", "averageUtilization": percent},
                        },
                    }
                    for what, percent in targets
                ],
            },
        }

    def _keda(self, name: str, namespace: str) -> Resource:
        return {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": metadata(f"{name}-autoscaler", namespace),
            "spec": {
                "scaleTargetRef": _deployment(name),
                "minReplicaCount": self.least,
                "maxReplicaCount": self.most,
                "triggers": [
                    {"type": what, "metricType": "Utilization", "metadata": {"value": Quoted(percent)}}
                    for what, percent in (("cpu", self.cpu), ("memory", self.memory))
                ],
            },
        }

    def _http(self, name: str, namespace: str, hosts: tuple[str, ...]) -> Resource:
        return {
            "apiVersion": "http.keda.sh/v1alpha1",
            "kind": "HTTPScaledObject",
            "metadata": metadata(f"{name}-autoscaler", namespace),
            "spec": {
                "hosts": list(hosts),
                "scaleTargetRef": {**_deployment(name), "service": name, "port": 80},
                "replicas": {"min": self.least, "max": self.most},
            },
        }


def interceptor(name: str, namespace: str) -> Resource:
    """A name in the app's own namespace for where requests wait: an Ingress leads nowhere else."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(f"{name}-interceptor", namespace),
        "spec": {
            "type": "ExternalName",
            "externalName": f"{INTERCEPTOR}.{INTERCEPTOR_NAMESPACE}.svc.cluster.local",
            "ports": [{"name": "http", "port": INTERCEPTOR_PORT}],
        },
    }


def _deployment(name: str) -> Resource:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
