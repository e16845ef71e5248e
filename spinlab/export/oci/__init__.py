"""An application as an OCI artifact, as ``spin registry push`` makes it; the way back is `spinlab.loading.registry`.

``locked`` writes the locked application, ``layers`` makes layers of what it names, ``pushing`` sends them where they
are not yet, ``written`` makes a folder of what was pulled. Spin 4: ``crates/oci``, ``crates/loader``,
``crates/locked-app``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab import lazily

if TYPE_CHECKING:
    from spinlab.export.oci.layers import assemble
    from spinlab.export.oci.pushing import Pushed, push, push_project
    from spinlab.export.oci.written import Pulled, pull

__all__ = ["Pulled", "Pushed", "assemble", "pull", "push", "push_project"]

__getattr__ = lazily.names(
    __name__,
    {
        "Pulled": ".written",
        "Pushed": ".pushing",
        "assemble": ".layers",
        "pull": ".written",
        "push": ".pushing",
        "push_project": ".pushing",
    },
)
