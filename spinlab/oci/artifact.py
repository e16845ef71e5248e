"""What is stored: blobs, and the manifest that names them (OCI image specification 1.1: ``manifest.md``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from spinlab.errors import RegistryError

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
CONFIG: Final = "application/vnd.oci.image.config.v1+json"
DOCKER_MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"
INDEXES: Final = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)


def digest_of(data: bytes) -> str:
    """``sha256:`` and 64 hex digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass(frozen=True)
class Descriptor:
    """What a manifest says of a blob; its size and type are claims, its digest is checked."""

    media_type: str
    digest: str
    size: int

    @classmethod
    def read(cls, given: Any) -> Descriptor:
        """From JSON.

        Raises:
            RegistryError: It is none.
        """
        try:
            found = cls(str(given["mediaType"]), str(given["digest"]), int(given["size"]))
            algorithm, _, text = found.digest.partition(":")
            if algorithm != "sha256" or len(text) != 64 or set(text) - set("0123456789abcdef") or found.size < 0:
                raise ValueError(found.digest)
        except (KeyError, TypeError, ValueError) as error:
            raise RegistryError(
                f"the manifest has an entry that is no descriptor ({error})", hint="push the application again"
            ) from None
        return found

    def as_json(self) -> dict[str, Any]:
        """For a manifest."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class Blob:
    """Bytes with a type."""

    media_type: str
    data: bytes = field(repr=False)

    @cached_property
    def digest(self) -> str:
        """What it is called."""
        return digest_of(self.data)

    @property
    def descriptor(self) -> Descriptor:
        """For a manifest."""
        return Descriptor(self.media_type, self.digest, len(self.data))


@dataclass(frozen=True)
class Artifact:
    """Everything that is pushed.

    Attributes:
        config: The config file.
        layers: In their order, each once.
        annotations: Of the manifest.
    """

    config: Blob
    layers: tuple[Blob, ...]
    annotations: Mapping[str, str]

    @cached_property
    def manifest(self) -> Blob:
        """The manifest; the same artifact always has the same bytes."""
        said: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.config.descriptor.as_json(),
            "layers": [layer.descriptor.as_json() for layer in self.layers],
        }
        if self.annotations:
            said["annotations"] = dict(sorted(self.annotations.items()))
        return Blob(MANIFEST, json.dumps(said, separators=(",", ":"), ensure_ascii=False).encode())


@dataclass(frozen=True)
class Listed:
    """A manifest that was fetched.

    Attributes:
        digest: Of the manifest itself.
        config: Its config.
        layers: In their order.
        annotations: As they stand.
    """

    digest: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: Mapping[str, str]

    @classmethod
    def read(cls, data: bytes) -> Listed:
        """From the bytes of a manifest.

        Raises:
            RegistryError: It is not the manifest of one image.
        """
        try:
            said = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RegistryError(f"the manifest is no JSON ({error})", hint="push the application again") from None
        if not isinstance(said, dict) or said.get("mediaType") in INDEXES or "manifests" in said:
            raise RegistryError(
                "it is a list of images for several platforms, and no Spin application",
                hint="a Spin application is one manifest: `spinlab registry push` makes it",
            )
        if said.get("schemaVersion") != 2 or not isinstance(said.get("layers"), list):
            raise RegistryError("it is no OCI image manifest of version 2", hint="push the application again")
        annotations = said.get("annotations")
        return cls(
            digest_of(data),
            Descriptor.read(said.get("config")),
            tuple(map(Descriptor.read, said["layers"])),
            {str(k): str(v) for k, v in annotations.items()} if isinstance(annotations, dict) else {},
        )
