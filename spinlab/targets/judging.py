"""Whether an application runs at a target: what it asks for beside what is there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from spinlab.targets.asking import Asks, Part
from spinlab.targets.catalogue import OWN_TRIGGERS, TARGETS, Release, Target, span

_HANDLERS = (
    *("wasi:http/incoming-handler@", "wasi:http/handler@", "fermyon:spin/inbound-http"),
    "wasi:cli/run@",  # a command, for the executor wagi
)
"""Exports that a request can start."""


@dataclass(frozen=True)
class Reason:
    """Why it does not run there, and the option or change that makes it run; empty when there is none."""

    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer for one target.

    Attributes:
        target: Where.
        reasons: Why not; none when it runs.
        notes: What to know when it runs.
    """

    target: Target
    reasons: tuple[Reason, ...]
    notes: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether it runs there, as far as can be told without trying."""
        return not self.reasons


def judge(asks: Asks, target: Target) -> Verdict:
    """The answer for one target."""
    reasons = [*_triggers(asks, target), *_app(asks, target)]
    for part in asks.parts:
        reasons += _part(part, target)
    release, why = asks.least
    if not reasons and release > target.spin:
        reasons.append(Reason(f"the export needs Spin {text(release)}: {why}", "--components shared may need less"))
    return Verdict(target, tuple(dict.fromkeys(reasons)), tuple(dict.fromkeys(_notes(asks, target))))


def all_of(asks: Asks) -> tuple[Verdict, ...]:
    """The answers for all targets."""
    return tuple(judge(asks, target) for target in TARGETS)


def text(release: Release) -> str:
    """A release as people write it."""
    return ".".join(map(str, release))


def _triggers(asks: Asks, target: Target) -> Iterator[Reason]:
    if target.triggers is None:
        return
    for kind in sorted(asks.triggers - target.triggers):
        remedy = "leave its components out: --only (kube scaffold: --component) names those that go along"
        if kind == "cron":
            remedy = "a CronJob of the cluster that requests a route does the same; or " + remedy
        yield Reason(f"nothing there starts components by the trigger {kind}", remedy)


def _app(asks: Asks, target: Target) -> Iterator[Reason]:
    if asks.middleware and target.spin < (4, 1):
        yield Reason("it has middleware, which came with Spin 4.1", _later((4, 1), target))
    if asks.static and target.spin < (4, 0):
        yield Reason("it has static responses, which came with Spin 4.0", "answer these routes with %%spin html")
    if target.largest is not None and asks.size > target.largest:
        size, most = asks.size / (1 << 20), target.largest >> 20
        yield Reason(f"its components have {size:.0f} MiB, and {most} MiB are the most", "deploy fewer: --only NAME")


def _part(part: Part, target: Target) -> Iterator[Reason]:
    names = tuple(dict.fromkeys((*part.exports, *part.imports)))
    missing = [(name, one.first) for name in names if (one := span(name)) is not None and not one.has(target.spin)]
    newer = [(name, first) for name, first in missing if name.startswith("wasi:") and "@0.3." in name]
    if newer:
        yield _wasi(part, target, *newer[0])
    for name, first in missing:
        if not any(first <= later for _, later in newer):  # what goes away with WASI 0.3 is not said again
            told = f"{part.name} uses {name}, which came with Spin {text(first)}"
            yield Reason(told, f"build it with an SDK for Spin {text(target.spin)}; or {_later(first, target)}")
    for name in part.imports:
        if span(name) is None and ":" in name:
            yield Reason(f"{part.name} imports {name}, which no Spin has", "build it without that interface")
    if not target.databases and part.component.sqlite_databases:
        yield Reason(
            f"{part.name} is granted SQLite databases, which are not there", "keep its data in a key-value store"
        )
    if "http" in part.triggers and part.exports and not any(name.startswith(_HANDLERS) for name in part.exports):
        yield Reason(f"{part.name} exports nothing that a request could start", "build it for an HTTP world of Spin")


def _wasi(part: Part, target: Target, name: str, first: Release) -> Reason:
    version = name.partition("@")[2]
    told = f"{part.name} is of WASI {version} ({name}), which Spin has "
    told += "in 3.6 only" if first == (3, 6) else f"since {text(first)}"
    change = f"--wasi 0.2 on the cell of {part.name}" if part.language else "build it for WASI 0.2"
    return Reason(told, f"{change}; or {_later(first, target)}")


def _later(first: Release, target: Target) -> str:
    """Which place of the same kind has it."""
    fits = [one for one in TARGETS if one.kind == target.kind and one.spin >= first and one.name != target.name]
    return f"take {fits[0].title} or later" if fits else f"take a place with Spin {text(first)}"


def _notes(asks: Asks, target: Target) -> Iterator[str]:
    if target.triggers is None:
        for kind in sorted(asks.triggers - OWN_TRIGGERS):
            yield f"the trigger {kind} is a plugin: spin plugins install trigger-{kind}"
    for part in asks.parts:
        yield from _notes_of(part, target)
    if target.kind == "shim" and "http" not in asks.triggers:
        yield "without an HTTP trigger there is nothing behind the Service, and no health to ask for"


def _notes_of(part: Part, target: Target) -> Iterator[str]:
    if not part.known:
        yield f"the binary of {part.name} is not at hand; nothing is said of its interfaces"
    component = part.component
    if target.kind == "shim":
        for label in (*component.key_value_stores, *component.sqlite_databases):
            yield (
                f"{part.name} keeps {label!r} in the pod's own files, which go with it and which no other pod sees; "
                "-c runtime-config.toml names a place outside (redis, libsql)"
            )
    if component.ai_models and target.kind == "shim":
        yield f"{part.name} uses AI models; -c runtime-config.toml names a server that has them (remote_http)"
    if any(name.startswith("wasi:otel/") for name in part.imports):
        yield f"{part.name} imports wasi:otel, which spin up serves with --experimental-wasi-otel only"
    if target.kind == "hosted":
        yield from _hosted(part, target)


def _hosted(part: Part, target: Target) -> Iterator[str]:
    if part.component.ai_models:
        yield f"{part.name} uses AI models, which are there on request only"
    if part.component.key_value_stores:
        for name in part.imports:
            if target.lacks and name.startswith(target.lacks):
                yield f"{part.name} imports {name}, which is not served there; its calls fail"
    if target.memory is not None and part.memory > target.memory:
        here, there = part.memory >> 20, target.memory >> 20
        yield f"{part.name} may use {here} MiB here, and {there} MiB there: try it with --memory {there}MiB"
