"""``%%spinsql``: the cell's statements run on a database, each with its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab.errors import Location, OptionError, SourceError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Command, Option, Positional

if TYPE_CHECKING:
    from spinlab.rows import Rows

SQL = Command(
    "%%spinsql",
    "The cell's SQL statements run on a database; each shows its rows.",
    (Positional("LABEL", "The database; default when left out.", required=False),),
    (Option(("--migration",), "Remember the cell as this file, which an export takes along.", "NAME.sql"),),
    notes="%spin sql runs a single statement and gives its rows as a value.",
)


def run(desk: Desk, given: Arguments, cell: str) -> Rows | None:
    """Run the cell; the rows of the last statement are the cell's result, those of the others are shown above.

    Raises:
        SpinError: A statement failed; those above it have been done. The place is in the cell.
    """
    if not cell.strip():
        raise SourceError(
            "the cell is empty",
            hint="write SQL below the %%spinsql line; %%spinsql --help shows the options",
            location=Location(1, on_magic_line=True),
        )
    from spinlab.sql import Migration

    label = given["label"] or "default"
    name = given["migration"]
    if name is not None and (not name.endswith(".sql") or "/" in name or "\\" in name):
        raise given.refuse("migration", f"{name!r} is not the name of an SQL file", "--migration migration.sql")
    app = desk.app
    last: list[Rows] = []

    def each(rows: Rows) -> None:
        for before in last:
            desk.show(before)
        last[:] = [rows]

    try:
        connection = app.connect(label)
    except OptionError as error:
        raise given.refuse("label", error.message, error.hint) from None
    try:
        with connection as sql:
            sql.script(cell, each)
    except BaseException:
        for rows in last:
            desk.show(rows)
        raise
    if name is not None:
        app.migrations[label, name] = Migration(name, label, cell)
    return last[0] if last else None
