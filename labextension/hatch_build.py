"""The build hook that puts the built labextension into wheels and source archives, and the lessons into wheels.

``HATCH_BUILD_NO_HOOKS=true`` leaves it out, and with it Node: for an editable install, which `build.py` links instead.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def _builder(root: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location("labextension_build", Path(root) / "labextension" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _lessons(folder: Path) -> dict[str, str]:
    """What `spinlab learn` copies: file -> its place in the wheel."""
    files = [p for ending in ("*.ipynb", "solutions/*.ipynb", "*.md", "*.toml") for p in sorted(folder.glob(ending))]
    return {str(path): f"spinlab/lessons/{path.relative_to(folder).as_posix()}" for path in files}


class LabextensionHook(BuildHookInterface[Any]):
    """Builds the extension; a source archive brings it built, so that a wheel made of one needs no Node."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node and the builder, when there is something to build."""
        builder = _builder(self.root)
        return [] if builder.is_built() else list(builder.REQUIRES)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, and name the place of the built files in the archive."""
        if version == "editable":
            return
        builder = _builder(self.root)
        builder.build()
        if self.target_name == "wheel":
            build_data["shared_data"][str(builder.OUTPUT)] = "share/jupyter/labextensions/spinlab"
            build_data["force_include"].update(_lessons(Path(self.root) / "notebooks"))
        else:
            build_data["artifacts"].append("spinlab/labextension")
