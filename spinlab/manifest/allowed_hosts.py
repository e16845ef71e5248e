"""``allowed_outbound_hosts``: all that a component may connect to. Nothing is allowed that no entry allows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from spinlab.errors import ManifestError
from spinlab.manifest import hosts
from spinlab.manifest.allowed_host import CHAINING_SUFFIX, DEFAULT_PORTS, AllowedHost, Own, Subdomains, parse
from spinlab.manifest.ids import debug
from spinlab.manifest.template import Template

__all__ = ["DEFAULT_PORTS", "AllowedHost", "AllowedHosts", "Own", "Subdomains", "parse", "split", "validate"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_WEB = ("http", "https", "ws", "wss")


def validate(entries: Sequence[str], defaults: Mapping[str, str | None] | None = None) -> None:
    """Let a list of entries pass.

    Parameters:
        entries: As in the manifest, with templates.
        defaults: Variable -> its default value, None for a required one.

    Raises:
        ManifestError: An entry is refused, or would be with the default values of its variables.
    """
    _not_all(entries)
    for entry in entries:
        template = Template.parse(entry)
        if template.literal:
            parse(entry)
            continue
        values = {name: value for name, value in (defaults or {}).items() if value is not None}
        if not set(template.names) <= set(values):
            continue
        resolved = template.resolve(values.__getitem__)
        try:
            _parse_resolved(resolved)
        except ManifestError as error:
            raise ManifestError(
                f"using default variable value(s) with template {debug(str(template))} results in invalid config "
                f"{debug(resolved)}: {error.message}",
                hint=error.hint,
            ) from error


@dataclass(frozen=True)
class AllowedHosts:
    """What a component may connect to: all its entries."""

    entries: tuple[AllowedHost, ...] = ()

    @classmethod
    def parse(
        cls, entries: Sequence[str], value: Callable[[str], str] | None = None, components: Iterable[str] = ()
    ) -> AllowedHosts:
        """Read a list of entries.

        Parameters:
            entries: As in the manifest.
            value: Gives the value of a variable.
            components: Ids that ``*.spin.internal`` stands for.

        Raises:
            ManifestError: An entry is refused.
        """
        _not_all(entries)
        found: list[AllowedHost] = []
        for entry in entries:
            template = Template.parse(entry)
            one = parse(entry) if template.literal or value is None else _parse_resolved(template.resolve(value))
            if one is not None:
                found.extend(_chained(one, components))
        return cls(tuple(found))

    def allows(self, url: str, scheme: str = "") -> bool:
        """Whether a connection to `url` is allowed; without a scheme of its own it has `scheme`."""
        try:
            destination = split(url, scheme)
        except ValueError:
            return False
        return any(entry.allows(*destination) for entry in self.entries)

    def allows_self(self, schemes: Iterable[str] = ("http", "https")) -> bool:
        """Whether a request to a relative URL is allowed, by one of `schemes`."""
        wanted = set(schemes)
        return any(
            (entry.scheme is None or entry.scheme in wanted) and (entry.host is None or isinstance(entry.host, Own))
            for entry in self.entries
        )


def split(url: str, scheme: str = "") -> tuple[str, hosts.Host, int | None]:
    """Scheme, host and port of a destination; the port is None when it is not there.

    Raises:
        ValueError: It has no host that can be read.
    """
    found = _SCHEME.match(url)
    if not found:
        url = f"{scheme}://{url}"
        found = _SCHEME.match(url)
    if not found:
        raise ValueError("no scheme")
    name, colon, port = _authority(found.group(1).lower(), url[found.end() :]).rpartition(":")
    if not colon or port.endswith("]"):
        name, port = name + colon + port, ""
    if port and not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("invalid port number")
    return found.group(1).lower(), hosts.parse(name), int(port) if port else None


def _authority(scheme: str, rest: str) -> str:
    """Host and port of what follows the scheme."""
    user, at, behind = rest.partition("@")
    if at and scheme not in _WEB and "/" not in user:
        # The password of a database may hold ? and #.
        rest = behind
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "\\" in authority:
        # Some readers of URLs take it for a slash and some don't: nothing to be let through.
        raise ValueError("invalid domain character")
    return authority.rpartition("@")[2]


def _not_all(entries: Sequence[str]) -> None:
    if list(entries) == ["insecure:allow-all"]:
        raise ManifestError(
            "'insecure:allow-all' is not allowed - use '*://*:*' instead if you really want to allow all outbound "
            "traffic'",
            hint="name what it needs, such as https://example.com",
        )


def _parse_resolved(resolved: str) -> AllowedHost | None:
    """An entry whose variables have their values; None for an optional endpoint that is not set."""
    return None if resolved in ("", "http://", "https://") else parse(resolved)


def _chained(entry: AllowedHost, components: Iterable[str]) -> list[AllowedHost]:
    if isinstance(entry.host, Subdomains) and entry.host.suffix == CHAINING_SUFFIX:
        return [replace(entry, host=f"{name}{CHAINING_SUFFIX}") for name in components]
    return [entry]
