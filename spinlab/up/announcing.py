"""What ``up`` says when it serves (Spin 4: ``crates/trigger-http/src/server.rs``)."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import click

from spinlab.app import App
from spinlab.loading import Loaded


def announce(app: App, loaded: Loaded, url: str, form: str, *, public: bool) -> None:
    """Print Spin's lines: the address and the routes, and warnings on stderr.

    Parameters:
        app: What is served.
        loaded: Its manifest.
        url: Where, without a slash at the end.
        form: ``plain`` or ``json``.
        public: Whether other machines reach it.
    """
    if public:
        where = url.partition("//")[2]
        _warn(f"every machine that reaches {where} can use this application, by any host name and from any web page")
    for duplicate in app.router.duplicates:
        say(f"The following component routes are duplicates and will never be used:\n  {duplicate}")
    for info in app.routes():
        if info.problem:
            say(f"route {info.pattern}: {info.problem}")
    for remark in loaded.remarks:
        _warn(remark)
    for text in _wagi(loaded):
        _warn(text)
    routes = list(_routes(app, loaded))
    if form == "json":
        click.echo(json.dumps({"base_url": url, "routes": routes}, indent=2, ensure_ascii=False))
    else:
        click.echo()
        click.secho("Serving", fg="green", bold=True, nl=False)
        click.echo(f" {url}\nAvailable Routes:")
        for route in routes:
            path = "" if route["route"] == "/" else route["route"]
            click.echo(f"  {route['id']}: {url}{path}{' (wildcard)' if route['wildcard'] else ''}")
            if "description" in route:
                click.echo(f"    {route['description']}")
    sys.stdout.flush()


def _wagi(loaded: Loaded) -> Iterator[str]:
    programs = [f for f in loaded.functions if f.executor == "wagi"]
    for program in programs:
        for where in (f"route {route}" for route in program.routes):
            yield f"HTTP {where} uses the WAGI executor."
        if program.private:
            yield f"HTTP private endpoint for {program.name} uses the WAGI executor."
    if programs:
        yield "WAGI will be deprecated in a future version of Spin."


def _routes(app: App, loaded: Loaded) -> Iterator[dict[str, Any]]:
    """The routes in the order in which they are tried, with what answers them."""
    descriptions = {f.name: f.description for f in loaded.functions}
    for name, pattern in app.router.listed:
        path = re.sub(r"/(\.\.\.|\*)$", "", pattern.route)
        entry = {"id": name, "route": path or "/", "wildcard": path != pattern.route}
        yield entry | ({"description": descriptions[name]} if descriptions.get(name) else {})


def say(text: str) -> None:
    """A line on stderr; nothing for no text."""
    if text:
        click.echo(text, err=True)


def _warn(text: str) -> None:
    click.secho("Warning", fg="yellow", bold=True, nl=False, err=True)
    click.echo(f": {text}", err=True)
