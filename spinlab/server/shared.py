"""A listener on a machine that several users share: a socket file that only its owner opens, behind the Jupyter server.

jupyter-server-proxy finds `proxy_entry` by its entry point (``jupyter_serverproxy_servers``) and passes
``BASE/spinlab/...`` on to the file; Jupyter's own login stands before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spinlab.errors import ListenError
from spinlab.server.jupyter import runtime_folder

NAME = "spinlab"
"""The path under the Jupyter server's own at which the socket file is reached."""


def socket_file(environ: Mapping[str, str] | None = None) -> Path:
    """The user's socket file, in Jupyter's private runtime folder; one for each user.

    Parameters:
        environ: The environment; the process's own when left out.

    Raises:
        ListenError: There is no such folder.
    """
    folder = runtime_folder(environ)
    if folder is None:
        raise ListenError("Jupyter's runtime folder is not known here", hint="name a file: %config Spin.socket_file")
    return folder / "spinlab.sock"


def proxy_entry() -> dict[str, Any]:
    """What jupyter-server-proxy has to know; it starts nothing."""
    return {"command": [], "unix_socket": str(socket_file()), "launcher_entry": {"enabled": False}}
