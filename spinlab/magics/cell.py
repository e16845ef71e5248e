"""``%%spin``: from the magic line and the cell's body to a `Function`."""

from __future__ import annotations

import re
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from spinlab.errors import NameRefused, OptionError, SpinError
from spinlab.function import ARGV, EXECUTORS, Function, Limits
from spinlab.languages import is_language, language
from spinlab.magics.options import Arguments, Command, Option, Positional
from spinlab.magics.quantities import count, duration, size
from spinlab.triggers import OPTIONS as TRIGGERS
from spinlab.triggers import Config, kind


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise ValueError("it is written NAME=VALUE")
    return name, value


def variable(text: str) -> tuple[str, str]:
    """Name and template of ``--var``."""
    name, sign, value = text.partition("=")
    if not name or (sign and not value):
        raise ValueError("it is written NAME, NAME=OTHER or 'NAME={{ template }}'")
    if not sign:
        return name, "{{ " + name + " }}"
    return name, "{{ " + value + " }}" if re.fullmatch(r"[a-z][a-z0-9_]*", value) else value


def _file(text: str) -> tuple[str, str]:
    source, _, destination = text.partition("=")
    if not source:
        raise ValueError("it is written SRC or SRC=DEST")
    return source, destination


OPTIONS = (
    Option(("--route",), "Where it answers; /NAME/... when left out.", "PATTERN", many=True),
    Option(("--private",), "No route: only other functions reach it."),
    Option(("--allowed-outbound-host", "--allow"), "A host it may reach.", "URL", many=True),
    Option(("--key-value-store", "--kv"), "A key-value store it may open.", "LABEL", many=True),
    Option(("--sqlite-database", "--sqlite"), "An SQLite database it may open.", "LABEL", many=True),
    Option(("--ai-model",), "A model it may use.", "NAME", many=True),
    Option(
        ("--variable", "--var"),
        "A variable it may read: the application's NAME, its OTHER, or a quoted template.",
        "NAME[=OTHER]",
        many=True,
        convert=variable,
    ),
    Option(("--environment", "--env"), "An environment variable.", "NAME=VALUE", many=True, convert=_pair),
    Option(("--file",), "A file, folder or glob it may read.", "SRC[=DEST]", many=True, convert=_file),
    Option(("--timeout",), "Wall time of a request; 10s when left out.", "TIME", convert=duration),
    Option(("--memory",), "Memory of an instance; 256MiB when left out.", "SIZE", convert=size),
    Option(("--max-response",), "Bytes of a response body; 128MiB when left out.", "SIZE", convert=size),
    Option(("--max-log",), "Bytes of log for each request; 1MiB when left out.", "SIZE", convert=size),
    Option(("--max-request",), "Bytes of a request body; 128MiB when left out.", "SIZE", convert=size),
    Option(("--reuse",), "Requests that one instance answers, one after the other.", "N", convert=count),
    Option(("--executor",), "wagi: a program that speaks CGI; http when left out.", "NAME", values=EXECUTORS),
    Option(("--argv",), "A CGI program's arguments; '${SCRIPT_NAME} ${ARGS}' when left out.", "TEXT"),
    Option(("--description",), "One line for the manifest.", "TEXT"),
    *(Option((f"--{name}",), text, metavar, many=bool(metavar)) for name, (metavar, text) in TRIGGERS.items()),
)
"""What every function may say, whatever it is made of."""

CELL = Command(
    "%%spin",
    "The cell becomes a live, sandboxed function; running it again replaces the function.",
    (
        Positional("LANGUAGE", "What the cell is written in; Python when left out.", required=False),
        Positional("NAME", "The function's name, in kebab or snake case; a cell of the same name replaces it."),
    ),
    (
        *OPTIONS,
        Option(("--module",), "Code that other cells import by name; no route."),
        Option(("--record",), "Record what its requests see, for %spin replay."),
        Option(("--requires",), "A package for the language's toolchain.", "PKG==V", many=True),
        Option(
            ("--if-here",), "Say so, instead of getting it or failing, when a tool that the language needs is not here."
        ),
        Option(("--wasi",), "WASI version of its image; 0.2 when left out.", "VERSION", values=("0.2", "0.3")),
    ),
    notes="The body is taken byte for byte: nothing in it is interpolated.",
)


def function_of(
    given: Arguments, body: str | bytes, *, origin: str, first_line: int = 2, language_name: str = ""
) -> Function:
    """The function that a cell or a file declares.

    Parameters:
        given: The arguments of `CELL`, or of a command with `OPTIONS` and a NAME.
        body: The source.
        origin: Where it stands.
        first_line: The line of that where the source begins.
        language_name: What it is written in, when the arguments don't say it.

    Raises:
        OptionError: Options that do not go together, or an unknown language.
        NameRefused: The name is missing, reserved, or not one that Spin takes.
    """
    if language_name:
        name = given["name"]
        _check_name(given, name)
    else:
        language_name, name = _heading(given)
    _check_combination(given)
    _check_files(given)
    _check_variables(given)
    routes = given.each("route")
    triggers = _triggers(given)
    if not routes and not triggers and not given["module"] and not given["private"]:
        routes = (f"/{name}/...",)
    return Function(
        name,
        body,
        language=language_name,
        routes=routes,
        private=bool(given["private"]),
        allowed_outbound_hosts=given.each("allowed_outbound_host"),
        key_value_stores=given.each("key_value_store"),
        sqlite_databases=given.each("sqlite_database"),
        ai_models=given.each("ai_model"),
        variables=dict(given.each("variable")),
        environment=dict(given.each("environment")),
        files=given.each("file"),
        folder=str(Path.cwd()) if given.each("file") else "",
        requires=given.each("requires"),
        wasi=given["wasi"] or "0.2",
        triggers=triggers,
        limits=_limits(given),
        reuse=given["reuse"],
        module=bool(given["module"]),
        executor=given["executor"] or "http",
        argv=ARGV if given["argv"] is None else given["argv"],
        description=given["description"] or "",
        first_line=first_line,
        origin=origin,
    )


def language_names() -> tuple[str, ...]:
    """The languages that are installed, without importing any."""
    return tuple(sorted(point.name for point in entry_points(group="spinlab.languages")))


def _heading(given: Arguments) -> tuple[str, str]:
    """Language and name; with one word it is the name, and the language is Python."""
    name, wanted = given["name"], given["language"]
    if wanted is None:
        if is_language(name):
            raise given.refuse("name", f"the name is missing after {name!r}", f"%%spin {name} NAME")
        wanted = "python"
    try:
        found = language(wanted).name
    except OptionError as error:
        if name.startswith("/"):
            error.hint = f"to call a function: %spin {wanted} {name}"
        word = given.word("language")
        error.location = word.location if word else None
        raise
    _check_name(given, name)
    return found, name


def _check_name(given: Arguments, name: str) -> None:
    from spinlab.declared import check_name

    try:
        check_name(name)
    except NameRefused as error:
        word = given.word("name")
        error.location = word.location if word else None
        raise


def _check_combination(given: Arguments) -> None:
    for flag in ("module", "private"):
        if given[flag] and given["route"]:
            raise given.refuse("route", f"--{flag} and --route exclude each other", f"leave out --route or --{flag}")
    if given["module"] and given["private"]:
        raise given.refuse("private", "a module has no route to hide", "leave out --private")
    started_by = next((name for name in TRIGGERS if given[name]), "")
    for other in ("route", "private", "module", "executor", *(name for name in TRIGGERS if name != started_by)):
        if started_by and given[other]:
            raise given.refuse(other, f"--{other} and --{started_by} exclude each other", "write a cell for each")
    for other in ("module", "command"):
        if given["record"] and given[other]:
            raise given.refuse("record", f"--record and --{other} exclude each other", "requests are recorded")
    _check_executor(given)


def _triggers(given: Arguments) -> dict[str, tuple[Config, ...]]:
    """The triggers that the options name."""
    return {
        name: tuple(
            _trigger(given, name, index, text) for index, text in enumerate(given.each(name) if metavar else ("",))
        )
        for name, (metavar, _) in TRIGGERS.items()
        if given[name]
    }


def _trigger(given: Arguments, name: str, index: int, text: str) -> Config:
    known = kind(name)
    try:
        config = known.declared(text)
        known.check({**known.defaults, **config})
    except ValueError as error:
        raise given.refuse(name, f"--{name} can't be {text!r}", str(error), index) from None
    except SpinError as error:
        raise given.refuse(name, error.message, error.hint, index) from None
    return config


def _check_executor(given: Arguments) -> None:
    wagi = given["executor"] == "wagi"
    if given["argv"] is not None and not wagi:
        raise given.refuse("argv", "--argv is for CGI programs", "write --executor wagi as well, or leave out --argv")
    if wagi and given["module"]:
        raise given.refuse("executor", "a module has no requests to run for", "leave out --executor or --module")
    if wagi and (given["reuse"] or 1) > 1:
        raise given.refuse("reuse", "a CGI program runs once for each request", "leave out --reuse")


def _check_variables(given: Arguments) -> None:
    for index, (name, _) in enumerate(given.each("variable")):
        _check_variable(given, index, name)


def _check_variable(given: Arguments, index: int, name: str) -> None:
    from spinlab.manifest.ids import check_variable

    try:
        check_variable(name)
    except SpinError as error:
        raise given.refuse("variable", error.message, error.hint, index) from None


def _check_files(given: Arguments) -> None:
    for index, (source, destination) in enumerate(given.each("file")):
        _check_file(given, index, source, destination)


def _check_file(given: Arguments, index: int, source: str, destination: str) -> None:
    from spinlab.host import sources

    try:
        sources.check(Path(), source, destination)
    except SpinError as error:
        raise given.refuse("file", error.message, error.hint, index) from None


def _limits(given: Arguments) -> Limits:
    named = {
        "timeout": "timeout",
        "memory": "memory",
        "max_response": "response",
        "max_log": "log",
        "max_request": "request",
    }
    chosen: dict[str, Any] = {field: given[key] for key, field in named.items() if key in given}
    return Limits(**chosen)
