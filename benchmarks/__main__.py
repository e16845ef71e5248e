"""`make bench`: every table, or those named on the command line."""

from __future__ import annotations

import importlib
import platform
import sys

TABLES = (
    *("editing", "inprocess", "bodies", "listener", "through_http", "tracing"),
    *("stores", "waiting", "outbound", "languages", "registry", "recording", "triggers"),
)


def main() -> None:
    """Run the tables one after the other."""
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in sys.argv[1:] or TABLES:
        importlib.import_module(f"benchmarks.{name}").run()


if __name__ == "__main__":
    main()
