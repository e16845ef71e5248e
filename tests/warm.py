"""Get the toolchains of every language and what each compiles once into the user's cache.

A language that has something to warm has a method `warm(progress)`. One that fails is told and fails the run, after the
others had their turn.
"""

from __future__ import annotations

import sys
import time

from spinlab.languages import languages
from spinlab.toolchains import component, find, npm


def tools() -> None:
    """What several languages share."""
    for tool in find.TOOLS.values():
        if tool.pins:
            find.own(tool)
    component.adapter("reactor")
    npm.ensure("esbuild", ["esbuild@0.25.8"])


def main() -> int:
    """Warm one after the other: each compiler uses all cores."""
    steps = {"tools": tools}
    for language in dict.fromkeys(languages().values()):
        warm = getattr(language, "warm", None)
        if warm is not None:
            steps[language.name] = warm
    failed = []
    for name, step in steps.items():
        began = time.monotonic()
        try:
            step()
        except Exception as error:
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {error}", getattr(error, "details", ""), flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
