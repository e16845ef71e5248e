"""The display of the scorecard: each trait with what was asked, what there is, and what that is compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from spinlab.languages import all_languages, title_of_name
from spinlab.traits import Scorecard, Trait
from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join, tag
from spinlab.widgets.plain import octets, seconds
from spinlab.widgets.style import box, muted, strong, table

Figures = Mapping[str, float]

_NAMES: Final = ("trait", "asked", "here", "compared with", "but")
_NOT_WRITTEN: Final = ("wasm", "html")


class Words(NamedTuple):
    """What is said of one trait.

    Attributes:
        asked: What the paper wants.
        here: What there is.
        against: What that is compared with; empty for a trait that is told.
        but: What it does not say.
    """

    asked: str
    here: str
    against: str
    but: str


def scorecard(of: Scorecard) -> Display:
    """Six rows."""
    heading = "the six traits of a serverless unit"
    measured = sum(trait.measured for trait in of.traits)
    about = f"Firecracker paper, NSDI 2020; {measured} of {len(of.traits)} measured here, in {seconds(of.seconds)}"
    told = [(trait, WORDS[trait.name](trait.figures)) for trait in of.traits]
    lines = [f"{heading} ({about})"]
    for trait, words in told:
        lines.append(f"{trait.name}, {_how(trait)}")
        lines += [f"  {name:<14} {text}" for name, text in zip(_NAMES[1:], words, strict=True) if text]
    rows: list[tuple[Child, ...]] = [
        (join(strong(trait.name), tag("br"), muted(_how(trait))), muted(words.asked), *words[1:])
        for trait, words in told
    ]
    return Display("\n".join(lines), box(join(strong(heading), " ", muted(about)), table(_NAMES, rows)))


def _how(trait: Trait) -> str:
    return "measured" if trait.measured else "in words"


def _isolation(_: Figures) -> Words:
    return Words(
        "strangers' functions on one machine can't reach each other, nor the host",
        "an instance of its own for each request, with a memory of its own; a function reaches what its cell grants, "
        "and nothing else. Lesson 03 tries to get out",
        "",
        "all of them share one process: where a microVM has the processor's boundary, this has the runtime's. Side "
        "channels, such as timing, are not closed",
    )


def _density(f: Figures) -> Words:
    return Words(
        "thousands on one machine, with little waste",
        f"{octets(round(f['bytes_each']))} for each of {f['functions']:.0f} idle functions that share a component, "
        f"{octets(round(f['bytes_each_own']))} for one with a binary of its own; all of them have answered",
        "under 5 MB for each microVM, without what runs in it (the paper)",
        "these functions do next to nothing, and nothing runs while they wait",
    )


def _performance(f: Figures) -> Words:
    return Words(
        "about as fast as native code",
        f"a checksum over bytes takes {f['ratio']:.2f} times as long: {octets(round(f['wasm_rate']))} a second",
        f"the same loop as machine code of this Python: {octets(round(f['native_rate']))} a second; the talk says 2.3 "
        "times",
        "one loop. Code that compilers vectorise, or that checks many bounds, loses more: lesson 05",
    )


def _compatibility(_: Figures) -> Words:
    languages = [title_of_name(language.name) for language in all_languages() if language.name not in _NOT_WRITTEN]
    return Words(
        "any Linux program, as it is",
        f"not that. A function is compiled for WebAssembly, from {', '.join(languages)}; then one file runs in each "
        "runtime that has its interfaces. Lesson 07 tries it in a second one",
        "",
        "libraries that need threads, processes or C code that was never ported are not to be had",
    )


def _switching(f: Figures) -> Words:
    smallest = f"; the smallest process there is, {seconds(f['process'])}" if "process" in f else ""
    return Words(
        "new functions start, and old ones are cleaned up, at once",
        f"{seconds(f['median'])} for a request with the making and throwing away of its instance (median of "
        f"{f['requests']:.0f}; one in a hundred takes {seconds(f['slowest'])} or more)",
        f"a new Python process, {seconds(f['python'])}{smallest}; a microVM, 125 ms (the paper)",
        "the component was compiled before; the first cell of a machine takes longer",
    )


def _soft(f: Figures) -> Words:
    return Words(
        "each uses what it needs, not what it is entitled to",
        f"{f['instances']:.0f} requests at once, entitled to {octets(round(f['entitled']))}, have touched "
        f"{octets(round(f['touched']))} and take {octets(round(f['used']))}: {f['entitled'] / f['used']:.0f} times "
        "oversubscribed",
        "10 times in production, over 20 in tests (the paper)",
        "the ratio is that of this load: it says what is possible, not what is wise. "
        f"{octets(round(f['after']))} are kept for the next instances, whoever's they are, instead of given back",
    )


WORDS: Final[Mapping[str, Callable[[Figures], Words]]] = {
    "isolation": _isolation,
    "overhead and density": _density,
    "performance": _performance,
    "compatibility": _compatibility,
    "fast switching": _switching,
    "soft allocation": _soft,
}
"""Trait -> what is said of it and its figures."""
