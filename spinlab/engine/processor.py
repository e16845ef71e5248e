"""What code is compiled for: a short text that differs wherever compiled code must."""

from __future__ import annotations

import hashlib
import platform
from contextlib import suppress
from functools import cache


@cache
def processor() -> str:
    """Machine and features of this processor. Homes are shared between machines, so the cache needs to know."""
    features = ""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("flags", "Features")):
                features = hashlib.sha256(line.encode()).hexdigest()[:16]
                break
    return f"{platform.machine()} {features or platform.processor()}"
