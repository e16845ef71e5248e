"""Where the values of variables come from (Spin 4: crates/variables-static, crates/variables-env)."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from spinlab.host.dotenv import Dotenv
from spinlab.host.runtime_config import RuntimeConfig, VariablesProvider

PREFIX = "SPIN_VARIABLE"
"""What the names of environment variables begin with when nothing else is said."""


class Provider(Protocol):
    """One place that may have values."""

    def get(self, name: str) -> tuple[str, str] | None:
        """The value of an application variable and where it is from; None when it is not here.

        Raises:
            ManifestError: The place can't be read.
        """
        ...


class Static:
    """Values that stand in runtime-config.toml."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def get(self, name: str) -> tuple[str, str] | None:
        """See `Provider`."""
        value = self._values.get(name)
        return None if value is None else (value, "runtime-config.toml")


class Environment:
    """The process's environment, then a file of further lines.

    Parameters:
        prefix: What stands before the upper-case name and its underscore; None for Spin's.
        dotenv: The file, if any.
    """

    def __init__(self, prefix: str | None = None, dotenv: Path | None = None) -> None:
        self._prefix = PREFIX if prefix is None else prefix
        self._dotenv = Dotenv(dotenv) if dotenv is not None else None

    def get(self, name: str) -> tuple[str, str] | None:
        """See `Provider`."""
        key = f"{self._prefix}_{name.upper()}"
        value = os.environ.get(key)
        if value is not None:
            return value, f"environment {key}"
        value = self._dotenv.get(key) if self._dotenv is not None else None
        return None if value is None or self._dotenv is None else (value, f"{self._dotenv.path} {key}")


def providers(runtime: RuntimeConfig) -> tuple[Provider, ...]:
    """All places after what the user set, in Spin's order."""
    return (*(_provider(one) for one in runtime.variables_providers), Environment(dotenv=Path(".env")))


def _provider(config: VariablesProvider) -> Provider:
    if config.type == "static":
        return Static(config.values)
    return Environment(config.prefix, config.dotenv_path)


def passwords(runtime: RuntimeConfig) -> Iterator[tuple[str, str]]:
    """What a runtime configuration holds that nobody may see, by the name of its key."""
    if runtime.llm_compute is not None and runtime.llm_compute.auth_token:
        yield "llm_compute.auth_token", runtime.llm_compute.auth_token
    for label, store in runtime.key_value_stores.items():
        # A URL of Redis: redis://user:password@host
        user, at, _ = store.url.partition("://")[2].rpartition("@")
        if at and ":" in user:
            yield f"key_value_store.{label}.url", user.partition(":")[2]
