"""The texts that go with an export: README.md and .gitignore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from spinlab.export.building import tools
from spinlab.export.minimum import Minimum
from spinlab.languages import title_of_name
from spinlab.manifest import Application, Component, Manifest

_IGNORED = """\
# What Spin and the toolchains leave here
.spin/
__pycache__/
.venv/
venv/
"""

_LEFT = {
    "cargo": ("target/",),
    "npm": ("node_modules/", "build/"),
    "zig": (".zig-cache/", "*.o", "*.core.wasm"),
}
"""What a command of the official form leaves beside the component that it makes."""


def gitignore(manifest: Manifest) -> str:
    """The .gitignore of an export."""
    commands = {word for c in manifest.components.values() for word in _words(c)}
    left = [f"functions/*/{path}" for program, paths in _LEFT.items() if program in commands for path in paths]
    made = sorted({_anywhere(str(c.source)) for c in manifest.components.values() if c.build is not None})
    left += [path for path in made if not path.startswith(tuple(x for x in left if x.endswith("/")))]
    return _IGNORED + "".join(f"{line}\n" for line in left)


def _words(component: Component) -> list[str]:
    command = component.build.command if component.build is not None else ()
    return (command if isinstance(command, str) else " ".join(command)).split()


def _anywhere(source: str) -> str:
    """The pattern for a component that is built, the same for all functions of a language."""
    parts = source.split("/")
    inside = parts[2:] if len(parts) < 4 else [*parts[2:-1], "*.wasm"]
    return "/".join(("functions", "*", *inside))


_READABLE: Final = 160
"""Characters of a command that a table shows."""

_TABLES = (
    "`--sqlite` makes the tables. It runs at every start, so the script must do no harm the second time: "
    "`CREATE TABLE IF NOT EXISTS`."
)


def readme(
    manifest: Manifest,
    needs: Minimum,
    requirements: Iterable[str],
    docs: Mapping[str, str],
    scripts: Sequence[str] = (),
) -> str:
    """The README of an export.

    Parameters:
        manifest: What was exported.
        needs: The first release of Spin that runs it, and why.
        requirements: Files with the toolchain's pins.
        docs: Further files -> what they are.
        scripts: What ``spin up`` takes after ``--sqlite``.
    """
    pins = sorted(requirements)
    parts = [
        f"# {manifest.application.name}",
        manifest.application.description,
        "A [Spin](https://spinframework.dev) application, exported by spinlab.",
        _routes(manifest),
        _messages(manifest),
        _needs(needs),
        _run(manifest, pins, scripts),
        _made(manifest),
        _layout(manifest, pins, docs),
        _deploy(manifest.application),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _deploy(application: Application) -> str:
    reference = f"registry.example.com/{_slug(application.name)}:{application.version or 'latest'}"
    return (
        f"## Deploy it\n\n```console\nspin registry push {reference}\n```\n\n"
        "`spin kube scaffold --from` that reference writes the resources for SpinKube."
    )


def _slug(name: str) -> str:
    return (
        "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name.lower()).strip("-._") or "app"
    )


def _routes(manifest: Manifest) -> str:
    rows = [
        f"| {'private' if trigger.private else f'`{trigger.route}`'} | `{trigger.component}` |"
        for trigger in manifest.triggers.get("http", ())
    ]
    return "\n".join(["| route | component |", "|---|---|", *rows]) if rows else ""


def _messages(manifest: Manifest) -> str:
    """What else starts components, and the plugin of Spin that a trigger needs (Spin brings http and redis)."""
    kinds = [kind for kind in manifest.triggers if kind != "http"]
    rows = [f"| {kind} | `{trigger.component}` |" for kind in kinds for trigger in manifest.triggers[kind]]
    plugins = "".join(
        f"\n\nThe trigger `{kind}` is a plugin of Spin: `spin plugins install trigger-{kind}`."
        for kind in kinds
        if kind != "redis"
    )
    return "\n".join(["| started by | component |", "|---|---|", *rows]) + plugins if rows else ""


def _needs(needs: Minimum) -> str:
    why = f"`{needs.reason}` comes with it" if ":" in needs.reason else needs.reason
    return f"## What it needs\n\nSpin {needs.text} or later ({why}), and runtimes built on it."


def _run(manifest: Manifest, pins: list[str], scripts: Sequence[str]) -> str:
    sql = "".join(f" --sqlite {script}" for script in scripts)
    tables = f"\n\n{_TABLES}" if scripts else ""
    built = {str(_language(c)): c for c in manifest.components.values() if c.build is not None}
    answers = "It answers on http://127.0.0.1:3000." if "http" in manifest.triggers else "It waits for its triggers."
    if not built:
        return f"## Run it\n\n```console\nspin up{sql}\n```\n\n{answers}{tables}"
    python = [f"pip install -r {pins[0]}"] if pins and "python" in built else []
    environment = ["python3 -m venv .venv", ". .venv/bin/activate", *python] if python else []
    lines = "\n".join([*environment, f"spin up --build{sql}"])
    text = f"## Build and run it\n\n{_tools(built)}```console\n{lines}\n```\n\n{answers}{tables}"
    if len(pins) > 1:
        text += (
            "\n\nThe components need different versions of the SDK, which exclude each other: make one environment for "
            f"each of {', '.join(pins)}, and build each component in its own with `spin build -c COMPONENT`."
        )
    return text


def _tools(built: Mapping[str, Component]) -> str:
    """What must be here before ``spin build``; Python's comes with the environment."""
    needed = {tool: None for name in sorted(built) if name != "python" for tool in tools(name)}
    return f"To build it: {', '.join(needed)}.\n\n" if needed else ""


def _language(component: Component) -> str:
    return str(component.tool.get("spinlab", {}).get("language", ""))


def _made(manifest: Manifest) -> str:
    """How each component comes to be."""
    rows = [
        f"| `{name}` | {title_of_name(_language(c)) if _language(c) else ''} | {_how(c)} |"
        for name, c in manifest.components.items()
    ]
    return "\n".join(["## What is made how", "", "| component | written in | made by |", "|---|---|---|", *rows])


def _how(component: Component) -> str:
    if component.build is not None:
        command = component.build.command
        lines = (command,) if isinstance(command, str) else command
        if len(" ".join(lines)) <= _READABLE:
            return ", then ".join(f"`{line}`" for line in lines)
        programs = dict.fromkeys(step.split()[0] for line in lines for step in line.split(" && "))
        return f"{' and '.join(f'`{program}`' for program in programs)}, as spin.toml says"
    source = component.source
    if not isinstance(source, str):
        return "fetched by Spin"
    return f"`{source}`, with the source mounted" if source.startswith("images/") else f"`{source}`, ready"


def _layout(manifest: Manifest, pins: list[str], docs: Mapping[str, str]) -> str:
    rows = {"spin.toml": "routes, components and what each may touch"}
    sources = [str(c.source) for c in manifest.components.values()]
    about = []
    if any(s.startswith("images/") for s in sources):
        rows["images/"] = "runtimes that functions share; each function's own part is its source"
        about.append("edit one that runs on an image and run `spin up` again: nothing needs to be built")
    if any(c.build is not None for c in manifest.components.values()):
        about.append(f"`spin build` makes the components of the {'others' if about else 'functions'}")
    rows["functions/"] = "; ".join(["the sources", *about]) if about else "the sources, to read"
    if any(s.startswith("components/") for s in sources):
        rows["components/"] = "components that are complete in themselves; they hold their own copy of the source"
    rows |= dict.fromkeys(pins, "the toolchain's packages, pinned")
    rows |= docs
    listed = "\n".join(f"| `{path}` | {what} |" for path, what in rows.items())
    return f"## What is where\n\n| path | what |\n|---|---|\n{listed}"
