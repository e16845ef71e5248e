"""``spinlab targets``: where an application runs, from a terminal."""

from __future__ import annotations

import json

import click


@click.command(short_help="Say where an application runs, and why not elsewhere.")
@click.argument("source", required=False, metavar="[DIR]")
@click.option("--target", "names", multiple=True, metavar="NAME", help="Only this one; exit status 1 when it is no.")
@click.option("--format", "form", type=click.Choice(["plain", "json"]), default="plain", help="Of the answer.")
def targets(source: str | None, names: tuple[str, ...], form: str) -> None:
    """Say where the application of DIR (or of the spin.toml here) runs, and why not elsewhere.

    It is told by its manifest and what its components import and export; nothing is run.
    """
    from spinlab.cli import errors
    from spinlab.errors import ManifestError
    from spinlab.targets import find, of_place
    from spinlab.targets.judging import all_of, judge
    from spinlab.targets.telling import as_json, lines

    with errors():
        try:
            asks = of_place(source)
        except ManifestError as error:
            if "--from" not in error.hint:
                raise
            raise ManifestError(error.message, hint="name its folder: spinlab targets DIR") from None
        verdicts = tuple(judge(asks, find(name)) for name in names) or all_of(asks)
    if form == "json":
        click.echo(json.dumps([as_json(verdict) for verdict in verdicts], indent=2))
    else:
        click.echo("\n".join(lines(verdicts)))
    if names and not all(verdict.runs for verdict in verdicts):
        raise SystemExit(1)
