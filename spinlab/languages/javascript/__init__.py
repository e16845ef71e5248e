"""JavaScript and TypeScript: a cell's source runs on a ready image, so an edit is a new string and not a new build."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from spinlab import images
from spinlab.errors import NameRefused, OptionError, SourceError
from spinlab.function import Function
from spinlab.languages import ALIASES, Build, BuildContext, Progress, templates
from spinlab.languages.javascript import check, esbuild, maps, official, packages, source
from spinlab.languages.javascript.scan import Scanned, scan
from spinlab.languages.javascript.starters import starter
from spinlab.manifest.ids import kebab
from spinlab.toolchains import find
from spinlab.toolchains.diagnostics import Diagnostic, fail
from spinlab.toolchains.find import Tool

__all__ = ["JAVASCRIPT", "TYPESCRIPT", "JavaScriptLanguage"]

VARIABLE: Final = "SPINLAB_SOURCE"
"""Where the image finds the source, in its environment."""
FOLDER: Final = "/app"
"""Where the image finds the source, in its file system, when the environment has none."""
FAMILY: Final = ("javascript", "typescript")
"""Languages whose cells can import each other."""
_ENDINGS: Final = {"javascript": "js", "typescript": "ts"}


@dataclass(frozen=True)
class _Parts:
    """A function with all that it imports from other cells.

    Attributes:
        texts: Name -> source; the function's own is the first.
        files: Name -> what the source is called, such as ``hello.ts``.
        requires: Packages of all of them.
        scanned: The function's own source, looked through.
        warnings: About the function's own source.
    """

    function: Function
    texts: Mapping[str, str]
    files: Mapping[str, str]
    requires: tuple[str, ...]
    scanned: Scanned
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Built(Build):
    """What became of a cell.

    Attributes:
        packages: Of npm, those of its modules included.
    """

    packages: tuple[str, ...] = ()


class JavaScriptLanguage:
    """Cells that run on the JavaScript image.

    Attributes:
        name: ``javascript`` or ``typescript``.
        aliases: Other names.
        extension: What its files end in.
        title: Its name for people.
        family: Languages whose modules it can import.
    """

    family = FAMILY

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self.aliases = ALIASES[name]
        self.extension = _ENDINGS[name]
        self.title = title

    def build(self, function: Function, context: BuildContext) -> Build:
        """Check the cell, take its types out, bundle its packages, and pair it with the image.

        A ``--module`` function gives a `Build` without a component: it runs inside those that import it.

        Raises:
            SourceError: The source can't run; points into it.
            OptionError: A requirement is no package of npm.
            BuildError: A package does not exist, or can't be bundled; or the image can't be built.
            ToolMissing: The image's toolchain, npm or esbuild can't be had.
            NameRefused: A module's name is taken.
        """
        begun = time.perf_counter()
        _options(function)
        cells = {name: module for name, module in context.modules.items() if name != function.name}
        parts = _gather(function, cells)
        if parts.requires and not function.module:
            made = _bundled(parts, context.progress)
        else:
            made = _translated(parts, context.progress)
        wrong = None if function.module else check.handler(parts.scanned, function)
        if wrong is not None:
            raise wrong
        modules = tuple(sorted(n for n in parts.texts if n != function.name))
        warnings = (*parts.warnings, *made.warnings)
        if function.module:
            return Build(b"", modules=modules, warnings=warnings, seconds=time.perf_counter() - begun, log=made.log)
        image = images.javascript(context.progress)
        return Built(
            component=image.read(),
            image=image.digest,
            environment={VARIABLE: json.dumps(made.given, separators=(",", ":"), ensure_ascii=False)},
            files={f"{FOLDER}/{name}": text.encode() for name, text in sorted(made.files.items())},
            modules=modules,
            warnings=warnings,
            seconds=time.perf_counter() - begun,
            log=made.log,
            packages=parts.requires,
        )

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of the same cell as a project of Spin's template ``http-js`` or ``http-ts``."""
        if function.module:
            return None
        text = source.read(function)
        files = {path.removeprefix(f"{FOLDER}/"): data.decode() for path, data in build.files.items()}
        modules = {n: t for n, t in files.items() if re.fullmatch(r"[\w-]+\.(?:js|ts)", n) and not n.startswith("app.")}
        modules = {n: t for n, t in modules.items() if n.endswith(".ts") or n.removesuffix("js") + "ts" not in modules}
        requires = build.packages if isinstance(build, Built) else packages.normal(function.requires)
        pins = packages.pinned(packages.install(requires), requires) if requires else {}
        return official.project(kebab(function.name), scan(text), self.extension, modules, pins)

    def build_command(self, function: Function, build: Build) -> tuple[str, ...]:
        """The commands that build the official project, in its folder."""
        return official.COMMAND

    def build_output(self, function: Function, build: Build) -> str:
        """Where the component of the official project is then."""
        return official.output(kebab(function.name))

    @property
    def watch(self) -> tuple[str, ...]:
        """What `spin watch` looks at."""
        return ("src/**/*.js", *(("src/**/*.ts",) if self.extension == "ts" else ()), "package.json")

    def starter(self, template: str = "http") -> str:
        """A cell to begin with.

        Raises:
            OptionError: There is none of that name.
        """
        text = starter(self.name, template)
        if text is None:
            raise templates.unknown(template, self.title)
        return text

    def tools(self) -> tuple[Tool, ...]:
        """What brings the image's toolchain, esbuild and packages: npm, which comes with node."""
        return (find.NODE,)


def _options(function: Function) -> None:
    if function.wasi != "0.2":
        raise OptionError(
            f"there is no JavaScript image for WASI {function.wasi}", hint="leave --wasi out; it is for Python"
        )
    if function.module and function.name in ("app", "index", "short"):
        raise NameRefused(
            f"a module can't be called {function.name}: that file is the function's own",
            hint=f"call it my-{function.name}",
        )


def _gather(function: Function, cells: Mapping[str, Function]) -> _Parts:
    """The function with the modules that it imports, and those that they import."""
    texts: dict[str, str] = {}
    files: dict[str, str] = {}
    requires = packages.normal(function.requires)
    waiting = [function]
    own: tuple[Scanned, tuple[str, ...]] | None = None
    while waiting:
        cell = waiting.pop(0)
        if cell.name in texts:
            continue
        try:
            text = source.read(cell)
            scanned = scan(text)
            if cell is not function:
                requires = packages.normal((*requires, *cell.requires))
            used, wrong = check.imports(scanned, cells, requires)
            missing = None if requires else check.required(scanned)
            wrong += [missing] if missing else []
        except SourceError as error:
            raise _of_module(cell, function, error) from None
        texts[cell.name], files[cell.name] = text, f"{cell.name}.{_ENDINGS[cell.language]}"
        if own is None:
            own = scanned, tuple(check.remarks(scanned, requires))
        if wrong:
            _syntax(function, cell, texts, files)
            wrong.sort(key=lambda e: (e.location.line, e.location.column or 0) if e.location else (0, 0))
            wrong[0].details = "\n".join(f"line {e.location.line}: {e.message}" for e in wrong[1:] if e.location)
            raise _of_module(cell, function, wrong[0])
        waiting += [cells[name] for name in used]
    assert own is not None
    return _Parts(function, texts, files, requires, own[0], own[1])


def _syntax(function: Function, cell: Function, texts: Mapping[str, str], files: Mapping[str, str]) -> None:
    """Let a syntax error go before what else is wrong about a source: it may be the reason."""
    output = esbuild.translate({files[cell.name]: texts[cell.name]})
    if output.errors:
        raise _failed(function, {files[cell.name]: cell}, output)


def _of_module(cell: Function, function: Function, error: SourceError) -> SourceError:
    """An error that is in another cell than the one that is built says so."""
    if cell is function:
        return error
    line = f", line {error.location.line}" if error.location else ""
    return SourceError(f"the module {cell.name}{line}: {error.message}", hint=error.hint)


@dataclass(frozen=True)
class _Made:
    """What runs.

    Attributes:
        given: Module -> ``[file, text, map, kind]``, as the image takes it.
        files: File below `FOLDER` -> text: the same as mounted files, with the sources as they were written.
    """

    given: Mapping[str, list[str]]
    files: Mapping[str, str]
    warnings: tuple[str, ...]
    log: str


def _translated(parts: _Parts, progress: Progress) -> _Made:
    """Each source by itself: JavaScript as it is, TypeScript without its types."""
    function = parts.function
    output = esbuild.translate({parts.files[name]: text for name, text in parts.texts.items()}, progress)
    if output.errors:
        raise _failed(function, _owners(parts), output)
    given: dict[str, list[str]] = {}
    files: dict[str, str] = {}
    for name, text in parts.texts.items():
        key = "app" if name == function.name else name
        file = parts.files[name]
        if file.endswith(".js"):
            given[key] = [file, text]
            files[f"{key}.js"] = text
        else:
            given[key] = [file, output.texts[file], maps.renamed(output.maps[file], {})]
            files[f"{key}.js"] = output.texts[file]
            files[f"{key}.js.map"] = maps.renamed(output.maps[file], {file: f"{key}.ts"})
            files[f"{key}.ts"] = text
    return _Made(given, files, _warnings(parts, output), output.log)


def _bundled(parts: _Parts, progress: Progress) -> _Made:
    """One script of the source, its modules and its packages."""
    function = parts.function
    home = packages.install(parts.requires, progress)
    sources = {parts.files[name]: text for name, text in parts.texts.items()}
    sources[parts.files[function.name]] = parts.scanned.exporting  # what nobody uses is not in a bundle
    aliases = {n.removesuffix("ts") + "js": f'export * from "./{n}";\n' for n in sources if n.endswith(".ts")}
    entry = parts.files[function.name]
    output = esbuild.bundle({**aliases, **sources}, entry, home, check.OUTSIDE, progress)
    if output.errors:
        raise _failed(function, _owners(parts), output)
    text, made = output.texts[entry], output.maps[entry]
    original = "app.ts" if entry.endswith(".ts") else "app.src.js"
    files = {"app.cjs": text, "app.cjs.map": maps.renamed(made, {entry: original})}
    files[original] = parts.texts[function.name]
    files |= {parts.files[name]: text for name, text in parts.texts.items() if name != function.name}
    scripts = tuple(f"the install script of {name} was not run" for name in packages.scripts(home))
    given = {"app": [entry, text, maps.renamed(made, {}), "bundle"]}
    return _Made(given, files, (*_warnings(parts, output), *scripts), output.log)


def _owners(parts: _Parts) -> dict[str, Function]:
    """File name -> the cell that it is the text of; only the function's own is known here, the others by name."""
    function = parts.function
    return {
        file: function if name == function.name else Function(name, parts.texts[name], language=function.language)
        for name, file in parts.files.items()
    }


def _warnings(parts: _Parts, output: esbuild.Output) -> tuple[str, ...]:
    own = parts.files[parts.function.name]
    listed = [m for m in output.messages if m.found.severity == "warning" and m.file == own]
    return tuple(f"line {m.found.line}: {m.found.message}" for m in listed)


def _failed(function: Function, owners: Mapping[str, Function], output: esbuild.Output) -> Exception:
    """The error for sources that esbuild refused."""
    first = output.errors[0]
    owner = owners.get(first.file)
    if owner is None:
        return _of_package(first, output)
    listed = [_explained(m) for m in output.errors if m.file == first.file]
    made = fail(owner, listed, output.log, tool="esbuild")
    return _of_module(owner, function, made) if isinstance(made, SourceError) else made


_HINTS: Final = {
    "Top-level await is currently not supported": "beside packages, await inside of the handler or of a function",
    "Could not resolve": "is the name of the file inside the package right?",
    "No matching export": "is its name spelled right?",
}


def _explained(message: esbuild.Message) -> Diagnostic:
    found = message.found
    text = re.sub(r'"[^"]*/node_modules/', '"', found.message)
    hint = next((hint for mark, hint in _HINTS.items() if text.startswith(mark)), "")
    prefix = "" if hint else "syntax error: "
    return Diagnostic(prefix + text[:1].lower() + text[1:], found.line, found.column, found.end_column, hint=hint)


def _of_package(message: esbuild.Message, output: esbuild.Output) -> Exception:
    """A package that can't be bundled, most often because it needs Node."""
    inside = message.file.rpartition("node_modules/")[2]
    name = packages.owner(inside) if inside else "a package"
    text = message.found.message
    needs = text.removeprefix('Could not resolve "').rstrip('"') if text.startswith("Could not resolve") else ""
    if needs and "built into node" in message.notes:
        made = esbuild.refuse(f"the package {name} needs Node: it imports {needs}", output)
        made.hint = "look for a package for browsers or workers; the sandbox has the web's own interfaces"
        return made
    return esbuild.refuse(f"the package {name} can't be bundled: {text}", output)


JAVASCRIPT = JavaScriptLanguage("javascript", "JavaScript")
TYPESCRIPT = JavaScriptLanguage("typescript", "TypeScript")
