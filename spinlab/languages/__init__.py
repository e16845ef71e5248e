"""One module a language: source in, component or diagnostics out.

A language is an object with the attributes of `Language`, found by the entry-point group ``spinlab.languages`` (name ->
object), so that other packages can add theirs.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

from spinlab.errors import Location, OptionError, SourceError
from spinlab.function import Function
from spinlab.toolchains.find import Tool
from spinlab.toolchains.progress import Progress as Progress
from spinlab.toolchains.progress import silent as silent

_GROUP = "spinlab.languages"


@dataclass(frozen=True)
class BuildContext:
    """What a language may need beside the function.

    Attributes:
        modules: Name -> function of the app's ``--module`` cells of the same language.
        names: Names that live in the notebook, to tell a free name of the cell from one that was never there.
        progress: Where to say how far a long step is.
    """

    modules: Mapping[str, Function] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    progress: Progress = silent


@dataclass(frozen=True)
class Build:
    """What a language made of a function.

    Attributes:
        component: The bytes that run, and that are exported: a whole component, or an image.
        image: Identity of the image (its sha256 in hex) when `component` is one; empty otherwise.
        environment: What the engine adds to the guest's environment so that an image finds the source.
        files: Path in the sandbox -> bytes: the same source as mounted files, for the shared form of an export.
        mounts: Path in the sandbox -> bytes: what it finds there beside the files that the function mounts.
        shared: What the component is called in an export when other functions have the same one; empty for its own.
        modules: Names of the ``--module`` functions this one was built with.
        warnings: One-line remarks for the card.
        seconds: How long it took.
        log: All that its tools wrote.
    """

    component: bytes = field(repr=False)
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    mounts: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    shared: str = ""
    modules: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)
    log: str = field(default="", repr=False, compare=False)


class Language(Protocol):
    """What a language module offers.

    What else there may be: `title` (its name in a sentence), `extension` (of its files), ``starter(template)`` (the
    text of a first cell, with ``starter_options(template)`` for its line), ``tools()`` (the programs that it needs).

    For the official project: ``build_command(function, build)`` (without one there is no such project),
    ``build_output(function, build)`` (what that makes, else ``app.wasm``), `watch` (globs, else all files with its
    `extension`), ``official_tools()`` (the programs that it needs, where they are others) and
    ``official_interfaces(function, build)`` (what that makes has more than the component here, for what it needs of
    Spin). `family` has the languages whose functions share an image; it is called after the first.
    """

    name: str
    aliases: tuple[str, ...]

    def build(self, function: Function, context: BuildContext) -> Build:
        """Make a component of the function.

        Raises:
            SourceError: The source can't run; points into it.
            BuildError: The toolchain failed.
            ToolMissing: A tool is not here.
        """
        ...

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of Spin's own project for this source (path -> bytes), or None when there is no such project."""
        ...


def text_of(function: Function) -> str:
    """The source of a function as text.

    Raises:
        SourceError: It is not UTF-8, or no text that UTF-8 can carry.
    """
    source = function.source
    try:
        if isinstance(source, bytes):
            return source.decode()
        source.encode()
    except UnicodeError as error:
        at = error.start if isinstance(error, (UnicodeDecodeError, UnicodeEncodeError)) else 0
        before = source[:at]
        line = 1 + (before.count(b"\n") if isinstance(before, bytes) else before.count("\n"))
        reason = getattr(error, "reason", error)
        raise SourceError(
            f"the source is not UTF-8: {reason} at {'byte' if isinstance(source, bytes) else 'character'} {at}",
            hint="save it as UTF-8, or write such a character as an escape",
            location=Location(line),
        ) from None
    return source


def starter(name: str, template: str = "http") -> str:
    """The text of a first cell in a language, without its ``%%spin`` line.

    Parameters:
        name: The language.
        template: ``http``, ``kv``, ``sqlite`` or ``fetch``.

    Raises:
        OptionError: There is no such language, or no such starter for it.
    """
    chosen = language(name)
    make: Callable[[str], str] | None = getattr(chosen, "starter", None)
    if make is None:
        raise OptionError(f"{title_of(chosen)} has no starter", hint="write the cell as its documentation says")
    return make(template)


def tools_of(chosen: Language) -> tuple[Tool, ...]:
    """The programs that a language needs."""
    told: Callable[[], tuple[Tool, ...]] | None = getattr(chosen, "tools", None)
    return () if told is None else told()


def title_of(chosen: Language) -> str:
    """What a language is called in a sentence."""
    return str(getattr(chosen, "title", "") or chosen.name)


def title_of_name(name: str) -> str:
    """The same for a name; one that is no language's stays as it is."""
    return title_of(language(name)) if is_language(name) else name


def all_languages() -> tuple[Language, ...]:
    """Each language once, by its name."""
    known = {x.name: x for x in languages().values()}
    return tuple(known[name] for name in sorted(known))


ALIASES: Mapping[str, tuple[str, ...]] = {
    "cpp": ("c++",),
    "go": ("golang",),
    "html": ("htm",),
    "javascript": ("js",),
    "python": ("py",),
    "rust": ("rs",),
    "typescript": ("ts",),
}
"""Other names of the languages that come with spinlab: they are told, and one is found, without importing them all."""


@cache
def _points() -> Mapping[str, EntryPoint]:
    """What is not loaded yet of the languages that come with spinlab, by each of their names."""
    return {
        name: point
        for point in entry_points(group=_GROUP)
        if point.value.startswith("spinlab.")
        for name in (point.name, *ALIASES.get(point.name, ()))
    }


@cache
def _brought() -> Mapping[str, Language]:
    """The languages of other packages by each of their names."""
    loaded = (p.load() for p in entry_points(group=_GROUP) if not p.value.startswith("spinlab."))
    return {name: found for found in loaded for name in (found.name, *found.aliases)}


def is_language(name: str) -> bool:
    """Whether it is a language's name or alias. Imports none of those that come with spinlab."""
    return name in _points() or name in _brought()


@cache
def languages() -> Mapping[str, Language]:
    """Every language by its name and each of its aliases."""
    return {name: language(name) for name in (*_points(), *_brought())}


def language(name: str) -> Language:
    """The language called `name`.

    Raises:
        OptionError: There is none; the closest name is suggested.
    """
    if name in _brought():
        return _brought()[name]
    if name in _points():
        found: Language = _points()[name].load()
        return found
    known = languages()
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else "known: " + ", ".join(sorted({x.name for x in known.values()}))
    raise OptionError(f"{name!r} is not a language of spinlab", hint=hint)
