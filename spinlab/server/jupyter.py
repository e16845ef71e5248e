"""Which Jupyter server this kernel belongs to, under which names it is reached, and what must stay its secret.

A Jupyter server leaves a file about itself in the user's runtime folder (jupyter_server: ``server_info``) and its
process id in the environment of its kernels. Under JupyterHub the environment says the rest. Reading both costs no
import of Jupyter's own packages.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

_EVERYWHERE = ("", "0.0.0.0", "::", "*")  # noqa: S104  (names that a server listens on, not ours)


@dataclass(frozen=True)
class Jupyter:
    """What the listener has to know about Jupyter.

    Attributes:
        hosts: Host headers under which this kernel's Jupyter server is reached, lower case, ``name`` or ``name:port``.
        base_urls: Its base paths, each ending in ``/``.
        tokens: Every secret of Jupyter that is known here, those of the user's other servers included.
        open: True when the server asks for no token and no password.
        hub: True when it runs under a JupyterHub (or Binder), whose public name is often unknown here.
        forwarded: Hosts of port forwarders that give each port an origin of its own; ``.name`` means all below it.
        url: Its address as seen from this machine, ending in ``/``; empty when there is none.
    """

    hosts: frozenset[str] = frozenset()
    base_urls: tuple[str, ...] = ()
    tokens: frozenset[str] = field(default=frozenset(), repr=False)
    open: bool = False
    hub: bool = False
    forwarded: tuple[str, ...] = ()
    url: str = ""

    @property
    def here(self) -> bool:
        """Whether this kernel belongs to a Jupyter server at all."""
        return bool(self.base_urls)


def find_jupyter(environ: Mapping[str, str] | None = None) -> Jupyter:
    """Look for the Jupyter server that started this kernel.

    Parameters:
        environ: The environment; the process's own when left out.
    """
    env = os.environ if environ is None else environ
    hosts: set[str] = set()
    bases: list[str] = []
    tokens = {env[name] for name in _TOKEN_NAMES if env.get(name)}
    url, is_open = "", False
    prefix = env.get("JUPYTERHUB_SERVICE_PREFIX", "")
    for info in _running(env):
        tokens.update(filter(None, [str(info.get("token") or "")]))
        if info.get("pid") not in _parents(env):
            continue
        hosts.update(_hosts_of(info))
        bases.append(_slashed(str(info.get("base_url") or "/")))
        url = str(info.get("url") or "")
        is_open = not info.get("token") and not info.get("password") and not prefix
    if prefix:
        bases.append(_slashed(prefix))
        url = url or _slashed(env.get("JUPYTERHUB_SERVICE_URL", ""))
        hosts.update(_public_hosts(env))
    shared = urlsplit(env.get("VSCODE_PROXY_URI", "")).netloc.lower()
    if shared and "{{port}}" not in shared:  # the editor's own origin: as careful as with Jupyter's
        hosts.add(shared)
    return Jupyter(
        hosts=frozenset(hosts),
        base_urls=tuple(dict.fromkeys(bases)),
        tokens=frozenset(tokens),
        open=is_open,
        hub=bool(prefix),
        forwarded=_forwarders(env),
        url=url,
    )


def _forwarders(env: Mapping[str, str]) -> tuple[str, ...]:
    """Forwarders that this environment says it is behind."""
    found = []
    if env.get("CODESPACE_NAME"):
        found.append("." + env.get("GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN", "app.github.dev"))
    if "google.colab" in sys.modules:
        found += [".googleusercontent.com", ".colab.dev"]
    before, separator, after = urlsplit(env.get("VSCODE_PROXY_URI", "")).netloc.lower().partition("{{port}}")
    if separator and not before and after.startswith("."):
        found.append(after)
    return tuple(found)


_TOKEN_NAMES = ("JUPYTERHUB_API_TOKEN", "JPY_API_TOKEN", "JUPYTER_TOKEN")


def _slashed(path: str) -> str:
    return path if path.endswith("/") or not path else f"{path}/"


def runtime_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """Jupyter's folder for what runs, private to the user; None without Jupyter."""
    env = os.environ if environ is None else environ
    if env.get("JUPYTER_RUNTIME_DIR"):
        return Path(env["JUPYTER_RUNTIME_DIR"])
    try:
        from jupyter_core.paths import jupyter_runtime_dir
    except ImportError:
        return None
    return Path(jupyter_runtime_dir())


def _running(env: Mapping[str, str]) -> Iterator[dict[str, object]]:
    """The description of each of the user's Jupyter servers that still runs."""
    folder = runtime_folder(env)
    for path in sorted(folder.glob("jpserver-*.json")) if folder else []:
        try:
            info = json.loads(path.read_text(encoding="utf-8"))
            alive = isinstance(info, dict) and _alive(int(info["pid"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if alive:
            yield info


def _alive(pid: int) -> bool:
    import psutil

    return bool(psutil.pid_exists(pid))


def _parents(env: Mapping[str, str]) -> set[int]:
    """Processes whose kernel this may be: the one that says so in our environment, and our parent."""
    said = env.get("JPY_PARENT_PID", "")
    return {int(said)} if said.isdigit() and int(said) > 1 else {os.getppid()}


def _hosts_of(info: Mapping[str, object]) -> set[str]:
    """Host headers of a server from its description: the name it was told, and what means the same machine."""
    port = info.get("port")
    names = {"localhost", "127.0.0.1", "[::1]"}
    listens = str(info.get("hostname") or "").lower()
    if listens in _EVERYWHERE:
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    else:
        names.add(f"[{listens}]" if ":" in listens and not listens.startswith("[") else listens)
    shown = urlsplit(str(info.get("url") or "")).hostname
    if shown:
        names.add(f"[{shown}]" if ":" in shown else shown.lower())
    usual = 443 if info.get("secure") else 80
    return {f"{n}:{port}" for n in names} | ({*names} if port == usual else set())


def _public_hosts(env: Mapping[str, str]) -> set[str]:
    """Host headers of a hub, as far as its environment tells."""
    told = (env.get(name, "") for name in ("JUPYTERHUB_PUBLIC_URL", "JUPYTERHUB_PUBLIC_HUB_URL", "JUPYTERHUB_HOST"))
    return {urlsplit(url).netloc.lower() for url in told if urlsplit(url).netloc}
