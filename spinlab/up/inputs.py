"""The values that options of ``up`` bring: variables, key-value pairs, SQL (Spin 4: ``crates/variables-static``,
``crates/trigger/src/cli``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import tomli

from spinlab.errors import OptionError

_TEXT = ".json or .toml"


def pair(text: str, option: str) -> tuple[str, str]:
    """``K=V``, taken apart.

    Raises:
        OptionError: There is no ``=``, or nothing before it.
    """
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise OptionError("Key/Values must be of the form `key=value`", hint=f"{option} {key or 'key'}=value")
    return key, value


def variables(given: Iterable[str]) -> dict[str, str]:
    """``KEY=VALUE``, ``KEY=@FILE``, ``@FILE.json`` or ``@FILE.toml`` each; the last one of a name counts.

    Raises:
        OptionError: One is none of these, or its file can't be read. No message has a value in it.
    """
    found: dict[str, str] = {}
    for text in given:
        if text.startswith("@"):
            found.update(_of_file(Path(text[1:])))
            continue
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise OptionError("variables must be in the form 'key=value' or '@file'", hint="--variable name=value")
        found[key] = _read(Path(value[1:])) if value.startswith("@") else value
    return found


def _of_file(path: Path) -> dict[str, str]:
    if path.suffix not in (".json", ".toml"):
        raise OptionError(f"variable files must end in {_TEXT}", hint=f"to read one value: --variable name=@{path}")
    text = _read(path)
    kind = path.suffix[1:].upper()
    try:
        read = json.loads(text) if kind == "JSON" else tomli.loads(text)
    except (ValueError, RecursionError) as error:
        # The text of the error may hold the line that it is about, and so a value.
        place = f" at line {error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise OptionError(
            f'Failed to parse {kind} from "{path}"{place}', hint="names and their values, as texts"
        ) from None
    if not isinstance(read, dict):
        raise OptionError(f'Failed to parse {kind} from "{path}": not a table', hint="names and their values, as texts")
    for name, value in read.items():
        if not isinstance(value, str):
            raise OptionError(
                f'Failed to parse {kind} from "{path}": the value of {name} is not a text', hint="put it into quotes"
            )
    return dict(read)


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise OptionError(
            f'Failed to read "{path}": {reason}', hint="a path is relative to the current folder"
        ) from None


@dataclass(frozen=True)
class Sql:
    """Statements to run before the start.

    Attributes:
        text: SQL; several statements when it is from a file.
        label: Of the database.
        file: Where it is from; empty for the command line.
    """

    text: str = field(repr=False)
    label: str = "default"
    file: str = ""


def sql(given: Iterable[str]) -> tuple[Sql, ...]:
    """``STATEMENT`` or ``@FILE[:LABEL]`` each.

    Raises:
        OptionError: A file or label is missing, or the file can't be read.
    """
    return tuple(_sql(text) for text in given)


def _sql(text: str) -> Sql:
    if not text.startswith("@"):
        return Sql(text)
    config = text[1:].strip()
    file, colon, label = config.partition(":")
    missing = "database configuration" if not config else "file path" if not file.strip() else "database label"
    if not file.strip() or (colon and not label.strip()):
        raise OptionError(f"{missing} is empty in the '@{config}' sqlite statement", hint="--sqlite @FILE[:LABEL]")
    return Sql(_read(Path(file.strip())), label.strip() or "default", file.strip())
