"""An app as a Spin project: a folder that ``spin up`` serves.

Everything comes from what ran: the app's live functions, never the notebook's text. The same app gives the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Final, Literal

from spinlab import state
from spinlab.app import App
from spinlab.errors import ExportError
from spinlab.export import again
from spinlab.export import folder as folders
from spinlab.export.forms import Part, part
from spinlab.export.minimum import WITH_STATIC, Minimum, highest, minimum, of_interfaces
from spinlab.export.readme import gitignore, readme
from spinlab.export.stored import scripts, tests
from spinlab.host.variables import in_triggers
from spinlab.languages import language
from spinlab.live import Live
from spinlab.manifest import Application, Manifest, Variable, dump
from spinlab.manifest.ids import kebab
from spinlab.manifest.template import Template

SCHEMA = "#:schema https://schemas.spinframework.dev/spin/manifest-v2/latest.json"
STATE = ".spin"
FORMS = ("shared", "standalone", "official")
Form = Literal["shared", "standalone", "official"]


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        folder: Where.
        files: All files of the export, relative to the folder.
        changed: Those that were written or removed; none when it was there already.
        manifest: What spin.toml says.
        needs: The first release of Spin that runs it.
        seconds: How long it took.
        scripts: What ``spin up`` takes after ``--sqlite``, relative to the folder.
        data: Files of its state folder that were copied.
    """

    folder: Path
    files: tuple[str, ...]
    changed: tuple[str, ...]
    manifest: Manifest
    needs: Minimum
    seconds: float
    scripts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """An export before it is written: its manifest and files."""

    manifest: Manifest
    files: Mapping[str, bytes]
    needs: Minimum
    scripts: tuple[str, ...] = ()


def project(
    app: App,
    folder: str | Path,
    *,
    components: Form | str = "shared",
    name: str | None = None,
    version: str | None = None,
    description: str | None = None,
    authors: Sequence[str] = (),
    only: Sequence[str] = (),
    force: bool = False,
    with_data: bool = False,
) -> Exported:
    """Write an app as a Spin project.

    Parameters:
        app: What to export.
        folder: Where; made when it is not there.
        components: ``shared``: one image for all functions of a kind, the sources mounted as files; ``standalone``:
            one component a function that holds its source; ``official``: for ``spin build``.
        name, version, description, authors: For ``[application]``; by default what the app was loaded with, else its
            name and version 0.1.0.
        only: Names of functions, when it shall not be all.
        force: Write although the folder has files of somebody else; those with other names are left alone.
        with_data: The contents of the ``default`` store and database too, in the folder's ``.spin``.

    Raises:
        ExportError: The app has no such function, or the folder can't be written. The folder is as it was.
    """
    began = time.perf_counter()
    made = plan(app, components, name=name, version=version, description=description, authors=authors, only=only)
    target = Path(folder).expanduser()
    copies = state.copies(app.services, target / STATE, force=force) if with_data else {}
    changed = folders.write(target, made.files, force=force)
    data = tuple(f"{STATE}/{name}" for name in state.save(copies, target / STATE))
    files = tuple(sorted({*made.files, *data}))
    seconds = time.perf_counter() - began
    return Exported(target, files, changed, made.manifest, made.needs, seconds, made.scripts, data)


def describe(
    app: App,
    *,
    components: Form | str = "shared",
    name: str | None = None,
    version: str | None = None,
    description: str | None = None,
    authors: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Manifest:
    """The manifest that an export of the app would have; see `project`."""
    shares = _shares(app, components, only)
    return _manifest(app, shares, _application(app, name, version, description, authors), whole=not only)


def plan(
    app: App,
    components: Form | str = "shared",
    *,
    name: str | None = None,
    version: str | None = None,
    description: str | None = None,
    authors: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Plan:
    """What an export would write; see `project`.

    Raises:
        ExportError: There is nothing to export, no such form or no such function.
    """
    shares = _shares(app, components, only)
    if not shares and not app.triggers:
        raise ExportError(f"the app {app.name!r} has no functions", hint="run a %%spin cell first")
    application = _application(app, name, version, description, authors)
    manifest = _manifest(app, shares, application, whole=not only)
    files: dict[str, bytes] = {}
    for _, found in () if only else again.idle(app).values():
        files.update(found)
    for share in shares:
        files.update(share.part.files)
    pins = _requirements(shares, components)
    docs = {}
    for name, what in _BESIDE.items() if components != "official" else ():
        having = (s.official for s in shares if bool(s.live.function.triggers) == (name == "message.py"))
        module = next((official[name] for official in having if name in official), None)
        if module is not None:
            files[name] = module
            docs[name] = what
    needs = highest(
        (
            *map(minimum, {id(share.part.binary): share.part.binary for share in shares}.values()),
            *(of_interfaces(share.part.interfaces) for share in shares),
            *(WITH_STATIC for trigger in manifest.triggers.get("http", ()) if trigger.component is None),
        )
    )
    made = scripts(app, manifest)
    docs |= dict.fromkeys(made.files, "makes tables in an SQLite database")
    files |= pins
    files |= made.files
    kept = tests(app, only)
    docs |= dict.fromkeys(kept, "requests with what is expected of their answers: `spinlab test .`")
    files |= kept
    files |= {
        "spin.toml": f"{SCHEMA}\n{dump(manifest)}".encode(),
        "README.md": readme(manifest, needs, pins, docs, made.options).encode(),
        ".gitignore": gitignore(manifest).encode(),
    }
    return Plan(manifest, dict(sorted(files.items())), needs, made.options)


_BESIDE: Final = {
    "short.py": "what `request` and `Response` of `def handle(request)` are; the components hold the same",
    "message.py": "what `message` of `def handle(message)` is; the components hold the same",
}
"""Modules of short forms that stand beside an export to be read."""


@dataclass(frozen=True)
class _Share:
    """A function, its part of the export, and the files of Spin's own project for it."""

    live: Live
    part: Part
    official: Mapping[str, bytes]


def _shares(app: App, components: str, only: Sequence[str]) -> list[_Share]:
    if components not in FORMS:
        close = get_close_matches(components, FORMS, n=1)
        hint = f"did you mean {close[0]}?" if close else "write one of " + ", ".join(FORMS)
        raise ExportError(f"{components!r} is not a form of export", hint=hint)
    for name in only:
        if name not in app.functions:
            near = get_close_matches(name, app.functions, n=1)
            hint = f"did you mean {near[0]}?" if near else "there are: " + ", ".join(app.functions)
            raise ExportError(f"no function is called {name!r}", hint=hint)
    chosen = [live for name, live in app.functions.items() if not only or name in only]
    return [_share(live, components) for live in chosen]


def _share(live: Live, components: str) -> _Share:
    official = None
    if components == "official" or live.build.image:  # an image's pins stand beside it in every form
        official = language(live.function.language).official(live.function, live.build)
    return _Share(live, part(live, components, official), official or {})


def _application(
    app: App, name: str | None, version: str | None, description: str | None, authors: Sequence[str]
) -> Application:
    known = app.application or Application(app.name, "0.1.0")
    return replace(
        known,
        name=name or known.name,
        version=known.version if version is None else version,
        description=known.description if description is None else description,
        authors=tuple(authors) or known.authors,
    )


def _manifest(app: App, shares: Sequence[_Share], application: Application, *, whole: bool) -> Manifest:
    idle = again.idle(app) if whole else {}
    manifest = Manifest(
        replace(application, trigger=again.settings(app, [share.live.function for share in shares])),
        variables=_variables(app, shares, whole=whole),
        triggers=again.triggers(app, [share.live.function for share in shares], whole=whole),
        components={
            **{kebab(share.live.function.name): share.part.component for share in shares},
            **{name: component for name, (component, _) in idle.items()},
        },
    )
    return again.with_automatic_ids(manifest)


def _variables(app: App, shares: Sequence[_Share], *, whole: bool) -> dict[str, Variable]:
    """The variables that the functions ask for, and those of a loaded manifest. A secret's value stays here."""
    asked: dict[str, None] = dict.fromkeys(app.variables) if whole and app.application is not None else {}
    for share in shares:
        function = share.live.function
        for text in (*function.variables.values(), *function.allowed_outbound_hosts):
            asked |= dict.fromkeys(Template.parse(text).names)
        asked |= dict.fromkeys(in_triggers(function))
    found = {}
    for name in asked:
        known = app.variables.get(name, {})
        secret = bool(known.get("secret"))
        default = None if secret else known.get("default")
        description = known.get("description")
        found[name] = Variable(default, required=default is None, secret=secret, description=description)
    return found


def _requirements(shares: Sequence[_Share], components: str) -> dict[str, bytes]:
    """Where the toolchain's pins stand: beside each image, or at the top for the official build."""
    found = {share.part.packages: share.part.requirements for share in shares if share.part.packages}
    if components == "official" and len(set(found.values())) == 1:
        return {"requirements.txt": next(iter(found.values()))}
    return {f"requirements-{name}.txt": data for name, data in sorted(found.items())}
