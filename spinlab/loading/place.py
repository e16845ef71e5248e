"""Where an application is: a spin.toml, a folder that holds one, or a component without a manifest.

The search and its texts are those of ``spin up`` (Spin 4: ``src/commands/up/app_source.rs``, ``crates/common``).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.languages import Progress, silent
from spinlab.oci.reference import looks_like_one
from spinlab.oci.store import is_local

DEFAULT = "spin.toml"
_FURTHEST = 20
_BARE = (".wasm", ".wat")


@dataclass(frozen=True)
class Place:
    """Where an application is.

    Attributes:
        file: The spin.toml, or the component.
        distance: How many folders above the current one it was found; 0 when it was named or is here.
        reference: Where it was fetched from, when it was: then the file is in the cache.
    """

    file: Path
    distance: int = 0
    reference: str = ""

    @property
    def stateless(self) -> bool:
        """Whether Spin keeps no state for it: it has no folder of its own."""
        return self.bare or bool(self.reference)

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


def find(source: str | os.PathLike[str] | None = None, *, insecure: bool = False, progress: Progress = silent) -> Place:
    """Find an application.

    Parameters:
        source: A spin.toml (by whatever name), a folder with one, a ``.wasm`` or ``.wat``, or the reference of one in a
            registry; None for the spin.toml of the current folder or the nearest one above, up to the root of a Git
            repository.
        insecure: Take any certificate of a registry, and plain HTTP.
        progress: Told when something is fetched.

    Raises:
        ManifestError: There is none.
        RegistryError: It can't be had from the registry.
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
    if means_registry(str(source)):
        return fetched(str(source), insecure=insecure, progress=progress)
    raise ManifestError(
        f"File or directory '{source}' not found", hint="give a spin.toml, its folder, a .wasm, or registry/name:tag"
    )


def means_registry(source: str) -> bool:
    """Whether somebody means a registry, or an OCI layout, and not a file."""
    return is_local(source) or looks_like_one(source)


def fetched(reference: str, *, insecure: bool = False, progress: Progress = silent) -> Place:
    """An application of a registry, in the cache.

    Raises:
        RegistryError: It can't be had.
    """
    from spinlab.loading.registry import in_cache  # brings an HTTP client, and most applications are on disk

    return Place(in_cache(reference, insecure=insecure, progress=progress), reference=reference)


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
