"""The environment of a deployment: what a program needs to run here, and nothing of Jupyter's."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Final

from spinlab.errors import DeployError

_KEPT: Final = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"}
    | {"LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"}
)
_KEPT_BEGINNINGS: Final = ("LC_", "XDG_", "SPINLAB_")
_OF_TRIGGERS: Final[Mapping[str, tuple[str, ...]]] = {"sqs": ("AWS_",)}
"""Trigger -> beginnings of what its client reads."""

MOST: Final = 128 * 1024 - 1
"""Bytes of one entry, name and sign included (Linux: MAX_ARG_STRLEN)."""


def environment(
    values: Mapping[str, str], triggers: Collection[str] = (), environ: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What a deployment gets.

    Parameters:
        values: Of the application's variables, secrets included.
        triggers: Types of its triggers.
        environ: Where the rest is from; this process's when left out.

    Raises:
        DeployError: A value can't stand in an environment; the message names the variable only.
    """
    given = os.environ if environ is None else environ
    beginnings = (*_KEPT_BEGINNINGS, *(start for kind in triggers for start in _OF_TRIGGERS.get(kind, ())))
    found = {name: value for name, value in given.items() if name in _KEPT or name.startswith(beginnings)}
    for name, value in values.items():
        key = f"SPIN_VARIABLE_{name.upper()}"
        if "\0" in value:
            raise DeployError(f"the value of the variable {name} holds a null character", hint="encode it as base64")
        if len(f"{key}={value}".encode("utf-8", "replace")) > MOST:
            raise DeployError(
                f"the value of the variable {name} is longer than 128 KiB, which no process can be given",
                hint="put it into a file of the app, or into a store",
            )
        found[key] = value
    return found
