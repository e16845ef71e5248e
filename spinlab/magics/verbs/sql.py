"""The verb about SQLite databases: sql."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from spinlab.errors import OptionError, SourceView, SpinError, StoreError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Option, Positional
from spinlab.magics.verbs.kv import file
from spinlab.magics.verbs.verb import verb
from spinlab.widgets.display import Display

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def sql(desk: Desk, given: Arguments) -> Any:
    """Run a statement, or a file of them that an export takes along."""
    label = given["database"] or "default"
    if given["file"] is not None:
        if given.each("statement"):
            raise given.refuse("file", "a statement and --file exclude each other", "run one after the other")
        return _migrate(desk, given, label)
    statement = _statement(given)
    parameters = [_parameter(text) for text in given.each("param")]
    try:
        return desk.app.sql(statement, parameters, database=label)
    except OptionError as error:
        raise given.refuse("database", error.message, error.hint) from None
    except StoreError as error:
        error.location = given.words["statement"][0].location
        raise


def _statement(given: Arguments) -> str:
    words = given.words.get("statement", ())
    if not words:
        raise given.refuse("statement", "the statement is missing", '%spin sql "select * from notes"')
    if len(words) > 1 and any(w.quoted or w.end - w.start != len(w.text) for w in words):
        # Quotes that belong to the statement are gone by now.
        raise given.refuse(
            "statement", "quote the statement as a whole", "%spin sql \"select 'text'\", or a %%spinsql cell"
        )
    return " ".join(w.text for w in words)


def _parameter(text: str) -> Any:
    """A value as SQL would read it: a number, NULL, or text."""
    if text.lower() == "null":
        return None
    return int(text) if _WHOLE.fullmatch(text) else float(text) if _NUMBER.fullmatch(text) else text


def _migrate(desk: Desk, given: Arguments, label: str) -> Display:
    from spinlab.widgets import stored

    name = given["file"]
    try:
        text = file(given, "file", name).decode()
    except UnicodeDecodeError:
        raise given.refuse("file", f"{name!r} is not text in UTF-8", "SQL is text") from None
    try:
        done = desk.app.script(text, database=label, name=Path(name).name)
    except OptionError as error:
        raise given.refuse("database", error.message, error.hint) from None
    except StoreError as error:
        _point_into_file(error, name, text)
        raise
    what = f"{len(done)} statement{'s' if len(done) != 1 else ''} of {name} done on {label}"
    return stored.said(f"{what}; an export takes the file along")


def _point_into_file(error: SpinError, name: str, text: str) -> None:
    error.source = SourceView(name, text)


VERBS = (
    verb(
        "sql",
        "Run a statement on an SQLite database and show its rows.",
        sql,
        group="stores",
        takes=(Positional("STATEMENT", "SQL, quoted; ? for parameters.", required=False, many=True),),
        options=(
            Option(("--database",), "The database's label; default when left out.", "LABEL"),
            Option(("--param", "-p"), "A value for the next ?.", "VALUE", many=True),
            Option(("--file",), "Run a file of statements; an export takes it along.", "FILE.sql"),
        ),
        completes={"database": "database"},
        notes="Several statements go into a cell that begins with %%spinsql [LABEL].",
    ),
)
