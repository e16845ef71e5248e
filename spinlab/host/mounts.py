"""The ``fs-*`` operations: a guest's look at its mounted files, with the error names of ``wasi:filesystem``.

Arguments are lines: numbers and letters first, the path last, since a name may hold any character but a slash and NUL.
A second path (of ``fs-rename``, ``fs-link`` and ``fs-symlink``) crosses as data.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from spinlab.host.copies import Copy
from spinlab.host.effect import Caller, Result
from spinlab.host.files import Files
from spinlab.host.nodes import Node, Refused

MANIFEST = ("files", "exclude_files")
RUNTIME: tuple[str, ...] = ()
IMPORTS = ("wasi:filesystem/",)

BIGGEST = 1 << 63
"""Offsets and sizes are below it, as everywhere."""


def serve(op: str, args: str, data: bytes, call: Caller) -> Result:
    """Answer an operation. It never waits: everything is in memory."""
    try:
        return _answer(op, args, data, call)
    except Refused as error:
        return Result.error(error.code)
    except ValueError:
        return Result.error("invalid")


def _answer(op: str, args: str, data: bytes, call: Caller) -> Result:
    files = call.files
    if op == "fs-open":
        base, letters, path = args.split("\n", 2)
        return Result(head=_opened(files, files.open(int(base), path, letters, call)))
    look = _LOOKS.get(op)
    if look is not None:
        return look(files, args)
    change = _CHANGES.get(op)
    if change is None:
        return Result.error("unsupported")
    if not isinstance(files, Copy):
        return Result.error("not-permitted")
    return Result(head=str(change(files, args, data) or ""))


def _opened(files: Files, node: Node) -> str:
    return f"{node.kind} {node.number} {node.size} {'w' if files.writable else 'r'}"


def _preopens(files: Files, _args: str) -> Result:
    return Result(head=f"{_opened(files, files.root)} /" if files else "")


def _stat(files: Files, args: str) -> Result:
    node = files.node(int(args))
    return Result(head=_facts(node))


def _stat_at(files: Files, args: str) -> Result:
    base, letters, path = args.split("\n", 2)
    return Result(head=_facts(files.find(int(base), path, follow="f" in letters)))


def _facts(node: Node) -> str:
    times = f"{node.accessed} {node.modified} {node.changed}"
    return f"{node.kind} {node.number} {node.links} {node.size} {times}"


def _list(files: Files, args: str) -> Result:
    return Result(head="\0".join(f"{kind} {name}" for kind, name in files.entries(int(args))))


def _read(files: Files, args: str) -> Result:
    number, offset, length = map(int, args.split("\n"))
    return Result(data=files.read(number, offset, length))


def _readlink(files: Files, args: str) -> Result:
    base, path = args.split("\n", 1)
    return Result(head=files.target(int(base), path))


_LOOKS: Mapping[str, Callable[[Files, str], Result]] = {
    "fs-preopens": _preopens,
    "fs-stat": _stat,
    "fs-stat-at": _stat_at,
    "fs-list": _list,
    "fs-read": _read,
    "fs-readlink": _readlink,
}


def _write(files: Copy, args: str, data: bytes) -> int:
    number, offset = args.split("\n")
    at = None if offset == "end" else int(offset)
    if at is not None and at + len(data) >= BIGGEST:
        raise Refused("file-too-large")
    return files.write(int(number), at, data)


def _resize(files: Copy, args: str, _data: bytes) -> None:
    number, size = map(int, args.split("\n"))
    if size >= BIGGEST:
        raise Refused("file-too-large")
    files.resize(number, size)


def _times(files: Copy, args: str, _data: bytes) -> None:
    number, accessed, modified = args.split("\n")
    files.set_times(files.node(int(number)), _time(accessed), _time(modified))


def _times_at(files: Copy, args: str, _data: bytes) -> None:
    base, letters, accessed, modified, path = args.split("\n", 4)
    node = files.find(int(base), path, follow="f" in letters)
    files.set_times(node, _time(accessed), _time(modified))


def _time(text: str) -> int | None:
    if text == "now":
        return time.time_ns()
    return None if text == "-" else int(text)


def _make_folder(files: Copy, args: str, _data: bytes) -> None:
    base, path = args.split("\n", 1)
    files.make_folder(int(base), path)


def _remove_folder(files: Copy, args: str, _data: bytes) -> None:
    base, path = args.split("\n", 1)
    files.remove_folder(int(base), path)


def _unlink(files: Copy, args: str, _data: bytes) -> None:
    base, path = args.split("\n", 1)
    files.unlink(int(base), path)


def _symlink(files: Copy, args: str, data: bytes) -> None:
    base, path = args.split("\n", 1)
    files.symlink(int(base), data.decode(), path)


def _link(files: Copy, args: str, data: bytes) -> None:
    base, letters, to, path = args.split("\n", 3)
    if "f" in letters:
        raise Refused("invalid")
    files.link(int(base), path, int(to), data.decode())


def _rename(files: Copy, args: str, data: bytes) -> None:
    base, to, path = args.split("\n", 2)
    files.rename(int(base), path, int(to), data.decode())


_CHANGES: Mapping[str, Callable[[Copy, str, bytes], int | None]] = {
    "fs-write": _write,
    "fs-resize": _resize,
    "fs-times": _times,
    "fs-times-at": _times_at,
    "fs-mkdir": _make_folder,
    "fs-rmdir": _remove_folder,
    "fs-unlink": _unlink,
    "fs-symlink": _symlink,
    "fs-link": _link,
    "fs-rename": _rename,
}
