"""Where a user's browser reaches the listener: on this machine, through Jupyter, or through an editor's forwarding."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from spinlab.page import Page
from spinlab.server.edge import APP_PATH
from spinlab.server.hosts import parse_host
from spinlab.server.jupyter import Jupyter, find_jupyter

_BY_HOST = ("local", "vscode")
"""Places where the browser uses loopback names, so that the host can tell an app (``NAME.localhost``)."""


@dataclass(frozen=True)
class Addresses:
    """Where the listener is reached.

    Attributes:
        local: From this machine, without a slash at the end.
        browser: From the user's browser: an address, or a path on the Jupyter server's own origin.
        place: ``local``, ``hub``, ``colab``, ``codespaces``, ``vscode`` or ``proxied``.
        problem: Why the browser can't get there now; empty when it can.
        remedy: The command that helps.
    """

    local: str
    browser: str
    place: str = "local"
    problem: str = ""
    remedy: str = ""

    def of_app(self, label: str) -> str:
        """Where a browser reaches an app, without a slash at the end; the first one's label is empty."""
        if not label:
            return self.browser
        return _under_its_name(self.browser, label) if self.place in _BY_HOST else self.browser + APP_PATH + label

    def of_app_here(self, label: str) -> str:
        """The same from this machine."""
        return _under_its_name(self.local, label) if label else self.local


def jupyter_urls(
    listener: str,
    environ: Mapping[str, str] | None = None,
    *,
    jupyter: Jupyter | None = None,
    page: Page | None = None,
) -> Addresses:
    """Find the address that a user can click.

    Parameters:
        listener: The listener's own address, such as ``http://127.0.0.1:3000``; ``unix:FILE`` for the socket file of
            `spinlab.server.shared`.
        environ: The environment; the process's own when left out.
        jupyter: What `find_jupyter` said; looked up when left out.
        page: What the notebook's page said of itself, which wins over what the environment says; None when no page of
            ours is open.
    """
    env = os.environ if environ is None else environ
    if listener.startswith("unix:"):
        bases = [page.base_url] if page else (jupyter or find_jupyter(env)).base_urls
        return Addresses(listener, f"{bases[-1] if bases else '/'}spinlab", "proxied")
    local = listener.rstrip("/")
    port = urlsplit(local).port
    if env.get("JUPYTERHUB_SERVICE_PREFIX"):
        base = page.base_url if page else env["JUPYTERHUB_SERVICE_PREFIX"]
        return _through_jupyter(local, base, "hub", jupyter, env)
    if "google.colab" in sys.modules:
        return Addresses(local, _colab(port) or local, "colab")
    if env.get("CODESPACE_NAME"):
        domain = env.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.dev")
        return Addresses(local, f"https://{env['CODESPACE_NAME']}-{port}.{domain}", "codespaces")
    if "{{port}}" in env.get("VSCODE_PROXY_URI", ""):
        return Addresses(local, env["VSCODE_PROXY_URI"].replace("{{port}}", str(port)).rstrip("/"), "proxied")
    if env.get("VSCODE_PID") or env.get("VSCODE_CWD"):
        return Addresses(local, local, "vscode")
    found = jupyter or find_jupyter(env)
    if page is not None and _is_elsewhere(page, found):
        return _through_jupyter(local, page.base_url, "proxied", found, env)
    return Addresses(local, _other_name(local, page.host if page else urlsplit(found.url).netloc), "local")


def _through_jupyter(local: str, base: str, place: str, jupyter: Jupyter | None, env: Mapping[str, str]) -> Addresses:
    """The address by way of jupyter-server-proxy."""
    browser = f"{base.rstrip('/')}/proxy/{urlsplit(local).port}"
    if proxy_package_present(jupyter, environ=env):
        return Addresses(local, browser, place)
    return Addresses(local, browser, place, _NO_PROXY, "pip install jupyter-server-proxy, then restart the server")


def _is_elsewhere(page: Page, jupyter: Jupyter) -> bool:
    """Whether the browser reaches Jupyter by a name or port that is not this machine's: a proxy, or a tunnel."""
    host = parse_host(page.host)
    return host is None or not host.loopback or (bool(jupyter.hosts) and page.host not in jupyter.hosts)


def _under_its_name(listener: str, label: str) -> str:
    parts = urlsplit(listener)
    return f"{parts.scheme}://{label}.localhost:{parts.port}" if parts.scheme == "http" else listener


_NO_PROXY = "jupyter-server-proxy is not installed, and a browser reaches this machine only through Jupyter"


def _other_name(local: str, jupyter: str) -> str:
    """The listener under the loopback name that Jupyter is not used under: cookies know a name, but no port."""
    if jupyter.partition(":")[0] == "127.0.0.1":
        return local.replace("//127.0.0.1:", "//localhost:")
    return local


def _colab(port: int | None) -> str:
    try:
        from google.colab.output import eval_js
    except ImportError:
        return ""
    return str(eval_js(f"google.colab.kernel.proxyPort({port})")).rstrip("/")


def proxy_package_present(jupyter: Jupyter | None = None, *, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the Jupyter server can pass a browser on to our port.

    The package belongs into the Jupyter server's environment, which need not be the kernel's: when it is not here,
    the server itself is asked.
    """
    if find_spec("jupyter_server_proxy") is not None:
        return True
    found = jupyter or find_jupyter(environ)
    return bool(found.url) and _server_has_proxy(found)


def _server_has_proxy(jupyter: Jupyter) -> bool:
    """Ask for a port that nobody listens on: with the package the answer is that it can't connect, else a 404."""
    base = jupyter.base_urls[-1] if jupyter.base_urls else "/"
    parts = urlsplit(jupyter.url)
    if parts.scheme not in ("http", "https"):
        return False
    import urllib.error  # heavy, and rarely needed
    import urllib.request

    request = urllib.request.Request(f"{parts.scheme}://{parts.netloc}{base}proxy/1/")  # noqa: S310  (http only, above)
    for token in sorted(jupyter.tokens)[:1]:
        request.add_header("Authorization", f"token {token}")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=2):
            return True
    except urllib.error.HTTPError as error:
        return error.code in (500, 502, 503, 504)
    except (OSError, ValueError):
        return False
