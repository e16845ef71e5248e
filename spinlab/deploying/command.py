"""``spinlab deploy``: the command line of deployments."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spinlab.deploying import grammar
from spinlab.deploying.catalogue import DESTINATIONS
from spinlab.scaffolding import Choice

if TYPE_CHECKING:
    from spinlab.deploying.destination import Destination, Release
    from spinlab.languages import Progress

_REST = "rest"


class _Command(click.Command):
    """A command whose words after ``--`` are for another program."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take them away before the options are read."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta[_REST] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The usage says so."""
        return [*super().collect_usage_pieces(ctx), f"[-- {grammar.REST}]"]


@click.command(cls=_Command, short_help="Let an application run without a terminal or notebook.")
@click.argument("words", nargs=-1, metavar="[ACTION] [SOURCE]")
@click.pass_context
def deploy(context: click.Context, /, words: tuple[str, ...], **given: Any) -> None:
    """Let an application run without a terminal or notebook, or do something with its deployment.

    ACTION is status, logs, url or delete; it is deployed when left out. SOURCE is a folder, its spin.toml, or a
    notebook, which is run first; the spin.toml here when left out. A folder that is called like an action is written
    ./status.
    """
    from spinlab.cli import Bar, errors

    action = words[0] if words and words[0] in grammar.OF_ACTIONS else ""
    rest = words[1:] if action else words
    if len(rest) > 1:
        near = f"an action is one of: {', '.join(grammar.OF_ACTIONS)}"
        raise click.UsageError(f"unexpected {rest[1]!r}; {near}")
    said = {key: value for key, value in given.items() if value not in (None, False, ())}
    stray = grammar.stray(action, said)
    if stray is not None:
        told = f"{action} takes no {stray.names[0]}" if action else f"{stray.names[0]} is for an action"
        raise click.UsageError(told)
    bar = Bar()
    with errors():
        try:
            _run(action, source(rest[0] if rest else None, said.get("name")), said, context.meta[_REST], bar)
        finally:
            bar.close()


@dataclass(frozen=True)
class Source:
    """Where an application is.

    Attributes:
        path: Its folder, or the notebook; None when nothing was named and nothing is here.
        name: What it is called; empty when nobody knows.
        folder: What deployments are kept beside.
    """

    path: Path | None
    name: str
    folder: Path

    @property
    def owner(self) -> str:
        """What its deployments belong to."""
        return str((self.path or self.folder).resolve())


def source(text: str | None, name: str | None = None) -> Source:
    """What is meant by what was written.

    Raises:
        ManifestError: There is no application.
    """
    from spinlab.errors import ManifestError
    from spinlab.loading.place import find
    from spinlab.manifest import load

    if text is not None and text.endswith(".ipynb"):
        path = Path(text).expanduser()
        if not path.is_file():
            raise ManifestError(f"{text} is not there", hint="name a notebook, a folder with spin.toml, or spin.toml")
        return Source(path, name or path.stem, path.absolute().parent)
    if text is not None and not Path(text).expanduser().exists():
        near = get_close_matches(text, grammar.OF_ACTIONS, n=1)
        hint = f"did you mean spinlab deploy {near[0]}?" if near else "name a folder with spin.toml, or a notebook"
        raise ManifestError(f"{text} is not there", hint=hint)
    try:
        place = find(text)
    except ManifestError:
        if text is not None:
            raise
        return Source(None, name or _only(Path.cwd()), Path.cwd())
    if place.bare or place.reference:
        raise ManifestError(f"{text} has no spin.toml", hint="name a folder with one, or a notebook")
    return Source(place.folder, name or load(place.file).application.name, place.folder)


def _only(folder: Path) -> str:
    """The deployment of a folder that has one."""
    from spinlab.deploying.deploying import BESIDE

    found = [one.parent.name for one in (folder / BESIDE).glob("*/record.json")]
    return found[0] if len(found) == 1 else ""


def _run(action: str, found: Source, given: dict[str, Any], rest: tuple[str, ...], progress: Progress) -> None:
    from spinlab.deploying.deploying import destination
    from spinlab.errors import OptionError

    if not found.name or (found.path is None and not action):
        raise OptionError(
            "which application? there is no spin.toml here", hint="name a folder, a spin.toml or a notebook"
        )
    place = destination(
        given.get("to") or next(iter(DESTINATIONS)),
        found.name,
        found.folder,
        owner=found.owner,
        options=grammar.of_destination(given),
        rest=rest,
    )
    if action:
        _ACTIONS[action](place, given, progress)
    else:
        _deploy(found, place, given, progress)


def _deploy(found: Source, place: Destination, given: dict[str, Any], progress: Progress) -> None:
    from spinlab.deploying import deploying, telling

    def tell(line: str) -> None:
        _close(progress)
        _say(line)

    place.tell = tell
    with _release(found, given, progress) as made:
        done = deploying.deploy(made, place, force=bool(given.get("force")), progress=progress)
    _close(progress)
    _say(*telling.deployed(place.asked.name, place.title, done))


def _release(found: Source, given: dict[str, Any], progress: Progress) -> AbstractContextManager[Release]:
    from spinlab.deploying import release
    from spinlab.up import inputs

    assert found.path is not None
    options = {c.key: given[c.key] for c in grammar.OF_A_PROJECT if c.key in given}
    values = inputs.variables(given.get("variable", ()))
    return release.of_source(found.path, values, progress=progress, **options)


def _status(place: Destination, _given: dict[str, Any], _progress: Progress) -> None:
    from spinlab.deploying import telling

    found = place.status()
    _say(*telling.status(place.asked.name, place.title, found))
    if found.state != "running":
        raise SystemExit(1)


def _logs(place: Destination, given: dict[str, Any], _progress: Progress) -> None:
    try:
        for line in place.logs(last=given.get("last"), follow=bool(given.get("follow"))):
            _say(line)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _url(place: Destination, _given: dict[str, Any], _progress: Progress) -> None:
    _say(place.url())


def _delete(place: Destination, given: dict[str, Any], progress: Progress) -> None:
    if not given.get("yes"):
        losing = place.losing()
        question = f"Delete {place.asked.name} on {place.title}?" + (f" Then {losing}." if losing else "")
        if not click.confirm(question):
            return
    done = place.delete(progress)
    _close(progress)
    _say(done)


_ACTIONS = {"status": _status, "logs": _logs, "url": _url, "delete": _delete}


def _say(*lines: str) -> None:
    from spinlab.secrets import mask
    from spinlab.widgets.plain import visible

    for line in lines:
        click.echo(visible(mask(line)))


def _close(progress: Progress) -> None:
    """End the line of the progress before something else is said."""
    getattr(progress, "close", nullcontext)()


def _option(choice: Choice) -> click.Option:
    kind: dict[str, Any] = {"metavar": choice.metavar} if choice.metavar else {"is_flag": True}
    if choice.values:
        kind["type"] = click.Choice(choice.values)
    elif choice.whole:
        kind["type"] = click.IntRange(min=0)
    if choice.many:
        kind["multiple"] = True
    return click.Option([*choice.names, choice.key], help=choice.help, **kind)


deploy.params += [_option(choice) for choice in grammar.CHOICES]
