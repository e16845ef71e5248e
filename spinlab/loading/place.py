"""Where an application is: a spin.toml, a folder that holds one, or a component without a manifest.

The search and its texts are those of ``spin up`` (Spin 4: ``src/commands/up/app_source.rs``, ``crates/common``).
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from spinlab.errors import ManifestError

DEFAULT = "spin.toml"
_FURTHEST = 20
_BARE = (".wasm", ".wat")
_REFERENCE = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+(:[\w.-]+|@sha256:[0-9a-f]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Place:
    """Where an application is.

    Attributes:
        file: The spin.toml, or the component.
        distance: How many folders above the current one it was found; 0 when it was named or is here.
    """

    file: Path
    distance: int = 0

    @property
    def bare(self) -> bool:
        """Whether it is a component without a manifest."""
        return self.file.suffix in _BARE

    @property
    def folder(self) -> Path:
        """Where paths of the manifest begin; the current folder for a bare component."""
        return Path.cwd() if self.bare else Path(os.path.abspath(self.file)).parent

    @property
    def remark(self) -> str:
        """What Spin says when it took a manifest from further up; empty else."""
        if not self.distance:
            return ""
        found = f"Using 'spin.toml' from {_ancestor(self.distance)} directory ({self.file})"
        return f"No 'spin.toml' in current directory. {found}"


def find(source: str | os.PathLike[str] | None = None) -> Place:
    """Find an application.

    Parameters:
        source: A spin.toml (by whatever name), a folder with one, a ``.wasm`` or ``.wat``; None for the spin.toml of
            the current folder or the nearest one above, up to the root of a Git repository.

    Raises:
        ManifestError: There is none.
    """
    if source is None:
        return _upwards()
    path = Path(source).expanduser()
    if path.is_file():
        return Place(path)
    if path.is_dir():
        if not (path / DEFAULT).is_file():
            raise ManifestError(
                f"Directory {source} does not contain a file named 'spin.toml'", hint="name the file itself"
            )
        return Place(path / DEFAULT)
    if path.exists():
        raise ManifestError(f"Path {source} is neither a file nor a directory", hint="give a spin.toml")
    if _REFERENCE.fullmatch(str(source)) and "." in str(source).partition("/")[0]:
        raise ManifestError(
            f"File or directory '{source}' not found; applications in a registry are not served yet",
            hint=f"`spin registry pull {source}` brings it, and `spin up -f {source}` serves it",
        )
    raise ManifestError(f"File or directory '{source}' not found", hint="give a spin.toml, its folder, or a .wasm")


def _upwards() -> Place:
    for distance in range(_FURTHEST):
        folder = Path("../" * distance)
        if (folder / DEFAULT).is_file():
            return Place(folder / DEFAULT, distance)
        if distance and ((folder / ".git").is_dir() or not folder.is_dir()):
            break
    raise ManifestError(f"Default file '{DEFAULT}' not found", hint="name the application with --from")


def _ancestor(distance: int) -> str:
    return ("parent", "grandparent")[distance - 1] if distance < 3 else "great-" * (distance - 2) + "grandparent"
