"""Bodies of responses for a front end: the beginning at once, the whole kept for a while so that it can be saved."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from typing import Final

from spinlab.errors import OptionError
from spinlab.http import Response
from spinlab.secrets import mask

SHOWN: Final = 64 * 1024
"""Bytes of a body that go with the answer."""
CHUNK: Final = 512 * 1024
"""Bytes of a body that go at once when it is saved."""
KEPT: Final = 32
"""Bodies of one front end that are kept, the latest ones."""
KEPT_BYTES: Final = 64 << 20
"""Bytes of all of them but the latest, which is kept however long it is."""

_LONGEST_SECRET: Final = 16 * 1024
_NO_TEXT: Final = ("image/", "audio/", "video/", "font/")


def hidden(body: bytes, content_type: str = "") -> bytes:
    """The bytes with the secrets in them hidden; of pictures, sounds and fonts, which would break, as they are."""
    if content_type.startswith(_NO_TEXT) and "xml" not in content_type:
        return body
    text = body.decode("utf-8", "surrogateescape")
    found = mask(text)
    return body if found is text or found == text else found.encode("utf-8", "surrogateescape")


def beginning(answer: Response) -> bytes:
    """The first bytes of a body, without secrets."""
    part = answer.body[: 2 * SHOWN]
    shown = hidden(part, answer.content_type)
    if len(part) < len(answer.body):
        shown = shown[:-_LONGEST_SECRET]  # what may be the beginning of a secret that was cut
    return shown[:SHOWN]


@dataclass
class Kept:
    """A body that can be saved.

    Attributes:
        data: The bytes; without secrets from the first time that they are asked for.
        content_type: Its media type.
    """

    data: bytes
    content_type: str
    masked: bool = False


class Bodies:
    """The last bodies of one front end, bounded. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._kept: dict[int, Kept] = {}

    def keep(self, answer: Response) -> int:
        """Keep the body of a response; its number."""
        with self._lock:
            number = next(self._numbers)
            self._kept[number] = Kept(answer.body, answer.content_type)
            while len(self._kept) > 1 and (len(self._kept) > KEPT or self._bytes_but_last() > KEPT_BYTES):
                del self._kept[next(iter(self._kept))]
            return number

    def of(self, number: int) -> bytes:
        """A body, whole and without secrets.

        Raises:
            OptionError: It is kept no more.
        """
        with self._lock:
            found = self._kept.get(number)
        if found is None:
            raise OptionError("this body is kept no more", hint="send the request again, then save it")
        if not found.masked:
            found.data, found.masked = hidden(found.data, found.content_type), True
        return found.data

    def _bytes_but_last(self) -> int:
        return sum(len(one.data) for one in list(self._kept.values())[:-1])
