"""The certificates that the platform trusts, as one file, for libraries that take nothing else."""

from __future__ import annotations

import atexit
import os
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import certifi


@cache
def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="spinlab-roots-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _platform() -> str:
    return "\n".join(_certificates())


def _certificates() -> Iterator[str]:
    context = ssl.create_default_context()
    found = context.get_ca_certs(binary_form=True)
    paths = ssl.get_default_verify_paths()
    if found:
        yield from (ssl.DER_cert_to_PEM_cert(der) for der in found)
    elif paths.capath and os.path.isdir(paths.capath):  # read by the library one by one, when they are needed
        for file in sorted(Path(paths.capath).glob("*.0")):
            yield file.read_text("ascii", errors="ignore")
    else:
        yield Path(certifi.where()).read_text("ascii", errors="ignore")


@contextmanager
def file(more: str | None = None) -> Iterator[Path]:
    """A file with the platform's root certificates, and with another one in PEM form if there is `more`; it may be
    gone afterwards."""
    if not more:
        yield _platforms_file()
        return
    descriptor, name = tempfile.mkstemp(suffix=".pem", dir=_folder())
    try:
        with open(descriptor, "w", encoding="utf-8") as out:
            out.write(_platform() + "\n" + more)
        yield Path(name)
    finally:
        os.unlink(name)


@cache
def _platforms_file() -> Path:
    path = _folder() / "platform.pem"
    path.write_text(_platform(), encoding="utf-8")
    return path


def check(pem: str) -> None:
    """See whether a text holds certificates.

    Raises:
        ValueError: It holds none.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("invalid root certificate") from error
