"""Components that are fetched by URL: checked against their digest, and kept in the user's cache under it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from spinlab.errors import ManifestError
from spinlab.images import cache_dir
from spinlab.languages import Progress, silent
from spinlab.toolchains import cache

LARGEST = 256 << 20
"""Bytes of a component that is fetched at all; a large one has a tenth of it."""

ROOM = 1 << 30
"""Bytes that all kept components have together; those that were not used for longest go first."""

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PIECE = 1 << 16
_SECONDS = 30.0


def fetched(url: str, digest: str, progress: Progress = silent, *, folder: Path | None = None) -> bytes:
    """The bytes of a URL, from the cache when they were fetched before.

    Parameters:
        url: ``http`` or ``https``.
        digest: ``sha256:`` and 64 hex digits; nothing else is taken.
        progress: Told how far the download is.
        folder: Where to keep it; ``components`` in the user's cache when left out.

    Raises:
        ManifestError: It can't be fetched, is too large, or is something else than the digest says.
    """
    check_digest(digest)
    place = (folder or cache_dir() / "components") / f"{digest.removeprefix('sha256:')}.wasm"
    known = cache.kept(place)
    if known is not None and _digest(known) == digest:
        return known
    data = _download(url, progress)
    if _digest(data) != digest:
        raise ManifestError(
            f'Error fetching source URL "{url}": invalid content digest; expected {digest}, downloaded {_digest(data)}',
            hint="what is there now is not what the manifest was written for; look at it before you change the digest",
        )
    cache.keep(place, data, ROOM)
    return data


def check_digest(digest: str) -> None:
    """Let a digest pass that Spin would take.

    Raises:
        ManifestError: It is none.
    """
    if not digest.startswith("sha256:"):
        raise ManifestError(f"invalid `digest` \"{digest}\"; must start with 'sha256:'", hint="write sha256:HEX")
    if not _DIGEST.fullmatch(digest):
        raise ManifestError(f"invalid `digest` {digest!r}", hint="sha256: is followed by 64 digits of 0-9 and a-f")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _download(url: str, progress: Progress) -> bytes:
    import httpx  # heavy, and rarely needed

    if not url.lower().startswith(("http://", "https://")):
        raise ManifestError(f'Error fetching source URL "{url}": not http or https', hint="give a URL of the web")
    data = bytearray()
    try:
        with httpx.stream("GET", url, follow_redirects=True, timeout=_SECONDS) as answer:
            answer.raise_for_status()
            declared = int(answer.headers.get("content-length") or 0)
            for piece in answer.iter_bytes(_PIECE):
                data += piece
                if len(data) > LARGEST:
                    raise ManifestError(
                        f'Error fetching source URL "{url}": more than {LARGEST >> 20} MiB', hint="is it a component?"
                    )
                progress(f"fetching {url}", len(data) / declared if declared else None)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise ManifestError(
            f'Error fetching source URL "{url}": {error}', hint="is the address right, and the network there?"
        ) from error
    return bytes(data)
