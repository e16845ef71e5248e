"""Lesson 08: wherever the app goes, it answers the same; what outlives the notebook is ended by it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

from spinlab import load
from spinlab.oci.layout import Layout
from tests.deploying.places import CLI, cleared, get, known, local, until
from tests.notebooks.lesson import Lesson
from tests.notebooks.running import SOLUTIONS, Ran, error_of, run

TESTS = {"adds", "doubles", "has a page", "refuses words"}


class TestLesson08(Lesson):
    lesson = "08"

    def test_a_wrong_edit_is_found_by_the_request_that_was_kept(self, solution: Ran) -> None:
        assert "✗ adds failed at kernel" in solution.shown("broken")
        assert '"2022"' in solution.shown("broken")
        assert "✓ 4 tests passed at kernel" in solution.shown("repaired")

    def test_the_same_requests_are_answered_by_the_kernel_the_export_and_the_deployment(self, solution: Ran) -> None:
        for cell, place in (("serve", "spinlab up"), ("test-at", "local")):
            assert f"✓ 4 tests passed at kernel and {place}" in solution.shown(cell)
            assert set(re.findall(r"^  (\w.+?)  +(?:GET|POST) .+✓.+✓", solution.shown(cell), re.MULTILINE)) == TESTS

    def test_the_export_is_an_application_with_its_tests(self, solution: Ran) -> None:
        with load(solution.folder / "shipped") as app:
            assert set(app.tests) == TESTS
            assert app.tests.run().passed

    def test_the_same_app_has_the_same_digest_and_an_edit_moves_kilobytes(self, solution: Ran) -> None:
        first, same, edited = (digest(solution.shown(cell)) for cell in ("push", "push-again", "push-edit"))
        assert first == same != edited
        manifest = Layout(solution.folder / "registry", "1.0").manifest()
        assert first == f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        new = re.findall(r"^sha256:\w+ +([\d,]+) bytes  (\S+)$", solution.shown("moved"), re.MULTILINE)
        assert [kind.rsplit("+")[-1] for _, kind in new] == ["data", "config"]
        assert sum(int(size.replace(",", "")) for size, _ in new) < 5_000
        assert "compiles nothing" in solution.shown("push-edit")

    def test_every_target_takes_the_app(self, solution: Ran) -> None:
        answers = re.findall(r"^\S.*?  +(yes|no)$", solution.shown("targets"), re.MULTILINE)
        assert len(answers) >= 8
        assert set(answers) == {"yes"}

    def test_the_secret_is_in_a_secret_and_in_nothing_that_is_saved(self, solution: Ran) -> None:
        assert "kind: SpinApp" in solution.shown("scaffold")
        assert "secretKeyRef" in solution.shown("scaffold")
        assert re.findall(r"^(\w+) +in clear: (\w+), in base64: (\w+)$", solution.shown("look"), re.MULTILINE) == [
            ("SpinApp", "False", "False"),
            ("Secret", "False", "True"),
        ]
        assert (solution.folder / "cluster.yaml").stat().st_mode & 0o077 == 0
        token = re.search(r"^  token: (\S+)$", (solution.folder / "cluster.yaml").read_text(), re.MULTILINE)
        assert token is not None
        assert token[1].strip('"') not in json.dumps(solution.book)

    def test_the_deployment_is_asked_and_changed_and_says_what_moved(self, solution: Ran) -> None:
        assert "calculator runs on this machine: http://127.0.0.1:" in solution.shown("deploy")
        assert ": running since " in solution.shown("status")
        assert "a key of 22 characters" in solution.shown("at")
        assert "the sum of 20 and 22" in solution.shown("logs")
        assert solution.shown("before").startswith("404")
        assert "without a gap" in solution.shown("try-08-4-b")

    def test_nothing_is_left_of_it(self, solution: Ran, learner: Ran) -> None:
        for ran in (solution, learner):
            assert "calculator is not deployed" in ran.shown("gone")
            assert not list(ran.folder.glob(".spin/deployed/*/"))

    def test_the_scorecard_is_measured_in_the_kernel(self, solution: Ran) -> None:
        assert "4 of 6 measured here" in solution.shown("scorecard")
        assert "oversubscribed" in solution.shown("scorecard", "text/html")


def digest(text: str) -> str:
    """The digest that a push shows."""
    found = re.search(r"^sha256:[0-9a-f]{64}$", text, re.MULTILINE)
    assert found is not None, text
    return found[0]


def part(book: Any, *names: str, last: str = "") -> Any:
    """Some cells of a notebook by their ids, or those up to one, as a notebook."""
    ids = [cell.id for cell in book.cells]
    wanted = names or ids[: ids.index(last) + 1]
    return nbformat.v4.new_notebook(cells=[cell for cell in book.cells if cell.id in wanted], metadata=book.metadata)


def test_what_it_deploys_is_there_after_the_kernel_was_killed_and_for_the_next_one(tmp_path: Path) -> None:
    book = nbformat.read(SOLUTIONS / "08-deploy.ipynb", as_version=4)
    with cleared(tmp_path):
        begun = part(book, last="deploy")
        client = NotebookClient(begun, timeout=600, allow_errors=True, resources={"metadata": {"path": str(tmp_path)}})
        with client.setup_kernel():
            for index, cell in enumerate(begun.cells):
                client.execute_cell(cell, index)
            os.kill(client.km.provisioner.pid, signal.SIGKILL)
        place = local(tmp_path, "calculator")
        processes = known(place).keeper, known(place).child
        assert json.loads(get(place, "/add/20/22")) == {"sum": 42}
        said = subprocess.run([*CLI, "deploy", "status"], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert "calculator on this machine: running since" in said.stdout
        then = part(book, "versions", "name", "at", "delete", "gone")
        (tmp_path / "then.ipynb").write_text(nbformat.writes(then))
        ran = run(tmp_path / "then.ipynb", tmp_path)
        assert "a key of 22 characters" in ran.shown("at")
        assert "is not deployed" in ran.shown("gone")
        until(lambda: not any(process.alive for process in processes))


def test_who_has_written_the_function_and_not_deployed_it_is_told(tmp_path: Path) -> None:
    book = nbformat.read(SOLUTIONS / "08-deploy.ipynb", as_version=4)
    (tmp_path / "short.ipynb").write_text(nbformat.writes(part(book, "versions", "name", "try-08-4-a", "check-08-4")))
    ran = run(tmp_path / "short.ipynb", tmp_path, go_on=True)
    assert error_of(ran.cell("check-08-4")) == "CheckFailed"
    assert "there is no deployment 'calculator'" in ran.shown("check-08-4")
    assert "deploy once more" in ran.shown("check-08-4")


def test_what_a_broken_run_leaves_is_ended_by_the_tests(tmp_path: Path) -> None:
    book = nbformat.read(SOLUTIONS / "08-deploy.ipynb", as_version=4)
    with cleared(tmp_path):
        (tmp_path / "short.ipynb").write_text(nbformat.writes(part(book, "versions", "name", "add", "deploy")))
        run(tmp_path / "short.ipynb", tmp_path)
        found = known(local(tmp_path, "calculator"))
        assert found.keeper.alive
    until(lambda: not found.keeper.alive and not found.child.alive)
