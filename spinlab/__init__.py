"""spinlab: write, run and ship serverless WebAssembly functions in a notebook.

Everything a magic does is a Python call as well::

    import spinlab

    app = spinlab.App("calculator")
    app.add(spinlab.Function("hello", "def handle(request): return 'hi'", routes=("/hello",)))
    app.get("/hello").text

`current_app` is the app of this process that the magics work on; `function` makes a function of an ordinary Python
function; `interact` gives a route sliders; `load` makes an app of a spin.toml; `inspect` takes a component apart;
`check` tries an exercise of a lesson.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from spinlab import lazily

__version__ = "0.1.0"

__all__ = [
    "App",
    "Function",
    "Headers",
    "Limits",
    "Request",
    "Response",
    "SpinError",
    "__version__",
    "check",
    "current_app",
    "function",
    "inspect",
    "interact",
    "load",
    "load_ipython_extension",
    "scorecard",
    "unload_ipython_extension",
]

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.errors import SpinError
    from spinlab.function import Function, Limits
    from spinlab.http import Headers, Request, Response
    from spinlab.inspection import inspect
    from spinlab.loading import load
    from spinlab.session import current_app, function
    from spinlab.testing.lessons.checking import check
    from spinlab.traits import scorecard
    from spinlab.widgets.live.interact import interact

__getattr__ = lazily.names(
    __name__,
    {
        "App": "spinlab.app",
        "SpinError": "spinlab.errors",
        "Function": "spinlab.function",
        "Limits": "spinlab.function",
        "Headers": "spinlab.http",
        "Request": "spinlab.http",
        "Response": "spinlab.http",
        "inspect": "spinlab.inspection",
        "load": "spinlab.loading",
        "current_app": "spinlab.session",
        "function": "spinlab.session",
        "scorecard": "spinlab.traits",
        "interact": "spinlab.widgets.live.interact",
        "check": "spinlab.testing.lessons.checking",
    },
)


def load_ipython_extension(shell: Any) -> None:
    """Register the magics (``%load_ext spinlab``)."""
    from spinlab.magics import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Undo what `load_ipython_extension` did."""
    from spinlab.magics import unload

    unload(shell)


# The submodule of that name binds itself on the package when it is first imported; the name is the decorator's.
import_module("spinlab.function")
del globals()["function"]
