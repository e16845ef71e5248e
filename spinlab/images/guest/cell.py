"""Find, import and report on the source that an image runs.

The source is a JSON object in the environment variable `VARIABLE`: module name -> [file name, text, code], where the
optional code is marshalled and in base64. The module called `app` is the function itself, the others are what it
imports by name. Without the variable the source is `/app/app.py`, with `/app` on the import path.
"""

import base64
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import linecache
import marshal
import os
import sys
import traceback

VARIABLE = "SPINLAB_SOURCE"
FOLDER = "/app"
MAIN = "app"
OWN = os.path.dirname(__file__)


class Sources(importlib.abc.InspectLoader):
    """Import modules from the texts given in the environment."""

    def __init__(self, modules):
        self.modules = modules

    def find_spec(self, name, path=None, target=None):
        """The spec of a module that is here, else None."""
        if name not in self.modules:
            return None
        spec = importlib.machinery.ModuleSpec(name, self, origin=self.modules[name][0])
        spec.has_location = True
        return spec

    def get_source(self, name):
        """The text of a module."""
        return self.modules[name][1]

    def get_code(self, name):
        """The code of a module, compiled here unless it came compiled."""
        file, text, *code = self.modules[name]
        if code:
            return marshal.loads(base64.b64decode(code[0]))
        return compile(text, file, "exec", dont_inherit=True)

    def is_package(self, name):
        """No source is a package."""
        return False


class Cell:
    """The one function of this instance, imported at the first need and kept.

    Attributes:
        error: What went wrong at import; it is reported with each request.
    """

    def __init__(self, handler_of):
        self._handler_of = handler_of
        self._handler = None
        self.error = None

    def handler(self):
        """The handler, or None when the import failed."""
        if self._handler is None and self.error is None:
            try:
                module = load()
                remember(getattr(module, "handle", None))
                self._handler = self._handler_of(module)
            except BaseException as error:  # sys.exit at import included
                self.error = error
        return self._handler

    def failure(self):
        """The traceback of a failed import; empty when it did not fail."""
        return "" if self.error is None else report_of(self.error)

    def complain(self):
        """Write the traceback of a failed import to stderr."""
        write_report(self.error)


def load():
    """Import the cell's module and take away what is ours from what it can see."""
    for name in hidden:
        sys.modules.pop(name, None)
    given = os.environ.pop(VARIABLE, None)
    if given is not None:
        sources = Sources(json.loads(given))
        known.update(file for file, *_ in sources.modules.values())
        sys.meta_path.insert(0, sources)
    else:
        sys.path.insert(0, FOLDER)
        sys.dont_write_bytecode = True
    return importlib.import_module(MAIN)


known = set()
hidden = []
entry = []


def remember(function):
    """Note where the handler stands, for errors about what it returned, which have no frame of the user's."""
    code = getattr(function, "__code__", None)
    if code is not None:
        entry[:] = [code]


def is_cell(file):
    """Whether a file name of a traceback is the user's."""
    return file in known or file.startswith(FOLDER + "/")


def report_of(error):
    """The traceback of `error`, beginning with the user's own frames."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file in known:
            linecache.lazycache(file, vars(module))
    report = traceback.TracebackException(type(error), error, error.__traceback__)
    trim(report, set())
    return "".join(report.format())


def write_report(error):
    """Write the traceback of `error` to stderr."""
    text = report_of(error)
    sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()


def report_current():
    """Write the traceback of the exception that is being handled."""
    write_report(sys.exception())


def trim(report, seen):
    """Drop our frames, and everything before the first of the user's, here and in the causes."""
    if report is None or id(report) in seen:
        return
    seen.add(id(report))
    frames = [frame for frame in report.stack if not frame.filename.startswith(OWN + "/")]
    first = next((at for at, frame in enumerate(frames) if is_cell(frame.filename)), 0)
    if entry and not any(is_cell(frame.filename) for frame in frames):
        code = entry[0]
        frames = [frame for frame in frames if "/spin_sdk/" not in frame.filename]
        frames.insert(0, traceback.FrameSummary(code.co_filename, code.co_firstlineno, code.co_name))
        first = 0
    report.stack[:] = frames[first:]
    trim(report.__cause__, seen)
    trim(report.__context__, seen)
    for inner in report.exceptions or ():
        trim(inner, seen)


class Report:
    """Stands where the SDK looks for the module `traceback`."""

    def __getattr__(self, name):
        return getattr(traceback, name)

    def print_exc(self, *args, **options):
        """Write the traceback of the exception that is being handled."""
        report_current()


def forget_build():
    """Drop what the build left in the environment, the import path and the caches."""
    hidden.extend(name for name, module in sys.modules.items() if getattr(module, "__spinlab__", False))
    os.environ.clear()
    sys.path[:] = [path for path in sys.path if path.startswith("/python")]
    sys.path_importer_cache.clear()
    linecache.clearcache()
    sys.argv[:] = [MAIN]


__spinlab__ = True
