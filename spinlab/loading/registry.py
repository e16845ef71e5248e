"""An application that is in a registry, or in an OCI layout on disk: fetched, checked, and as a project in the cache.

What `spin registry push` and spinlab push is read, and single components that ``wkg`` pushed (Spin 4: ``crates/oci``).
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from spinlab.errors import RegistryError
from spinlab.folders import cache_dir
from spinlab.languages import Progress, silent
from spinlab.loading.unlocked import APPLICATION, BUNDLE, NOTES, WASM, referenced, unlocked, unpacked
from spinlab.oci import Descriptor, Store, digest_of, opened
from spinlab.oci.artifact import Listed
from spinlab.oci.moving import Moving
from spinlab.toolchains import cache

PACKAGE: Final = "application/wasm"
"""Type of a layer that is a component without an application around it."""

LARGEST: Final = 256 << 20
"""Bytes of one layer that is fetched at all."""

WHOLE: Final = 1 << 30
"""Bytes of all layers of an application together."""

AT_ONCE = 8
"""Layers that are fetched side by side."""

KEPT = 20
"""Applications that stay in the cache; those not used for longest go first."""

_ROOM = 2 << 30
_WORTH_KEEPING = 1 << 16
_LARGEST_APPLICATION = 16 << 20


@dataclass(frozen=True)
class Fetched:
    """An application as it came.

    Attributes:
        reference: What was asked for.
        digest: Of the manifest.
        files: Path -> bytes of a project: spin.toml, components, files. Of a single component: ``NAME.wasm``.
        size: Bytes of its layers.
        moved: Bytes of those that were fetched: the others were in the cache.
        remarks: What was left out.
    """

    reference: str
    digest: str
    files: Mapping[str, bytes]
    size: int
    moved: int
    remarks: tuple[str, ...] = ()


def in_cache(reference: str, *, insecure: bool = False, progress: Progress = silent) -> Path:
    """The spin.toml of an application, or the component, in a folder of its own in the cache.

    The registry is asked each time what the reference stands for; what it stands for is fetched once.

    Raises:
        RegistryError: It can't be fetched, or is no Spin application.
    """
    with _opened(reference, insecure) as store:
        listed = _listed(store)
        folder = cache_dir() / "applications" / listed.digest.removeprefix("sha256:")
        if not folder.is_dir():
            found = _fetched(store, listed, progress)
            with cache.complaining(folder):
                folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with tempfile.TemporaryDirectory(dir=folder.parent) as aside:
                    _write(Path(aside, "new"), found.files)
                    with suppress(OSError):  # somebody else was quicker
                        os.replace(Path(aside, "new"), folder)
    with suppress(OSError):
        os.utime(folder)
        _make_room(folder.parent)
    manifest = folder / "spin.toml"
    return manifest if manifest.is_file() else next(folder.glob("*.wasm"))


def fetched(reference: str, *, insecure: bool = False, progress: Progress = silent) -> Fetched:
    """An application with all its files.

    Parameters:
        reference: ``REGISTRY/REPOSITORY:TAG``, ``oci:FOLDER[:TAG]`` or ``oci-archive:FILE[:TAG]``.
        insecure: Take any certificate, and plain HTTP.
        progress: Told how far it is.

    Raises:
        RegistryError: It can't be fetched, or is no Spin application.
    """
    with _opened(reference, insecure) as store:
        return _fetched(store, _listed(store), progress)


def _opened(reference: str, insecure: bool) -> closing[Store]:
    return closing(opened(reference, insecure=insecure))


def _listed(store: Store) -> Listed:
    try:
        return Listed.read(store.manifest())
    except RegistryError as error:
        if store.name not in error.message:
            error.message = f"{store.name}: {error.message}"
        raise


def _fetched(store: Store, listed: Listed, progress: Progress) -> Fetched:
    application = _application(store, listed)
    if application is None:
        return _package(store, listed, progress)
    wanted, remarks = _chosen(store.name, listed, application)
    found, moved = _layers(store, wanted, progress)
    contents = dict(found)
    for layer in wanted:
        if layer.media_type == BUNDLE:
            contents.update(unpacked(found[layer.digest], store.name))
    files = unlocked(application, contents, _notes(listed), store.name)
    return Fetched(store.name, listed.digest, files, sum(layer.size for layer in listed.layers), moved, remarks)


def _application(store: Store, listed: Listed) -> dict[str, Any] | None:
    """The locked app; None when there is none and the artifact may be a single component."""
    found = [layer for layer in listed.layers if layer.media_type == APPLICATION]
    if not found and listed.config.media_type == APPLICATION:  # as Spin pushed before version 2
        found = [listed.config]
    if not found:
        return None
    _check_size(store.name, found[-1], _LARGEST_APPLICATION)
    try:
        said = json.loads(store.blob(found[-1], lambda _: None))
    except (ValueError, RecursionError) as error:
        raise RegistryError(f"{store.name}: its application is no JSON ({error})", hint="push it again") from None
    if not isinstance(said, dict) or "spin_lock_version" not in said:
        raise RegistryError(f"{store.name}: its application is none that Spin locked", hint="push it again")
    return said


def _package(store: Store, listed: Listed, progress: Progress) -> Fetched:
    """A single component, as `wkg` pushes one."""
    kinds = sorted({layer.media_type for layer in listed.layers})
    if len(listed.layers) != 1 or kinds[0] not in (PACKAGE, WASM):
        raise RegistryError(
            f"{store.name} is no Spin application: its layers are of type {', '.join(kinds) or 'none'}",
            hint="`spinlab registry push` makes one; a container image can't be served",
        )
    found, moved = _layers(store, listed.layers, progress)
    name = store.name.partition("@")[0].rpartition("/")[2].partition(":")[0] or "app"
    return Fetched(store.name, listed.digest, {f"{name}.wasm": found[listed.layers[0].digest]}, moved, moved)


def _chosen(
    name: str, listed: Listed, application: Mapping[str, Any]
) -> tuple[tuple[Descriptor, ...], tuple[str, ...]]:
    """The layers that the application is made of, and what is said of the others: they are not fetched."""
    needed = referenced(application)
    wanted = {x.digest: x for x in listed.layers if x.digest in needed or x.media_type == BUNDLE}
    others = {x.media_type for x in listed.layers if x.digest not in wanted and x.media_type != APPLICATION}
    for layer in wanted.values():
        _check_size(name, layer, LARGEST)
    whole = sum(layer.size for layer in wanted.values())
    if whole > WHOLE:
        raise RegistryError(
            f"{name}: its layers have {whole / 1e9:.1f} GB together, more than {WHOLE >> 30} GiB",
            hint="is it the right one?",
        )
    remarks = tuple(
        f"left out: layers of type {kind}, which nothing in the application names" for kind in sorted(others)
    )
    return tuple(wanted.values()), remarks


def _check_size(name: str, layer: Descriptor, most: int) -> None:
    if layer.size > most:
        raise RegistryError(
            f"{name}: a layer of {layer.size / 1e9:.2f} GB ({layer.digest[:19]}...) is more than {most >> 20} MiB",
            hint="nothing was fetched; put large files where the application can ask for them",
        )


def _layers(store: Store, wanted: Sequence[Descriptor], progress: Progress) -> tuple[dict[str, bytes], int]:
    """The bytes of layers by digest, and how many of them moved."""
    found = {layer.digest: data for layer in wanted if (data := _kept(layer)) is not None}
    missing = [layer for layer in wanted if layer.digest not in found]
    bar = Moving(progress, f"fetching {store.name}", sum(layer.size for layer in missing))
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="spinlab-pull") as pool:
        waiting = {layer: pool.submit(store.blob, layer, bar) for layer in missing}
        try:
            for layer, one in waiting.items():
                found[layer.digest] = one.result()
                _keep(layer, found[layer.digest])
        except BaseException:
            bar.stop()
            for one in waiting.values():
                one.cancel()
            store.close()  # which ends the requests that are under way
            raise
    return found, sum(layer.size for layer in missing)


def _place(layer: Descriptor) -> Path:
    return cache_dir() / "layers" / f"{layer.digest.removeprefix('sha256:')}.layer"


def _kept(layer: Descriptor) -> bytes | None:
    if layer.size < _WORTH_KEEPING:
        return None
    data = cache.kept(_place(layer))
    return data if data is not None and digest_of(data) == layer.digest else None


def _keep(layer: Descriptor, data: bytes) -> None:
    if layer.size >= _WORTH_KEEPING:
        cache.keep(_place(layer), data, _ROOM)


def _notes(listed: Listed) -> dict[str, Any]:
    """What an export of ours noted of its components; somebody else's annotation says nothing."""
    try:
        found = json.loads(listed.annotations.get(NOTES, "{}"))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)


def _make_room(folder: Path) -> None:
    found = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    for path in found[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
