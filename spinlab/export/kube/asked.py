"""From what a line says (`spinlab.scaffolding`) to `Options`, with what is known of the app."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from spinlab.errors import ExportError, ManifestError
from spinlab.export.kube import values
from spinlab.export.kube.entry import Entry
from spinlab.export.kube.measured import CONCURRENCY, Proposal
from spinlab.export.kube.resources import EXECUTOR
from spinlab.export.kube.scaffold import Options
from spinlab.manifest.ids import kebab

Propose = Callable[[Sequence[str], int, Sequence[str]], Proposal]
"""Measures: from paths, requests at once, and ids of components."""


def _nothing(_name: str) -> str | None:
    return None


@dataclass(frozen=True)
class Known:
    """What is known of the app that is scaffolded.

    Attributes:
        find: The value that a variable has here.
        secret: Variables that are declared secret.
        components: Ids of its components; None when nobody knows.
        hidden: Whether a value holds a secret; None when nobody knows.
        propose: Measures it; None where it does not run.
    """

    find: values.Find = _nothing
    secret: Collection[str] = ()
    components: Collection[str] | None = None
    hidden: Callable[[str], bool] | None = None
    propose: Propose | None = None


def options(given: Mapping[str, Any], known: Known) -> Options:
    """What to scaffold.

    Parameters:
        given: Key of a `Choice` -> value; a sequence for what may be given several times, True for a flag.
        known: Of the app.

    Raises:
        ExportError: Something is missing, unknown, or can't be read.
    """
    if not given.get("from"):
        raise ExportError(
            "which image? kube scaffold needs the app's reference in a registry",
            hint="-f registry.example.com/team/app:1.0",
        )
    components = _each(given, "component")
    _check_components(components, known.components)
    numbers = {
        "max_replicas": given.get("max_replicas"),
        "replicas": given.get("replicas"),
        "cpu_utilization": given.get("autoscaler_target_cpu_utilization"),
        "memory_utilization": given.get("autoscaler_target_memory_utilization"),
    }
    texts = (
        *("autoscaler", "cpu_limit", "cpu_request", "memory_limit", "memory_request", "service_account_name"),
        *("name", "namespace", "instance_memory", "spin_image"),
    )
    plain: dict[str, Any] = {key: value for key, value in numbers.items() if value is not None}
    plain |= {key: given.get(key) or "" for key in texts}
    return Options(
        given["from"],
        **plain,
        executor=given.get("executor") or EXECUTOR,
        azure_identity=bool(given.get("azure_identity")),
        probes=bool(given.get("probes")),
        runtime_config=_runtime_config(given.get("runtime_config_file")),
        image_pull_secrets=_each(given, "image_pull_secret"),
        values=_values(given, known),
        components=components,
        entry=_entry(given),
        tls=_tls(given),
        proposal=_proposal(given, known, components),
    )


def _each(given: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """What was given several times, or with commas, as the plugin's flags take it."""
    texts = given.get(key) or ()
    return tuple(part.strip() for text in texts for part in next(csv.reader([text]), []) if part.strip())


def _check_components(components: Sequence[str], known: Collection[str] | None) -> None:
    for name in components if known is not None else ():
        if name not in (known or ()):
            near = get_close_matches(name, list(known or ()), n=1)
            hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(known or ())
            raise ExportError(f"the app has no component {name!r}", hint=hint)


def _values(given: Mapping[str, Any], known: Known) -> values.Values:
    read = values.read(
        tuple(given.get("variable") or ()),
        tuple(given.get("secret") or ()),
        known.secret,
        known.find,
        config_map=bool(given.get("config_map")),
    )
    hidden = known.hidden
    if hidden is None:
        return read
    # A value with a secret in it is one, whatever it is called.
    plain = {name: value for name, value in read.plain.items() if not hidden(value)}
    more = {name: value for name, value in read.plain.items() if name not in plain}
    return values.Values(plain, {**read.secret, **more}, read.config_map)


def _runtime_config(path: str | None) -> bytes | None:
    """Its bytes, after a look at whether Spin would take them."""
    if path is None:
        return None
    from spinlab.host.runtime_toml import loads

    file = Path(path).expanduser()
    try:
        data = file.read_bytes()
        loads(data.decode(), folder=file.parent)
    except OSError as error:
        raise ExportError(f"{path} can't be read: {error.strerror}", hint="a path is relative to this folder") from None
    except UnicodeDecodeError:
        raise ExportError(f"{path} is no runtime-config.toml: it is not UTF-8 text") from None
    except ManifestError as error:
        raise ExportError(f"{path}: {error.message}", hint=error.hint) from None
    return data


def _entry(given: Mapping[str, Any]) -> Entry | None:
    keys = ("ingress_class", "gateway", "gateway_class", "tls_secret", "issuer")
    hosts = _each(given, "host")
    if hosts:
        chosen = {key: given.get(key) or "" for key in keys}
        return Entry(tuple(host.lower() for host in hosts), **chosen, tls=not given.get("no_tls"))
    stray = next((key for key in (*keys, "no_tls") if given.get(key)), None)
    if stray is not None:
        raise ExportError(f"--{stray.replace('_', '-')} is for a host", hint="--host app.example.com")
    return None


def _tls(given: Mapping[str, Any]) -> tuple[Path, Path] | None:
    certificate, key = given.get("tls_cert"), given.get("tls_key")
    if (certificate is None) != (key is None):
        raise ExportError("--tls-cert and --tls-key belong together", hint="give both, or --tls-secret NAME")
    if certificate is None or key is None:
        return None
    return Path(certificate).expanduser(), Path(key).expanduser()


def _proposal(given: Mapping[str, Any], known: Known, components: Sequence[str]) -> Proposal | None:
    paths = tuple(given.get("measure") or ())
    if not paths and not given.get("measured"):
        if given.get("concurrency") is not None:
            raise ExportError("--concurrency is for --measured", hint="add --measured")
        return None
    if known.propose is None:
        raise ExportError(
            "there is no app here to measure", hint="--app DIR names its folder; or write --memory-limit 128Mi"
        )
    concurrency = given.get("concurrency")
    return known.propose(paths, CONCURRENCY if concurrency is None else concurrency, components)


def of_app(app: Any) -> Known:
    """What is known of an app that runs here."""
    from spinlab.export.kube.measured import propose

    variables = app.services.variables
    ids = {kebab(name): name for name in app.functions}

    def find(name: str) -> str | None:
        found = variables.find(name)
        return None if found is None else str(found[0])

    def measure(paths: Sequence[str], concurrency: int, components: Sequence[str]) -> Proposal:
        return propose(app, paths, concurrency=concurrency, only=[ids[name] for name in components if name in ids])

    declared = app.services.declared()
    return Known(
        find,
        frozenset(name for name, about in declared.items() if about.get("secret")),
        (*ids, *app.idle),
        lambda value: variables.mask(value) != value,
        measure,
    )
