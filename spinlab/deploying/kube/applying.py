"""From resources to what changes in a cluster: a plan that the server checked, shown as a diff, then applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import unified_diff
from typing import Any, Final, Literal

from spinlab.deploying.kube.cluster import ALL, MANAGER, Cluster
from spinlab.deploying.kube.refusals import Conflict, Refused
from spinlab.errors import DeployError
from spinlab.export.kube.resources import API, Resource
from spinlab.export.kube.yaml_text import dump

OWN: Final = "app.kubernetes.io/managed-by"
INSTANCE: Final = "app.kubernetes.io/instance"
"""Labels of what is ours, and of which app."""

KINDS: Final[tuple[tuple[str, str], ...]] = (
    (API, "SpinApp"),
    ("v1", "Secret"),
    ("v1", "ConfigMap"),
    ("v1", "Service"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("keda.sh/v1alpha1", "ScaledObject"),
    ("http.keda.sh/v1alpha1", "HTTPScaledObject"),
    ("gateway.networking.k8s.io/v1", "Gateway"),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"),
    ("gateway.networking.k8s.io/v1beta1", "ReferenceGrant"),
)
"""What there may be of an app. An executor serves others as well, so it is nobody's and stays."""

_GRANT: Final = "ReferenceGrant"
"""Stands in another namespace: that of whom it lets in."""
_FIRST: Final = ("SpinAppExecutor", "Secret", "ConfigMap")
"""A SpinApp is applied after what it refers to."""
_SERVERS_OWN: Final = ("managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink")


@dataclass(frozen=True)
class Change:
    """What becomes of one resource.

    Attributes:
        what: Its fate.
        resource: The fields that are ours; of one that goes, as it is.
        before, after: As the server has it, and as it would have it; None when it is not there.
    """

    what: Literal["new", "changed", "same", "gone"]
    resource: Resource = field(repr=False)
    before: Resource | None = field(default=None, repr=False)
    after: Resource | None = field(default=None, repr=False)

    @property
    def title(self) -> str:
        """Kind and name."""
        return f"{self.resource['kind']} {self.resource['metadata']['name']}"

    @property
    def diff(self) -> str:
        """What changes, as a unified diff without what Secrets hold; empty when nothing does."""
        if self.what == "same":
            return ""
        old, new = _hidden(self.before, self.after)
        lines = unified_diff(_text(old), _text(new), f"{self.title} (there)", f"{self.title} (then)", lineterm="")
        return "\n".join(lines)


def owned(resources: Iterable[Resource], name: str, annotations: Mapping[str, str] = {}) -> list[Resource]:
    """Resources with our labels, in the order in which they are applied.

    Parameters:
        resources: As `spinlab.export.kube.scaffold` makes them.
        name: Of the app.
        annotations: Of the SpinApp.
    """
    found = []
    for one in resources:
        about = dict(one["metadata"])
        labels = {OWN: MANAGER} if one["kind"] == "SpinAppExecutor" else {OWN: MANAGER, INSTANCE: name}
        about["labels"] = {**(about.get("labels") or {}), **labels}
        if one["kind"] == "SpinApp" and annotations:
            about["annotations"] = {**(about.get("annotations") or {}), **annotations}
        found.append({**one, "metadata": about})
    return sorted(found, key=lambda one: one["kind"] not in _FIRST)


def plan(cluster: Cluster, resources: Sequence[Resource], name: str, *, force: bool = False) -> tuple[Change, ...]:
    """What would change, as the server says that it would.

    Parameters:
        cluster: Where.
        resources: See `owned`.
        name: Of the app, to find what is no longer wanted.
        force: Take fields over that belong to others.

    Raises:
        DeployError: The server would refuse something, or fields belong to others; all of those are named.
    """
    changes: list[Change] = []
    conflicts: list[tuple[str, Conflict]] = []
    for one in resources:
        about = one["metadata"]
        before = cluster.get(one["apiVersion"], one["kind"], about["name"], about.get("namespace") or "")
        try:
            after = cluster.apply(one, dry=True, force=force)
        except Refused as error:
            title = f"{one['kind']} {about['name']}"
            if not error.conflicts:
                raise _about(error, title) from None
            conflicts += [(title, conflict) for conflict in error.conflicts]
            continue
        what: Literal["new", "changed", "same"] = "new" if before is None else "changed"
        if before is not None and _content(before) == _content(after):
            what = "same"
        changes.append(Change(what, one, before, after))
    if conflicts:
        raise _conflict(conflicts)
    return (*changes, *(Change("gone", one, one) for one in unwanted(cluster, resources, name)))


def apply(cluster: Cluster, changes: Sequence[Change], *, force: bool = False) -> None:
    """Do what was planned.

    Raises:
        DeployError: The server refuses now what it would have taken before.
    """
    for change in changes:
        if change.what == "gone":
            cluster.delete(change.resource)
            continue
        try:
            # What does not change is applied too: it keeps the fields ours.
            cluster.apply(change.resource, force=force)
        except Refused as error:
            if error.conflicts:
                raise _conflict([(change.title, conflict) for conflict in error.conflicts]) from None
            raise _about(error, change.title) from None


def unwanted(cluster: Cluster, resources: Sequence[Resource], name: str) -> list[Resource]:
    """What is ours of the app and not among `resources`."""
    wanted = {(one["kind"], one["metadata"]["name"]) for one in resources}
    return [one for one in ours(cluster, name) if (one["kind"], one["metadata"]["name"]) not in wanted]


def ours(cluster: Cluster, name: str) -> list[Resource]:
    """Everything of an app that has our label, and of which fields are ours."""
    labels = f"{OWN}={MANAGER},{INSTANCE}={name}"
    found = []
    for api, kind in KINDS:
        # What this login must not even see, it did not make.
        listed = cluster.list(api, kind, labels=labels, namespace=ALL if kind == _GRANT else "", shy=True)
        if kind == _GRANT:
            listed = [one for one in listed if _grants(one, cluster)]
        found += [one for one in listed if is_ours(one)]
    return found


def is_ours(resource: Mapping[str, Any]) -> bool:
    """Whether a resource has our label and fields that we applied; a label alone may have been copied."""
    about = resource["metadata"]
    applied = any(
        one.get("manager") == MANAGER and one.get("operation") == "Apply" for one in about.get("managedFields") or ()
    )
    return applied and (about.get("labels") or {}).get(OWN) == MANAGER


def _grants(grant: Mapping[str, Any], cluster: Cluster) -> bool:
    return any(one.get("namespace") == cluster.namespace for one in (grant.get("spec") or {}).get("from") or ())


def _about(error: Refused, title: str) -> DeployError:
    return DeployError(f"{title}: {error.message}", hint=error.hint, details=error.details)


def _conflict(conflicts: Sequence[tuple[str, Conflict]]) -> DeployError:
    told = [f"{title}: {conflict.field} belongs to {conflict.owner!r}" for title, conflict in conflicts]
    return DeployError(
        "somebody else changed what would be changed: " + told[0],
        hint="--force-conflicts takes it over; without it nothing was changed",
        details="\n".join(told[1:]),
    )


def _content(resource: Resource | None) -> Resource | None:
    """What of a resource somebody wrote, without what the server keeps beside."""
    if resource is None:
        return None
    found = deepcopy({key: value for key, value in resource.items() if key != "status"})
    for key in _SERVERS_OWN:
        found["metadata"].pop(key, None)
    return found


def _hidden(before: Resource | None, after: Resource | None) -> tuple[Resource | None, Resource | None]:
    """Both as they may be shown: no value of a Secret, and no copy of them in an annotation."""
    old, new = _content(before), _content(after)
    for one in filter(None, (old, new)):
        notes = one["metadata"].get("annotations") or {}
        notes.pop("kubectl.kubernetes.io/last-applied-configuration", None)
        if not notes:
            one["metadata"].pop("annotations", None)
        if one["kind"] == "Secret":
            values = dict((before or {}).get("data") or {}) if one is new else {}
            one["data"] = {
                key: "hidden (another value)" if values.get(key, value) != value else "hidden"
                for key, value in (one.get("data") or {}).items()
            }
    return old, new


def _text(resource: Resource | None) -> list[str]:
    return dump([resource]).splitlines() if resource is not None else []
