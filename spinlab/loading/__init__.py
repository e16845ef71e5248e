"""From a spin.toml to a live app: where it is, where its components' bytes are, and which functions they are.

``place`` finds the manifest, ``source`` and ``download`` fetch bytes, ``functions`` says what each component is as a
`spinlab.Function`, ``written`` finds the readable source of those that spinlab exported, ``unserved`` names what does
not run here, and ``app`` puts all of it into an app at once.
"""

from __future__ import annotations

from spinlab.loading.app import keep_tests, load, load_into, state_folder
from spinlab.loading.functions import AS_SPIN, Loaded, read
from spinlab.loading.place import Place, find

__all__ = ["AS_SPIN", "Loaded", "Place", "find", "keep_tests", "load", "load_into", "read", "state_folder"]
