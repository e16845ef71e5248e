"""The rows that a query gave."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from spinlab.errors import ToolMissing
from spinlab.shown import Shown


@dataclass(frozen=True)
class Rows(Shown, Sequence[tuple[Any, ...]]):
    """A table that a query gave; a sequence of its rows.

    Attributes:
        columns: Their names.
        rows: One tuple of int, float, str, bytes or None for each row.
        changes: Rows that the statement inserted, changed or deleted; None for a query.
        statement: What was run.
    """

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    changes: int | None = None
    statement: str = field(default="", compare=False)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return str(self._repr_mimebundle_()["text/plain"])

    @property
    def value(self) -> Any:
        """The first column of the first row; None when there are no rows."""
        return self.rows[0][0] if self.rows else None

    def dicts(self) -> list[dict[str, Any]]:
        """Each row by the names of its columns; of two columns with one name the last stays."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def DataFrame(self) -> Any:  # noqa: N802 (the name that pandas has)
        """The same as a pandas data frame.

        Raises:
            ToolMissing: pandas is not installed.
        """
        try:
            pandas = import_module("pandas")
        except ImportError:
            raise ToolMissing("a data frame needs pandas, which is not installed", hint="pip install pandas") from None
        return pandas.DataFrame(list(self.rows), columns=list(self.columns))
