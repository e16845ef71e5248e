"""Host names as URLs have them (WHATWG URL, section "host parsing"), for comparing grants with destinations."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote_to_bytes

import idna

Host = str | ipaddress.IPv4Address | ipaddress.IPv6Address
"""A domain in lower case ASCII, or an address."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f#%/:<>?@\[\\\]^|]")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")


def parse(text: str) -> Host:
    """Read the host of a URL.

    Raises:
        ValueError: It is none; the text is that of Spin's URL library.
    """
    if text.startswith("["):
        if not text.endswith("]") or "%" in text:
            raise ValueError("invalid IPv6 address")
        try:
            return ipaddress.IPv6Address(text[1:-1])
        except ValueError:
            raise ValueError("invalid IPv6 address") from None
    domain = _to_ascii(unquote_to_bytes(text).decode("utf-8", "replace"))
    if not domain:
        raise ValueError("empty host")
    if _FORBIDDEN.search(domain):
        raise ValueError("invalid domain character")
    return _ipv4(domain) if _ends_in_number(domain) else domain


def show(host: Host) -> str:
    """A host as a URL has it."""
    return f"[{host}]" if isinstance(host, ipaddress.IPv6Address) else str(host)


def _to_ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("invalid international domain name") from None


def _labels(domain: str) -> list[str]:
    labels = domain.split(".")
    return labels[:-1] if labels[-1] == "" and len(labels) > 1 else labels


def _ends_in_number(domain: str) -> bool:
    last = _labels(domain)[-1]
    return last.isdigit() or bool(re.fullmatch(r"0[xX][0-9A-Fa-f]*", last))


def _ipv4(domain: str) -> ipaddress.IPv4Address:
    labels = _labels(domain)
    numbers = [_number(label) for label in labels]
    if len(numbers) > 4 or any(n > 255 for n in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        raise ValueError("invalid IPv4 address")
    value = numbers[-1]
    for index, number in enumerate(numbers[:-1]):
        value += number * 256 ** (3 - index)
    return ipaddress.IPv4Address(value)


def _number(label: str) -> int:
    if not _NUMBER.fullmatch(label):
        raise ValueError("invalid IPv4 address")
    try:
        if label[:2].lower() == "0x":
            return int(label[2:] or "0", 16)
        return int(label, 8) if len(label) > 1 and label.startswith("0") else int(label)
    except ValueError:
        raise ValueError("invalid IPv4 address") from None
