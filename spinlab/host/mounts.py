"""The ``fs-*`` operations: a guest's look at its mounted files, with the error names of ``wasi:filesystem``."""

from __future__ import annotations

from spinlab.host.effect import Caller, Result
from spinlab.host.files import Files


def serve(op: str, args: str, _data: bytes, call: Caller) -> Result:
    """Answer ``fs-preopens``, ``fs-stat``, ``fs-list`` or ``fs-read``."""
    try:
        return _answer(op, args, call.files)
    except NotADirectoryError:
        return Result.error("not-directory")
    except IsADirectoryError:
        return Result.error("is-directory")
    except FileNotFoundError:
        return Result.error("no-entry")
    except PermissionError:
        return Result.error("not-permitted")
    except ValueError:
        return Result.error("invalid")


def _answer(op: str, args: str, files: Files) -> Result:
    if op == "fs-preopens":
        return Result(head="/" if files else "")
    if op == "fs-stat":
        size = files.size(args)
        return Result(head="d" if size is None else f"f {size}")
    if op == "fs-list":
        return Result(head="\n".join(f"{kind} {name}" for kind, name in files.entries(args)))
    if op == "fs-read":
        # A name may hold any character but the separator, so the numbers are taken from the end.
        path, offset, length = args.rsplit("\n", 2)
        return Result(data=files.read(path, int(offset), int(length)))
    return Result.error("unsupported")
