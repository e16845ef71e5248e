"""Sends an application where it is not yet: the layers that are missing, then the config, and the manifest last."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from spinlab.app import App
from spinlab.errors import ExportError, ManifestError
from spinlab.export import folder as folders
from spinlab.export.oci.layers import assemble
from spinlab.export.projects import Form, plan
from spinlab.languages import Progress, silent
from spinlab.loading.place import Place, find
from spinlab.loading.unlocked import WASM
from spinlab.manifest import Manifest, load, normalize
from spinlab.oci import Artifact, Blob, Store, opened
from spinlab.oci.moving import Moving, amount

AT_ONCE = 4
"""Layers that are sent side by side."""


@dataclass(frozen=True)
class Pushed:
    """What a push did.

    Attributes:
        reference: Where it is, with the tag that was meant.
        digest: Of the manifest; the same application always has the same.
        layers: How many there are.
        sent: How many of them were not there yet.
        size: Bytes of all layers.
        moved: Bytes of those that were sent, with config and manifest.
        new_code: Components among what was sent: a node compiles these, and no others.
        seconds: How long it took.
    """

    reference: str
    digest: str
    layers: int
    sent: int
    size: int
    moved: int
    new_code: int
    seconds: float

    @property
    def summary(self) -> str:
        """What moved, in a line."""
        moved = f"sent {amount(self.moved)} of {amount(self.size)}: {self.sent} of {self.layers} layers"
        if self.sent == 0:
            moved = f"sent {amount(self.moved)}: all {self.layers} layers were there"
        code = {
            0: "no new code, so a node that has run it compiles nothing",
            1: "1 new component for a node to compile",
        }
        return f"{moved}; {code.get(self.new_code, f'{self.new_code} new components for a node to compile')}"


def push(
    app: App,
    reference: str,
    *,
    components: Form | str = "shared",
    name: str | None = None,
    version: str | None = None,
    description: str | None = None,
    authors: Sequence[str] = (),
    only: Sequence[str] = (),
    annotations: Mapping[str, str] | None = None,
    insecure: bool = False,
    progress: Progress = silent,
) -> Pushed:
    """Push an app: what an export of it would be (see `spinlab.export.project`), without the folder.

    Parameters:
        app: What to push.
        reference: ``REGISTRY/REPOSITORY:TAG``, ``oci:FOLDER[:TAG]`` or ``oci-archive:FILE[:TAG]``.
        components: ``shared`` or ``standalone``; the official form has to be built first, see `push_project`.
        name, version, description, authors, only: As for `spinlab.export.project`.
        annotations: Of the manifest, beside those that follow from the application.
        insecure: Take any certificate, and plain HTTP.
        progress: Told how far it is.

    Raises:
        ExportError: The app can't be exported in that form.
        RegistryError: The registry can't be reached, refuses or breaks off.
    """
    if components == "official":
        raise ExportError(
            "the official form has to be built before it is pushed",
            hint="export it, run `spin build` there, then `spinlab registry push -f FOLDER`",
        )
    made = plan(app, components, name=name, version=version, description=description, authors=authors, only=only)
    with tempfile.TemporaryDirectory(prefix="spinlab-push-") as place:
        folders.write(Path(place), made.files)
        artifact = assemble(normalize(made.manifest), Path(place), annotations=annotations, progress=progress)
    return send(artifact, reference, insecure=insecure, progress=progress)


def push_project(
    source: str | Path | None,
    reference: str,
    *,
    annotations: Mapping[str, str] | None = None,
    insecure: bool = False,
    progress: Progress = silent,
) -> Pushed:
    """Push a project that is on disk.

    Parameters:
        source: A spin.toml or its folder; the nearest spin.toml when None.
        reference, annotations, insecure, progress: See `push`.

    Raises:
        ManifestError: Spin would refuse it, or a file of it is not there.
        RegistryError: The registry can't be reached, refuses or breaks off.
    """
    place = find(source)
    manifest = _manifest(place)
    artifact = assemble(manifest, place.folder, annotations=annotations, progress=progress)
    return send(artifact, reference, insecure=insecure, progress=progress)


def _manifest(place: Place) -> Manifest:
    if place.bare:
        raise ManifestError(f"{place.file} is a component without a manifest", hint="push a folder with a spin.toml")
    return normalize(load(place.file))


def send(artifact: Artifact, reference: str, *, insecure: bool = False, progress: Progress = silent) -> Pushed:
    """Put an artifact where a reference says; what is there already is not sent.

    Raises:
        RegistryError: It can't be. What was sent is found by the next push; no manifest names it.
    """
    began = time.monotonic()
    store = opened(reference, insecure=insecure, write=True)
    try:
        progress(f"asking what {store.name} has", None)
        store.has(artifact.config.descriptor)  # alone, so that a registry that is not there is waited for once
        blobs = list({blob.digest: blob for blob in (*artifact.layers, artifact.config)}.values())
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="spinlab-push") as pool:
            there = dict(zip(blobs, pool.map(lambda blob: store.has(blob.descriptor), blobs), strict=True))
            missing = [blob for blob in blobs if not there[blob]]
            bar = Moving(progress, f"pushing to {store.name}", sum(len(blob.data) for blob in missing))
            _put(pool, store, missing, bar)
        store.publish(artifact.manifest)
    finally:
        store.close()
    layers = [blob for blob in missing if blob is not artifact.config]
    return Pushed(
        reference=store.name,
        digest=artifact.manifest.digest,
        layers=len(artifact.layers),
        sent=len(layers),
        size=sum(len(blob.data) for blob in artifact.layers),
        moved=sum(len(blob.data) for blob in missing) + len(artifact.manifest.data),
        new_code=sum(blob.media_type == WASM for blob in layers),
        seconds=time.monotonic() - began,
    )


def _put(pool: ThreadPoolExecutor, store: Store, missing: Sequence[Blob], bar: Moving) -> None:
    waiting = [pool.submit(store.put, blob, bar) for blob in missing]
    try:
        for one in waiting:
            one.result()
    except BaseException:
        bar.stop()
        for one in waiting:
            one.cancel()
        store.close()  # which ends the requests that are under way
        raise
