"""``allowed_outbound_hosts``: its grammar, and what it allows (Spin 4: ``crates/outbound-networking-config``).

An entry is ``scheme://host[:port]``, each part ``*`` for any. Nothing is allowed that no entry allows.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from spinlab.errors import ManifestError
from spinlab.manifest import hosts
from spinlab.manifest.ids import debug
from spinlab.manifest.template import Template

DEFAULT_PORTS = {"postgres": 5432, "mysql": 3306, "redis": 6379, "mqtt": 1883, "http": 80, "https": 443}
CHAINING_SUFFIX = ".spin.internal"

_LEARN = "\nLearn more: https://spinframework.dev/v3/http-outbound#granting-http-permissions-to-components"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")

_SPECIAL = ("http", "https", "ws", "wss", "ftp", "file")

T = TypeVar("T")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class _Refused(ValueError):
    """Why a part of an entry is refused, in Spin's words; the hint is ours."""

    def __init__(self, text: str, hint: str = "") -> None:
        super().__init__(text)
        self.hint = hint


@dataclass(frozen=True)
class Subdomains:
    """Every domain that ends in `suffix`, which begins with a dot."""

    suffix: str


@dataclass(frozen=True)
class Own:
    """The application itself (``self``): requests to a relative URL."""


@dataclass(frozen=True)
class AllowedHost:
    """One entry.

    Attributes:
        scheme: Such as ``https``; None for any.
        host: A domain or address, a network, all subdomains, the application itself; None for any.
        ports: From the first to before the second; None for any.
        text: As written.
    """

    scheme: str | None
    host: hosts.Host | Network | Subdomains | Own | None
    ports: tuple[int, int] | None
    text: str = ""

    @property
    def chaining(self) -> bool:
        """Whether it grants requests to other components of the application."""
        name = self.host.suffix if isinstance(self.host, Subdomains) else self.host
        return isinstance(name, str) and name.endswith(CHAINING_SUFFIX)

    def allows(self, scheme: str, host: hosts.Host, port: int | None) -> bool:
        """Whether it lets a connection through; a port of None is the scheme's own."""
        return (self.scheme is None or self.scheme == scheme) and self._host(host) and self._port(scheme, port)

    def _host(self, host: hosts.Host) -> bool:
        if self.host is None:
            return True
        if isinstance(self.host, Subdomains):
            return isinstance(host, str) and host.endswith(self.host.suffix)
        if isinstance(self.host, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
            return not isinstance(host, str) and host in self.host
        return host == self.host

    def _port(self, scheme: str, port: int | None) -> bool:
        if self.ports is None:
            return True
        number = DEFAULT_PORTS.get(scheme) if port is None else port
        return number is not None and self.ports[0] <= number < self.ports[1]


def parse(text: str) -> AllowedHost:
    """Read one entry without templates in it.

    Raises:
        ManifestError: Spin would refuse it, with its reason.
    """
    entry = text.strip()
    scheme, found, rest = entry.partition("://")
    if not found:
        raise _no_scheme(entry)
    host, port = _cut_port(entry, rest)
    ports = _part(f"Invalid allowed host port {debug(port)}", lambda: _ports(port, scheme))
    named = _part(f"Invalid allowed host scheme {debug(scheme)}", lambda: _scheme(scheme))
    return AllowedHost(named, _part(f"Invalid allowed host {debug(host)}", lambda: _host(host)), ports, text)


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
    if at and "/" not in user:
        # A password may hold ? and #, as those of databases do.
        rest = behind
    ends = r"[/?#\\]" if scheme in _SPECIAL else r"[/?#]"
    return re.split(ends, rest, maxsplit=1)[0].rpartition("@")[2]


def _no_scheme(entry: str) -> ManifestError:
    if entry in ("*", ":", "?", ""):
        return ManifestError(
            f"{debug(entry)} is not an allowed outbound host format.\nHosts must be in the form "
            "<scheme>://<host>[:<port>], with '*' wildcards allowed for each.\nIf you intended to allow all outbound "
            "networking, you can use '*://*:*' - this will obviate all network sandboxing." + _LEARN,
            hint="name what it needs, such as https://example.com",
        )
    return ManifestError(
        f"{debug(entry)} does not contain a scheme (e.g., 'http://' or '*://'){_LEARN}", hint=f"write https://{entry}"
    )


def _cut_port(entry: str, rest: str) -> tuple[str, str]:
    before, colon, tail = rest.rpartition(":")
    if not colon:
        return rest, ""
    if not tail:
        return before, ""
    try:
        _host(rest)
    except ValueError:
        port, _, path = tail.partition("/")
        if path:
            raise ManifestError(
                f"{debug(entry)} has a path but is not allowed to", hint="leave the path away"
            ) from None
        return before, port
    return rest, ""


def _part(context: str, read: Callable[[], T]) -> T:
    try:
        return read()
    except ValueError as error:
        hint = error.hint if isinstance(error, _Refused) else "write a domain or an address, such as example.com"
        raise ManifestError(f"{context}: {error}", hint=hint) from None


def _scheme(scheme: str) -> str | None:
    if scheme == "*":
        return None
    if scheme.startswith("{"):
        raise _Refused("scheme lists are not supported", "write one entry for each scheme")
    if any(not character.isalpha() for character in scheme):
        raise _Refused("only alphabetic characters are allowed", "such as https, redis or *")
    return scheme


def _host(host: str) -> hosts.Host | Network | Subdomains | Own | None:
    host = host.strip()
    if host == "*":
        return None
    if host in ("self", "self.alt"):
        return Own()
    if host.startswith("{"):
        raise _Refused("host lists are not yet supported", "write one entry for each host")
    network = _network(host)
    if network is not None:
        return network
    host = host.removesuffix("/")
    if "/" in host:
        raise _Refused("must not include a path", "leave the path away")
    if host.startswith("*."):
        return _subdomains(host[2:])
    if "*" in host:
        raise _Refused("wildcards are allowed only as subdomains", "write *.example.com, or * for any host")
    return hosts.parse(host)


def _subdomains(domain: str) -> Subdomains:
    if "*" in domain:
        raise _Refused("wildcards are allowed only as prefixes", "write one * at the beginning")
    try:
        parsed = hosts.parse(domain)
    except ValueError as error:
        raise _Refused(f'invalid wildcard host "*.{domain}": {error}', "such as *.example.com") from None
    if not isinstance(parsed, str):
        raise _Refused("wildcard suffix must be a domain", "write the network as 10.0.0.0/8")
    return Subdomains(f".{parsed}")


def _network(host: str) -> Network | None:
    address, slash, bits = host.partition("/")
    if not slash or "%" in address or not re.fullmatch(r"\+?[0-9]+", bits):
        return None
    try:
        return ipaddress.ip_network(f"{ipaddress.ip_address(address)}/{int(bits)}", strict=False)
    except ValueError:
        return None


def _ports(port: str, scheme: str) -> tuple[int, int] | None:
    if not port:
        known = DEFAULT_PORTS.get(scheme)
        if known is None:
            raise _Refused(
                f"no port was provided and the scheme {debug(scheme)} does not have a known default port number",
                "add one, such as :443, or :* for any",
            )
        return known, known + 1
    if port == "*":
        return None
    if port.startswith("{"):
        raise _Refused("port lists are not yet supported", "write one entry for each port, or a range such as :80..90")
    first, dots, last = port.partition("..")
    if dots:
        context = f"port range {debug(port)} contains non-number"
        return _port(first, context), _port(last, context)
    number = _port(port, f"port {debug(port)} is not a number")
    return number, number + 1


def _port(text: str, context: str) -> int:
    hint = "a port is a number up to 65535, * for any, or a range such as 8000..9000 (without its end)"
    if not text:
        raise _Refused(f"{context}: cannot parse integer from empty string", hint)
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise _Refused(f"{context}: invalid digit found in string", hint)
    if int(text) > 65535:
        raise _Refused(f"{context}: number too large to fit in target type", hint)
    return int(text)


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
