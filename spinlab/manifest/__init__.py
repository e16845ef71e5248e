"""spin.toml version 2: the values it holds, and how they are read, written and edited."""

from __future__ import annotations

from spinlab.manifest.dump import dump
from spinlab.manifest.edit import edit
from spinlab.manifest.load import load
from spinlab.manifest.model import (
    Application,
    BuildCommand,
    Component,
    ComponentRef,
    Dependency,
    Manifest,
    Mount,
    Profile,
    RegistrySource,
    Source,
    Target,
    Trigger,
    TriggerDependency,
    UrlSource,
    Variable,
    http_trigger,
)
from spinlab.manifest.normal import normalize

__all__ = [
    "Application",
    "BuildCommand",
    "Component",
    "ComponentRef",
    "Dependency",
    "Manifest",
    "Mount",
    "Profile",
    "RegistrySource",
    "Source",
    "Target",
    "Trigger",
    "TriggerDependency",
    "UrlSource",
    "Variable",
    "dump",
    "edit",
    "http_trigger",
    "load",
    "normalize",
]
