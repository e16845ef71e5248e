"""Runtime images: the official toolchain's result, made once, that runs any cell's source.

`python` gives the image for a version of WASI, a set of packages and perhaps a trigger, `javascript` the one for
JavaScript, built when it is not there. What an image reads and how it is made stands in the README beside this file.
"""

from __future__ import annotations

from spinlab.folders import cache_dir
from spinlab.images.builder import (
    Image,
    build_all,
    find,
    is_current,
    javascript,
    list_images,
    of_trigger,
    prune,
    python,
)
from spinlab.images.javascript_build import forget_toolchain

__all__ = [
    "Image",
    "build_all",
    "cache_dir",
    "find",
    "forget_toolchain",
    "is_current",
    "javascript",
    "list_images",
    "of_trigger",
    "prune",
    "python",
]
