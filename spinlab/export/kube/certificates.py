"""A certificate and its key as a Secret of type ``kubernetes.io/tls``, after a look at whether they can serve."""

from __future__ import annotations

import ssl
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spinlab.errors import ExportError
from spinlab.export.kube.resources import Resource, metadata


def secret(name: str, namespace: str, certificate: Path, key: Path, hosts: Sequence[str]) -> Resource:
    """The Secret that a domain's TLS is served with.

    Parameters:
        name, namespace: Of the Secret.
        certificate: Chain in PEM, the host's own first.
        key: Its key in PEM.
        hosts: Those that it has to be for.

    Raises:
        ExportError: They don't belong together, are of the past or future, or are for other hosts.
    """
    chain, private = _read(certificate), _read(key)
    _check_pair(certificate, key)
    _check_content(certificate, hosts)
    contents = {"tls.crt": b64encode(chain).decode(), "tls.key": b64encode(private).decode()}
    about = metadata(name, namespace)
    return {"apiVersion": "v1", "kind": "Secret", "metadata": about, "type": "kubernetes.io/tls", "data": contents}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ExportError(
            f"{path} can't be read: {error.strerror}", hint="--tls-cert and --tls-key name files in PEM"
        ) from error


def _check_pair(certificate: Path, key: Path) -> None:
    def locked() -> str:
        raise ExportError(f"{key} is locked with a password", hint="a cluster needs it open: openssl pkey -in ... ")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=locked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise ExportError(
                f"{key} is not the key of {certificate}",
                hint="the host's own certificate stands first in the chain, those above it follow",
            ) from None
        raise ExportError(
            f"{certificate} and {key} can't be read as a certificate and its key in PEM", hint="are they the right way?"
        ) from None


def _check_content(certificate: Path, hosts: Sequence[str]) -> None:
    said = _decoded(certificate)
    if not said:
        return
    now = time.time()
    if ssl.cert_time_to_seconds(said["notAfter"]) < now:
        raise ExportError(f"{certificate} has expired: {said['notAfter']}", hint="renew it, then scaffold again")
    if ssl.cert_time_to_seconds(said["notBefore"]) > now:
        raise ExportError(f"{certificate} is not valid yet: {said['notBefore']}", hint="is this machine's clock right?")
    alternatives = [value for kind, value in said.get("subjectAltName", ()) if kind == "DNS"]
    for host in hosts:
        if not any(_covers(name.lower(), host) for name in alternatives):
            there = ", ".join(alternatives) or "no host"
            raise ExportError(f"{certificate} is not for {host}", hint=f"it is for {there}")


def _decoded(certificate: Path) -> Mapping[str, Any]:
    """What the first certificate of a file says; nothing where this Python can't tell."""
    decode = getattr(getattr(ssl, "_ssl", None), "_test_decode_cert", None)
    try:
        return dict(decode(str(certificate))) if decode is not None else {}
    except (ssl.SSLError, OSError):
        return {}


def _covers(name: str, host: str) -> bool:
    if name == host:
        return True
    return name.startswith("*.") and not host.startswith("*.") and host.partition(".")[2] == name[2:]
