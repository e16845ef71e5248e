"""`spinlab`: for people outside a notebook."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from spinlab import __version__
from spinlab.deploying.command import deploy
from spinlab.errors import SpinError
from spinlab.export.kube.command import kube
from spinlab.export.oci.command import registry
from spinlab.targets.command import targets
from spinlab.testing.requests.command import test
from spinlab.up.command import up

if TYPE_CHECKING:
    from spinlab.learning import Copied

SHOWN = 12
"""Entries of the cache that are listed."""


@contextmanager
def errors() -> Iterator[None]:
    """A `SpinError` as one clear message and exit status 1."""
    try:
        yield
    except SpinError as error:
        text = (
            error.message
            + (f"\n{error.hint}" if error.hint else "")
            + (f"\n\n{error.details}" if error.details else "")
        )
        raise click.ClickException(text) from error


class Bar:
    """Progress on a terminal: one line that is written over; nothing when the output is not a terminal."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, what: str, done: float | None = None) -> None:
        """Show what is being done."""
        text = what if done is None else f"{what} {done:4.0%}"
        if sys.stderr.isatty():
            width = shutil.get_terminal_size().columns - 1
            click.echo("\r" + text[:width].ljust(width), nl=False, err=True)
        elif what != self._last:
            click.echo(what, err=True)
        self._last = what

    def close(self) -> None:
        """End the line."""
        if self._last and sys.stderr.isatty():
            click.echo(err=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="spinlab")
def main() -> None:
    """Write, run and ship serverless WebAssembly functions in a Jupyter notebook."""


@main.command(short_help="Open JupyterLab.", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def lab(arguments: tuple[str, ...]) -> None:
    """Open JupyterLab; ARGUMENTS go to it (a notebook, --no-browser, ...)."""
    raise SystemExit(subprocess.call([sys.executable, "-m", "jupyterlab", *arguments]))


@main.command(
    short_help="Copy the lessons to a folder and open them.",
    context_settings={"ignore_unknown_options": True},
    options_metavar="[FOLDER] [OPTIONS]",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("--lesson", metavar="NUMBER", help="Open this lesson; the overview when left out.")
@click.option("--list", "only_list", is_flag=True, help="Say which lessons there are, and do nothing.")
@click.option("--solutions", is_flag=True, help="Copy the solutions as well, and the notes for teachers.")
@click.option("--force", is_flag=True, help="Write over lessons that you changed.")
@click.option("--no-open", is_flag=True, help="Copy, and open nothing.")
def learn(
    arguments: tuple[str, ...], lesson: str | None, only_list: bool, solutions: bool, force: bool, no_open: bool
) -> None:
    """Copy the lessons to FOLDER (./spinlab-lessons) and open them in JupyterLab; ARGUMENTS go to it.

    What you changed stays as it is.
    """
    from spinlab import learning

    if arguments and not arguments[0].startswith("-"):
        folder, arguments = Path(arguments[0]), arguments[1:]
    else:
        folder = Path("spinlab-lessons")
    with errors():
        if only_list:
            for one in learning.lessons():
                needs = f"  (needs {', '.join(one.needs)})" if one.needs else ""
                click.echo(f"{one.id}  {one.minutes:3} minutes  {one.title}{needs}")
            return
        chosen = learning.lesson(lesson) if lesson else None
        if folder.resolve() != learning.shipped():
            _say(learning.copy(folder, force=force, solutions=solutions), folder)
    if not no_open:
        raise SystemExit(subprocess.call([*learning.lab(folder, chosen), *arguments], cwd=folder))


def _say(copied: tuple[Copied, ...], folder: Path) -> None:
    """What became of the files, in a line for each kind."""
    for what in ("new", "updated", "replaced", "kept"):
        names = [one.file for one in copied if one.what == what]
        more = ": you changed them; --force writes over them" if what == "kept" else ""
        if names:
            click.echo(f"{what}: {', '.join(names)}{more}")
    click.echo(f"{sum(1 for one in copied)} files in {folder}")


@main.command(short_help="Say what is here, what is missing, and how to add it.")
@click.argument("language", required=False)
@click.option("--install", "add", is_flag=True, help="Add what LANGUAGE lacks, where a package brings it.")
def doctor(language: str | None, add: bool) -> None:
    """Say what is here, what is missing, and the command that adds it: for all, or for a LANGUAGE or tool."""
    from spinlab.doctor import check, install, of_tools, tools_named

    if language is None:
        if add:
            raise click.UsageError("--install needs a LANGUAGE")
        checks = check()
    else:
        bar = Bar()
        with errors():
            tools = tools_named(language)
            if add:
                install(tools, bar)
                bar.close()
            checks = of_tools(language, tools)
    marks = {"ok": click.style("ok     ", fg="green"), "note": click.style("note   ", fg="yellow")}
    missing = click.style("missing", fg="red")
    for line in checks:
        click.echo(f"{marks.get(line.state, missing)}  {line.what}: {line.found}")
        if line.remedy:
            click.echo("         -> " + line.remedy.replace("%spin doctor", "spinlab doctor"))
    if any(line.state == "missing" for line in checks):
        raise SystemExit(1)


@main.command(short_help="Make languages ready, so that no cell waits.")
@click.argument("languages", nargs=-1, metavar="[LANGUAGE]...")
@click.option(
    "--shared",
    type=click.Path(file_okay=False, path_type=Path),
    help="Fill a cache for all users; they set SPINLAB_SHARED_CACHE to the same folder.",
)
def warm(languages: tuple[str, ...], shared: Path | None) -> None:
    """Make LANGUAGEs ready so that no cell waits: those of the lessons by default.

    Gets tools, builds images, compiles. Afterwards these languages need no network.
    """
    from contextlib import nullcontext

    from spinlab import warming

    bar = Bar()
    with errors(), warming.into(shared) if shared else nullcontext():
        for one in warming.warm(languages or warming.USUAL, bar):
            bar.close()
            click.echo(f"{one.title}: ready after {one.seconds:.1f} s")


@main.group()
def images() -> None:
    """The runtime images that Python and JavaScript cells run on."""


@images.command("build")
@click.argument("which", nargs=-1, type=click.Choice(["0.2", "0.3", "javascript"]))
@click.option("--requires", multiple=True, metavar="PKG==V", help="A pure-Python package to put into Python's.")
@click.option("--trigger", metavar="NAME", help="Python's for the messages of a trigger, such as redis; all for all.")
def images_build(which: tuple[str, ...], requires: tuple[str, ...], trigger: str | None) -> None:
    """Build the images now instead of at first need: all, or those of Python for a WASI, or JavaScript's."""
    from spinlab import images as rooms
    from spinlab.engine import default_engine

    bar = Bar()
    with errors():
        wanted = [(one, "") for one in which or ("0.2", "0.3", "javascript")]
        for one, name in rooms.of_trigger(trigger, which) if trigger else wanted:
            if one == "javascript":
                image = rooms.javascript(progress=bar)
            else:
                image = rooms.python(one, requires=requires, progress=bar, trigger=name)
            data, title, command = image.path.read_bytes(), f"image: {image.title}", name == "command"
            default_engine().prepare(data, name=title, command=command, trigger="" if command else name, progress=bar)
            bar.close()
            click.echo(f"{image.title}: {image.size / 1e6:.1f} MB, {image.digest}")


@images.command("list")
def images_list() -> None:
    """List the images that are built."""
    from spinlab import images as rooms

    for image in rooms.list_images():
        age = "" if rooms.is_current(image) else ", of an earlier version"
        click.echo(f"{image.title}: {image.size / 1e6:.1f} MB, {image.digest[:16]}{age}")


@images.command("prune")
def images_prune() -> None:
    """Remove images that earlier versions of spinlab made, and the toolchain of a JavaScript image that is built."""
    from spinlab import images as rooms

    gone = rooms.prune()
    tools = rooms.forget_toolchain() if rooms.find("0.2", kind="javascript") else 0
    if tools:
        click.echo(f"removed the toolchain of the JavaScript image, {tools / 1e6:.0f} MB")
    click.echo(f"removed {len(gone)} images, {sum(i.size for i in gone) / 1e6:.1f} MB")


@main.group(invoke_without_command=True)
@click.pass_context
def cache(context: click.Context) -> None:
    """Show the compile cache; `spinlab cache clear` empties it."""
    if context.invoked_subcommand is None:
        from spinlab.engine import Cache

        store = Cache()
        entries = sorted(store.entries(), key=lambda e: -e.size)
        click.echo(f"{len(entries)} entries, {store.size() / 1e6:.1f} MB of {store.limit / 1e6:.0f} in {store.folder}")
        for entry in entries[:SHOWN]:
            used = datetime.fromtimestamp(entry.used).strftime("%Y-%m-%d %H:%M")
            click.echo(f"  {entry.key[:16]}  {entry.size / 1e6:8.2f} MB  last used {used}")
        if len(entries) > SHOWN:
            click.echo(f"  and {len(entries) - SHOWN} smaller ones")


@cache.command("clear")
def cache_clear() -> None:
    """Empty the compile cache; everything is compiled anew when it is next needed."""
    from spinlab.engine import Cache

    store = Cache()
    before = store.size()
    store.clear()
    click.echo(f"removed {before / 1e6:.1f} MB")


@main.command(short_help="Write the app of a notebook as a Spin project.")
@click.argument("notebook", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", help="Name of the application (the notebook's own by default).")
@click.option("--version", help="0.1.0 by default, or that of the spin.toml that it was loaded from.")
@click.option("--description")
@click.option("--author", "authors", multiple=True)
@click.option("--only", multiple=True, metavar="FUNCTION", help="Export only these functions.")
@click.option(
    "--components", type=click.Choice(["shared", "standalone", "official"]), default="shared", show_default=True
)
@click.option("--force", is_flag=True, help="Write into a folder that has other files; they are left alone.")
@click.option("--timeout", default=600, show_default=True, help="Seconds that one cell may take.")
def export(notebook: Path, folder: Path, timeout: int, **options: object) -> None:
    """Run NOTEBOOK in a fresh kernel, then write its app as a Spin project to FOLDER."""
    from spinlab.export.notebook import export_notebook

    with errors():
        written = export_notebook(notebook, folder, timeout=timeout, **options)
        click.echo(f"{len(written)} files in {folder}; `spin up -f {folder}` serves it")


main.add_command(up)
main.add_command(test)
main.add_command(registry)
main.add_command(kube)
main.add_command(deploy)
main.add_command(targets)

if __name__ == "__main__":
    main()
