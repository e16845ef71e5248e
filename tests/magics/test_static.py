"""%spin static and HTML cells in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.magics.conftest import Kernel

pytestmark = pytest.mark.usefixtures("empty_session")


@pytest.fixture
def folder(kernel: Kernel, tmp_path: Path) -> Path:
    (tmp_path / "my site").mkdir()
    (tmp_path / "my site" / "a.txt").write_text("first")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden").write_text("x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to("../my site/a.txt")
    kernel.run(f"%cd -q {tmp_path}").ok()
    return tmp_path


def test_a_folder_is_served_and_read_anew(kernel: Kernel, folder: Path) -> None:
    line = "%spin static 'my site' --route /assets/..."
    card = kernel.run(line).ok()
    assert "my-site" in card.text
    assert "HTML" in card.text
    assert "first" in kernel.run("%spin get /assets/a.txt").ok().text
    (folder / "my site" / "a.txt").write_text("second")
    assert "first" in kernel.run("%spin get /assets/a.txt").ok().text
    assert "revision 2" in kernel.run(line).ok().text
    assert "second" in kernel.run("%spin get /assets/a.txt").ok().text
    assert "revision 1" in kernel.run("%spin static 'my site' --name other").ok().text
    assert "second" in kernel.run("%spin get /other/a.txt").ok().text


@pytest.mark.parametrize(
    ("line", "error", "said"),
    [
        ("nope", "OptionError", "there is no folder 'nope'"),
        ("'my sit'", "OptionError", "did you mean my site?"),
        ("'my site/a.txt'", "OptionError", "is a file"),
        ("empty", "OptionError", "there is no file in empty"),
        ("out", "ManifestError", "symbolic link that leads out"),
        ("'my site' --name 9lives", "NameRefused", "9lives"),
    ],
)
def test_what_can_not_be_served_is_said_with_its_place(
    kernel: Kernel, folder: Path, line: str, error: str, said: str
) -> None:
    ran = kernel.run(f"%spin static {line}").error(error)
    assert said in ran.traceback
    assert "^^^" in ran.traceback


def test_a_folder_that_is_too_large_is_refused(kernel: Kernel, folder: Path) -> None:
    with (folder / "my site" / "big").open("wb") as file:
        file.truncate(200 << 20)
    ran = kernel.run("%spin static 'my site'").error("ManifestError")
    assert "more than 128 MiB; big is too much" in ran.traceback
    assert "^^^" in ran.traceback


def test_a_page_is_a_cell_with_remarks_in_its_lines(kernel: Kernel, folder: Path) -> None:
    card = kernel.run("%%spin html home --route /\n<main>\n<div>\n</main>").ok()
    assert "HTML" in card.text
    assert "line 3: <div> is not closed" in card.text
    shown = kernel.run("%spin get /").ok()
    assert "<main>" in shown.text or "main" in shown.html
    assert "empty" in kernel.run("%%spin html home --route /\n \n").error("SourceError").traceback
    assert "200" in kernel.run("%spin get /").ok().text
