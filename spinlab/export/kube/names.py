"""Names that a cluster accepts, and references of images."""

from __future__ import annotations

import re

from spinlab.errors import ExportError

LONGEST_LABEL = 63
LONGEST_SUBDOMAIN = 253

_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")  # RFC 1035: a Service has the app's name
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_DOMAIN = (
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9-]+))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
)
_IMAGE = re.compile(
    rf"(?:(?P<domain>{_DOMAIN})/)?(?P<path>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>[a-z0-9]+:[0-9a-fA-F]{32,}))?"
)


def label_problem(name: object) -> str:
    """Why a name can't be that of an app in a cluster; empty for a good one."""
    return _problem(
        name, LONGEST_LABEL, _LABEL, "lower-case letters, digits and '-' only, from a letter to a letter or digit"
    )


def subdomain_problem(name: object) -> str:
    """Why a name can't be that of a Secret, a node class and the like, or a host; empty for a good one."""
    allowed = "lower-case letters, digits, '-' and '.' only, from a letter or digit to a letter or digit"
    return _problem(name, LONGEST_SUBDOMAIN, _SUBDOMAIN, allowed)


def _problem(name: object, longest: int, pattern: re.Pattern[str], allowed: str) -> str:
    if not isinstance(name, str) or not name:
        return "it has to be a text that is not empty"
    if len(name) > longest:
        return f"it has {len(name)} characters, and {longest} are the most"
    return "" if pattern.fullmatch(name) else allowed


def nearest_label(name: str) -> str:
    """The nearest name that a cluster accepts; empty when nothing of it can be used."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-").lstrip("-0123456789")[:LONGEST_LABEL].rstrip("-")


def check_label(name: str, what: str = "the app") -> None:
    """Let the name of an app pass.

    Raises:
        ExportError: The cluster would refuse it; the hint is the nearest that it takes.
    """
    problem = label_problem(name)
    if problem:
        near = nearest_label(name)
        raise ExportError(
            f"{name!r} can't be the name of {what} in a cluster: {problem}",
            hint=f"--name {near}" if near else "give another with --name",
        )


def check_host(host: str) -> None:
    """Let a host pass, which may begin with ``*.``.

    Raises:
        ExportError: It is none.
    """
    problem = subdomain_problem(host.removeprefix("*."))
    if problem or "." not in host:
        raise ExportError(
            f"{host!r} can't be a host: {problem or 'it needs a domain'}",
            hint="write only the name, such as app.example.com: no scheme, port or path",
        )


def app_name(image: str) -> str:
    """The name that an image gives to its app: the last part of its path, as `spin kube scaffold` has it.

    Raises:
        ExportError: It is no reference of an image.
    """
    return _image(image)["path"].rpartition("/")[2]


def untagged(image: str) -> bool:
    """Whether a reference has neither tag nor digest, and so means ``latest``."""
    found = _image(image)
    return found["tag"] is None and found["digest"] is None


def _image(image: str) -> re.Match[str]:
    found = _IMAGE.fullmatch(image)
    if found is None:
        raise ExportError(f"invalid image reference provided: '{image}'", hint=_remedy(image))
    return found


def _remedy(image: str) -> str:
    if "://" in image:
        return f"without the scheme: {image.partition('://')[2]}"
    first, slash, rest = image.partition("/")
    domain = first if slash and ("." in first or ":" in first or first == "localhost") else ""
    path = rest if domain else image
    name = re.split(r"[:@]", path, maxsplit=1)[0]
    if name != name.lower():
        return f"a repository has no capitals: {image.replace(name, name.lower(), 1)}"
    if any(character.isspace() for character in image):
        return "it has a blank in it"
    return "such as registry.example.com/team/app:1.0"
