"""What ``up`` does with an app's stores before it starts: fill them, and say where they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from spinlab.app import App
from spinlab.errors import OptionError
from spinlab.host.sqlite_file import Place
from spinlab.manifest.ids import debug
from spinlab.up.inputs import Sql


def set_pairs(app: App, pairs: Sequence[tuple[str, str]]) -> None:
    """Write pairs into the default store, over what is there."""
    for key, value in pairs:
        app.kv().set(key, value)


def run_sql(app: App, statements: Sequence[Sql]) -> None:
    """Run statements on the databases that they name."""
    for sql in statements:
        known = app.services.databases.labels
        if sql.label not in known:
            raise OptionError(
                f"based on the '@{sql.file}:{sql.label}' a registered database named '{sql.label}' was expected but "
                "not found.",
                hint=f"there are: {', '.join(known)}; others come from --runtime-config-file",
            )
        app.script(sql.text, database=sql.label)


def summaries(app: App) -> Iterator[str]:
    """Spin's lines about the default stores, where they are used (Spin 4: crates/trigger/src/cli/summary.rs)."""
    functions = [live.function for live in app.functions.values()]
    if any("default" in function.key_value_stores for function in functions):
        store = app.services.stores.find("default")
        yield f"Storing default key-value data to {_summary(getattr(store, 'place', None), 'store')}."
    if any("default" in function.sqlite_databases for function in functions):
        database = app.services.databases.find("default")
        yield f"Storing default SQLite data to {_summary(getattr(database, 'place', None), 'database')}."


def _summary(place: object, what: str) -> str:
    if isinstance(place, Place):
        return f"a temporary in-memory {what}" if place.path is None else debug(str(place.path))
    return str(place)
