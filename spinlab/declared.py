"""What a function declares, looked at before anything is made of it: the same for a cell and for plain Python."""

from __future__ import annotations

import math
import threading

from spinlab.errors import NameRefused, OptionError, RouteError, SourceError
from spinlab.function import ARGV, EXECUTORS, Function, Limits
from spinlab.languages import is_language
from spinlab.manifest.ids import check_component, kebab

_MAY_BE_ZERO = ("response", "log", "request", "effects", "table_elements")
"""Limits whose zero means none at all."""


def check_name(name: str, *, loaded: bool = False) -> None:
    """Let the name of a function pass; one from a manifest may be a language's too.

    Raises:
        NameRefused: It is a language's, or Spin would refuse it.
    """
    if not isinstance(name, str):
        raise NameRefused(f"a name is text, not {_kind(name)}", hint="Function('hello', source)")
    if not loaded and is_language(name):
        raise NameRefused(f"{name!r} is the name of a language", hint="choose another name")
    check_component(kebab(name))


def check(function: Function) -> None:
    """Let what a function declares pass, but for its source, which is the language's matter.

    Raises:
        NameRefused, SourceError, RouteError, OptionError: It can't be; nothing was made of it.
    """
    check_name(function.name, loaded=function.loaded is not None)
    if not isinstance(function.source, (str, bytes)):
        raise SourceError(
            f"the source of {function.name!r} is {_kind(function.source)}, not text or the bytes of a component",
            hint="Function(name, source): the text of a cell, or Path('x.wasm').read_bytes() with language='wasm'",
        )
    if isinstance(function.routes, str) or not all(isinstance(route, str) for route in function.routes):
        raise RouteError("the routes are a tuple of texts", hint="routes=('/hello/:name',), with the comma")
    if function.reuse is not None:
        _check_number("reuse", function.reuse, least=1)
    _check_executor(function)
    if function.triggers:
        from spinlab.triggers.declaring import check as check_triggers  # few functions have any

        check_triggers(function)
    _check_environment(function)
    _check_limits(function.limits)


def _check_executor(function: Function) -> None:
    if function.executor not in EXECUTORS:
        raise OptionError(f"the executor can't be {function.executor!r}", hint="one of: " + ", ".join(EXECUTORS))
    if not isinstance(function.argv, str) or "\0" in function.argv:
        raise OptionError(
            f"argv can't be {function.argv!r}", hint="text without null characters, such as 'prog ${ARGS}'"
        )
    if function.executor != "wagi":
        if function.argv != ARGV:
            raise OptionError("argv is for CGI programs", hint="with it goes executor='wagi'")
    elif function.module:
        raise OptionError("a module has no requests to run for", hint="leave out the executor")
    elif (function.reuse or 1) > 1:
        raise OptionError("a CGI program runs once for each request", hint="leave out reuse")


def _check_environment(function: Function) -> None:
    for name, value in function.environment.items():
        texts = isinstance(name, str) and isinstance(value, str)
        if not texts or not name or "=" in name or "\0" in name + value:
            raise OptionError(
                f"the environment can't hold {name!r}",
                hint="names and values are text: a name without =, a value without null characters",
            )


def _check_limits(limits: Limits) -> None:
    if not isinstance(limits, Limits):
        raise OptionError(f"the limits are {_kind(limits)}", hint="limits=Limits(timeout=10)")
    for name, value in vars(limits).items():
        if name != "timeout":
            _check_number(name, value, least=0 if name in _MAY_BE_ZERO else 1)
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_a_time(value):
            raise OptionError(f"the timeout can't be {value!r}", hint="seconds above zero, such as 10 or 0.5")


def _is_a_time(value: float) -> bool:
    return math.isfinite(value) and 0 < value <= threading.TIMEOUT_MAX


def _check_number(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < 1 << 63:
        wanted = "a whole number" if least == 0 else "a whole number above zero"
        raise OptionError(f"{name} can't be {value!r}", hint=f"{wanted} is needed")


def _kind(value: object) -> str:
    return "None" if value is None else f"{type(value).__name__} ({str(value)[:40]!r})"
