"""Python: a cell's source runs on a ready image, so an edit is a new string and not a new build."""

from __future__ import annotations

import base64
import importlib.util
import json
import marshal
import time
from collections.abc import Mapping

from spinlab import images
from spinlab.errors import NameRefused, SourceError
from spinlab.function import Function
from spinlab.images import Image
from spinlab.images.recipe import RECIPES
from spinlab.languages import ALIASES, Build, BuildContext, Progress, silent, templates
from spinlab.languages.python import official
from spinlab.languages.python.check import RESERVED, Checked, check, import_name
from spinlab.languages.python.from_function import source_of
from spinlab.languages.python.imports import Available
from spinlab.languages.python.starters import STARTERS
from spinlab.toolchains.find import Tool

__all__ = ["LANGUAGE", "PythonLanguage", "import_name", "source_of"]

VARIABLE = "SPINLAB_SOURCE"
"""Where an image finds the source, in its environment."""

FOLDER = "/app"
"""Where an image finds the source, in its file system, when the environment has none."""


class PythonLanguage:
    """Python cells, on the images for WASI 0.2 and 0.3."""

    name = "python"
    aliases = ALIASES["python"]
    extension = "py"
    title = "Python"

    def build(self, function: Function, context: BuildContext) -> Build:
        """Check the cell and pair it with its image, which is built when it is not there yet.

        A ``--module`` function gives a `Build` without a component: it runs inside those that import it.

        Raises:
            SourceError: The source can't run; points into it.
            BuildError: The image can't be built.
            ToolMissing: The image's toolchain can't be had.
            NameRefused: A module's name is taken.
        """
        begun = time.perf_counter()
        image = _image(function, context.progress)
        cells = {import_name(name): module for name, module in context.modules.items()}
        if function.module:
            cells.pop(import_name(function.name), None)
            _refuse_name(function, image)
        checked = self._check(function, image, context.names, cells)
        used = self._closure(checked, image, cells)
        texts = {name: found.source.text for name, found in used.items()}
        warnings = checked.source.warnings
        modules = tuple(sorted(cells[name].name for name in used))
        if function.module:
            return Build(b"", modules=modules, warnings=warnings, seconds=time.perf_counter() - begun)
        given = {"app": _given(f"{function.name}.py", checked.source.text, image)}
        given.update({name: _given(f"{cells[name].name}.py", text, image) for name, text in texts.items()})
        files = {f"{FOLDER}/app.py": checked.source.text.encode()}
        files.update({f"{FOLDER}/{name}.py": text.encode() for name, text in sorted(texts.items())})
        return Build(
            component=image.read(),
            image=image.digest,
            environment={VARIABLE: _dumps(given)},
            files=files,
            modules=modules,
            warnings=warnings,
            seconds=time.perf_counter() - begun,
        )

    def official(self, function: Function, build: Build) -> Mapping[str, bytes] | None:
        """The files of the same cell as a project of Spin's template ``http-py`` (0.3) or ``http-py-p2`` (0.2).

        For a trigger's messages the same with the trigger's world.
        """
        if function.module:
            return None
        checked = self._known(function, build)
        assert checked.form is not None
        modules = {
            path.removeprefix(f"{FOLDER}/").removesuffix(".py"): data.decode()
            for path, data in build.files.items()
            if path != f"{FOLDER}/app.py"
        }
        image = _image(function)
        return official.project(
            checked.source.text,
            function.wasi,
            checked.form,
            checked.late,
            modules,
            image.requires,
            trigger=image.trigger,
        )

    def build_command(self, function: Function, build: Build) -> str:
        """The command that builds the official project, in its folder and with its environment activated."""
        checked = self._known(function, build)
        assert checked.form is not None
        return official.command(function.wasi, checked.form, checked.late, next(iter(function.triggers), ""))

    def starter(self, template: str = "http") -> str:
        """A cell to begin with.

        Raises:
            OptionError: There is none of that name.
        """
        if template not in STARTERS:
            raise templates.unknown(template, self.title)
        return STARTERS[template]

    def tools(self) -> tuple[Tool, ...]:
        """None: the image's toolchain comes with it."""
        return ()

    def portable(self, function: Function, build: Build) -> Mapping[str, str]:
        """`Build.environment` as an export keeps it: the texts alone, the same whichever Python exports them."""
        given: dict[str, list[str]] = json.loads(build.environment[VARIABLE])
        texts = {name: [file, text] for name, (file, text, *_) in given.items()}
        return {VARIABLE: _dumps(texts)}

    def _known(self, function: Function, build: Build) -> Checked:
        """What was found when the function was built."""
        image = _image(function)
        names = [path.removeprefix(f"{FOLDER}/").removesuffix(".py") for path in build.files]
        cells = {name: Function(name, "", module=True) for name in names if name != "app"}
        return self._check(function, image, frozenset(), cells)

    def _check(self, function: Function, image: Image, names: frozenset[str], cells: Mapping[str, Function]) -> Checked:
        available = Available(image.modules, frozenset(cells), image.names or {}, image.wasi)
        return check(function, RECIPES[image.wasi].python, available, names, cells)

    def _closure(self, checked: Checked, image: Image, cells: Mapping[str, Function]) -> dict[str, Checked]:
        """The modules that a cell imports, and those that they import, each checked for this image."""
        found: dict[str, Checked] = {}
        waiting = list(checked.uses)
        while waiting:
            name = waiting.pop()
            if name not in found:
                try:
                    found[name] = self._check(cells[name], image, frozenset(), cells)
                except SourceError as error:  # its place is in another cell than the one that is built
                    line = f", line {error.location.line}" if error.location else ""
                    raise SourceError(
                        f"the module {cells[name].name}{line}: {error.message}", hint=error.hint
                    ) from None
                waiting += found[name].uses
        return dict(sorted(found.items()))


def _image(function: Function, progress: Progress = silent) -> Image:
    """The image that a function runs on."""
    return images.python(function.wasi, function.requires, progress, trigger=next(iter(function.triggers), ""))


def _refuse_name(function: Function, image: Image) -> None:
    name = import_name(function.name)
    if name in RESERVED or name.partition(".")[0] in image.modules:
        raise NameRefused(
            f"a module can't be called {function.name}: import {name} means something else in the sandbox",
            hint=f"call it my_{name}",
        )


def _dumps(given: Mapping[str, list[str]]) -> str:
    return json.dumps(given, separators=(",", ":"), sort_keys=True)


def _given(file: str, text: str, image: Image) -> list[str]:
    """A source as the image takes it, compiled when this kernel's Python makes the same code."""
    if image.magic != importlib.util.MAGIC_NUMBER.hex():
        return [file, text]
    code = compile(text, file, "exec", dont_inherit=True, optimize=0)
    return [file, text, base64.b64encode(marshal.dumps(code)).decode()]


LANGUAGE = PythonLanguage()
