"""Why a cell's crates can't be had or built: what cargo says, in words that help."""

from __future__ import annotations

import re
from typing import Final

from spinlab.errors import BuildError, SpinError
from spinlab.languages.rust.cargo import PACKAGE, Message, Outcome
from spinlab.languages.rust.project import Project
from spinlab.toolchains import confine

_PACKAGE: Final = re.compile(rf"(?:package )?`{PACKAGE} v0\.1\.0 \([^)`]*\)`")
_NOISE: Final = re.compile(r"\s*(?:Updating|Locking|Adding|Compiling|Downloading|Downloaded) |location searched:")


def dependency(project: Project, outcome: Outcome) -> SpinError | None:
    """The error for a crate that does not compile."""
    for message in outcome.messages:
        if message.get("reason") == "compiler-message" and str(message["message"]["level"]).startswith("error"):
            name = _crate_of(message)
            error = BuildError(
                f"the crate {name} does not compile for WebAssembly: {message['message']['message']}",
                hint="it may need threads, sockets or a C library; look for a feature that turns that off, "
                "such as --requires NAME+no-default-features",
                details=str(message["message"].get("rendered") or "").strip(),
            )
            return _about(error, project, name)
    return None


def _crate_of(message: Message) -> str:
    return str(message["target"]["name"]).replace("_", "-")


def cargo(project: Project, text: str) -> SpinError:
    """The error for what cargo itself says: no such crate, no such version, no connection."""
    for pattern, say in _RULES:
        found = pattern.search(text)
        if found is not None:
            sentence, hint, about = say(found)
            return _about(BuildError(sentence, hint=hint, details=_end(text)), project, about)
    first = re.search(r"^error: (.+)", text, re.MULTILINE)
    if first is None or first[1].startswith("could not compile"):
        return BuildError("rustc failed", details=_end(text))
    return BuildError(f"cargo failed: {first[1]}", details=_end(text))


def _versions(found: re.Match[str]) -> tuple[str, str, str]:
    listed = found[3].split("\n")[0].strip()
    return f"the crate {found[1]} has no version {found[2].lstrip('^=')}", f"there are: {listed}", found[1]


def _features(found: re.Match[str]) -> tuple[str, str, str]:
    listed = found[3].strip() if found[3] else ""
    return (
        f"the crate {found[1]} has no feature {found[2]}",
        f"there are: {listed}" if listed else "its documentation lists its features",
        found[1],
    )


_RULES: Final = (
    (
        re.compile(r"no matching package (?:named )?`([^`]+)` found"),
        lambda m: (f"there is no crate called {m[1]}", "is it spelt as on the registry?", m[1]),
    ),
    (
        re.compile(
            r"failed to select a version for the requirement `([\w-]+) = \"([^\"]*)\"`[^\n]*\n(?:[^\n]*\n)*?"
            r"\s*candidate versions found which didn't match: ([^\n]+)"
        ),
        _versions,
    ),
    (
        re.compile(r"depends on `([\w-]+)`,? with features? `([^`]+)` but[^\n]*(?:\n\s*available features: ([^\n]+))?"),
        _features,
    ),
    (
        re.compile(r"failed to select a version for `([\w-]+)`"),
        lambda m: (
            f"no version of the crate {m[1]} suits all that ask for it",
            "leave one of the versions in --requires open; the details say who asks for which",
            m[1],
        ),
    ),
    (
        re.compile(r"failed to parse the version requirement `([^`]+)`(?: for dependency `([\w-]+)`)?"),
        lambda m: (f"{m[1]} is no version", "write --requires NAME=1 or NAME==1.2.3", m[2] or ""),
    ),
    (
        re.compile(
            r"(?:package `?([\w-]+) v?[\d.]+`? |([\w-]+)@[\d.]+ )(?:cannot be built because it )?"
            r"requires rustc ([\d.]+)"
        ),
        lambda m: (
            f"the crate {m[1] or m[2]} needs rustc {m[3]} or later",
            "rustup update brings a newer one; or ask for an older version of the crate",
            m[1] or m[2],
        ),
    ),
    (
        re.compile(r"failed to run custom build command for `([\w-]+) v[^`]*`"),
        lambda m: (
            f"the build script of the crate {m[1]} failed",
            f"it runs on this machine, and {confine.limits()}; the details say what it missed",
            m[1],
        ),
    ),
    (
        re.compile(r"linker `([^`]+)` not found"),
        lambda m: (f"the linker {m[1]} is not here", "crates with macros need a C compiler: apt install gcc", ""),
    ),
    (
        re.compile(
            r"could not resolve host|couldn't resolve host|failed to download|failed to query replaced source|"
            r"spurious network error|failed to fetch|network failure|"
            r"download of [^\n]* failed|Unable to update registry",
            re.IGNORECASE,
        ),
        lambda _: (
            "the crates can't be fetched",
            "is there a connection to the registry? once built, a cell needs none",
            "",
        ),
    ),
)


def _about(error: SpinError, project: Project, crate: str) -> SpinError:
    """The error with the option that it is about, so that it points at it."""
    written = next((c.written for c in project.crates if c.written and c.name == crate), "")
    if written:
        error.subject = ("requires", written)
    return error


def _end(text: str) -> str:
    lines = [_PACKAGE.sub("the cell", line) for line in text.splitlines() if line.strip() and not _NOISE.match(line)]
    return "\n".join(line[:500] for line in lines[-25:])
