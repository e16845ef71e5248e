"""A language from a package of its own, which spinlab knows nothing of, does all that the others do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.magics.conftest import Kernel

PLUGIN = Path(__file__).parent / "plugin"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel that has the package installed, in a folder of its own."""
    source = shutil.copytree(PLUGIN, tmp_path_factory.mktemp("source") / "plugin")  # building leaves files there
    place = tmp_path_factory.mktemp("installed")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(place),
    ]
    subprocess.run([*install, str(source)], check=True, capture_output=True)
    made = Kernel({"PYTHONPATH": str(place)})
    made.run(f"%load_ext spinlab\n%cd -q {tmp_path_factory.mktemp('notebook')}").ok()
    yield made
    made.close()


def test_its_cells_become_functions_with_a_card_of_their_own(lab: Kernel) -> None:
    card = lab.run("%%spin morse help --route /help\n... --- ...\n. -- / -.-").ok().text
    assert "help · Morse code · WASI 0.2 · revision 1" in card
    assert "sos\nem k" in lab.run("%spin get /help").ok().text
    assert "Morse code" in lab.run("%spin").ok().text
    assert "8 letters" in lab.run("%spin log help").ok().text


def test_its_errors_point_into_the_cell_and_change_nothing(lab: Kernel) -> None:
    lab.run("%%spin cw wrong\n... --- ...").ok()
    shown = lab.run("%%spin cw wrong\n... --- ...\n-.- .......").error("SourceError").traceback
    assert "line 3:5" in shown
    assert "wrong still answers with revision 1" in shown


def test_it_is_completed_begun_and_looked_into_like_the_others(lab: Kernel) -> None:
    assert "morse" in lab.complete("%%spin mo")[0]
    assert "morse" in lab.complete("%spin new mo")[0]
    assert lab.run("%spin new cw --template http").ok().next_input == "%%spin morse hello\n.... . .-.. .-.. ---"
    assert "needs no tool" in lab.run("%spin doctor morse").ok().text
    lab.run("%%spin morse help --route /help\n... --- ...").ok()
    assert "i32.const" in lab.run("%spin inspect help --wat handle").ok().text


def test_it_is_exported_and_answers_again_as_it_did(lab: Kernel) -> None:
    lab.run("%%spin morse help --route /help\n... --- ...").ok()
    for form in ("shared", "standalone", "official"):
        files = lab.run(f"%spin export out-{form} --components {form}").ok().text
        assert ".morse" in files
        again = lab.run(f"import spinlab\nprint(spinlab.load('out-{form}', as_is=True).get('/help').text)").ok()
        assert "sos" in again.text
    assert "sos" in lab.run("print(spinlab.load('out-shared').get('/help').text)").ok().text
