"""Applications that the tests push."""

from __future__ import annotations

from pathlib import Path

from tests.loading.projects import application

WITH_FILES = """
[[trigger.http]]
route = "/hello/..."
component = "hello"

[component.hello]
source = "hello.wasm"
files = [{ source = "assets", destination = "/" }]
"""


def with_files(folder: Path, files: dict[str, bytes], answer: str = "hi", text: str = WITH_FILES) -> Path:
    """A project with one component that mounts files."""
    application(folder, text, hello=answer)
    (folder / "assets").mkdir(exist_ok=True)
    for path, data in files.items():
        place = folder / "assets" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    return folder
