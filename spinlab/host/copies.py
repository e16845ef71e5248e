"""A private copy of mounted files that a guest may change: in memory, of bounded size, until its function goes.

Requests share it, as they share Spin's temporary directory (``--allow-transient-write``); nothing of it ever reaches
the user's disk.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from spinlab.host.files import Files, N
from spinlab.host.nodes import PATH, File, Folder, Link, Node, Place, Refused, walk

ROOM = 128 << 20
"""Bytes that a guest may add."""

MOST = 20_000
"""Nodes that it may add, and files that one request may hold that have no name any more."""


class Copy(Files):
    """A tree of files that may be changed.

    Parameters:
        contents: Path in the sandbox -> bytes, as it begins.
        room: Bytes that may be added.
        most: Nodes that may be added.

    Raises:
        ValueError: As for `Files`.
    """

    writable = True

    def __init__(self, contents: Mapping[str, bytes] | None = None, *, room: int = ROOM, most: int = MOST) -> None:
        self._most: int | None = None
        self._held: WeakKeyDictionary[object, dict[int, Node]] = WeakKeyDictionary()
        super().__init__(contents)
        self._used = sum(len(data) for data in (contents or {}).values())
        self._room = self._used + room
        self._most = len(self._nodes) + most

    def write(self, number: int, offset: int | None, data: bytes) -> int:
        """Write at `offset`, or behind the end when it is None; answers how many bytes.

        Raises:
            Refused: It is not a file, or there is no room.
        """
        file = self._file(number)
        if not data:
            return 0
        with self._lock:
            at = file.size if offset is None else offset
            self._grow(max(0, at + len(data) - file.size))
            content = _changeable(file)
            content.extend(bytes(max(0, at - len(content))))
            content[at : at + len(data)] = data
            _touched(file)
        return len(data)

    def resize(self, number: int, size: int) -> None:
        """Cut a file, or fill it up with zeros.

        Raises:
            Refused: It is not a file, or there is no room.
        """
        file = self._file(number)
        with self._lock:
            self._grow(size - file.size)
            content = _changeable(file)
            del content[size:]
            content.extend(bytes(size - len(content)))
            _touched(file)

    def set_times(self, node: Node, accessed: int | None, modified: int | None) -> None:
        """Set the times that are given, in nanoseconds since the epoch."""
        with self._lock:
            node.accessed = node.accessed if accessed is None else accessed
            node.modified = node.modified if modified is None else modified
            node.changed = time.time_ns()

    def make_folder(self, base: int, path: str) -> None:
        """Make a folder.

        Raises:
            Refused: Something is there, or its folder is not.
        """
        with self._lock:
            folder, name = self._vacant(base, path, folders=True)
            self._put(folder, name, self._new(Folder(next(self._numbers))))

    def link(self, base: int, path: str, to: int, name: str) -> None:
        """Give a file a second name.

        Raises:
            Refused: It is a folder, or something has that name.
        """
        with self._lock:
            _, _, node = self._named(base, path)
            if isinstance(node, Folder):
                raise Refused("not-permitted")
            folder, last = self._vacant(to, name)
            self._put(folder, last, node)

    def symlink(self, base: int, target: str, path: str) -> None:
        """Make a symbolic link, which may lead to nothing, but never out.

        Raises:
            Refused: Something is there, or the target is no relative path.
        """
        if not target or "\0" in target or len(target.encode("utf-8", "replace")) > PATH:
            raise Refused("invalid")
        if target.startswith("/"):
            raise Refused("not-permitted")
        with self._lock:
            folder, name = self._vacant(base, path)
            self._put(folder, name, self._new(Link(next(self._numbers), target)))

    def unlink(self, base: int, path: str) -> None:
        """Take the name of a file or a link away.

        Raises:
            Refused: It is a folder, or nothing.
        """
        with self._lock:
            folder, name, node = self._named(base, path, nameless="is-directory")
            if isinstance(node, Folder):
                raise Refused("is-directory")
            self._take(folder, name)

    def remove_folder(self, base: int, path: str) -> None:
        """Remove an empty folder.

        Raises:
            Refused: It is no folder, or not empty.
        """
        with self._lock:
            folder, name, node = self._named(base, path, nameless="invalid")
            if not isinstance(node, Folder):
                raise Refused("not-directory")
            if node.entries:
                raise Refused("not-empty")
            self._take(folder, name)

    def rename(self, base: int, path: str, to: int, name: str) -> None:
        """Move something, in place of what has that name.

        Raises:
            Refused: A folder would be in itself, or in place of something that it can't replace.
        """
        with self._lock:
            folder, old, node = self._named(base, path)
            place = walk(self.node(to), name, follow=False)
            if place.folder is None:
                raise Refused("busy")
            if place.only_folder and not isinstance(node, Folder):
                raise Refused("not-directory")
            if node is place.node:
                return
            if _holds(node, place.folder):
                raise Refused("invalid")
            _check_replaced(node, place.node)
            _check_there(place.folder)
            if place.node is not None:
                self._take(place.folder, place.name)
            self._put(place.folder, place.name, node)
            self._take(folder, old)

    def let_go(self, holder: object) -> None:
        """A request is over: what it opened stays only under a name."""
        with self._lock:
            self._held.pop(holder, None)

    # Inside.

    def _opened(self, place: Place, wanted: frozenset[str]) -> Node:
        node = super()._opened(place, wanted)
        if "t" in wanted and isinstance(node, File):
            self.resize(node.number, 0)
        return node

    def _made(self, place: Place, wanted: frozenset[str]) -> Node:
        if "c" not in wanted:
            raise Refused("no-entry")
        if place.only_folder or place.folder is None:
            raise Refused("is-directory")
        _check_there(place.folder)
        return self._put(place.folder, place.name, self._new(File(next(self._numbers))))

    def _hold(self, node: Node, holder: object) -> None:
        """What a request opened stays as long as the request, even when its name is gone."""
        if holder is not None:
            self._held.setdefault(holder, {})[node.number] = node

    def _named(self, base: int, path: str, *, nameless: str = "busy") -> tuple[Folder, str, Node]:
        """What has a name; `nameless` is the error for a path such as ``.``."""
        place = walk(self.node(base), path, follow=False)
        if place.node is None:
            raise Refused("no-entry")
        if place.folder is None:
            raise Refused(nameless)
        if place.only_folder and not isinstance(place.node, Folder):
            raise Refused("not-directory")
        return place.folder, place.name, place.node

    def _vacant(self, base: int, path: str, *, folders: bool = False) -> tuple[Folder, str]:
        place = walk(self.node(base), path, follow=False)
        if place.node is not None or place.folder is None:
            raise Refused("exist")
        if place.only_folder and not folders:
            raise Refused("no-entry")
        _check_there(place.folder)
        return place.folder, place.name

    def _new(self, node: N) -> N:
        if self._most is not None and len(self._nodes) >= self._most:
            raise Refused("insufficient-space")
        return super()._new(node)

    def _put(self, folder: Folder, name: str, node: N) -> N:
        _touched(folder)
        return super()._put(folder, name, node)

    def _take(self, folder: Folder, name: str) -> None:
        folder.entries.pop(name).links -= 1
        _touched(folder)

    def _grow(self, count: int) -> None:
        """Find room for more bytes, or give some back."""
        if count > 0 and self._used + count > self._room:
            # What lost its name and its last request is not counted off before it matters.
            self._used = sum(node.size for node in list(self._nodes.values()) if isinstance(node, File))
            if self._used + count > self._room:
                raise Refused("insufficient-space")
        self._used += count


def _changeable(file: File) -> bytearray:
    """A file's content; what it began with belongs to others as well."""
    if isinstance(file.content, bytes):
        file.content = bytearray(file.content)
    return file.content


def _touched(node: Node) -> None:
    node.modified = node.changed = time.time_ns()


def _check_there(folder: Folder) -> None:
    """Nothing is put into a folder that was removed and is still open."""
    if folder.links == 0:
        raise Refused("no-entry")


def _check_replaced(node: Node, old: Node | None) -> None:
    if old is None:
        return
    if isinstance(old, Folder) != isinstance(node, Folder):
        raise Refused("is-directory" if isinstance(old, Folder) else "not-directory")
    if isinstance(old, Folder) and old.entries:
        raise Refused("not-empty")


def _holds(node: Node, folder: Folder) -> bool:
    """Whether a folder is, or is somewhere below, a node."""
    below = [node]
    while below:
        one = below.pop()
        if one is folder:
            return True
        if isinstance(one, Folder):
            below.extend(one.entries.values())
    return False
