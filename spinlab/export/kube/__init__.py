"""An app as resources of a cluster with SpinKube: what `spin kube scaffold` writes, and what it leaves out.

Nothing here talks to a cluster. Resources are plain mappings, as YAML and JSON have them; `checks` knows the rules that
the API server and the operator would apply, so that a mistake is told here and in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab import lazily

if TYPE_CHECKING:
    from spinlab.export.kube.checks import check
    from spinlab.export.kube.resources import Probe, RuntimeConfig, SpinApp, SpinAppExecutor, Variable
    from spinlab.export.kube.scaffold import Options, Scaffold, scaffold
    from spinlab.export.kube.yaml_text import dump

__all__ = [
    "Options",
    "Probe",
    "RuntimeConfig",
    "Scaffold",
    "SpinApp",
    "SpinAppExecutor",
    "Variable",
    "check",
    "dump",
    "scaffold",
]

__getattr__ = lazily.names(
    __name__,
    {
        "Options": ".scaffold",
        "Probe": ".resources",
        "RuntimeConfig": ".resources",
        "Scaffold": ".scaffold",
        "SpinApp": ".resources",
        "SpinAppExecutor": ".resources",
        "Variable": ".resources",
        "check": ".checks",
        "dump": ".yaml_text",
        "scaffold": ".scaffold",
    },
)
