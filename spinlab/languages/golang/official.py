"""The same cell as a project of Spin's template ``http-go``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from spinlab.function import Function
from spinlab.languages.golang import glue
from spinlab.languages.golang.source import SDK, Source
from spinlab.manifest.ids import kebab

COMMAND: Final = "go tool componentize-go build"
OUTPUT: Final = "main.wasm"
WATCH: Final = ("**/*.go", "go.mod")
LANGUAGE: Final = "1.25.5"
EXPORTED: Final = "wasi:http/handler@0.3.0-rc-2026-03-15"
"""By a component of the SDK's version 3.0.0."""

REQUIRED: Final = {
    SDK: "v3.0.0",
}
INDIRECT: Final = {
    "github.com/apparentlymart/go-userdirs": "v0.0.0-20200915174352-b0c018a67c13",
    "github.com/bytecodealliance/componentize-go": "v0.3.3",
    "github.com/gofrs/flock": "v0.13.0",
    "go.bytecodealliance.org/pkg": "v0.2.1",
    "golang.org/x/sys": "v0.37.0",
}
TOOL: Final = "github.com/bytecodealliance/componentize-go"

SUMS: Final = """\
github.com/apparentlymart/go-userdirs v0.0.0-20200915174352-b0c018a67c13 h1:JtuelWqyixKApmXm3qghhZ7O96P6NKpyrlSIe8Rwnhw=
github.com/apparentlymart/go-userdirs v0.0.0-20200915174352-b0c018a67c13/go.mod h1:7kfpUbyCdGJ9fDRCp3fopPQi5+cKNHgTE4ZuNrO71Cw=
github.com/bytecodealliance/componentize-go v0.3.3 h1:8OA2qjWQA45vTMy5e1dboCOBqhAArUfMtVWlWSLJl/k=
github.com/bytecodealliance/componentize-go v0.3.3/go.mod h1:w1QFtPLGI9o38epvMOPyCKbMc7q7GJ7yZhIvhGTpzA0=
github.com/davecgh/go-spew v1.1.1 h1:vj9j/u1bqnvCEfJOwUhtlOARqs3+rkHYY13jYWTU97c=
github.com/davecgh/go-spew v1.1.1/go.mod h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=
github.com/gofrs/flock v0.13.0 h1:95JolYOvGMqeH31+FC7D2+uULf6mG61mEZ/A8dRYMzw=
github.com/gofrs/flock v0.13.0/go.mod h1:jxeyy9R1auM5S6JYDBhDt+E2TCo7DkratH4Pgi8P+Z0=
github.com/google/go-cmp v0.3.0 h1:crn/baboCvb5fXaQ0IJ1SGTsTVrWpDsCWC8EGETZijY=
github.com/google/go-cmp v0.3.0/go.mod h1:8QqcDgzrUqlUb/G2PQTWiueGozuR1884gddMywk6iLU=
github.com/pmezard/go-difflib v1.0.0 h1:4DBwDE0NGyQoBHbLQYPwSUPoCMWR5BEzIk/f1lZbAQM=
github.com/pmezard/go-difflib v1.0.0/go.mod h1:iKH77koFhYxTK1pcRnkKkqfTogsbg7gZNVY4sRDYZ/4=
github.com/spinframework/spin-go-sdk/v3 v3.0.0 h1:YI5HTK0wXDu6KIZ3dzTqszqhnyGrnt4m7vH9judUkcA=
github.com/spinframework/spin-go-sdk/v3 v3.0.0/go.mod h1:TBYpyA7BXVL/7+uUJrNDA+OdlLFg3+NSvXSK7HVI1N4=
github.com/stretchr/testify v1.11.1 h1:7s2iGBzp5EwR7/aIZr8ao5+dra3wiQyKjjFuvgVKu7U=
github.com/stretchr/testify v1.11.1/go.mod h1:wZwfW3scLgRK+23gO65QZefKpKQRnfz6sD981Nm4B6U=
go.bytecodealliance.org/pkg v0.2.1 h1:TdRagooIcCW3UmlKqVO4cDR3GNDyfDnbiBzGI6TOvyg=
go.bytecodealliance.org/pkg v0.2.1/go.mod h1:OjA+V8g3uUFixeCKFfamm6sYhTJdg8fvwEdJ2GO0GSk=
golang.org/x/sys v0.0.0-20190509141414-a5b02f93d862/go.mod h1:h1NjWce9XRLGQEsW7wpKNCjG9DtNlClVuFLEZdDNbEs=
golang.org/x/sys v0.37.0 h1:fdNQudmxPjkdUTPnLn5mdQv7Zwvbvpaxqs831goi9kQ=
golang.org/x/sys v0.37.0/go.mod h1:OgkHotnGiDImocRcuBABYBEXf8A9a87e/uXjp9XT3ks=
gopkg.in/yaml.v3 v3.0.1 h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA=
gopkg.in/yaml.v3 v3.0.1/go.mod h1:K4uyk7z7BCEPqu6E+C64Yfv1cQ7kz7rIZviUmN+EgEM=
"""  # noqa: E501 - checksums of the template's pins


def files(function: Function, source: Source, modules: Mapping[str, str]) -> dict[str, bytes]:
    """The project's files.

    Parameters:
        modules: ``go.mod`` and ``go.sum`` that the cell was built with.
    """
    own = [line for line in required(modules.get("go.mod", "")) if not line.startswith(f"{SDK} ")]
    found = {
        "main.go": source.completed(),
        glue.FILE: glue.glue(source, function.routes),
        "go.mod": _manifest(kebab(function.name), own),
        "go.sum": "".join(
            f"{line}\n" for line in sorted({*SUMS.splitlines(), *modules.get("go.sum", "").splitlines()})
        ),
    }
    if found[glue.FILE].strip() == "package main":
        del found[glue.FILE]
    return {path: text.encode() for path, text in found.items()}


def required(go_mod: str) -> list[str]:
    """``module version`` of what a go.mod requires."""
    inside, found = False, []
    for line in go_mod.splitlines():
        words = line.partition("//")[0].split()
        if words[:1] == ["require"]:
            inside = words[1:] == ["("]
            found += [" ".join(words[1:3])] if len(words) == 3 else []
        elif words == [")"]:
            inside = False
        elif inside and len(words) == 2:
            found.append(" ".join(words))
    return found


def _manifest(name: str, own: Sequence[str]) -> str:
    direct = [f"{module} {version}" for module, version in REQUIRED.items()]
    known = {line.split()[0] for line in own}
    indirect = [f"{module} {version} // indirect" for module, version in INDIRECT.items() if module not in known]
    return (
        f"module github.com/example/{name}\n\ngo {LANGUAGE}\n\n"
        "require (\n"
        + "".join(f"\t{line}\n" for line in sorted([*direct, *own]))
        + ")\n\nrequire (\n"
        + "".join(f"\t{line}\n" for line in indirect)
        + f")\n\ntool {TOOL}\n"
    )
