"""Files mounted into a sandbox: a tree in memory, read-only. Nothing outside it can be named.

Nodes have numbers: a descriptor of the guest is the number of what it opened. `spinlab.host.copies` has the tree that
a guest may change.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import TypeVar
from weakref import WeakValueDictionary

from spinlab.host.nodes import File, Folder, Link, Node, Place, Refused, walk

CHUNK = 1 << 20
"""Bytes that one read gives at most; the guest asks again for the rest."""

CHANGES = frozenset("wct")
"""Among the letters of `Files.open`: those that are for changing something."""

N = TypeVar("N", bound=Node)


class Files:
    """A tree of files; folders are those that the paths imply.

    Parameters:
        contents: Path in the sandbox -> bytes. A path is absolute or taken from the root.

    Raises:
        ValueError: A path is empty, leaves the root, or is both a file and a folder.
    """

    writable = False

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self._lock = threading.RLock()
        self._numbers = itertools.count(1)
        self._nodes: WeakValueDictionary[int, Node] = WeakValueDictionary()
        self.root = self._new(Folder(next(self._numbers)))
        self.root.links = 1
        self._mounted = bool(contents)
        for path, data in (contents or {}).items():
            self._mount(path, data)

    def _mount(self, path: str, data: bytes) -> None:
        names = [name for name in path.split("/") if name not in ("", ".")]
        if not names or ".." in names:
            raise ValueError(f"{path!r} does not name a file in the sandbox")
        folder = self.root
        for name in names[:-1]:
            found = folder.entries.get(name)
            if found is None:
                found = self._put(folder, name, self._new(Folder(next(self._numbers))))
            if not isinstance(found, Folder):
                raise ValueError(f"{path!r} needs {name!r} to be both a file and a folder")
            folder = found
        if names[-1] in folder.entries:
            raise ValueError(f"{path!r} is both a file and a folder, or there twice")
        self._put(folder, names[-1], self._new(File(next(self._numbers), bytes(data))))

    def __bool__(self) -> bool:
        return self._mounted

    def node(self, number: int) -> Node:
        """The node with that number.

        Raises:
            Refused: It is gone.
        """
        found = self._nodes.get(number)
        if found is None:
            raise Refused("bad-descriptor")
        return found

    def find(self, base: int, path: str, *, follow: bool = True) -> Node:
        """What a path leads to from a folder.

        Raises:
            Refused: Nothing, or it leads out of that folder.
        """
        with self._lock:
            place = walk(self.node(base), path, follow=follow)
        if place.node is None:
            raise Refused("no-entry")
        if place.only_folder and not isinstance(place.node, Folder):
            raise Refused("not-directory")
        return place.node

    def entries(self, number: int) -> list[tuple[str, str]]:
        """``(kind, name)`` of what is in a folder, by name; the kind is ``d``, ``f`` or ``l``.

        Raises:
            Refused: It is not a folder.
        """
        folder = self.node(number)
        if not isinstance(folder, Folder):
            raise Refused("not-directory")
        with self._lock:
            return [(node.kind, name) for name, node in sorted(folder.entries.items())]

    def read(self, number: int, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end.

        Raises:
            Refused: It is not a file.
        """
        file = self._file(number)
        with self._lock:
            return bytes(file.content[offset : offset + min(length, CHUNK)])

    def target(self, base: int, path: str) -> str:
        """Where a symbolic link leads.

        Raises:
            Refused: It is no link.
        """
        node = self.find(base, path, follow=False)
        if not isinstance(node, Link):
            raise Refused("invalid")
        return node.target

    def open(self, base: int, path: str, letters: str, holder: object = None) -> Node:
        """Open or make a file, or open a folder.

        Parameters:
            base, path: Where, from which folder.
            letters: ``f`` follows a link at the end; ``c`` makes it, ``x`` only if nothing is there, ``t`` empties it,
                ``d`` opens a folder only; ``w`` is for writing, ``s`` asks for synchronous writes.
            holder: The request that opens it.

        Raises:
            Refused: It can't be.
        """
        wanted = frozenset(letters)
        if "s" in wanted:
            raise Refused("unsupported")
        if "d" in wanted and wanted & set("cxt"):
            raise Refused("invalid")
        if wanted & CHANGES and not self.writable:
            # Not read-only: that is what wasmtime answers in a directory that may only be read.
            raise Refused("not-permitted")
        with self._lock:
            node = self._opened(walk(self.node(base), path, follow="f" in wanted), wanted)
            self._hold(node, holder)
        return node

    def let_go(self, holder: object) -> None:
        """A request is over."""

    def _opened(self, place: Place, wanted: frozenset[str]) -> Node:
        node = place.node
        if node is None:
            return self._made(place, wanted)
        if wanted >= {"c", "x"}:
            raise Refused("exist")
        if isinstance(node, Link):
            raise Refused("loop")
        if isinstance(node, Folder):
            if wanted & CHANGES:
                raise Refused("is-directory")
        elif place.only_folder or "d" in wanted:
            raise Refused("not-directory")
        return node

    def _made(self, place: Place, wanted: frozenset[str]) -> Node:
        raise Refused("no-entry")

    def _hold(self, node: Node, holder: object) -> None:
        """Keep what a request opened; what can't be changed is there anyway."""

    def _file(self, number: int) -> File:
        node = self.node(number)
        if isinstance(node, File):
            return node
        raise Refused("is-directory")

    def _new(self, node: N) -> N:
        self._nodes[node.number] = node
        return node

    def _put(self, folder: Folder, name: str, node: N) -> N:
        folder.entries[name] = node
        node.links += 1
        return node
