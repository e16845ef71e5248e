"""Who one is to a registry: Spin's credential file, then Docker's, with the helpers that Docker's names.

The order and the places are Spin's (``crates/oci``: ``auth.rs``, ``client.rs``). Nothing of it is ever shown: what a
helper or a file says stands in no error.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from spinlab.errors import RegistryError

_SECONDS = 60.0
_HUB_KEYS = ("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io")


@dataclass(frozen=True)
class Credentials:
    """A user's name and password, or a token that an identity provider gave in their place.

    Attributes:
        username: Empty with a token.
        secret: The password or token.
        is_token: Whether it is a token, to be exchanged for one of the registry's (OAuth2 refresh).
    """

    username: str
    secret: str = field(repr=False)
    is_token: bool = False

    @property
    def basic(self) -> str:
        """As the value of ``Authorization``."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.secret}".encode()).decode()


def find(host: str) -> Credentials | None:
    """What is known for a registry; None when nothing is.

    Parameters:
        host: Host, with its port when it has one.

    Raises:
        RegistryError: A credential helper that should know is not there or fails.
    """
    return _spins(host) or _dockers(host)


# ---- Spin's


def spin_file() -> Path:
    """Where ``spin registry login`` keeps what it learns."""
    roaming = user_config_path("fermyon", appauthor=False, roaming=True)
    return roaming / "registry-auth.json"


def save(host: str, username: str, secret: str) -> Path:
    """Keep credentials as ``spin registry login`` does, for this user only.

    Raises:
        RegistryError: The file can't be written.
    """
    path = spin_file()
    said = _read(path)
    auths = said.get("auths")
    encoded = base64.b64encode(f"{username}:{secret}".encode()).decode()
    said["auths"] = {**(auths if isinstance(auths, dict) else {}), host: encoded}
    aside = path.with_suffix(f".{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(said, file, indent=2)
        os.replace(aside, path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise RegistryError(
            f"the credentials can't be kept in {path}: {error.strerror or error}", hint="make the folder writable"
        ) from error
    return path


def _spins(host: str) -> Credentials | None:
    auths = _read(spin_file()).get("auths")
    return _decoded(auths.get(host)) if isinstance(auths, dict) else None


# ---- Docker's


def _dockers(host: str) -> Credentials | None:
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    said = _read(folder / "config.json")
    keys = _keys(host)
    helpers = said.get("credHelpers")
    named = next((helpers[key] for key in keys if key in helpers), None) if isinstance(helpers, dict) else None
    if named is not None:
        return _helped(str(named), keys[0], asked=True)
    auths = said.get("auths")
    entry = next((auths[key] for key in keys if key in auths), None) if isinstance(auths, dict) else None
    if said.get("credsStore"):
        found = _helped(str(said["credsStore"]), keys[0], asked=entry is not None)
        if found is not None:
            return found
    if not isinstance(entry, dict):
        return None
    if entry.get("identitytoken"):
        return Credentials("", str(entry["identitytoken"]), is_token=True)
    return _decoded(entry.get("auth"))


def _keys(host: str) -> tuple[str, ...]:
    if host in _HUB_KEYS:
        return _HUB_KEYS
    return (host, f"https://{host}", f"https://{host}/", f"https://{host}/v1/", f"https://{host}/v2/", f"http://{host}")


def _helped(name: str, server: str, *, asked: bool) -> Credentials | None:
    """What a credential helper knows.

    Parameters:
        name: As in Docker's file.
        server: The key that it keeps credentials under.
        asked: Whether the file says that it has some; else it may fail.
    """
    program = f"docker-credential-{name}"
    if not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise RegistryError("Docker's config.json names a credential helper that is no program", hint="correct it")
    try:
        done = subprocess.run([program, "get"], input=server, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        if not asked:
            return None
        reason = "is not there" if isinstance(error, FileNotFoundError) else "does not answer"
        raise RegistryError(
            f"the credential helper {program} {reason}",
            hint="Docker's config.json names it: install it, or `spinlab registry login`",
        ) from None
    if done.returncode:
        return None  # it has none; the registry says whether it needs some
    try:
        said = json.loads(done.stdout)
        user, secret = str(said["Username"]), str(said["Secret"])
    except (ValueError, KeyError, TypeError):
        raise RegistryError(
            f"the credential helper {program} answers something else than JSON", hint="update it"
        ) from None
    return Credentials("", secret, is_token=True) if user == "<token>" else Credentials(user, secret)


def _read(path: Path) -> dict[str, Any]:
    """A file of credentials; one that is not there or can't be read knows nothing (as in Spin)."""
    try:
        said = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _decoded(encoded: object) -> Credentials | None:
    try:
        user, colon, secret = base64.b64decode(str(encoded or ""), validate=True).decode().partition(":")
    except ValueError:
        return None
    return Credentials(user, secret) if colon else None
