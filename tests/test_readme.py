"""What the README shows is run, so that it can't rot."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_it_is_short_and_its_pictures_are_there() -> None:
    assert len(README.splitlines()) < 150
    pictures = re.findall(r"!\[.+\]\((.+)\)", README)
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_the_cells_work_in_a_kernel_one_after_the_other() -> None:
    cells = [text for kind, text in BLOCKS if not kind]
    assert [c.split()[0] for c in cells] == ["%load_ext", "%%spin", "%spin"]
    manager, client = start_new_kernel(kernel_name="python3")
    shown: list[str] = []

    def hook(message: dict[str, object]) -> None:
        shown.append(str(message["content"]))

    try:
        for cell in cells:
            reply = client.execute_interactive(cell, output_hook=hook, timeout=180)
            assert reply["content"]["status"] == "ok", shown
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert "Hello ada" in "".join(shown)


def test_the_python_example_prints_its_answer() -> None:
    (example,) = (text for kind, text in BLOCKS if kind == "python")
    done = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, check=False)
    assert done.stdout == "hi\n", done.stderr


def test_every_make_target_exists() -> None:
    targets = re.findall(r"\bmake (\w+)", " ".join(text for kind, text in BLOCKS if kind == "sh"))
    assert set(targets) == {"demo", "lab", "test", "bench", "bridge"}
    for target in targets:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", sorted(set(re.findall(r"`spinlab (\w+)", README))))
def test_every_command_exists(command: str) -> None:
    subprocess.run([sys.executable, "-m", "spinlab.cli", command, "--help"], check=True, capture_output=True)


def test_every_verb_exists() -> None:
    from spinlab.magics.verbs import VERBS

    rows = [line for line in README.splitlines() if line.startswith("| `%spin")]
    verbs = {word for row in rows for word in re.findall(r"`(?:%spin )?(\w+)", row.split("|")[1])}
    assert verbs <= set(VERBS), verbs - set(VERBS)
