"""The file beside a cell that hands its `handle` to the SDK."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from spinlab.languages.golang.source import SDK, Source

FILE: Final = "spin.go"
_PARAMETER: Final = re.compile(r"^:([^/]+)$")
_CLIENT: Final = re.compile(r"(?<![\w.])http\.(?:Get|Head|Post|PostForm|Client|DefaultClient|DefaultTransport)\b")


def glue(source: Source, routes: Iterable[str]) -> str:
    """What the source leaves out: an init function that names its handler, and `main`, which nobody calls.

    Parameters:
        routes: Of the function; their parameters are what `PathValue` gives.
    """
    handler = "handle" in source.functions
    client = _CLIENT.search(source.code) is not None
    names = parameters(routes) if handler and "PathValue" in source.code else {}
    packages = [f'spinhttp "{SDK}/http"'] if handler or client else []
    packages += ['"net/http"'] if client or names else []
    packages += ['"net/url"'] if names else []
    lines = ["package main", ""]
    if packages:
        lines += ["import (", *(f"\t{one}" for one in sorted(packages, key=lambda p: p[-8:])), ")", ""]
    if handler or client:
        lines += ["func init() {"]
        lines += ["\thttp.DefaultTransport = spinhttp.NewTransport()"] if client else []
        lines += _handler(names) if handler else []
        lines += ["}", ""]
    if "main" not in source.functions:
        lines += ["func main() {}", ""]
    return "\n".join(lines)


def _handler(names: dict[str, str]) -> list[str]:
    if not names:
        return ["\tspinhttp.Handle(handle)"]
    return [
        "\tspinhttp.Handle(func(w http.ResponseWriter, r *http.Request) {",
        "\t\tfor name, header := range parameters {",
        "\t\t\tif value, err := url.PathUnescape(r.Header.Get(header)); err == nil {",
        "\t\t\t\tr.SetPathValue(name, value)",
        "\t\t\t}",
        "\t\t}",
        "\t\thandle(w, r)",
        "\t})",
        "}",
        "",
        "// parameters of the route, and the headers that Spin tells them by",
        "var parameters = map[string]string{",
        *(f'\t"{name}": "{header}",' for name, header in sorted(names.items())),
    ]


def parameters(routes: Iterable[str]) -> dict[str, str]:
    """Parameter -> header, of those in routes that Go's text can hold."""
    found = {}
    for route in routes:
        for part in route.split("/"):
            match = _PARAMETER.match(part)
            if match is not None and re.fullmatch(r"[\w-]+", match[1], re.ASCII):
                found[match[1]] = f"spin-path-match-{match[1].lower().replace('_', '-')}"
    return found
