"""``spinlab kube``: what of a cluster can be said from a terminal."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from spinlab.scaffolding import CHOICES, Choice

if TYPE_CHECKING:
    from spinlab.export.kube.asked import Known


@click.group()
def kube() -> None:
    """Run an app in a cluster with SpinKube."""


@kube.command("scaffold", short_help="Write the resources of an app; touch no cluster.")
@click.option(
    "--app", metavar="DIR", help="The app's folder or spin.toml: which variables are secret, what can be measured."
)
def scaffold(app: str | None, **given: Any) -> None:
    """Write the resources of an app, as `spin kube scaffold` does, and touch no cluster."""
    from spinlab.cli import errors
    from spinlab.export.kube import asked
    from spinlab.export.kube.scaffold import scaffold as made_of

    with errors(), _known(app, measured=bool(given["measured"] or given["measure"])) as known:
        made = made_of(asked.options(given, known))
        if given["out"]:
            path = Path(given["out"]).expanduser()
            made.save(path)
            click.echo(f"\nApplication manifest saved to {given['out']}\n", err=True)
        else:
            click.echo(made.text, nl=False)


@kube.command("doctor", short_help="Say what a cluster lacks for SpinKube.")
@click.option(
    "--context", default="", metavar="NAME", help="The context of the kubeconfig; the current one by default."
)
@click.option("--namespace", "-n", default="", metavar="NAME", help="Where apps are to be; the context's by default.")
@click.option("--executor", default="", metavar="NAME", help="The SpinAppExecutor that apps are to name.")
@click.option("--keda", is_flag=True, help="Look for KEDA and its HTTP add-on too.")
@click.option("--gateway-api", is_flag=True, help="Look for the Gateway API too.")
def doctor(context: str, namespace: str, executor: str, keda: bool, gateway_api: bool) -> None:
    """Say what a cluster lacks for SpinKube, and the commands that add it; nothing is installed."""
    from spinlab.cli import errors
    from spinlab.deploying.kube.contexts import connect
    from spinlab.deploying.kube.doctor import examine
    from spinlab.export.kube.resources import EXECUTOR

    with errors(), connect(context, namespace) as cluster:
        found = examine(cluster, executor=executor or EXECUTOR, keda=keda, gateway=gateway_api)
    for one in found:
        click.echo(f"{one.state:7}  {one.what}: {one.found}")
        for command in one.commands:
            click.echo(f"         {command}")
    if any(one.state == "missing" for one in found):
        raise SystemExit(1)


@contextmanager
def _known(source: str | None, *, measured: bool) -> Iterator[Known]:
    """What is known of the app: its manifest, and, to measure it, the app itself."""
    from spinlab.export.kube import asked

    def find(name: str) -> str | None:
        return os.environ.get(f"SPIN_VARIABLE_{name.upper()}")

    if source is None:
        yield asked.Known(find)
    elif measured:
        from spinlab.loading import load

        with load(source, state_dir=None) as app:
            yield asked.of_app(app)
    else:
        from spinlab.loading.place import find as place
        from spinlab.manifest import load as read

        manifest = read(place(source).file)
        secret = [name for name, variable in manifest.variables.items() if variable.secret]
        yield asked.Known(find, secret, tuple(manifest.components))


def _option(choice: Choice) -> click.Option:
    kind: dict[str, Any] = {"metavar": choice.metavar} if choice.metavar else {"is_flag": True}
    if choice.whole:
        kind["type"] = int
    if choice.many:
        kind["multiple"] = True
    return click.Option([*choice.names, choice.key], help=choice.help, **kind)


scaffold.params[:0] = [_option(choice) for choice in CHOICES]
