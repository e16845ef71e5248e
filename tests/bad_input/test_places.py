"""Addresses and folders that somebody else has."""

from __future__ import annotations

import socket
from pathlib import Path

from tests.bad_input.steps import GOOD, NEIGHBOUR, Stage


def test_a_port_that_is_taken_is_refused_and_the_listener_stays(stage: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        shown = stage.refused(f"%spin up --listen 127.0.0.1:{taken}", "ListenError")
    assert f"127.0.0.1:{taken} is already in use" in shown


def test_a_folder_of_somebody_else_is_not_exported_into(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    shown = stage.refused(f"%spin export {tmp_path}", "ExportError")
    assert "mine.txt" in shown
    assert "--force" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    stage.kernel.run(f"%spin export {tmp_path} --force").ok()
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert (tmp_path / "spin.toml").exists()
    (tmp_path / "file").write_text("x")
    assert "give the name of a folder" in stage.refused(f"%spin export {tmp_path / 'file'}", "ExportError")


def test_run_all_after_a_restart_gives_the_same_address_and_answers(stage: Stage) -> None:
    url = "print(get_ipython().run_line_magic('spin', 'url hello'))"
    before = stage.kernel.run(url).ok().stdout
    stage.kernel.manager.restart_kernel(now=True)
    stage.kernel.client.wait_for_ready(timeout=60)
    for _ in range(2):
        for code in ("%load_ext spinlab", NEIGHBOUR, GOOD):
            stage.kernel.run(code).ok()
        stage.serves("good", "revision 1")
    assert stage.kernel.run(url).ok().stdout == before
