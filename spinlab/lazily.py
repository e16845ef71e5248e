"""Public names of a package that are imported when they are first used, so that importing the package stays quick."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """A ``__getattr__`` for a package.

    Parameters:
        package: Its ``__name__``.
        homes: Name -> the module that has it; with ``:OTHER`` behind it when it is called otherwise there.
    """

    def find(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, other = homes[name].partition(":")
        found = getattr(import_module(module, package), other or name)
        setattr(sys.modules[package], name, found)
        return found

    return find
