"""The options of a cluster as a destination: those of ``kube scaffold`` that stay, and those of a deployment."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from spinlab.deploying import choices
from spinlab.scaffolding import CHOICES as SCAFFOLDING
from spinlab.scaffolding import Choice

CONTEXT: Final = Choice(("--context",), "The context of the kubeconfig; the current one when left out.", "NAME")
NAMESPACE: Final = Choice(("--namespace",), "The namespace; the context's own when left out.", "NAME")

OF_A_CLUSTER: Final = (
    Choice(("--registry",), "Push the app to this reference, from which the cluster takes it.", "REF"),
    Choice(("--from",), "Push nothing: take what is in a registry already.", "REF"),
    Choice(("--insecure-registry",), "Take any certificate of that registry, and plain HTTP."),
    CONTEXT,
    NAMESPACE,
    Choice(("--dry-run",), "Show what would change, as the cluster sees it, and change nothing."),
    Choice(("--force-conflicts",), "Take over what somebody else changed."),
    Choice(("--wait",), "Seconds until all pods answer; 120 when left out.", "SECONDS", whole=True),
    Choice(("--no-wait",), "Don't wait for pods."),
    Choice(("--shim",), "The release of the nodes' shim, such as 0.26.0; looked for when left out.", "V"),
    Choice(("--no-probes",), "Don't let the cluster ask Spin's health endpoint whether a pod is ready and alive."),
)

_SHARED: Final = {choice.names[0]: choice for choice in (choices.RUNTIME_CONFIG, choices.TLS_CERT, choices.TLS_KEY)}
_ELSEWHERE: Final = ("--from", "--out", "--probes", "--variable", "--secret", "--component", "--name", "--namespace")
"""What deploy itself has, or has no use for."""

CHOICES: Final = (
    *OF_A_CLUSTER,
    *(
        _SHARED.get(choice.names[0]) or replace(choice, names=choice.names[:1])
        for choice in SCAFFOLDING
        if choice.names[0] not in _ELSEWHERE
    ),
)
"""All of them; short forms are deploy's own."""
