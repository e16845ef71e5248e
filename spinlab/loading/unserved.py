"""What a manifest may ask for and does not run here, each named with what to do about it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from spinlab.errors import ManifestError
from spinlab.manifest import Component, Manifest, Trigger
from spinlab.manifest.triggers import executor_of
from spinlab.triggers import KINDS


def check(manifest: Manifest, components: Collection[str]) -> None:
    """Let a manifest pass that runs here.

    Parameters:
        manifest: Normalized.
        components: Ids of the components that shall run.

    Raises:
        ManifestError: Something of it does not; all of it is named.
    """
    found = [*_triggers(manifest.triggers.get("http", ()), components), *_components(manifest.components, components)]
    if found:
        raise ManifestError("; ".join(found), hint="`spin up` serves it; or leave these components out")


def other_triggers(manifest: Manifest) -> Iterator[str]:
    """A remark for each kind of trigger that is not served.

    Raises:
        ManifestError: There is no other one.
    """
    served = {"http", *KINDS}
    kinds = [kind for kind in manifest.triggers if kind not in served]
    yield from _started_twice(manifest)
    if not served.intersection(manifest.triggers):
        if not kinds:
            raise ManifestError("No triggers in app", hint="add [[trigger.http]] with route and component")
        raise ManifestError(
            f"the application has only triggers of type {', '.join(kinds)}, which are not served yet",
            hint="`spin up` serves them",
        )
    for kind in kinds:
        names = ", ".join(trigger.id for trigger in manifest.triggers[kind])
        yield f"not served here: triggers of type {kind} ({names}); `spin up` serves them"


def _started_twice(manifest: Manifest) -> Iterator[str]:
    """A remark for each component that triggers of several kinds start, of which only the first is served."""
    first: dict[object, str] = {}
    for kind in ("http", *KINDS):
        for trigger in manifest.triggers.get(kind, ()):
            if trigger.component is not None and first.setdefault(trigger.component, kind) != kind:
                yield (
                    f"not served here: {trigger.id}, since {first[trigger.component]} starts "
                    f"{trigger.component} already; `spin up` serves both"
                )


def _triggers(triggers: Collection[Trigger], components: Collection[str]) -> Iterator[str]:
    executors: dict[object, set[tuple[str, str]]] = {}
    for trigger in triggers:
        if trigger.component is not None and trigger.component not in components:
            continue
        if trigger.component is not None:
            executors.setdefault(trigger.component, set()).add(executor_of(trigger))
        for role in trigger.dependencies:
            yield f"trigger {trigger.id} has {role} components, which are not served yet"
        for role in trigger.components:
            yield f"trigger {trigger.id} has further components ({role}), which are not served yet"
    for component, several in executors.items():
        if len(several) > 1:
            yield f"component {component} has triggers with different executors, which is not served yet"


def _components(all_components: Mapping[str, Component], components: Collection[str]) -> Iterator[str]:
    for name, component in all_components.items():
        if name in components and component.dependencies:
            named = ", ".join(component.dependencies)
            yield f"component {name} has dependencies ({named}), which are not composed yet"
