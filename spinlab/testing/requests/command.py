"""``spinlab test``: the command line of the tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spinlab.errors import ExportError, ManifestError, SpinError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from spinlab.client import Client
    from spinlab.testing.requests.report import Report


@click.command(short_help="Send the requests that are kept as tests.")
@click.argument("application", type=click.Path(exists=True, path_type=Path))
@click.argument("names", nargs=-1, metavar="[TEST]...")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Ask the app that runs at this address (repeatable).")
@click.option("--at", multiple=True, metavar="PLACE", help="Ask a deployment of it: local, ... (spinlab deploy).")
@click.option("--up", is_flag=True, help="Ask spinlab up of it, in a process of its own.")
@click.option("--here", is_flag=True, help="Ask it in this process: the default without --url and --up.")
@click.option("-k", "--insecure", is_flag=True, help="Take any certificate.")
@click.option("--variable", "variables", multiple=True, metavar="K=V|K=@FILE|@FILE", help="As of spinlab up.")
@click.option("--sqlite", "sql", multiple=True, metavar="STMT|@FILE[:LABEL]", help="As of spinlab up.")
@click.option("--runtime-config-file", metavar="FILE", help="As of spinlab up.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit file as well.")
def test(junit: Path | None, **given: Any) -> None:
    """Send the requests of tests/requests.toml and compare the answers with what is expected.

    APPLICATION is an exported folder, a spin.toml, or a notebook, which is run first. Several places are shown side by
    side. Stores are empty. The exit status is 0 when all tests passed, 1 when one failed, 2 when they could not be run.
    """
    try:
        report = _report(**given)
        if junit is not None:
            _write(junit, report)
    except SpinError as error:
        click.echo(f"Error: {error.message}" + (f"\n{error.hint}" if error.hint else ""), err=True)
        raise SystemExit(2) from None
    click.echo(repr(report))
    raise SystemExit(0 if report.passed else 1)


def _report(
    application: Path,
    names: tuple[str, ...],
    urls: tuple[str, ...],
    at: tuple[str, ...],
    up: bool,
    here: bool,
    insecure: bool,
    **around: Any,
) -> Report:
    from spinlab.testing.requests.kept import FILE
    from spinlab.testing.requests.running import run
    from spinlab.testing.requests.source import Around, opened

    given = Around(**around)
    kernel = here or not (urls or up or at)
    with opened(application, given, live=kernel) as found:
        tests = found.app.tests.chosen(names)
        if not tests:
            raise ManifestError(f"{application} has no tests", hint=f"they stand in {FILE} beside spin.toml")
        served = given.up(found.place.file) if up else None
        others = {place: _there(application, place, insecure) for place in at}
        return run(found.app, tests, kernel=kernel, up=served, urls=urls, others=others, insecure=insecure, here="here")


def _there(application: Path, at: str, insecure: bool) -> AbstractContextManager[Client]:
    from spinlab.deploying.at import client
    from spinlab.deploying.command import source

    found = source(str(application))
    return client(at, found.name, found.folder, insecure=insecure)


def _write(file: Path, report: Report) -> None:
    from spinlab.testing.requests.junit import junit

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(junit(report))
    except OSError as error:
        raise ExportError(f"{file} can't be written: {error.strerror}") from None
