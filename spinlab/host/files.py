"""Files mounted into a sandbox: read-only, in memory, nothing outside them can be named."""

from __future__ import annotations

from collections.abc import Mapping

CHUNK = 1 << 20
"""Bytes that one read gives at most; the guest asks again for the rest."""


class Files:
    """A tree of files; directories are those that the paths imply.

    Parameters:
        contents: Path in the sandbox -> bytes. A path is absolute or taken from the root.

    Raises:
        ValueError: A path is empty, leaves the root, or is both a file and a directory.
    """

    def __init__(self, contents: Mapping[str, bytes] | None = None) -> None:
        self._files: dict[str, bytes] = {}
        self._folders: dict[str, dict[str, str]] = {"": {}}
        for path, data in (contents or {}).items():
            self._add(path, data)

    def _add(self, path: str, data: bytes) -> None:
        plain = resolve(path)
        if not plain:
            raise ValueError(f"{path!r} does not name a file in the sandbox")
        folder = ""
        *parents, name = plain.split("/")
        for parent in parents:
            self._enter(folder, parent, "d", path)
            folder = f"{folder}/{parent}" if folder else parent
            self._folders.setdefault(folder, {})
        self._enter(folder, name, "f", path)
        self._files[plain] = bytes(data)

    def _enter(self, folder: str, name: str, kind: str, path: str) -> None:
        if self._folders[folder].setdefault(name, kind) != kind:
            raise ValueError(f"{path!r} needs {name!r} to be both a file and a directory")

    def __bool__(self) -> bool:
        return bool(self._files)

    def size(self, path: str) -> int | None:
        """Bytes of the file, or None when it is a directory.

        Raises:
            FileNotFoundError: Nothing has that path.
            PermissionError: The path leaves the root.
        """
        plain = self._existing(path)
        return None if plain in self._folders else len(self._files[plain])

    def entries(self, path: str) -> list[tuple[str, str]]:
        """``(kind, name)`` of what is in a directory, by name; the kind is ``d`` or ``f``.

        Raises:
            NotADirectoryError: It is a file.
            FileNotFoundError, PermissionError: As for `size`.
        """
        plain = self._existing(path)
        if plain not in self._folders:
            raise NotADirectoryError(path)
        return [(kind, name) for name, kind in sorted(self._folders[plain].items())]

    def read(self, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; empty at the end.

        Raises:
            IsADirectoryError: It is a directory.
            FileNotFoundError, PermissionError: As for `size`.
        """
        plain = self._existing(path)
        if plain in self._folders:
            raise IsADirectoryError(path)
        return self._files[plain][offset : offset + min(length, CHUNK)]

    def _existing(self, path: str) -> str:
        plain = resolve(path)
        if plain is None:
            raise PermissionError(path)
        if plain in self._files or plain in self._folders:
            return plain
        raise _missing(self._files, plain, path)


def _missing(files: Mapping[str, bytes], plain: str, path: str) -> OSError:
    parts = plain.split("/")
    under_a_file = any("/".join(parts[:n]) in files for n in range(1, len(parts)))
    return NotADirectoryError(path) if under_a_file else FileNotFoundError(path)


def resolve(path: str) -> str | None:
    """The path from the root without dots and double slashes; None when it leaves the root."""
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
