"""Export without a notebook open: run it in a fresh kernel, then export what ran there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spinlab.errors import ExportError

_MARK = "spinlab-exported:"
_CELL = """\
import json as _json
from spinlab.export import project as _project
from spinlab.session import current_app as _current_app
_done = _project(_current_app(), {folder!r}, **{options!r})
print({mark!r} + _json.dumps([[str(f) for f in _done.files], list(_done.scripts)]))
"""


def export_notebook(notebook: Path, folder: Path, *, timeout: int = 600, **options: Any) -> tuple[str, ...]:
    """Run a notebook from top to bottom, then write the app it made.

    Parameters:
        notebook: The ``.ipynb`` file. It is not changed.
        folder: Where the Spin project goes.
        timeout: Seconds that one cell may take.
        **options: As for `spinlab.export.project`.

    Returns:
        The files of the project, relative to `folder`.

    Raises:
        ExportError: A cell failed (its error is the details), or the notebook made no function.
    """
    return with_scripts(notebook, folder, timeout=timeout, **options)[0]


def with_scripts(
    notebook: Path, folder: Path, *, timeout: int = 600, **options: Any
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """`export_notebook`, and what ``spin up`` takes after ``--sqlite`` (`spinlab.export.Exported.scripts`)."""
    import nbformat  # both take a second to import and are needed here only
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError

    book = nbformat.read(notebook, as_version=4)
    given = {k: v for k, v in options.items() if v not in (None, "", ())}
    given.setdefault("name", notebook.stem)
    cell = _CELL.format(folder=str(folder.resolve()), options=given, mark=_MARK)
    book.cells.append(nbformat.v4.new_code_cell(cell))
    client = NotebookClient(book, timeout=timeout, resources={"metadata": {"path": str(notebook.resolve().parent)}})
    try:
        client.execute()
    except CellExecutionError as error:
        raise ExportError(
            f"{notebook.name} did not run to its end: {error.ename}: {error.evalue}",
            hint="run it in JupyterLab and mend the cell that fails",
            details=str(error),
        ) from None
    text = "".join(o.get("text", "") for o in book.cells[-1].outputs)
    line = next((x for x in text.splitlines() if x.startswith(_MARK)), None)
    if line is None:
        raise ExportError(f"{notebook.name} ran, but nothing was exported", details=text)
    files, scripts = json.loads(line[len(_MARK) :])
    return tuple(files), tuple(scripts)
