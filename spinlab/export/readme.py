"""The texts that go with an export: README.md and .gitignore."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from spinlab.export.minimum import Minimum
from spinlab.manifest import Application, Manifest

GITIGNORE = """\
# What Spin and the toolchains leave here
.spin/
__pycache__/
.venv/
venv/
"""

GITIGNORE_OFFICIAL = GITIGNORE + "functions/*/app.wasm\n"


_TABLES = (
    "`--sqlite` makes the tables. It runs at every start, so the script must do no harm the second time: "
    "`CREATE TABLE IF NOT EXISTS`."
)


def readme(
    manifest: Manifest,
    form: str,
    needs: Minimum,
    requirements: Iterable[str],
    docs: Mapping[str, str],
    scripts: Sequence[str] = (),
) -> str:
    """The README of an export.

    Parameters:
        manifest: What was exported.
        form: ``shared``, ``standalone`` or ``official``.
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
        _needs(needs),
        _run(form, pins, scripts),
        _layout(form, manifest, pins, docs),
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


def _needs(needs: Minimum) -> str:
    why = f"`{needs.reason}` comes with it" if ":" in needs.reason else needs.reason
    return f"## What it needs\n\nSpin {needs.text} or later ({why}), and runtimes built on it."


def _run(form: str, pins: list[str], scripts: Sequence[str]) -> str:
    sql = "".join(f" --sqlite {script}" for script in scripts)
    tables = f"\n\n{_TABLES}" if scripts else ""
    if form != "official" or not pins:
        return f"## Run it\n\n```console\nspin up{sql}\n```\n\nIt answers on http://127.0.0.1:3000.{tables}"
    lines = ["python3 -m venv .venv", ". .venv/bin/activate", f"pip install -r {pins[0]}", f"spin up --build{sql}"]
    text = "## Build and run it\n\n```console\n" + "\n".join(lines) + "\n```\n\nIt answers on http://127.0.0.1:3000."
    text += tables
    if len(pins) > 1:
        text += (
            "\n\nThe components need different versions of the SDK, which exclude each other: make one environment for "
            f"each of {', '.join(pins)}, and build each component in its own with `spin build -c COMPONENT`."
        )
    return text


def _layout(form: str, manifest: Manifest, pins: list[str], docs: Mapping[str, str]) -> str:
    rows = {"spin.toml": "routes, components and what each may touch"}
    sources = [str(c.source) for c in manifest.components.values()]
    if any(s.startswith("images/") for s in sources):
        rows["images/"] = "the runtime that several functions share; each function's own part is its source"
        rows["functions/"] = "the sources: edit one and run `spin up` again, nothing needs to be built"
    elif form == "official":
        rows["functions/"] = "the sources; `spin build` makes the components beside them"
    else:
        rows["functions/"] = "the sources, to read; the components hold their own copy"
    if any(s.startswith("components/") for s in sources):
        rows["components/"] = "components that are complete in themselves"
    rows |= dict.fromkeys(pins, "the toolchain's packages, pinned")
    rows |= docs
    listed = "\n".join(f"| `{path}` | {what} |" for path, what in rows.items())
    return f"## What is where\n\n| path | what |\n|---|---|\n{listed}"
