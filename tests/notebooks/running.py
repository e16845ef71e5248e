"""Notebooks in a real kernel: what each cell showed, how long it took, what memory the kernel had at the end."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
SOLUTIONS = NOTEBOOKS / "solutions"


@dataclass(frozen=True)
class Ran:
    """A notebook that has run.

    Attributes:
        book: With its outputs.
        folder: Where it ran.
        seconds: Wall time of all cells, without the start of the kernel.
        megabytes: Proportional share of memory of the kernel and its children at the end.
    """

    book: Any
    folder: Path
    seconds: float
    megabytes: float

    def cell(self, cell_id: str) -> Any:
        """A cell by its id."""
        return next(c for c in self.book.cells if c.id == cell_id)

    def shown(self, cell_id: str, media_type: str = "text/plain") -> str:
        """What a cell shows."""
        return shown(self.cell(cell_id), media_type)


def run(path: Path, folder: Path, *, go_on: bool = False) -> Ran:
    """Run a notebook in a folder; a failing cell ends it, unless it is meant to fail or `go_on` is set."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(
        book, timeout=600, allow_errors=go_on, store_widget_state=False, resources={"metadata": {"path": str(folder)}}
    )
    with client.setup_kernel():
        began = time.perf_counter()
        for index, cell in enumerate(book.cells):
            client.execute_cell(cell, index)
        seconds = time.perf_counter() - began
        megabytes = _proportional(client.km.provisioner.pid) / 1e6
    return Ran(book, folder, seconds, megabytes)


def shown(cell: Any, media_type: str = "text/plain") -> str:
    """What a cell shows, errors included."""
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append(output.text)
        elif output.output_type == "error":
            parts.append(re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(output.traceback)))
        else:
            parts.append(str(output.data.get(media_type, "")))
    return "\n".join(parts)


def error_of(cell: Any) -> str:
    """The name of the error that a cell ended with; empty when it did not."""
    return next((str(o.ename) for o in cell.get("outputs", []) if o.output_type == "error"), "")


def _proportional(pid: int) -> int:
    """Proportional set size of a process and its children: an address-space figure would count Wasm's reservations."""
    kernel = psutil.Process(pid)
    total = 0
    for process in (kernel, *kernel.children(recursive=True)):
        try:
            memory = process.memory_full_info()
        except psutil.Error:
            continue
        total += getattr(memory, "pss", memory.rss)
    return total
