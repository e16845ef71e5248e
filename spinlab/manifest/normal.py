"""The form of a manifest in which every trigger has an id and every component its own table (``normalize.rs``)."""

from __future__ import annotations

from dataclasses import replace

from spinlab.manifest import ids
from spinlab.manifest.model import Component, ComponentRef, Manifest, Trigger


def normalize(manifest: Manifest) -> Manifest:
    """Give triggers without an id, and components written in a trigger, the ids that Spin gives them."""
    components = dict(manifest.components)
    taken = {t.id for triggers in manifest.triggers.values() for t in triggers}
    triggers: dict[str, tuple[Trigger, ...]] = {}
    for kind, listed in manifest.triggers.items():
        triggers[kind] = tuple(_identified(kind, trigger, taken) for trigger in listed)
    for kind, listed in triggers.items():
        triggers[kind] = tuple(_referring(trigger, components) for trigger in listed)
    return replace(manifest, triggers=triggers, components=components)


def _identified(kind: str, trigger: Trigger, taken: set[str]) -> Trigger:
    if trigger.id:
        return trigger
    name = f"{trigger.component}-{kind}-trigger" if isinstance(trigger.component, str) else ""
    if not name or name in taken:
        name = _counted(f"{kind}-trigger", taken)
    taken.add(name)
    return replace(trigger, id=name)


def _referring(trigger: Trigger, components: dict[str, Component]) -> Trigger:
    several = (trigger.component is not None) + sum(len(specs) for specs in trigger.components.values()) > 1

    def refer(spec: ComponentRef) -> ComponentRef:
        if isinstance(spec, str):
            return spec
        name = f"{trigger.id}-component"
        if several or ids.problem(name) or name in components:
            name = _counted("inline-component", set(components))
        components[name] = spec
        return name

    return replace(
        trigger,
        component=None if trigger.component is None else refer(trigger.component),
        components={name: tuple(refer(s) for s in specs) for name, specs in trigger.components.items()},
    )


def _counted(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}{number}" in taken:
        number += 1
    return f"{name}{number}"
