"""Where a browser reaches the listener: not the same under JupyterHub or Colab as on one's own machine."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit


def place(environ: Mapping[str, str] | None = None, modules: Mapping[str, Any] | None = None) -> str:
    """Where this kernel runs, as far as addresses go: ``colab``, ``hub``, ``vscode`` or ``local``."""
    env = os.environ if environ is None else environ
    if "google.colab" in (sys.modules if modules is None else modules):
        return "colab"
    if env.get("JUPYTERHUB_SERVICE_PREFIX"):
        return "hub"
    if env.get("VSCODE_PID") or env.get("VSCODE_CWD"):
        return "vscode"
    return "local"


def browser_base(listener: str, environ: Mapping[str, str] | None = None) -> str:
    """The address to put before a path, for a link in a notebook.

    Parameters:
        listener: The listener's own address, such as ``http://127.0.0.1:3000``.
        environ: The environment; the process's own when left out.

    Returns:
        Without a slash at the end. Under a hub a path on the Jupyter server's own origin, through
        jupyter-server-proxy; in VS Code the local address, which it forwards.
    """
    env = os.environ if environ is None else environ
    where = place(env)
    port = urlsplit(listener).port
    if where == "hub":
        return f"{env['JUPYTERHUB_SERVICE_PREFIX'].rstrip('/')}/proxy/{port}"
    if where == "colab":
        return _colab(port) or listener.rstrip("/")
    return listener.rstrip("/")


def app_base(listener: str, label: str) -> str:
    """The address of an app that is not the first: its name is the host (``NAME.localhost``)."""
    parts = urlsplit(listener)
    return f"{parts.scheme}://{label}.localhost:{parts.port}" if label else listener.rstrip("/")


def example_path(pattern: str) -> str:
    """A path that a route pattern matches, to click on: ``/hello/:name`` gives ``/hello/name``."""
    path = re.sub(r"/?(\.\.\.|\*)$", "", pattern)
    path = re.sub(r":([A-Za-z_][A-Za-z0-9_-]*)", r"\1", path)
    return path if path.startswith("/") else f"/{path}"


def _colab(port: int | None) -> str:
    try:
        from google.colab.output import eval_js
    except ImportError:
        return ""
    return str(eval_js(f"google.colab.kernel.proxyPort({port})")).rstrip("/")


class Address(str):
    """A URL that shows itself as a link."""

    __slots__ = ()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from spinlab.widgets.style import link

        return {"text/plain": str(self), "text/html": str(link(str(self), str(self)))}
