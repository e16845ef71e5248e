"""The notebook's loop, measured in a real kernel through the magics: load, first cell, edit to first answer."""

from __future__ import annotations

import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import start_new_kernel

from benchmarks.figures import Table
from spinlab import images
from spinlab.images import Image

CELL = "%%spin {name} --route /{name}\ndef handle(request):\n    return 'edit {n}'\n"


def run() -> None:
    """Print the table."""
    table = Table("In a real kernel, through the magics")
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        table.row("import wasmtime", timed(client, "import wasmtime"), "ms")
        table.row("import spinlab and %load_ext", timed(client, "%load_ext spinlab"), "ms")
        first = timed(client, CELL.format(name="hello", n=0)) + timed(client, "%spin get /hello")
        table.row("first cell to first answer, image compiled before", first, "ms")
        edits = [
            timed(client, CELL.format(name="hello", n=n)) + timed(client, "%spin get /hello") for n in range(1, 31)
        ]
        nothing = statistics.median(timed(client, "pass") + timed(client, "pass") for _ in range(20))
        table.row("an empty cell, twice (the kernel's own time)", nothing, "ms")
        table.row("edit to first answer, median of 30", statistics.median(edits), "ms", "empty cells", nothing)
        table.row("edit to first answer, worst of 30", max(edits), "ms", "empty cells", nothing)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    fresh(table)


def fresh(table: Table) -> None:
    """The first cell ever: the image is there, nothing is compiled."""
    image = images.python("0.2")
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SPINLAB_CACHE_DIR": folder}
        lay(image, Path(folder) / "images")
        manager, client = start_new_kernel(kernel_name="python3", env=environment)
        try:
            timed(client, "%load_ext spinlab")
            taken = timed(client, CELL.format(name="hello", n=0)) + timed(client, "%spin get /hello")
            table.row("first cell ever (image there, nothing compiled)", taken, "ms")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def lay(image: Image, folder: Path) -> None:
    """Put an image where a kernel with that cache finds it."""
    folder.mkdir(mode=0o700)
    for path in (image.path, image.path.with_suffix(".json")):
        shutil.copy(path, folder)


def timed(client: object, code: str) -> float:
    """Milliseconds from sending a cell to its reply; a failing cell ends the benchmark."""
    began = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=lambda _m: None, timeout=120)  # type: ignore[attr-defined]
    if reply["content"]["status"] != "ok":
        raise SystemExit(f"{code!r} failed: {reply['content'].get('evalue')}")
    return 1e3 * (time.perf_counter() - began)
