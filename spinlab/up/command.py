"""The grammar of ``spinlab up``: the options of ``spin up``, under its names.

Options of Spin's that have nothing to act on here are accepted with a note, or refused with the reason, by name.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import click

_PREFIX = re.compile(r"([0-9]+)(ms|us|μs|ns|s)?")
_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "μs": 1e-6, "ns": 1e-9}

ACCEPTED = {
    "--temp": ("PATH", "files are kept in memory"),
    "--cache-dir": ("PATH", "what is fetched is kept in spinlab's own cache (SPINLAB_CACHE_DIR)"),
    "--cache": ("FILE", "compiled code is kept in spinlab's own cache (SPINLAB_CACHE_DIR)"),
    "--disable-cache": (None, "compiled code is kept in spinlab's own cache; `spinlab cache clear` empties it"),
    "--disable-pooling": (None, "where memories come from is decided for each component"),
    "--http1-max-buf-size": ("BYTES", "the head of a request may have 64 KiB"),
    "--max-instance-concurrent-reuse-count": ("N", "an instance serves one request at a time"),
    "--idle-instance-timeout": ("TIME", "instances that wait are let go when their memory is needed"),
}
"""Options that change nothing here: what stands behind them, and why."""

REFUSED = {
    "--profile": ("NAME", "build profiles are not served yet; `spin up --profile` serves them"),
    "--direct-mounts": (None, "files are read once, at the start; start again to see changes"),
    "--debug-info": (None, "guests are not compiled for a debugger"),
    "--experimental-wasi-otel": (None, "wasi:otel is not served"),
    "--experimental-wasm-feature": ("NAME", "what Wasm guests may use is fixed"),
}
"""Options of Spin's that mean something which is not done here."""


def _seconds(_context: click.Context, _parameter: click.Parameter, text: str | None) -> float | None:
    """A time as Spin writes it: a number of seconds, or with ``ms``, ``us`` or ``ns``."""
    if text is None:
        return None
    found = _PREFIX.fullmatch(text)
    if found is None or float(found[1]) == 0:
        raise click.BadParameter(f"expected a time such as 30s or 500ms; got {text!r}")
    return float(found[1]) * _UNITS[found[2] or "s"]


def _note(_context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value not in (None, False, ()):
        name = parameter.opts[0]
        click.echo(f"{name} has no effect here: {ACCEPTED[name][1]}", err=True)


def _refuse(_context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value not in (None, False, ()):
        name = parameter.opts[0]
        raise click.UsageError(f"{name}: {REFUSED[name][1]}")


def _others(command: click.Command) -> click.Command:
    """The command with the options that are named only to be explained."""
    for known, callback in ((ACCEPTED, _note), (REFUSED, _refuse)):
        for name, (value, _) in known.items():
            kind: dict[str, Any] = {"is_flag": True} if value is None else {"metavar": value, "multiple": True}
            command.params.append(click.Option([name], hidden=True, expose_value=False, callback=callback, **kind))
    return command


def _pair(_context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> list[tuple[str, str]]:
    from spinlab.errors import OptionError
    from spinlab.up.inputs import pair

    try:
        return [pair(text, parameter.opts[-1]) for text in given]
    except OptionError as error:
        raise click.BadParameter(error.message) from error


class _WithArguments(click.Command):
    """Takes what stands after ``--`` as the application's own arguments."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See click."""
        at = args.index("--") if "--" in args else len(args)
        ctx.meta["spinlab.arguments"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


@click.command(cls=_WithArguments)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="")
@click.option(
    "-f",
    "--from",
    "--file",
    "--from-file",
    "source",
    metavar="APPLICATION",
    help="A spin.toml, its folder, a .wasm or .wat, or registry/name:tag; the spin.toml here or above when left out.",
)
@click.option(
    "--from-registry", metavar="REF", help="An application in a registry, also one without a host in its name."
)
@click.option("-k", "--insecure", is_flag=True, help="Take any certificate of the registry, and plain HTTP.")
@click.option(
    "-c", "--component-id", "components", multiple=True, metavar="ID", help="Serve this component only (repeatable)."
)
@click.option(
    "--listen",
    envvar="SPIN_HTTP_LISTEN_ADDR",
    default="127.0.0.1:3000",
    show_default=True,
    metavar="ADDR:PORT",
    help="Where to listen; other machines reach it only when this is not a loopback address.",
)
@click.option("--listen-fd", type=int, hidden=True, help="A socket that listens there already, from who starts this.")
@click.option("--drain", type=float, default=5.0, hidden=True, help="Seconds that requests have to finish at the end.")
@click.option("--find-free-port", is_flag=True, help="Take the next free port when that one is taken.")
@click.option("--tls-cert", envvar="SPIN_TLS_CERT", metavar="FILE", help="Certificate chain in PEM, for https.")
@click.option("--tls-key", envvar="SPIN_TLS_KEY", metavar="FILE", help="Its key, in PEM.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="Answer to this Host too; * for any.")
@click.option(
    "--allow-origin", "origins", multiple=True, metavar="URL", help="Let pages of this origin POST; * for any."
)
@click.option(
    "-e", "--env", "environment", multiple=True, metavar="K=V", callback=_pair, help="Environment of all components."
)
@click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="K=V|K=@FILE|@FILE.json|@FILE.toml",
    help="Value of a variable of the application (repeatable).",
)
@click.option(
    "--key-value",
    "key_values",
    multiple=True,
    metavar="K=V",
    callback=_pair,
    help="Write into the default store before the start (repeatable).",
)
@click.option(
    "--sqlite",
    "sql",
    multiple=True,
    metavar="STMT|@FILE[:LABEL]",
    help="SQL to run before each start (repeatable).",
)
@click.option("--runtime-config-file", envvar="RUNTIME_CONFIG_FILE", metavar="FILE", help="A runtime-config.toml.")
@click.option("--state-dir", metavar="DIR", help='Where stores live; .spin beside spin.toml, "" for memory only.')
@click.option(
    "-L", "--log-dir", envvar="SPIN_LOG_DIR", metavar="DIR", help='Where components\' output is kept; "" for nowhere.'
)
@click.option("--truncate-logs", is_flag=True, help="Empty the log files first.")
@click.option("-q", "--quiet", "--sh", "--shush", "quiet", is_flag=True, help="Show no output of components.")
@click.option("--follow", multiple=True, metavar="ID", help="Show the output of this component only (repeatable).")
@click.option("--allow-transient-write", is_flag=True, help="Let components change their files, until they end.")
@click.option(
    "--max-instance-memory",
    type=click.IntRange(min=1),
    envvar="SPIN_MAX_INSTANCE_MEMORY",
    metavar="BYTES",
    help="Memory that one instance may use.",
)
@click.option(
    "--max-instance-reuse-count", type=click.IntRange(min=1), metavar="N", help="Requests per instance of WASI 0.3."
)
@click.option("--request-timeout", metavar="TIME", callback=_seconds, help="Stop requests after 30s, 500ms, ...; none.")
@click.option("--build", is_flag=True, envvar="SPIN_ALWAYS_BUILD", help="Run the build commands first.")
@click.option("--format", type=click.Choice(["plain", "json"]), default="plain", help="Of the lines at the start.")
def up(arguments: tuple[str, ...], tls_cert: str | None, tls_key: str | None, **given: Any) -> None:
    """Serve a Spin application, as `spin up` does; Ctrl-C ends it. An app's command gets what stands after --."""
    if arguments:
        raise click.UsageError(f"unexpected {arguments[0]!r}. Did you mean `spinlab up -f {arguments[0]}`?")
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together")
    if given["quiet"] and given["follow"]:
        raise click.UsageError("--quiet and --follow exclude each other")
    from spinlab.cli import Bar, errors
    from spinlab.languages import silent
    from spinlab.up import inputs
    from spinlab.up.serving import Options, serve

    with errors():
        options = Options(
            **{
                **given,
                "environment": dict(given["environment"]),
                "variables": inputs.variables(given["variables"]),
                "sql": inputs.sql(given["sql"]),
                "hosts": [host.lower() for host in given["hosts"]],
                "origins": [origin.lower().rstrip("/") for origin in given["origins"]],
                "tls": (tls_cert, tls_key) if tls_cert else None,
                "arguments": click.get_current_context().meta["spinlab.arguments"],
            }
        )
        status = serve(options, Bar() if sys.stderr.isatty() else silent)
    if status:
        raise SystemExit(status)


_others(up)
