"""Values for an application's variables: in clear, or kept in a Secret or ConfigMap of the app's own."""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from spinlab.errors import ExportError
from spinlab.export.kube.resources import Resource, Variable, metadata
from spinlab.manifest.ids import check_variable

Find = Callable[[str], str | None]
"""The value of a variable that was named without one; None when it has none."""


@dataclass(frozen=True)
class Values:
    """Values for variables, in their order.

    Attributes:
        plain: Name -> value that everybody may see.
        secret: Name -> value that nobody may see.
        config_map: Keep the plain ones in a ConfigMap.
    """

    plain: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict, repr=False)
    config_map: bool = False

    def variables(self, name: str) -> tuple[Variable, ...]:
        """As a SpinApp of that name has them."""
        kept = _kept(name)
        plain = (
            Variable(key, config_map=(kept, key)) if self.config_map else Variable(key, value)
            for key, value in self.plain.items()
        )
        return (*plain, *(Variable(key, secret=(kept, key)) for key in self.secret))

    def resources(self, name: str, namespace: str) -> list[Resource]:
        """The Secret and the ConfigMap, where there is something in them."""
        about = metadata(_kept(name), namespace)
        found: list[Resource] = []
        if self.secret:
            data = {key: b64encode(value.encode()).decode() for key, value in self.secret.items()}
            found.append({"apiVersion": "v1", "kind": "Secret", "metadata": about, "type": "Opaque", "data": data})
        if self.plain and self.config_map:
            data = dict(self.plain)
            found.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": data})
        return found


def _kept(name: str) -> str:
    return f"{name}-variables"


def read(
    given: Sequence[str], secrets: Sequence[str], declared_secret: Collection[str], find: Find, *, config_map: bool
) -> Values:
    """Values as options give them.

    Parameters:
        given: ``NAME=VALUE``, several with commas between as `spin kube scaffold` takes them, or ``NAME``.
        secrets: The same for values that nobody may see.
        declared_secret: Variables that the manifest declares secret.
        find: The value of a variable that is only named.
        config_map: Keep plain values in a ConfigMap.

    Raises:
        ExportError: A name is none, or has no value. No message has a value in it.
        NameRefused: Spin would refuse the name.
    """
    plain: dict[str, str] = {}
    hidden: dict[str, str] = {}
    for texts, kept, option in ((given, plain, "--variable"), (secrets, hidden, "--secret")):
        for text in texts:
            for name, value in _pairs(text, option):
                check_variable(name)
                found = find(name) if value is None else value
                if found is None:
                    raise ExportError(f"the variable {name} has no value here", hint=f"{option} {name}=VALUE")
                (hidden if name in declared_secret else kept)[name] = found
    return Values({name: value for name, value in plain.items() if name not in hidden}, hidden, config_map)


def _pairs(text: str, option: str) -> Iterable[tuple[str, str | None]]:
    """Names and values, taken apart as the flags of `spin kube` are (pflag: ``StringToString``)."""
    if text.count("=") == 0:
        yield text, None
        return
    parts = [text] if text.count("=") == 1 else next(csv.reader([text], strict=False), [])
    for part in parts:
        name, sign, value = part.partition("=")
        if not sign:
            raise ExportError(
                f"{option} is given a part without '='",
                hint=f"a comma begins the next variable; quote the whole: {option} '\"NAME=a=1,b=2\"'",
            )
        yield name.strip(), value


def runtime_config(name: str, namespace: str, data: bytes) -> Resource:
    """A runtime-config.toml as the Secret that the operator mounts."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata(f"{name}-runtime-config", namespace),
        "type": "Opaque",
        "data": {"runtime-config.toml": b64encode(data).decode()},
    }
