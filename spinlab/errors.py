"""Every error spinlab raises on purpose, as one tree.

::

    SpinError
    ├── CellError               what a cell says can't become a function; points into the cell
    │   ├── OptionError         an option, verb or its value
    │   ├── NameRefused         the name of a function, app or variable
    │   ├── RouteError          a route that can't be parsed, or belongs to another function
    │   ├── SourceError         the source itself: syntax, a missing handler, a module that is not there
    │   └── BuildError          the toolchain failed on it
    ├── ComponentError          bytes that are not a component we can run
    │   ├── HandlerError        no HTTP handler, or several
    │   └── MissingImport       an import that nobody provides
    ├── ManifestError           a spin.toml, a template or a grant that Spin would refuse
    ├── CallError               a request that got no proper answer
    │   ├── GuestError          the guest failed: an exception, a trap, no response
    │   │   └── Exited          a command ended with an exit status above zero (spinlab.engine)
    │   ├── LimitExceeded       the guest was stopped at a limit
    │   ├── Diverged            a replay in which the function asks what was not recorded
    │   └── Busy                all workers are taken and the queue is full
    ├── ListenError             the HTTP listener can't have its address
    ├── ExportError             a folder that can't be written, or an app that can't be exported
    ├── RegistryError           an OCI registry or artifact that can't be used
    ├── DeployError             a destination that can't be reached, or where the app does not run
    ├── RecordingError          a recording that can't be read, kept or replayed
    ├── StoreError              a store or database that can't be used, or a statement that failed
    ├── CheckFailed             an exercise of a lesson that is not done yet, or a test of requests that failed
    ├── ToolMissing             a tool or package that is needed and not here
    └── CacheError              the cache can't be read or written

All of them carry a message that says what was wrong, where it was (``location``), and what to write
instead (``hint``).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Location:
    """A place in a function's source.

    Attributes:
        line: 1-based line of the source (not of the cell: the cell's first line may be the magic).
        column: 1-based column, or None for the whole line.
        end_column: 1-based column after the last character, or None.
        label: A short note to stand beside the caret.
        on_magic_line: True when the place is on the ``%%spin`` line itself.
    """

    line: int
    column: int | None = None
    end_column: int | None = None
    label: str = ""
    on_magic_line: bool = False


class SpinError(Exception):
    """The root of the tree.

    Parameters:
        message: What was wrong, one sentence without a full stop.
        hint: What to write or do instead.
        location: Where in the function's source.
        details: Longer text, such as what else a compiler found or a guest's traceback.

    Attributes:
        log: All that a tool wrote, for `%spin log NAME`; not shown with the error.
    """

    def __init__(self, message: str, *, hint: str = "", location: Location | None = None, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.details = details
        self.source: SourceView | None = None
        self.subject: tuple[str, str] | None = None  # key and value of the option that it is about
        self.unseen: tuple[str, ...] = ()  # what no display of it may show
        self.log = ""

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


@dataclass(frozen=True)
class SourceView:
    """The cell that an error points into, as the reader sees it.

    Attributes:
        title: What to call it, such as ``Cell In[7]``.
        text: The whole cell, the magic line included.
        offset: Lines to add to a source line to get the cell's line.
    """

    title: str
    text: str
    offset: int = 0
    lines: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(self.text.splitlines()))


class CellError(SpinError):
    """What a cell says can't become a function."""


class OptionError(CellError):
    """An option, a verb or its value is wrong."""


class NameRefused(CellError):
    """A name that Spin or spinlab does not accept."""


class RouteError(CellError):
    """A route that can't be parsed, or that belongs to another function."""


class SourceError(CellError):
    """The source can't run: a syntax error, no handler, a module that is not in the sandbox."""


class BuildError(CellError):
    """The toolchain failed."""


class ComponentError(SpinError):
    """Bytes that are not a component we can run."""


class HandlerError(ComponentError):
    """No HTTP handler among the exports, or several."""


class MissingImport(ComponentError):
    """The component imports what nobody provides."""


class ManifestError(SpinError):
    """A manifest, template or grant that Spin would refuse."""


class CallError(SpinError):
    """A request that got no proper answer.

    Attributes:
        status: What an HTTP client sees.
    """

    status = 500


class GuestError(CallError):
    """The guest failed: an exception, a trap, or no response at all."""


class LimitExceeded(CallError):
    """The guest was stopped at a limit.

    Parameters:
        limit: Its name, as in `Limits`.
        value: What it was set to, with its unit.
        option: The option of ``%%spin`` that raises it.
    """

    def __init__(self, limit: str, value: str, option: str, *, message: str = "") -> None:
        super().__init__(
            message or f"stopped at the {limit} limit of {value}",
            hint=f"raise it with {option}" if option else "",
        )
        self.limit = limit
        self.value = value
        self.option = option
        self.status = 504 if limit == "timeout" else 413 if limit == "request body" else 500


class Diverged(CallError):
    """A replay ended where the function asked something that was not recorded."""


class Busy(CallError):
    """All workers are taken and the queue is full."""

    status = 503


class ListenError(SpinError):
    """The HTTP listener can't have its address."""


class ExportError(SpinError):
    """A folder that can't be written, or an app that can't be exported."""


class RegistryError(SpinError):
    """An OCI registry that can't be reached, refuses or breaks off, or an artifact that is no Spin application."""


class DeployError(SpinError):
    """A destination of deploy that can't be reached or refuses, or an app that does not run there."""


class RecordingError(SpinError):
    """A recording that can't be read, kept or replayed."""


class StoreError(SpinError):
    """A key-value store or database can't be used, or a statement on it failed."""


class CheckFailed(SpinError):
    """An exercise of a lesson is not done yet, or an answer is not what a test expects of it."""


class ToolMissing(SpinError):
    """A tool or package that is needed is not here; the hint is the command that adds it."""


class CacheError(SpinError):
    """The cache can't be read or written."""
