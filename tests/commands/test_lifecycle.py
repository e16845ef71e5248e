"""What changes an app from a front end, and what is refused."""

from __future__ import annotations

from pathlib import Path

from spinlab import App
from tests.commands.line import FrontEnd
from tests.conftest import wat


def test_a_removed_function_is_brought_back(app: App) -> None:
    front = FrontEnd(app)
    app.add(wat())
    assert front.value("remove", name="hello") == {"name": "hello", "back": True}
    assert "hello" not in app
    assert front.value("undo", name="hello") == {"name": "hello", "revision": 1}
    assert app.get("/hello").status == 200


def test_what_is_not_there_is_refused(app: App) -> None:
    front = FrontEnd(app)
    app.add(wat())
    assert "hello" in front.error("remove", name="helo")["hint"]
    assert "no earlier revision" in front.error("undo", name="hello")["message"]
    assert front.error("source", name="nosuch")["kind"] == "OptionError"
    assert "is missing" in front.error("undo")["message"]


def test_the_source_of_a_function_is_told(app: App) -> None:
    function = wat()
    app.add(function)
    told = FrontEnd(app).value("source", name="hello")
    assert (told["source"], told["size"], told["cell"]) == (function.source, function.source_size, None)


def test_an_export_into_a_folder_of_somebody_elses_is_refused(app: App, tmp_path: Path) -> None:
    front = FrontEnd(app)
    app.add(wat())
    assert front.value("export", directory=str(tmp_path / "out"))["changed"] > 0
    assert front.value("export", directory=str(tmp_path / "out"))["changed"] == 0
    (tmp_path / "file").write_text("mine")
    assert front.error("export", directory=str(tmp_path / "file"))["kind"] == "ExportError"
    assert (tmp_path / "file").read_text() == "mine"
    assert front.error("export", directory=str(tmp_path / "x"), components="nosuch")["message"]
