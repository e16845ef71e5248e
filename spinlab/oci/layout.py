"""An OCI layout: a folder with an index and blobs (image specification 1.1: ``image-layout.md``), or one in a tar."""

from __future__ import annotations

import io
import json
import os
import tarfile
import tempfile
import threading
from pathlib import Path
from typing import IO, Any, Final

from spinlab.errors import RegistryError
from spinlab.oci.artifact import Blob, Descriptor, digest_of
from spinlab.oci.reference import LATEST
from spinlab.oci.store import ARCHIVE, FOLDER, LARGEST_MANIFEST, Tell

INDEX: Final = "application/vnd.oci.image.index.v1+json"
TAG: Final = "org.opencontainers.image.ref.name"
MARKER: Final = "oci-layout"

_VERSION = json.dumps({"imageLayoutVersion": "1.0.0"}, separators=(",", ":")).encode()
_LARGEST_INDEX = 4 << 20


def _place(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


class Layout:
    """A layout folder; several tags may stand in it.

    Parameters:
        folder: Made when it is not there and something is to be added.
        tag: Which artifact.
        write: Whether something is to be added.
    """

    def __init__(self, folder: Path, tag: str, *, write: bool = False) -> None:
        self.name = f"{FOLDER}{folder}:{tag}"
        self._folder, self._tag = folder, tag
        if not write:
            return
        if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
            raise RegistryError(f"{folder} is not empty and no OCI layout", hint="give a new folder")
        _write(folder / MARKER, _VERSION)

    def close(self) -> None:
        """Nothing is held."""

    def has(self, blob: Descriptor) -> bool:
        """Whether a blob is there already."""
        path = self._folder / _place(blob.digest)
        return path.is_file() and path.stat().st_size == blob.size

    def put(self, blob: Blob, tell: Tell) -> None:
        """Add a blob."""
        _write(self._folder / _place(blob.digest), blob.data)
        tell(len(blob.data))

    def publish(self, manifest: Blob) -> None:
        """Put a manifest under the tag, in place of what had it."""
        _write(self._folder / _place(manifest.digest), manifest.data)
        known = self._index() if (self._folder / "index.json").is_file() else []
        _write(self._folder / "index.json", _index(manifest, self._tag, known))

    def manifest(self) -> bytes:
        """The manifest of the tag."""
        wanted = _chosen(self._index(), self._tag, self.name)
        return _checked(self.name, wanted, _read(self._folder / _place(wanted.digest), wanted.size, self.name))

    def blob(self, wanted: Descriptor, tell: Tell) -> bytes:
        """A blob."""
        data = _read(self._folder / _place(wanted.digest), wanted.size, self.name)
        tell(len(data))
        return _checked(self.name, wanted, data)

    def _index(self) -> list[Any]:
        if not self._folder.is_dir():
            raise RegistryError(f"{self.name}: there is no folder {self._folder}", hint="push makes it")
        return _entries(_read(self._folder / "index.json", _LARGEST_INDEX, self.name), self.name)


class Archive:
    """A layout in a tar; the same artifact gives the same bytes.

    Parameters:
        file: The tar.
        tag: Which artifact.
        write: Whether it is to be made, in place of one that is there.
    """

    def __init__(self, file: Path, tag: str, *, write: bool = False) -> None:
        self.name = f"{ARCHIVE}{file}:{tag}"
        self._file, self._tag = file, tag
        self._blobs: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._tar: tarfile.TarFile | None = None
        self._members: dict[str, tarfile.TarInfo] = {}
        if not write:
            try:
                self._tar = tarfile.open(file, "r:*")  # noqa: SIM115 - closed by close
                self._members = {m.name.removeprefix("./"): m for m in self._tar if m.isfile()}
            except (OSError, tarfile.TarError, EOFError) as error:
                raise RegistryError(f"{file} is no tar of an OCI layout: {error}", hint="is the path right?") from None

    def close(self) -> None:
        """Close the tar."""
        if self._tar is not None:
            self._tar.close()

    def has(self, blob: Descriptor) -> bool:
        """Whether a blob is there already."""
        return _place(blob.digest) in self._blobs

    def put(self, blob: Blob, tell: Tell) -> None:
        """Add a blob."""
        with self._lock:
            self._blobs[_place(blob.digest)] = blob.data
        tell(len(blob.data))

    def publish(self, manifest: Blob) -> None:
        """Write the tar."""
        files = {**self._blobs, _place(manifest.digest): manifest.data}
        files |= {MARKER: _VERSION, "index.json": _index(manifest, self._tag, [])}
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, data in sorted(files.items()):
                tar.addfile(_entry(name, len(data)), io.BytesIO(data))
        _write(self._file, out.getvalue())

    def manifest(self) -> bytes:
        """The manifest of the tag."""
        index = _entries(self._bytes("index.json", _LARGEST_INDEX), self.name)
        wanted = _chosen(index, self._tag, self.name)
        return _checked(self.name, wanted, self._bytes(_place(wanted.digest), wanted.size))

    def blob(self, wanted: Descriptor, tell: Tell) -> bytes:
        """A blob."""
        data = self._bytes(_place(wanted.digest), wanted.size)
        tell(len(data))
        return _checked(self.name, wanted, data)

    def _bytes(self, name: str, most: int) -> bytes:
        with self._lock:
            member = self._members.get(name)
            file: IO[bytes] | None = self._tar.extractfile(member) if self._tar and member else None
            if file is None:
                raise RegistryError(f"{self.name}: {name} is not there", hint="it is not a whole OCI layout")
            return file.read(most + 1)


def _entry(name: str, size: int) -> tarfile.TarInfo:
    """An entry of a tar that says nothing of when, where or by whom it was made."""
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o644
    return entry


def _index(manifest: Blob, tag: str, known: list[Any]) -> bytes:
    """The index with a manifest under its tag; entries of others stay."""
    others = [one for one in known if not (isinstance(one, dict) and _tag(one) == tag)]
    mine = {**manifest.descriptor.as_json(), "annotations": {TAG: tag}}
    said = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*others, mine]}
    return json.dumps(said, separators=(",", ":")).encode()


def _tag(entry: dict[str, Any]) -> str:
    annotations = entry.get("annotations")
    return str(annotations.get(TAG, "")) if isinstance(annotations, dict) else ""


def _entries(data: bytes, name: str) -> list[Any]:
    try:
        found = json.loads(data)["manifests"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, list):
        raise RegistryError(f"{name}: its index.json is none", hint="it is not a whole OCI layout")
    return found


def _chosen(entries: list[Any], tag: str, name: str) -> Descriptor:
    """The manifest of a tag; the only one when no tag was asked for, or it has none."""
    tagged = {_tag(one): one for one in entries if isinstance(one, dict)}
    if tag in tagged:
        return Descriptor.read(tagged[tag])
    if len(entries) == 1 and (tag == LATEST or not any(tagged)):
        return Descriptor.read(entries[0])
    known = ", ".join(filter(None, tagged)) or "none"
    raise RegistryError(f"{name}: there is no such tag", hint=f"tags there: {known}")


def _checked(name: str, wanted: Descriptor, data: bytes) -> bytes:
    if digest_of(data) != wanted.digest:
        raise RegistryError(
            f"{name}: {wanted.digest} is not what its digest says: it is {digest_of(data)}",
            hint="nothing of it was taken; it was damaged, so make it again",
        )
    return data


def _read(path: Path, most: int, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(min(most, LARGEST_MANIFEST << 8) + 1)
    except OSError as error:
        what = error.strerror or str(error)
        raise RegistryError(f"{name}: {path.name} can't be read: {what}", hint="is it a whole OCI layout?") from error


def _write(path: Path, data: bytes) -> None:
    """Write a file at once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, aside = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.chmod(aside, 0o644)
            os.replace(aside, path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise RegistryError(
            f"{path} can't be written: {error.strerror or error}", hint="make room, or give another place"
        ) from error
