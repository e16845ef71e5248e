"""What ``up`` does with an app's stores before it starts: fill them, and say where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spinlab.app import App
from spinlab.host import runtime_toml
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.up.inputs import Sql


def runtime_config(path: str | None) -> RuntimeConfig:
    """The runtime config of a file; the default one without a file."""
    return RuntimeConfig() if path is None else runtime_toml.load(path)


def set_pairs(app: App, pairs: Sequence[tuple[str, str]]) -> None:
    """Write pairs into the default store, over what is there."""
    for key, value in pairs:
        app.services.stores.set("default", key, value.encode())  # type: ignore[attr-defined]


def run_sql(app: App, statements: Sequence[Sql]) -> None:
    """Run statements on the databases that they name."""
    for sql in statements:
        app.services.databases.run(sql.label, sql.text)


def summaries(app: App) -> Iterator[str]:
    """Spin's lines about the default stores, where they are used."""
    yield from ()
