"""--file in a real kernel: what a cell mounts, what it sees of a change, and what is refused with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.magics.conftest import Kernel

pytestmark = pytest.mark.usefixtures("empty_session")

BODY = "\ndef handle(request):\n    return open(request.query['path']).read()\n"


@pytest.fixture
def folder(kernel: Kernel, tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("first")
    (tmp_path / "data" / "b.txt").write_text("second")
    kernel.run(f"%cd -q {tmp_path}").ok()
    return tmp_path


def test_files_are_read_and_a_change_is_seen_after_running_the_cell_again(kernel: Kernel, folder: Path) -> None:
    cell = "%%spin reads --file data/*.txt --file data/b.txt=/b" + BODY
    card = kernel.run(cell).ok()
    assert "file data/*.txt" in card.text
    assert "file data/b.txt as /b" in card.text
    assert "first" in kernel.run("%spin get /reads?path=/data/a.txt").ok().text
    assert "second" in kernel.run("%spin get /reads?path=/b").ok().text
    (folder / "data" / "a.txt").write_text("changed")
    assert "first" in kernel.run("%spin get /reads?path=/data/a.txt").ok().text
    assert "revision 2" in kernel.run(cell).ok().text
    assert "changed" in kernel.run("%spin get /reads?path=/data/a.txt").ok().text


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nope.txt", "does not exist"),
        ("nope.txt=/x", "there is no file or folder"),
        ("../secret", "outside the application directory"),
        ("/etc/hostname", "outside the application directory"),
        ("data/*.png", "no file fits"),
        ("out", "symbolic link"),
    ],
)
def test_what_can_not_be_mounted_is_shown_at_its_option(kernel: Kernel, folder: Path, source: str, said: str) -> None:
    (folder.parent / "secret").write_text("secret")
    (folder / "out").symlink_to("../secret")
    ran = kernel.run(f"%%spin reads --env A=b --file {source}" + BODY).error("OptionError")
    assert said in ran.traceback
    assert "^^^" in ran.traceback
