"""What an app keeps beside its functions, as its user reaches it: stores, databases and variables."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from spinlab.changes import STORES, Changes
from spinlab.host import Services
from spinlab.rows import Rows
from spinlab.variables import declare

if TYPE_CHECKING:
    from spinlab.sql import Migration, Sql
    from spinlab.stores import KeyValueStore


class Keeping:
    """The part of `spinlab.App` that reaches what its functions are granted.

    SQLite and everything else behind a store is imported when it is first asked for.
    """

    services: Services
    changes: Changes
    variables: dict[str, dict[str, Any]]
    migrations: dict[tuple[str, str], Migration]
    _lock: AbstractContextManager[Any]

    def kv(self, label: str = "default") -> KeyValueStore:
        """A key-value store as a mapping of text to bytes, as functions that are granted it see it.

        Raises:
            OptionError: Nothing stands behind the label.
        """
        from spinlab.stores import KeyValueStore

        return KeyValueStore(self.services, label, self._written)

    def sql(self, statement: str, parameters: Sequence[Any] = (), *, database: str = "default") -> Rows:
        """Run one SQL statement on a database and answer its rows.

        Parameters:
            statement: SQL, with ``?`` for parameters.
            parameters: int, float, str, bytes or None for each.
            database: Its label.

        Raises:
            OptionError: Nothing stands behind the label.
            StoreError: The statement failed.
        """
        with self.connect(database) as sql:
            return sql.run(statement, parameters)

    def connect(self, database: str = "default") -> Sql:
        """A connection to a database, for several statements; a context manager.

        Raises:
            OptionError: Nothing stands behind the label.
            StoreError: The database can't be opened.
        """
        from spinlab.sql import Sql

        return Sql(self.services, database, self._written)

    def script(self, text: str, *, database: str = "default", name: str | None = None) -> list[Rows]:
        """Run a script of SQL statements.

        Parameters:
            text: The statements.
            database: The label of the database.
            name: A file's name, when the script is a migration that an export takes along.

        Raises:
            OptionError: Nothing stands behind the label.
            StoreError: A statement failed; `location` says where. Those before it have been done.
        """
        from spinlab.sql import Migration

        with self.connect(database) as sql:
            done = sql.script(text)
        if name is not None:
            self.migrations[database, name] = Migration(name, database, text)
        return done

    def set_variable(self, name: str, value: str | None = None, **declaration: Any) -> None:
        """Give a variable its value for this session, and declare it when it is not.

        Parameters:
            name: The variable.
            value: Its value; it is kept in memory only. None to declare it alone.
            **declaration: What the manifest says of it: ``default``, ``description`` and ``secret``.

        Raises:
            NameRefused: The name is none for a variable.
            OptionError: A secret can't have a default value.
        """
        with self._lock:
            declared = declare(self.variables, name, **declaration)
            if value is not None:
                self.services.variables.set(name, value)
            elif declared.get("secret"):
                self.services.variables.find(name)  # what it is by now is hidden too
            if declaration.get("secret") is False:
                self.services.variables.secrets.forget(name)

    def unset_variable(self, name: str) -> bool:
        """Forget the value that `set_variable` gave; False when it gave none."""
        with self._lock:
            if self.variables.get(name) == {"required": True}:
                del self.variables[name]  # nothing was said of it but its value
            return self.services.variables.unset(name)

    def _written(self) -> None:
        self.changes.tell(STORES)
