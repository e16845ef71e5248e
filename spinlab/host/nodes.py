"""The nodes of a tree of files in memory, and how a path leads from one to another without leaving a folder."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

NAME = 255
"""Bytes of one name at most, and"""

PATH = 4096
"""of a path."""

HOPS = 40
"""Symbolic links that one path follows at most, as Linux."""


class Refused(Exception):
    """An operation on files failed.

    Attributes:
        code: Its ``error-code`` of ``wasi:filesystem``.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Node:
    """Something that a folder may hold.

    Attributes:
        number: Names it as long as it is there; never used again.
        links: How many folders hold it.
        accessed, modified, changed: Nanoseconds since the epoch.
    """

    __slots__ = ("__weakref__", "accessed", "changed", "links", "modified", "number")

    kind = ""

    def __init__(self, number: int) -> None:
        self.number = number
        self.links = 0
        self.accessed = self.modified = self.changed = time.time_ns()

    @property
    def size(self) -> int:
        """Bytes of its content."""
        return 0


class File(Node):
    """A regular file."""

    __slots__ = ("content",)

    kind = "f"

    def __init__(self, number: int, content: bytes = b"") -> None:
        super().__init__(number)
        self.content: bytes | bytearray = content

    @property
    def size(self) -> int:
        """Bytes of its content."""
        return len(self.content)


class Link(Node):
    """A symbolic link."""

    __slots__ = ("target",)

    kind = "l"

    def __init__(self, number: int, target: str) -> None:
        super().__init__(number)
        self.target = target

    @property
    def size(self) -> int:
        """Bytes of its target."""
        return len(self.target.encode())


class Folder(Node):
    """A directory."""

    __slots__ = ("entries",)

    kind: Literal["d"] = "d"

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.entries: dict[str, Node] = {}


@dataclass(frozen=True)
class Place:
    """Where a path leads.

    Attributes:
        folder: The folder that holds it, or would; None when the path has no name at its end, such as ``.``.
        name: Its name there.
        node: What is there; None for nothing.
        only_folder: The path ends in a slash or a dot, so that only a folder will do.
    """

    folder: Folder | None
    name: str
    node: Node | None
    only_folder: bool


def walk(base: Node, path: str, *, follow: bool) -> Place:
    """Where `path` leads from `base`, which it can't leave.

    Parameters:
        base: A folder.
        path: Relative to it.
        follow: Whether a symbolic link at the end is followed; those on the way always are.

    Raises:
        Refused: It leads nowhere: a folder on the way is not there, or it is not permitted.
    """
    if not isinstance(base, Folder):
        raise Refused("not-directory")
    left = deque(_names(path))
    trail, hops = [base], 0
    while left:
        name = left.popleft()
        if name in ("", ".", ".."):
            _up(trail, name)
            continue
        node = trail[-1].entries.get(name)
        if isinstance(node, Link) and (follow or left):
            hops += 1
            if hops > HOPS:
                raise Refused("loop")
            left.extendleft(reversed(_names(node.target)))
        elif all(more in ("", ".") for more in left):
            return Place(trail[-1], name, node, bool(left))
        else:
            trail.append(_entered(node))
    return Place(None, "", trail[-1], True)


def _up(trail: list[Folder], name: str) -> None:
    if name == "..":
        if len(trail) == 1:
            raise Refused("not-permitted")
        trail.pop()


def _entered(node: Node | None) -> Folder:
    if node is None:
        raise Refused("no-entry")
    if not isinstance(node, Folder):
        raise Refused("not-directory")
    return node


def _names(path: str) -> list[str]:
    if not path:
        raise Refused("no-entry")
    if "\0" in path:
        raise Refused("invalid")
    if path.startswith("/"):
        raise Refused("not-permitted")
    if len(path.encode("utf-8", "replace")) > PATH:
        raise Refused("name-too-long")
    names = path.split("/")
    if any(len(name.encode("utf-8", "replace")) > NAME for name in names):
        raise Refused("name-too-long")
    return names
