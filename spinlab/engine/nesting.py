"""Guest and bridge in one component: what the engine compiles and calls.

::

    outer component
      imports   spinlab:bridge/host (one instance, shared by all providers), core-NAME (a provider's core module)
      wasi2     a provider, instantiated with the host
      ...       as many providers as the guest's imports need
      guest     its bytes as they are, its imports satisfied by the providers' exports
      glue      0.2: two small core modules; 0.3: the driver component
      exports   run(head, data) -> (head, data); prepare() when the guest has a warm-up

The outer component is written as text with empty placeholders; the real binaries are spliced in. Nothing here compiles
or runs anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from wasmtime import WasmtimeError, wat2wasm

from spinlab.engine import binary, recognize
from spinlab.engine.binary import Extern
from spinlab.engine.events import choose_event, event_of, event_types, starters
from spinlab.engine.glue import GLUE
from spinlab.engine.guest import Guest, read_guest
from spinlab.engine.interfaces import WARM_UP, Handler, Interface, Provided, choose_command, choose_handler
from spinlab.engine.providers import DRIVERS, HOST, HOST_TYPE, OWN, Provider
from spinlab.errors import ComponentError, HandlerError, MissingImport


@dataclass(frozen=True)
class Nested:
    """The outer component and what was found on the way.

    Attributes:
        frame: The outer component with placeholders.
        blobs, core_types: What fills them, the guest excepted.
        handler: The guest's handler, or the export that runs it as a command.
        imports: The interfaces that the guest imports, as written.
        providers: Names of the providers that are in it, the driver included: their cores are to be linked.
        warms: Whether it exports ``prepare``.
    """

    frame: bytes = field(repr=False)
    blobs: tuple[bytes, ...] = field(repr=False)
    core_types: tuple[bytes, ...] = field(repr=False)
    handler: Handler
    imports: tuple[str, ...]
    providers: tuple[str, ...]
    warms: bool

    def outer(self, component: bytes) -> bytes:
        """The outer component around the guest's bytes."""
        return binary.splice(self.frame, (*self.blobs, component), self.core_types)

    def digest(self, component: str) -> str:
        """The sha256 that stands for the outer component around a guest of that digest, in hex."""
        whole = hashlib.sha256(component.encode())
        for part in (self.frame, *self.blobs, *self.core_types):
            whole.update(hashlib.sha256(part).digest())
        return whole.hexdigest()


_ORDER: Final = {"0.2": ("wasi2", "spin2", "wasi3", "spin3"), "0.3": ("wasi3", "spin3", "wasi2", "spin2")}


def nest(component: bytes, providers: Mapping[str, Provider], *, command: bool = False, trigger: str = "") -> Nested:
    """Nest a guest.

    Parameters:
        component: Its bytes.
        providers: By name.
        command: Whether it is to run as a command for each request, in place of its HTTP handler.
        trigger: Whose messages it is to take, in place of requests.

    Raises:
        ComponentError: It is not a component, or is damaged.
        HandlerError: It has no HTTP handler, or several; or it is no command.
        MissingImport: It imports what nobody provides.
    """
    recognize.require_component(component)
    guest = read_guest(component)
    if trigger:
        handler = choose_event(trigger, [e.name for e in guest.exports], [i.name for i in guest.imports])
    else:
        handler = _without_trigger(guest, command=command)
    provided = Provided(providers, _ORDER[handler.wasi])
    types = event_of(handler).types if trigger else {}
    linked = _link(guest, provided, types)
    main = "wasi2" if handler.wasi == "0.2" else "wasi3"
    tail = (("message3" if trigger else "driver3"),) if handler.wasi == "0.3" else ()
    used = (
        _with_givers(
            {main, *(provider for provider, name in linked.values() if name not in types)},
            providers,
            _ORDER[handler.wasi],
        )
        + tail
    )
    for name in used:
        if name not in providers:
            raise ComponentError(
                f"this installation of spinlab lacks the bridge's {name}.wasm", hint="build it with: make bridge"
            )
    warms = (e.name for e in guest.exports if Interface.parse(e.name).track == WARM_UP)
    warm = None if command else next(warms, None)
    text = _Text(guest, handler, linked, [providers[n] for n in used], warm)
    return Nested(
        text.assembled(),
        tuple(providers[n].component for n in used),
        tuple(providers[n].core_type for n in used),
        handler,
        tuple(i.name for i in guest.imports if i.kind == "instance"),
        used,
        warm is not None,
    )


def _without_trigger(guest: Guest, *, command: bool) -> Handler:
    try:
        choose = choose_command if command else choose_handler
        return choose(e.name for e in guest.exports if e.kind == "instance")
    except HandlerError as error:
        meant = starters(e.name for e in guest.exports)
        if meant and not command:
            options = " or ".join(f"--{trigger}" for trigger in meant)
            error.hint = f"it takes messages: say what starts it with {options}"
        raise


def _with_givers(needed: set[str], providers: Mapping[str, Provider], order: tuple[str, ...]) -> tuple[str, ...]:
    """The needed providers and those whose own interfaces they import, in order."""
    for name in tuple(needed):
        for wanted in providers[name].imports if name in providers else ():
            givers = [n for n in order if n in providers and wanted in providers[n].exports]
            if givers and not needed.intersection(givers):
                needed.add(givers[0])
    return tuple(n for n in order if n in needed)


def _link(guest: Guest, provided: Provided, types: Collection[str] = ()) -> dict[str, tuple[str, str]]:
    """Provider and export for each imported instance; everything that can't be given is refused together."""
    linked: dict[str, tuple[str, str]] = {}
    missing: list[MissingImport] = []
    for extern in guest.imports:
        try:
            if extern.kind == "instance":
                mine = extern.name in types
                linked[extern.name] = ("event", extern.name) if mine else provided.find(extern.name)
            elif extern.kind != "type" or guest.types.get(extern.name) is None:
                raise _alone(extern)
        except MissingImport as error:  # noqa: PERF203 (each import fails for itself)
            missing.append(error)
    if not missing:
        return linked
    first, *others = missing
    if not others:
        raise first
    raise MissingImport(
        f"{first.message} (and {len(others)} more)",
        hint=first.hint,
        details="\n".join(f"{error.message}: {error.hint}" for error in missing),
    )


def _alone(extern: Extern) -> MissingImport:
    if extern.name.startswith(OWN):
        return MissingImport(f"the component imports {extern.name}, which belongs to spinlab itself")
    return MissingImport(
        f"the component imports the {extern.kind} {extern.name!r} by itself, which nobody provides",
        hint="spinlab and Spin provide whole interfaces (package:name/interface@version): import one of those",
    )


def _quoted(name: str) -> str:
    """A name as a string of WebAssembly text."""
    return '"' + "".join(c if c.isascii() and c.isprintable() and c not in '"\\' else _escaped(c) for c in name) + '"'


def _escaped(char: str) -> str:
    return "".join(f"\\{byte:02x}" for byte in char.encode())


class _Text:
    """The outer component as text."""

    def __init__(
        self,
        guest: Guest,
        handler: Handler,
        linked: Mapping[str, tuple[str, str]],
        providers: list[Provider],
        warm: str | None,
    ) -> None:
        self.guest = guest
        self.handler = handler
        self.linked = linked
        self.providers = providers
        self.warm = warm
        self.shared = [p for p in providers if p.name not in DRIVERS]

    def assembled(self) -> bytes:
        """The outer component with placeholders."""
        lines = ["(component", HOST_TYPE]
        lines += [
            f'(core type $t-{p.name} (module)) (import "{p.core_name}" (core module $c-{p.name} (type $t-{p.name})))'
            for p in self.providers
        ]
        lines += [f"(component $p-{p.name})" for p in self.providers] + ["(component $guest)"]
        for provider in self.shared:
            lines += self._provider(provider)
        if self.handler.trigger:
            lines.append(event_types(event_of(self.handler)))
        lines += self._guest()
        if self.handler.trigger:
            lines.append(event_of(self.handler).glue)
            lines += self._driver() if self.handler.wasi == "0.3" else []
        else:
            lines += self._driver() if self.handler.wasi == "0.3" else [GLUE[self.handler.command]]
        if self.warm:
            lines.append(
                f"(alias export $g {_quoted(self.warm)} (instance $warm)) "
                '(alias export $warm "prepare" (func $prepare)) (export "prepare" (func $prepare))'
            )
        return _wat2wasm("\n".join(lines) + ")")

    def _provider(self, provider: Provider) -> list[str]:
        lines, given = [], [f'(with "{HOST}" (instance $host))']
        for n, name in enumerate(provider.imports):
            if name != HOST:
                giver = next(p for p in self.shared if name in p.exports)  # the guest's main provider before others
                lines.append(f'(alias export ${giver.name} "{name}" (instance $i-{provider.name}-{n}))')
                given.append(f'(with "{name}" (instance $i-{provider.name}-{n}))')
        lines.append(
            f"(instance ${provider.name} (instantiate $p-{provider.name} {' '.join(given)} "
            f'(with "{provider.core_name}" (core module $c-{provider.name}))))'
        )
        return lines

    def _guest(self) -> list[str]:
        lines, given = [], []
        ids: dict[tuple[str, str], str] = {}
        for extern in self.guest.imports:
            if extern.kind == "instance":
                origin = self.linked[extern.name]
                if origin not in ids:
                    ids[origin] = f"$x{len(ids)}"
                    lines.append(f'(alias export ${origin[0]} "{origin[1]}" (instance {ids[origin]}))')
                given.append(f"(with {_quoted(extern.name)} (instance {ids[origin]}))")
            else:
                source = self.guest.types[extern.name]
                assert source is not None  # _link refused the others
                name = f"$y{len(given)}"
                lines.append(f"(alias export {ids[self.linked[source[0]]]} {_quoted(source[1])} (type {name}))")
                given.append(f"(with {_quoted(extern.name)} (type {name}))")
        lines.append(f"(instance $g (instantiate $guest {' '.join(given)}))")
        kind = "instance" if "/" in self.handler.export else "func"
        lines.append(f"(alias export $g {_quoted(self.handler.export)} ({kind} $handler))")
        return lines

    def _driver(self) -> list[str]:
        driver = self.providers[-1]
        lines, given = [], []
        for n, name in enumerate(driver.imports):
            if name == HOST:
                given.append(f'(with "{name}" (instance $host))')
            elif name.startswith("wasi:http/handler@"):
                given.append(f'(with "{name}" (instance $handler))')
            elif name.startswith(f"{OWN}bridge/message@"):
                given.append(f'(with "{name}" (instance $message))')
            else:
                lines.append(f'(alias export $wasi3 "{name}" (instance $d{n}))')
                given.append(f'(with "{name}" (instance $d{n}))')
        lines.append(
            f"(instance $driver (instantiate $p-{driver.name} "
            f'(with "{driver.core_name}" (core module $c-{driver.name})) '
            f"{' '.join(given)}))"
        )
        lines.append('(alias export $driver "run" (func $run)) (export "run" (func $run))')
        return lines


@lru_cache(maxsize=64)
def _wat2wasm(text: str) -> bytes:
    try:
        return bytes(wat2wasm(text))
    except WasmtimeError as error:
        raise ComponentError("the component has names that can't be nested", details=str(error)) from error
