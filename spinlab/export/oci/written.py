"""A pulled application as a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from spinlab.export import folder as folders
from spinlab.languages import Progress, silent
from spinlab.loading.registry import fetched
from spinlab.oci.moving import amount


@dataclass(frozen=True)
class Pulled:
    """What a pull brought.

    Attributes:
        reference: Where from.
        digest: Of the manifest.
        folder: Where it is now.
        files: Relative to the folder.
        size: Bytes of its layers.
        moved: Bytes of those that were fetched: the others were in the cache.
        remarks: What was left out.
    """

    reference: str
    digest: str
    folder: Path
    files: tuple[str, ...]
    size: int
    moved: int
    remarks: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What came, in a line."""
        return f"{len(self.files)} files in {self.folder}; fetched {amount(self.moved)} of {amount(self.size)}"


def pull(
    reference: str,
    folder: str | Path,
    *,
    insecure: bool = False,
    force: bool = False,
    progress: Progress = silent,
) -> Pulled:
    """Write an application of a registry as a Spin project.

    Parameters:
        reference: ``REGISTRY/REPOSITORY:TAG``, ``oci:FOLDER[:TAG]`` or ``oci-archive:FILE[:TAG]``.
        folder: Where; made when it is not there.
        insecure: Take any certificate, and plain HTTP.
        force: Write although the folder has files of somebody else; those with other names are left alone.
        progress: Told how far it is.

    Raises:
        RegistryError: It can't be fetched, or is no Spin application.
        ExportError: The folder can't be written. It is as it was.
    """
    found = fetched(reference, insecure=insecure, progress=progress)
    target = Path(folder).expanduser()
    folders.write(target, found.files, force=force)
    return Pulled(found.reference, found.digest, target, tuple(found.files), found.size, found.moved, found.remarks)
