"""What an artifact in a registry is called (distribution/reference: ``reference.go``, as Spin's client reads it)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from spinlab.errors import RegistryError

LATEST: Final = "latest"
HUB: Final = "docker.io"

_HOST = re.compile(
    r"(?:(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|"
    r"\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?"
)
_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST = 255


@dataclass(frozen=True)
class Reference:
    """Where an artifact is: ``REGISTRY/REPOSITORY[:TAG][@DIGEST]``.

    Attributes:
        registry: Host, and port when there is one.
        repository: Path below it.
        tag: Empty when a digest stands for it.
        digest: ``sha256:`` and 64 hex digits, or empty.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Read a reference; without tag and digest it is ``latest``, without a registry it is Docker Hub's.

        Raises:
            RegistryError: It is none.
        """
        rest, _, digest = text.partition("@")
        first, slash, after = rest.partition("/")
        registry = first if slash and names_host(first) else HUB
        path = after if slash and names_host(first) else rest
        path, colon, tag = path.partition(":")
        _check(text, registry, path, tag if colon else LATEST, digest)
        if registry == HUB and "/" not in path:
            path = f"library/{path}"
        return cls(registry, path, tag or ("" if digest else LATEST), digest)

    @property
    def host(self) -> str:
        """Who answers for the registry."""
        return "index.docker.io" if self.registry == HUB else self.registry

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag

    def at(self, digest: str) -> Reference:
        """The same, pinned."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        name = f"{self.registry}/{self.repository}"
        return name + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")


def names_host(first: str) -> bool:
    """Whether the part before the first slash is a host (distribution/reference: ``splitDockerDomain``)."""
    return "." in first or ":" in first or first == "localhost" or first.lower() != first


def looks_like_one(text: str) -> bool:
    """Whether somebody means a registry with it, and not a file: it begins with a host and can be read."""
    first, slash, _ = text.partition("/")
    if not slash or not ("." in first.strip(".") or ":" in first or first == "localhost"):
        return False
    return bool(_HOST.fullmatch(first)) and "\\" not in text


def _check(text: str, registry: str, path: str, tag: str, digest: str) -> None:
    if not _HOST.fullmatch(registry):
        raise RegistryError(
            f"{text!r} is no reference: {registry!r} is no host", hint="write registry.example.com/team/app:1.0"
        )
    if path != path.lower():
        raise RegistryError(
            f"{text!r} is no reference: a repository has no capitals",
            hint=f"write {text.replace(path, path.lower(), 1)}",
        )
    if not path or len(path) > _LONGEST or not all(_PART.fullmatch(part) for part in path.split("/")):
        raise RegistryError(
            f"{text!r} is no reference: {path!r} is no repository",
            hint="small letters, digits and single separators: registry.example.com/team/app:1.0",
        )
    if not _TAG.fullmatch(tag):
        raise RegistryError(
            f"{text!r} is no reference: {tag!r} is no tag", hint="up to 128 letters, digits, _ . and -, such as 1.0"
        )
    if "@" in text and not _DIGEST.fullmatch(digest):
        raise RegistryError(
            f"{text!r} is no reference: {digest!r} is no digest", hint="sha256: and 64 digits of 0-9 and a-f"
        )
