"""``spinlab test``: the command line of the tests."""

from __future__ import annotations

from pathlib import Path

import click

from spinlab.errors import ManifestError, SpinError


@click.command()
@click.argument("application", type=click.Path(exists=True, path_type=Path))
@click.argument("names", nargs=-1, metavar="[TEST]...")
@click.option("--url", "urls", multiple=True, metavar="URL", help="Ask the app that runs at this address (repeatable).")
@click.option("--up", is_flag=True, help="Ask spinlab up of it, in a process of its own.")
@click.option("--here", is_flag=True, help="Ask it in this process: the default without --url and --up.")
@click.option("-k", "--insecure", is_flag=True, help="Take any certificate.")
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Write a JUnit file as well.")
def test(
    application: Path,
    names: tuple[str, ...],
    urls: tuple[str, ...],
    up: bool,
    here: bool,
    insecure: bool,
    junit: Path | None,
) -> None:
    """Send the requests of tests/requests.toml and compare the answers with what is expected.

    APPLICATION is an exported folder, a spin.toml, or a notebook, which is run first. Several places are shown side by
    side. The exit status is 0 when all tests passed, 1 when one failed, 2 when they could not be run.
    """
    from spinlab.testing.requests.kept import FILE
    from spinlab.testing.requests.running import run
    from spinlab.testing.requests.source import only_tests, opened

    local = here or up or not urls
    try:
        with (opened if local else only_tests)(application) as app:
            tests = app.tests.chosen(names)
            if not tests:
                raise ManifestError(f"{application} has no tests", hint=f"they stand in {FILE} beside spin.toml")
            kernel = here or not (urls or up)
            report = run(app, tests, kernel=kernel, up=up, urls=urls, insecure=insecure, here="here")
            written = None
            if junit is not None:
                from spinlab.testing.requests.junit import junit as as_junit

                written = as_junit(report)
    except SpinError as error:
        click.echo(f"Error: {error.message}" + (f"\n{error.hint}" if error.hint else ""), err=True)
        raise SystemExit(2) from None
    if junit is not None and written is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_bytes(written)
    click.echo(repr(report))
    raise SystemExit(0 if report.passed else 1)
