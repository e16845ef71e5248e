"""``%%spin``, ``%spin`` and their kin. The only room that imports IPython; thin over `spinlab.App`.

Loading registers and nothing more: no thread, no listener, no runtime until a cell needs one.
"""

from __future__ import annotations

from typing import Any

_LOADED = "spinlab_extension"


def load(shell: Any) -> None:
    """Register magics, completion and displays in an IPython shell; again is no error."""
    if getattr(shell, _LOADED, None) is not None:
        return
    from spinlab.magics.extension import Extension

    extension = Extension(shell)
    extension.register()
    setattr(shell, _LOADED, extension)


def unload(shell: Any) -> None:
    """Undo `load`, and stop the listener; the functions stay for the next load."""
    extension = getattr(shell, _LOADED, None)
    if extension is None:
        return
    extension.unregister()
    setattr(shell, _LOADED, None)
