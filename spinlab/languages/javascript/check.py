"""Everything that is checked when a JavaScript or TypeScript cell is registered, beyond its syntax."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping

from spinlab.errors import Location, SourceError
from spinlab.function import Function
from spinlab.images.javascript_build import provided
from spinlab.languages.javascript import advice, packages
from spinlab.languages.javascript.scan import DEFAULT, HANDLE, LISTENER, Place, Scanned

FORMS = "addEventListener('fetch', ...), export default { fetch(request) {...} } or function handle(request)"
_ALIKE = ("handler", "main", "handleRequest", "handle_request", "fetch", "run", "app", "index", "get", "GET")
_WASI = re.compile(r"wasi:(?:cli/environment|filesystem/(?:preopens|types))@0\.2\.\d+")
_INTERFACE = re.compile(r"[a-z][\w-]*:[\w-]+/")
_LOCAL = re.compile(r"\./(?P<name>[\w-]+?)(?:\.[cm]?[jt]s)?")
OUTSIDE = ("fermyon:*", "spin:*", "wasi:*")
"""Imports that the host answers, for a bundler."""


def module_name(specifier: str) -> str | None:
    """The ``--module`` cell that a specifier names; None when it is of another kind."""
    match = _LOCAL.fullmatch(specifier)
    return match["name"] if match else None


def imports(
    scanned: Scanned, cells: Mapping[str, Function], requires: tuple[str, ...]
) -> tuple[tuple[str, ...], list[SourceError]]:
    """The modules that a source imports, and what is wrong about its imports.

    Parameters:
        cells: Name -> ``--module`` function.
        requires: The packages that it asks for.
    """
    used: dict[str, None] = {}
    wrong: list[SourceError] = []
    for place in scanned.imports:
        name = module_name(place.name)
        if name is not None and name in cells:
            used[name] = None
        elif not (place.types and not place.name.startswith(".")):
            error = _import(place, name, cells, requires)
            if error is not None:
                wrong.append(error)
    return tuple(used), wrong


def _import(place: Place, name: str | None, cells: Collection[str], requires: tuple[str, ...]) -> SourceError | None:
    specifier = place.name
    if name is not None or specifier.startswith((".", "/", "file:")):
        return _no_module(place, name, cells)
    if _INTERFACE.match(specifier):
        return None if specifier in provided() or _WASI.fullmatch(specifier) else _no_interface(place)
    if re.match(r"https?:|data:|npm:|jsr:", specifier):
        return SourceError(
            f"nothing can be imported from a URL: {specifier}",
            hint="take the package from npm: --requires NAME@VERSION",
            location=_at(place),
        )
    node = None if packages.owner(specifier) in packages.names(requires) else advice.builtin(specifier)
    if node is not None:
        return SourceError(f"the module {specifier} {node[0]}", hint=f"instead: {node[1]}", location=_at(place))
    if not requires or packages.owner(specifier) not in packages.names(requires):
        return _no_package(place, cells, requires)
    return None


def _no_module(place: Place, name: str | None, cells: Collection[str]) -> SourceError:
    if name is None:
        return SourceError(
            f"{place.name} is not in the sandbox: a cell can't import files",
            hint="put the code into a --module cell called NAME and import './NAME.js'",
            location=_at(place),
        )
    close = difflib.get_close_matches(name, cells, 1)
    hint = f"did you mean './{close[0]}.js'?" if close else f"make it a cell: %%spin javascript {name} --module"
    return SourceError(f"there is no module cell called {name}", hint=hint, location=_at(place))


def _no_interface(place: Place) -> SourceError:
    known = (*provided(), "wasi:cli/environment@0.2.10", "wasi:filesystem/preopens@0.2.10")
    bare = place.name.partition("@")[0]
    close = next((k for k in known if k.partition("@")[0] == bare), None) or next(
        iter(difflib.get_close_matches(place.name, known, 1, 0.5)), None
    )
    if place.name.startswith("wasi:http/"):
        close = None
    hint = f"there is {close}" if close else "fetch() reaches out; the interfaces are: " + ", ".join(known)
    return SourceError(f"the image has no interface {place.name}", hint=hint, location=_at(place))


def _no_package(place: Place, cells: Collection[str], requires: tuple[str, ...]) -> SourceError:
    name = packages.owner(place.name)
    bare = re.sub(r"\.[cm]?[jt]s$", "", place.name)
    if bare in cells:
        hint = f"a module cell is imported as './{bare}.js'"
    elif name in advice.PACKAGES:
        hint = advice.PACKAGES[name]
    else:
        close = difflib.get_close_matches(name, packages.names(requires), 1)
        hint = f"did you mean {close[0]}?" if close else f"if it is a package of npm, add --requires {name}"
    return SourceError(f"there is no package {name} in the cell", hint=hint, location=_at(place))


def remarks(scanned: Scanned, requires: tuple[str, ...]) -> Iterator[str]:
    """What the source uses of other runtimes, which the sandbox has not, as warnings."""
    for name, instead in advice.GLOBALS.items():
        place = scanned.uses(name)
        if place is not None and not (name == "require" and requires):
            yield f"line {place.line}: the sandbox has no `{name}`; instead: {instead}"


def required(scanned: Scanned) -> SourceError | None:
    """The error for a `require`, where nothing bundles it."""
    place = next((p for p in scanned.imports if p.kind == "require"), None)
    if place is None or scanned.uses("require") is None:
        return None
    return SourceError(
        "require is Node's; modules of the web are imported",
        hint=f"import name from '{place.name}'",
        location=_at(place),
    )


def handler(scanned: Scanned, function: Function) -> SourceError | None:
    """What is wrong about the handlers that a source defines; None when nothing is, or only running it can tell."""
    found = scanned.handlers
    explicit = {place.name: place for place in reversed(found) if place.name in (LISTENER, DEFAULT)}
    twice = [place for place in found if place.name == HANDLE]
    both = list(explicit.values()) if len(explicit) == 2 else twice
    if len(both) >= 2:
        first, second = sorted(both, key=lambda place: (place.line, place.column))[:2]
        return SourceError(
            f"the cell has two handlers: {first.name} (line {first.line + function.first_line - 1}) and {second.name} "
            f"(line {second.line + function.first_line - 1})",
            hint="keep one: one cell is one function; another handler is another cell",
            location=_at(second, "the second one"),
        )
    foreign = [p for p in scanned.imports if not _INTERFACE.match(p.name)]
    if found or foreign:
        return None
    return _missing(scanned)


def _missing(scanned: Scanned) -> SourceError:
    functions = {place.name: place for place in scanned.functions if place.kind == "function"}
    close = [n for n in _ALIKE if n in functions] or difflib.get_close_matches("handle", functions, 1, 0.75)
    if not close and len(functions) == 1:
        close = list(functions)
    if close:
        place = functions[close[0]]
        return SourceError(
            f"the cell defines no handler; is it {close[0]}?",
            hint="call it handle: function handle(request); for code that other cells import add --module",
            location=_at(place, "call it handle"),
        )
    return SourceError(
        "the cell defines no handler",
        hint=f"write {FORMS}; for code that other cells import add --module",
        location=Location(1),
    )


def _at(place: Place, label: str = "") -> Location:
    return Location(place.line, place.column, place.column + place.width, label)
