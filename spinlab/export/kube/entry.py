"""A domain of one's own: what leads its requests to the app, by Ingress or the Gateway API, with TLS."""

from __future__ import annotations

from dataclasses import dataclass

from spinlab.errors import ExportError
from spinlab.export.kube import scaling
from spinlab.export.kube.names import check_host
from spinlab.export.kube.resources import Resource, metadata


@dataclass(frozen=True)
class Entry:
    """How requests come in.

    Attributes:
        hosts: The domains.
        ingress_class: Which controller takes the Ingress; the cluster's own choice when empty.
        gateway: ``NAME`` or ``NAMESPACE/NAME`` of a Gateway that is there, which has the certificates.
        gateway_class: Makes a Gateway of the app's own, by that class.
        tls_secret: The Secret with the certificate; ``NAME-tls`` when empty.
        issuer: cert-manager's ClusterIssuer that fills that Secret.
        tls: Whether there is TLS.
    """

    hosts: tuple[str, ...]
    ingress_class: str = ""
    gateway: str = ""
    gateway_class: str = ""
    tls_secret: str = ""
    issuer: str = ""
    tls: bool = True

    @property
    def by_gateway(self) -> bool:
        """Whether it is the Gateway API."""
        return bool(self.gateway or self.gateway_class)

    def check(self) -> None:
        """Let it pass.

        Raises:
            ExportError: A host is none, or two ways in exclude each other.
        """
        for host in self.hosts:
            check_host(host)
        if self.gateway and self.gateway_class:
            raise ExportError(
                "--gateway and --gateway-class exclude each other",
                hint="--gateway names a Gateway that is there, --gateway-class makes one",
            )
        if self.by_gateway and self.ingress_class:
            raise ExportError("--ingress-class and a Gateway exclude each other", hint="leave one of them out")

    def resources(self, name: str, namespace: str, *, waiting: bool) -> list[Resource]:
        """What stands beside the SpinApp.

        Parameters:
            name: Of the app, and of its Service.
            namespace: Of the app.
            waiting: Whether requests go where they wait for a pod.
        """
        if not self.by_gateway:
            before = [scaling.interceptor(name, namespace)] if waiting else []
            return [*before, self._ingress(name, namespace, waiting)]
        made = [self._gateway(name, namespace)] if self.gateway_class else []
        after = [_grant(name, namespace)] if waiting else []
        return [*made, self._route(name, namespace, waiting), *after]

    def secret(self, name: str) -> str:
        """The Secret that has the certificate."""
        return self.tls_secret or f"{name}-tls"

    @property
    def _annotations(self) -> dict[str, str]:
        return {"cert-manager.io/cluster-issuer": self.issuer} if self.issuer and self.tls else {}

    def _ingress(self, name: str, namespace: str, waiting: bool) -> Resource:
        service = {"name": f"{name}-interceptor" if waiting else name}
        port = {"number": scaling.INTERCEPTOR_PORT if waiting else 80}
        path = {"path": "/", "pathType": "Prefix", "backend": {"service": {**service, "port": port}}}
        spec: Resource = {"ingressClassName": self.ingress_class} if self.ingress_class else {}
        if self.tls:
            spec["tls"] = [{"hosts": list(self.hosts), "secretName": self.secret(name)}]
        spec["rules"] = [{"host": host, "http": {"paths": [path]}} for host in self.hosts]
        return {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata(name, namespace, annotations=self._annotations),
            "spec": spec,
        }

    def _gateway(self, name: str, namespace: str) -> Resource:
        listeners: list[Resource] = []
        for index, host in enumerate(self.hosts, start=1):
            listener: Resource = {"name": f"host-{index}", "hostname": host}
            if self.tls:
                listener |= {
                    "protocol": "HTTPS",
                    "port": 443,
                    "tls": {"mode": "Terminate", "certificateRefs": [{"name": self.secret(name)}]},
                }
            else:
                listener |= {"protocol": "HTTP", "port": 80}
            listeners.append(listener)
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "Gateway",
            "metadata": metadata(name, namespace, annotations=self._annotations),
            "spec": {"gatewayClassName": self.gateway_class, "listeners": listeners},
        }

    def _route(self, name: str, namespace: str, waiting: bool) -> Resource:
        owner, _, gateway = (self.gateway or name).rpartition("/")
        parent = {"name": gateway, **({"namespace": owner} if owner else {})}
        backend: Resource = {"name": name, "port": 80}
        if waiting:
            backend = {
                "name": scaling.INTERCEPTOR,
                "namespace": scaling.INTERCEPTOR_NAMESPACE,
                "port": scaling.INTERCEPTOR_PORT,
            }
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": metadata(name, namespace),
            "spec": {
                "parentRefs": [parent],
                "hostnames": list(self.hosts),
                "rules": [{"backendRefs": [backend]}],
            },
        }


def _grant(name: str, namespace: str) -> Resource:
    """Lets the route of the app lead into the namespace where requests wait."""
    source = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": namespace or "default"}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1beta1",
        "kind": "ReferenceGrant",
        "metadata": metadata(f"{name}-interceptor", scaling.INTERCEPTOR_NAMESPACE),
        "spec": {
            "from": [source],
            "to": [{"group": "", "kind": "Service", "name": scaling.INTERCEPTOR}],
        },
    }
