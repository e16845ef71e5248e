"""Random numbers that can be had again: a stream from a seed, one while the code is loaded and one after."""

from __future__ import annotations

import hashlib

_BLOCK = 1024


class Numbers:
    """Random bytes from a seed; as unpredictable as the seed is.

    Parameters:
        seed: What they come from.
        purpose: Tells streams of one seed apart.
    """

    def __init__(self, seed: bytes, purpose: str) -> None:
        self._key = seed + purpose.encode()
        self._blocks = 0
        self._left = b""

    def take(self, count: int) -> bytes:
        """The next bytes."""
        parts = [self._left]
        have = len(self._left)
        while have < count:
            parts.append(hashlib.shake_256(self._key + self._blocks.to_bytes(8, "little")).digest(_BLOCK))
            self._blocks += 1
            have += _BLOCK
        whole = b"".join(parts)
        self._left = whole[count:]
        return whole[:count]
