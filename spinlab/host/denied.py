"""What a guest is told, and what the user is told, when a capability is not granted.

Texts that a guest or a log reader may know from elsewhere are Spin's own (Spin 4: crates/runtime-factors).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from spinlab.http import Denied

PORTS = {"http": 80, "https": 443, "redis": 6379, "mqtt": 1883, "mysql": 3306, "postgres": 5432}


@dataclass(frozen=True)
class Refusal:
    """One denial, for the guest and for the user.

    Attributes:
        error: The error's name in the guest's interface.
        message: Its message, where the interface has room for one.
        denied: What to show; None when there is nothing to grant.
        hint: Lines for the function's stderr.
    """

    error: str
    message: str
    denied: Denied | None
    hint: str


def destination(scheme: str, host: str, port: int | None) -> Refusal:
    """The denial of a connection to a host as a URL has it."""
    if scheme in ("http", "https"):
        return _outbound("outbound HTTP", _Origin(scheme, host, port), "HTTP-request-denied")
    return _outbound(f"outbound {_NAMES.get(scheme, scheme)}", _Origin(scheme, host, port), "access-denied")


def because(refusal: Refusal, reason: str) -> Refusal:
    """The same denial, with its reason for the user; the guest does not get to know it."""
    return replace(refusal, hint=f"{refusal.hint}\n{reason}")


def refuse(op: str, args: str) -> Refusal:
    """The denial of an operation that nobody serves or that was not granted."""
    family = op.partition(".")[0].partition("-")[0] if not op.startswith("key-value") else "key-value"
    if family == "http":
        origin = _http_target(args)
        refusal = _outbound("outbound HTTP", origin, "HTTP-request-denied")
        return _own_by_name(refusal) if origin.host == "self" and "://" in args.partition("\n")[0] else refusal
    if family == "socket":
        return _socket(op, args)
    if family in ("redis", "mqtt", "mysql", "postgres"):
        return _outbound(f"outbound {_NAMES[family]}", _address(family, args), "access-denied")
    if family in _LABELLED:
        return _labelled(family, args)
    return Refusal("access-denied", f"{op} is not available", None, "")


_NAMES = {
    "redis": "Redis",
    "rediss": "Redis",
    "mqtt": "MQTT",
    "mqtts": "MQTT",
    "mysql": "MySQL",
    "postgres": "PostgreSQL",
    "tcp": "TCP",
    "udp": "UDP",
}


@dataclass(frozen=True)
class _Origin:
    """Where a connection was to go. Never holds a user, a password or a path: it is shown and logged."""

    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}" if self.port else f"{self.scheme}://{self.host}"

    @property
    def short(self) -> str:
        """As one would write it in the manifest: a port that the scheme implies is left out, no other may be."""
        if self.port is None and self.scheme not in PORTS:
            return f"{self.scheme}://{self.host}:*"
        return f"{self.scheme}://{self.host}" if self.port == PORTS.get(self.scheme) else str(self)


def _http_target(args: str) -> _Origin:
    _method, _, url = args.partition("\n")[0].partition(" ")
    return _origin(url, "http") if "://" in url else _Origin("http", "self", None)


def _address(scheme: str, address: str) -> _Origin:
    if "://" in address:
        return _origin(address, scheme)
    # PostgreSQL's other form: host=... port=... user=...
    fields = dict(part.split("=", 1) for part in address.split() if "=" in part)
    if "host" in fields:
        port = fields.get("port", "")
        return _Origin(scheme, fields["host"], int(port) if port.isdigit() else PORTS.get(scheme))
    return _origin(f"{scheme}://{address}", scheme)


def _origin(url: str, scheme: str) -> _Origin:
    try:
        parts = urlsplit(url)
        scheme = parts.scheme or scheme
        host = parts.hostname or ""
        port = parts.port or PORTS.get(scheme)
    except ValueError:
        return _Origin(scheme, "", None)
    return _Origin(scheme, f"[{host}]" if ":" in host else host, port)


def _outbound(capability: str, origin: _Origin, error: str) -> Refusal:
    if origin.host == "self":
        first = "A component tried to make an HTTP request to its own app but it does not have permission."
        wanted = "http://self"
    else:
        first = f"A component tried to make an outbound network connection to disallowed destination '{origin}'."
        wanted = str(origin) if origin.port else origin.short
    second = f"To allow this request, add 'allowed_outbound_hosts = [\"{wanted}\"]' to the manifest component section."
    denied = Denied(capability, str(origin), f"--allow {origin.short}", f'allowed_outbound_hosts = ["{origin.short}"]')
    return Refusal(error, f"address {origin} is not permitted", denied, f"{first}\n{second}")


def _own_by_name(refusal: Refusal) -> Refusal:
    """``self`` is a word of grants; no address has it, so the grant alone would not help."""
    assert refusal.denied is not None
    remedy = "'self' is no host name: ask for a path alone, or for http://self.alt/PATH"
    denied = replace(refusal.denied, target=f"http://self ({remedy})")
    return replace(refusal, denied=denied, hint=f"{refusal.hint}\n{remedy}")


def lookup(name: str) -> Refusal:
    """The denial of a name lookup."""
    host = name if re.fullmatch(r"[\w.-]{1,253}", name) else "*"
    return _any("name lookup", f"the address of {host}", f"tcp://{host}:*")


def _socket(op: str, args: str) -> Refusal:
    words = args.split(" ")
    if op == "socket.resolve":
        return lookup(args)
    if op == "socket.connect" and len(words) > 2 and words[2].isdigit():
        return destination("tcp", f"[{words[1]}]" if ":" in words[1] else words[1], int(words[2]))
    return _any("outbound UDP", "a UDP socket", "udp://*:*")


def _any(capability: str, target: str, grant: str) -> Refusal:
    denied = Denied(capability, target, f"--allow {grant}", f'allowed_outbound_hosts = ["{grant}"]')
    hint = (
        f"A component tried to use {target} but it does not have permission.\n"
        f"To allow this request, add 'allowed_outbound_hosts = [\"{grant}\"]' to the manifest component section."
    )
    return Refusal("access-denied", f"{target}: not permitted", denied, hint)


# Family -> (capability, option, line of the manifest, error).
_LABELLED = {
    "key-value": ("key-value store", "--kv {0}", 'key_value_stores = ["{0}"]', "access-denied"),
    "sqlite": ("SQLite database", "--sqlite {0}", 'sqlite_databases = ["{0}"]', "access-denied"),
    "llm": ("AI model", "--ai-model {0}", 'ai_models = ["{0}"]', "invalid-input"),
    "variables": ("variable", "--var {0}", 'variables = {{ {0} = "{{{{ {0} }}}}" }}', "undefined"),
    "config": ("variable", "--var {0}", 'variables = {{ {0} = "{{{{ {0} }}}}" }}', "undefined"),
}


_NO_MODEL = (
    "The component does not have access to use '{0}'. To give the component access, add '{0}' to the 'ai_models' key "
    "for the component in your spin.toml manifest"
)


def _labelled(family: str, label: str) -> Refusal:
    capability, option, manifest, error = _LABELLED[family]
    label = label.encode("unicode_escape").decode().replace('"', '\\"')  # chosen by the guest, shown inside quotes
    denied = Denied(capability, label, option.format(label), manifest.format(label))
    hint = (
        f"A component tried to use the {capability} {label!r} but it does not have permission.\n"
        f"To allow this, add '{denied.manifest}' to the manifest component section."
    )
    message = _NO_MODEL.format(label) if family == "llm" else f"{capability} {label!r} is not granted"
    return Refusal(error, message, denied, hint)
