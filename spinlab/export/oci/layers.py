"""From a Spin project to the artifact: which bytes become a layer, of which type, and what stands in the locked app."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from spinlab.engine import wat_to_wasm
from spinlab.errors import ExportError
from spinlab.export.oci.locked import as_bytes, locked
from spinlab.host import sources
from spinlab.languages import Progress, silent
from spinlab.loading.source import bytes_of, is_text
from spinlab.loading.unlocked import APPLICATION, BUNDLE, DATA, NOTES, WASM
from spinlab.manifest import Component, Manifest
from spinlab.oci.artifact import CONFIG, Artifact, Blob

MOST_LAYERS: Final = 500
"""Layers of an artifact, that of the locked app included; above that files go into archives (Spin: ``client.rs``)."""

INLINED: Final = 128
"""Bytes up to which content stands in the locked app itself (Spin: ``client.rs``)."""

ARCHIVES: Final = "SPIN_OCI_ARCHIVE_LAYERS"
"""Variable of the environment that asks for archives in any case."""

_IMAGE = "org.opencontainers.image."


@dataclass
class _Layers:
    """Layers in the order in which they are found, each once."""

    found: dict[tuple[str, str], Blob] = field(default_factory=dict)

    def add(self, blob: Blob) -> Blob:
        return self.found.setdefault((blob.media_type, blob.digest), blob)


@dataclass(frozen=True)
class _Content:
    """The bytes of one component: itself, and the files that it mounts by their paths."""

    wasm: Blob
    files: Mapping[str, Blob]


def assemble(
    manifest: Manifest, folder: Path, *, annotations: Mapping[str, str] | None = None, progress: Progress = silent
) -> Artifact:
    """The artifact of an application.

    Parameters:
        manifest: Normalized.
        folder: Where its files are.
        annotations: More of them, or others in place of those that follow from the manifest.
        progress: Told about components that are fetched.

    Raises:
        ExportError: It has what only Spin's own tools can put together.
        ManifestError: A file is not there.
    """
    contents = {name: _content(name, c, folder, progress) for name, c in manifest.components.items()}
    layers, references = _simple(contents)
    if os.environ.get(ARCHIVES) is not None or len(layers.found) > MOST_LAYERS - 1:
        layers, references = _archived(contents)
    application = Blob(APPLICATION, as_bytes(locked(manifest, references)))
    return Artifact(
        _config(application),
        (*layers.found.values(), application),
        {**_annotations(manifest), **(annotations or {})},
    )


def _content(name: str, component: Component, folder: Path, progress: Progress) -> _Content:
    data = bytes_of(name, component, folder, progress)
    if is_text(data):
        data = wat_to_wasm(data.decode())
    if not data.startswith(b"\0asm"):
        raise ExportError(f"component {name} is no WebAssembly", hint="its source is a .wasm file")
    mounted = sources.mounted(folder, component.files, component.exclude_files)
    files = {path.lstrip("/"): Blob(DATA, inner) for path, inner in sorted(mounted.items())}
    return _Content(Blob(WASM, data), files)


def _simple(contents: Mapping[str, _Content]) -> tuple[_Layers, dict[str, Any]]:
    """A layer for each component and each file that is not inlined."""
    layers, found = _Layers(), {}
    for name, content in contents.items():
        source = _reference(layers.add(content.wasm))
        for blob in content.files.values():
            if len(blob.data) > INLINED:
                layers.add(blob)
        found[name] = source, _files(content)
    return layers, found


def _archived(contents: Mapping[str, _Content]) -> tuple[_Layers, dict[str, Any]]:
    """A layer for each component, and one for all files of it."""
    layers, found = _Layers(), {}
    for name, content in contents.items():
        source = _reference(layers.add(content.wasm))
        if content.files:
            layers.add(Blob(BUNDLE, _archive(content.files)))
        found[name] = source, _files(content)
    return layers, found


def _reference(blob: Blob) -> dict[str, str]:
    inline = {"inline": base64.b64encode(blob.data).decode()} if len(blob.data) <= INLINED else {}
    return {**inline, "digest": blob.digest}


def _files(content: _Content) -> list[dict[str, str]]:
    return [{**_reference(blob), "path": path} for path, blob in content.files.items()]


def _archive(files: Mapping[str, Blob]) -> bytes:
    """Files in a tar that says nothing of when, where or by whom it was made."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, blob in files.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(blob.data), 0o644
            tar.addfile(entry, io.BytesIO(blob.data))
    return gzip.compress(out.getvalue(), 6, mtime=0)


def _config(application: Blob) -> Blob:
    """The config file: its label makes it another one for each application, and so the id of the image."""
    said = {
        "architecture": "wasm",
        "os": "Wasip1",
        "config": {"Labels": {"com.fermyon.spin.lockedAppDigest": application.digest}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    return Blob(CONFIG, json.dumps(said, separators=(",", ":")).encode())


def _annotations(manifest: Manifest) -> dict[str, str]:
    """What Spin annotates of itself, and the notes of an export.

    The time of creation is that of `SOURCE_DATE_EPOCH`, or 1970: Spin writes the clock's, which would give each push of
    the same application another digest.
    """
    application = manifest.application
    found = {
        f"{_IMAGE}authors": ", ".join(application.authors),
        f"{_IMAGE}title": application.name,
        f"{_IMAGE}description": application.description,
        f"{_IMAGE}version": application.version,
    }
    found = {key: value for key, value in found.items() if value}
    found[f"{_IMAGE}created"] = _created()
    notes = {n: dict(c.tool["spinlab"]) for n, c in sorted(manifest.components.items()) if c.tool.get("spinlab")}
    if notes:
        found[NOTES] = json.dumps(notes, separators=(",", ":"), sort_keys=True, default=str)
    return found


def _created() -> str:
    text = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not text.isdigit():
        raise ExportError(f"SOURCE_DATE_EPOCH is {text!r}", hint="seconds since 1970, or leave it out")
    return datetime.fromtimestamp(int(text), timezone.utc).isoformat().replace("+00:00", "Z")
