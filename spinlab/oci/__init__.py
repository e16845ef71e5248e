"""OCI artifacts and where they are kept: references, credentials, registries, layouts on disk.

Nothing here knows what is in an artifact: `spinlab.export.oci` makes artifacts of applications, and
`spinlab.loading.registry` makes applications of artifacts.
"""

from __future__ import annotations

from spinlab.oci.artifact import Artifact, Blob, Descriptor, digest_of
from spinlab.oci.reference import Reference
from spinlab.oci.store import Store, opened

__all__ = ["Artifact", "Blob", "Descriptor", "Reference", "Store", "digest_of", "opened"]
