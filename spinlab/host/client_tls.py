"""``[[client_tls]]`` of ``runtime-config.toml``: what components show and trust, with the files looked at once."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.host.runtime_config import ClientTls
from spinlab.manifest.ids import debug, problem
from spinlab.manifest.reader import Reader

_FIELDS = (
    "component_ids",
    "hosts",
    "ca_use_platform_roots",
    "ca_use_webpki_roots",
    "ca_roots_file",
    "client_cert_file",
    "client_private_key_file",
)
_HOST = re.compile(r"[^\s/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\]")


def read(reader: Reader, folder: Path) -> ClientTls:
    """One of the tables.

    Parameters:
        reader: The table.
        folder: What its paths are relative to.

    Raises:
        ManifestError: Spin would refuse it, or a file is not what it should be.
    """
    reader.only(_FIELDS)
    for key in ("component_ids", "hosts"):
        reader.need(key)
        if not reader.items(key):
            raise reader.wrong(f"'{key}' list may not be empty", key)
    ids, hosts = reader.strings("component_ids"), reader.strings("hosts")
    _check_names(reader, ids, hosts)
    roots, certificate, key_file = (_path(reader, key, folder) for key in _FIELDS[4:])
    platform, webpki = reader.flag("ca_use_platform_roots"), reader.flag("ca_use_webpki_roots")
    if platform is None:
        platform = webpki is None and roots is None
    _check_files(reader, roots, certificate, key_file)
    return ClientTls(ids, hosts, platform, bool(webpki), roots, certificate, key_file)


def _path(reader: Reader, key: str, folder: Path) -> Path | None:
    found = reader.optional(key)
    return None if found is None else folder / found


def _check_names(reader: Reader, ids: tuple[str, ...], hosts: tuple[str, ...]) -> None:
    for name in ids:
        found = problem(name)
        if found:
            raise reader.wrong(found, "component_ids")
    for host in hosts:
        if _HOST.fullmatch(host):
            continue
        name, _, port = host.rpartition(":")
        if port.isdigit() and _HOST.fullmatch(name):
            raise reader.wrong(f"invalid TLS 'host' {debug(host)}; ports not currently supported", "hosts")
        raise reader.wrong(f"invalid TLS 'host' {debug(host)}", "hosts")


def _check_files(reader: Reader, roots: Path | None, certificate: Path | None, key: Path | None) -> None:
    if roots is not None:
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(roots)
        except (OSError, ValueError):
            raise _unreadable(reader, "ca_roots_file", roots) from None
    if certificate is None and key is None:
        return
    if key is None:
        raise reader.wrong("client_cert_file specified without client_private_key_file", "client_cert_file")
    if certificate is None:
        raise reader.wrong("client_private_key_file specified without client_cert_file", "client_private_key_file")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):
        raise _unreadable(reader, "client_cert_file", certificate) from None


def _unreadable(reader: Reader, key: str, path: Path) -> ManifestError:
    return reader.wrong(f"failed to load certificate(s) from '{path}'", key, hint="a file in PEM form is needed")
