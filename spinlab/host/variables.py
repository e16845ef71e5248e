"""Variables: what an app is told from outside, and what of it each function may read (Spin 4: crates/expressions).

A function reads the names that its own grant maps to templates, nothing else. A template asks for variables of the
application; their values come from what the user set, then from the providers, then from their default.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from spinlab.errors import ManifestError
from spinlab.function import Function
from spinlab.host import denied
from spinlab.host.effect import Caller, Result
from spinlab.host.notes import Notes
from spinlab.host.pack import pack
from spinlab.host.providers import passwords, providers
from spinlab.host.services import Services
from spinlab.manifest.ids import check_variable, debug, kebab
from spinlab.manifest.template import Template, misnamed
from spinlab.secrets import Secrets

MANIFEST = ("variables",)
RUNTIME = ("variables_provider", "config_provider")
IMPORTS = ("fermyon:spin/variables", "fermyon:spin/config", "spin:variables/", "wasi:config/")

_WHOLE = re.compile(r"\{\{\s*(\S+)\s*\}\}")

HERE = "set here"
"""Where a value is from that the user gave in this session."""


class Variables:
    """The variables of one app: their values, where these are from, and which of them nobody may see.

    Values that were given here are in memory only.
    """

    def __init__(self, services: Services) -> None:
        self._services = services
        self._lock = threading.Lock()
        self._given: dict[str, tuple[str, str]] = {}
        self._providers = providers(services.runtime)
        self.secrets = Secrets()
        for name, value in passwords(services.runtime):
            self.secrets.learn(name, value)

    # ---- values

    def get(self, name: str) -> str:
        """The value of an application variable.

        Raises:
            ManifestError: It has none; the message is Spin's.
        """
        found = self.find(name)
        if found is None:
            raise ManifestError(f"no provider resolved required variable {debug(name)}", hint=self.remedy(name))
        return found[0]

    def find(self, name: str) -> tuple[str, str] | None:
        """The value of an application variable and where it is from; None when it has none.

        Raises:
            ManifestError: A provider can't be read.
        """
        found = self._given.get(name)
        for provider in self._providers if found is None else ():
            found = provider.get(name)
            if found is not None:
                break
        declared = self._services.declared().get(name, {})
        if found is None and declared.get("default") is not None:
            found = str(declared["default"]), "default"
        if found is not None and declared.get("secret"):
            self.secrets.learn(name, found[0])
        return found

    def resolve(self, template: str) -> str:
        """A text with its ``{{ name }}`` replaced.

        Raises:
            ManifestError: It is no template, or asks for a variable that has no value.
        """
        return Template.parse(template).resolve(self.get)

    def of(self, function: Function) -> dict[str, str]:
        """The variables of a function by the names it has for them.

        Raises:
            ManifestError: One has no value.
        """
        return {name: self.resolve(template) for name, template in function.variables.items()}

    def set(self, name: str, value: str, *, where: str = HERE) -> None:
        """Give an application variable its value; it goes before that of any provider.

        Parameters:
            name: The variable.
            value: Its value.
            where: Who gave it, for the listing.

        Raises:
            NameRefused: The name is none for a variable.
        """
        check_variable(name)
        if not isinstance(value, str):
            raise TypeError(f"the value of {name} is text, not {type(value).__name__}")
        with self._lock:
            self._given = {**self._given, name: (value, where)}
        if self._services.declared().get(name, {}).get("secret"):
            self.secrets.learn(name, value)

    def unset(self, name: str) -> bool:
        """Forget the value that was given; False when none was."""
        with self._lock:
            known = name in self._given
            self._given = {n: found for n, found in self._given.items() if n != name}
        return known

    def adopt(self, other: Variables) -> None:
        """Take over what was given to the variables that these replace."""
        with self._lock:
            self._given = {**other._given, **self._given}
        self.secrets.adopt(other.secrets)

    def unresolved(self, names: Iterable[str]) -> tuple[str, ...]:
        """Those of the names that have no value.

        Raises:
            ManifestError: A provider can't be read.
        """
        return tuple(name for name in names if self.find(name) is None)

    def ensure(self) -> None:
        """Let the app start when each required variable has a value, as `spin up` does.

        Raises:
            ManifestError: Some have none; the message is Spin's.
        """
        missing = self.unresolved(self._services.declared())
        if missing:
            raise ManifestError(unresolved_text(missing), hint=self.remedy(missing[0]))

    def remedy(self, name: str) -> str:
        """What gives a variable its value."""
        return remedy(name, secret=bool(self._services.declared().get(name, {}).get("secret")))

    # ---- secrets

    def secret_values(self) -> frozenset[str]:
        """Every value that nobody may see."""
        for name, declared in self._services.declared().items():
            if declared.get("secret"):
                self.find(name)
        return self.secrets.values()

    def mask(self, text: str) -> str:
        """The text with every secret value replaced."""
        return self.secrets.mask(text)


def unresolved_text(names: Iterable[str]) -> str:
    """What Spin says when it does not start."""
    return f"no provider resolved required variable(s): [{', '.join(map(debug, names))}]"


def remedy(name: str, *, secret: bool = False) -> str:
    """What gives a variable its value."""
    here = f"%spin var {name} --prompt" if secret else f"%spin var {name}=VALUE (--prompt for a secret)"
    return f"set it with {here}, with --variable of spinlab up, or as SPIN_VARIABLE_{name.upper()} in the environment"


def implied(function: Function) -> dict[str, Mapping[str, Any]]:
    """Variables that a function declares by naming them (``--var NAME``, or in a trigger): required ones."""
    named = {name: _WHOLE.fullmatch(template) for name, template in function.variables.items()}
    own = [name for name, found in named.items() if found and found.group(1) == name]
    return {name: {"required": True} for name in (*own, *in_triggers(function))}


def in_triggers(function: Function) -> tuple[str, ...]:
    """The variables that the triggers of a function name."""
    texts = (value for configs in function.triggers.values() for config in configs for value in config.values())
    found = (name for text in texts if isinstance(text, str) for name in Template.parse(text).names)
    return tuple(dict.fromkeys(found))


class ReadVariables:
    """Serves ``variables.get``, ``config.get`` and ``config.get-all`` for one function."""

    def __init__(self, function: Function, services: Services) -> None:
        self._function = function
        self._services = services
        self._templates = dict(function.variables)
        self._notes = Notes()

    def start(self, op: str, args: str, data: bytes, call: Caller) -> Result:
        """See `spinlab.host.Capability`."""
        try:
            if op == "config.get-all":
                return Result(data=pack([[n, v] for n, v in self._services.variables.of(self._function).items()]))
            return self._get(op, args)
        except ManifestError as error:
            # What would help; the guest may ask a thousand times in a request.
            self._notes.tell(call, str(error))
            return Result.error("provider", error.message)

    def describe(self, op: str, args: str, data: bytes) -> tuple[str, str, str]:
        """See `spinlab.host.Capability`."""
        return "variable", op.partition(".")[2], "all" if op == "config.get-all" else _shown(args)

    @staticmethod
    def check(function: Function, services: Services) -> None:
        """Let the templates of a function pass.

        Raises:
            ManifestError: One is no template, or asks for a variable that the application does not have.
        """
        known = {**implied(function), **services.declared()}
        for name, text in function.variables.items():
            check_template(text, known, ("variable", name))

    def _get(self, op: str, name: str) -> Result:
        reason = name_problem(name)
        if reason and op == "config.get":
            return Result.error("undefined")  # in that interface a name that can't be is one that is not there
        if reason:
            return Result.error("invalid-name", f"{debug(name)}: {reason}")
        template = self._templates.get(name)
        if template is None:
            refusal = denied.refuse(op, name)
            told = f"no variable for {debug(kebab(self._function.name))}.{debug(name)}"
            return Result.refused(replace(refusal, error="undefined", message=told))
        return Result(data=self._services.variables.resolve(template).encode("utf-8", "replace"))


def check_template(text: str, known: Mapping[str, Any], subject: tuple[str, str]) -> None:
    """Let a template of a grant pass.

    Parameters:
        text: The template.
        known: The variables that there are.
        subject: Key and value of the option that has it, for the error.

    Raises:
        ManifestError: It is none, or asks for a variable that is not among the known ones.
    """
    try:
        template = Template.parse(text)
        unknown = next((name for name in template.names if name not in known), None)
        template.check(known)
    except ManifestError as error:
        error.subject = subject
        if "unknown variable" in error.message:
            error.hint = misnamed(str(unknown)) or f"%spin var {unknown}=VALUE declares and sets it"
        raise


def name_problem(name: str) -> str:
    """Why a guest's name for a variable is none, in Spin's words; empty for a good one."""
    wrong = next((c for c in name if not (c.isascii() and (c.islower() or c.isdigit() or c == "_"))), None)
    if not name:
        return "must not be empty"
    if wrong is not None:
        shown = debug(wrong)[1:-1] if wrong != "'" else "\\'"
        allowed = "Variable names may contain only lower-case letters, numbers, and underscores."
        return f"invalid character '{shown}'. {allowed}"
    if not name[0].islower():
        return "must start with a lowercase ASCII letter"
    if name.endswith("_"):
        return "must end with a lowercase ASCII letter or digit"
    return "must not contain multiple consecutive underscores" if "__" in name else ""


def _shown(name: str) -> str:
    """A guest's word as the trace has it."""
    return name[:100].encode("unicode_escape").decode()
