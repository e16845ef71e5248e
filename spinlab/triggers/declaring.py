"""What functions declare of their triggers, looked at before anything is made of them."""

from __future__ import annotations

from spinlab.errors import OptionError
from spinlab.function import Function
from spinlab.triggers import kind
from spinlab.triggers.kind import Config


def check(function: Function) -> None:
    """Let the triggers that a function declares pass.

    Raises:
        OptionError: One can't be.
    """
    if not function.triggers:
        return
    if len(function.triggers) > 1:
        several = ", ".join(function.triggers)
        raise OptionError(f"a function has one kind of trigger, not {several}", hint="write a function for each")
    if function.routes or function.private or function.module or function.executor != "http":
        type_ = next(iter(function.triggers))
        raise OptionError(
            f"a function that {type_} starts has no route, executor or importers", hint="write a second function"
        )
    for type_, configs in function.triggers.items():
        for config in configs:
            check_config(type_, config)


def check_config(type_: str, config: Config) -> None:
    """Let the keys of one trigger pass.

    Raises:
        OptionError: They can't be.
    """
    known = kind(type_)
    for key in config:
        if key not in known.keys:
            raise OptionError(f"a {type_} trigger has no {key!r}", hint="there are: " + ", ".join(known.keys))
    for key in known.keys[: known.required]:
        if key not in config:
            raise OptionError(f"a {type_} trigger needs {key!r}", hint=f"{key} = ...")
    known.check({**known.defaults, **config})
