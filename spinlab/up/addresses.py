"""The address that ``--listen`` names (Spin 4: ``crates/trigger-http``, ``parse_listen_addr``)."""

from __future__ import annotations

import ipaddress
import socket

from spinlab.errors import OptionError


def parse(text: str) -> tuple[str, int]:
    """IP address and port of an address; of a name 127.0.0.1 when that is one of its addresses, else the first.

    Raises:
        OptionError: It is none.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535 or not host:
        raise OptionError(f"{text!r} is not an address", hint="an address is written 127.0.0.1:3000")
    host = host.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(host)), int(port)
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise OptionError(f"{host!r} has no address: {error}", hint="write an IP address") from error
    addresses = [str(entry[4][0]) for entry in found]
    return ("127.0.0.1" if "127.0.0.1" in addresses else addresses[0]), int(port)


def is_public(host: str) -> bool:
    """Whether other machines may reach it."""
    return not ipaddress.ip_address(host).is_loopback
