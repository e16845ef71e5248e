"""``spinlab registry``: push, pull and login, with the options of ``spin registry``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_INSECURE = click.option("-k", "--insecure", is_flag=True, help="Take any certificate, and plain HTTP.")


@click.group(short_help="Push applications to OCI registries, and pull them.")
def registry() -> None:
    """Push applications to OCI registries and pull them, as `spin registry` does.

    A REFERENCE is registry.example.com/team/app:1.0; oci:FOLDER[:TAG] and oci-archive:FILE[:TAG] are layouts on disk.
    """


@registry.command(short_help="Push an application.")
@click.argument("reference")
@click.option(
    "-f",
    "--from",
    "--file",
    "source",
    metavar="APPLICATION",
    help="A spin.toml or its folder; the spin.toml here or above when left out.",
)
@click.option("--build", is_flag=True, envvar="SPIN_ALWAYS_BUILD", help="Run the build commands first.")
@click.option("--annotation", "annotations", multiple=True, metavar="K=V", help="Annotate the manifest (repeatable).")
@_INSECURE
def push(reference: str, source: str | None, build: bool, annotations: tuple[str, ...], insecure: bool) -> None:
    """Push an application; layers that the registry has are not sent again."""
    from spinlab.cli import Bar, errors
    from spinlab.export.oci.pushing import push_project
    from spinlab.export.oci.reading import pairs
    from spinlab.loading import find
    from spinlab.up.serving import build as run

    bar = Bar()
    with errors():
        said = pairs(annotations)
        if build:
            run(find(source))
        try:
            made = push_project(source, reference, annotations=said, insecure=insecure, progress=bar)
        finally:
            bar.close()
    click.echo(f"Pushed with digest {made.digest}")
    click.echo(f"{made.summary} ({made.seconds:.1f} s)", err=True)


@registry.command(short_help="Pull an application, into the cache or a folder.")
@click.argument("reference")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write into a folder that has other files; they are left alone.")
@_INSECURE
def pull(reference: str, folder: Path | None, force: bool, insecure: bool) -> None:
    """Pull an application: into the cache, as `spin registry pull` does, or as a project into FOLDER."""
    from spinlab.cli import Bar, errors
    from spinlab.export.oci.written import pull as write
    from spinlab.loading.registry import in_cache

    bar = Bar()
    with errors():
        try:
            if folder is None:
                in_cache(reference, insecure=insecure, progress=bar)
                said = [f"`spinlab up -f {reference}` serves it"]
            else:
                made = write(reference, folder, insecure=insecure, force=force, progress=bar)
                said = [f"{made.summary}; `spinlab up -f {folder}` serves it", *made.remarks]
        finally:
            bar.close()
    click.echo("Successfully pulled the app from the registry")
    for line in said:
        click.echo(line, err=True)


@registry.command(short_help="Log in; the credentials are kept as Spin keeps them.")
@click.argument("server")
@click.option("-u", "--username", prompt=True, help="Asked for when left out.")
@click.option("-p", "--password", help="Better asked for: others may read what stands on a command line.")
@click.option("--password-stdin", is_flag=True, help="Take the password from the standard input.")
@_INSECURE
def login(server: str, username: str, password: str | None, password_stdin: bool, insecure: bool) -> None:
    """Log in to SERVER (such as ghcr.io); the credentials are kept where Spin keeps them."""
    if password_stdin and password is not None:
        raise click.UsageError("--password and --password-stdin exclude each other")
    from spinlab.cli import errors
    from spinlab.oci.login import login as keep

    if password_stdin:
        password = sys.stdin.read().rstrip("\r\n")
    elif password is None:
        password = click.prompt("Password", hide_input=True)
    with errors():
        keep(server, username, str(password), insecure=insecure)
    click.echo(f"Successfully logged in as {username} to registry {server}")
