"""Write constraints.txt: every package of the image, pinned, so that a workshop has what its rehearsal had.

`python binder/lock.py` resolves anew, for the Python of runtime.txt on Linux. What it writes follows from that,
pyproject.toml and requirements.txt.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
HEAD = "# Written by lock.py: the packages of the image. Not to be edited.\n"


def resolved(version: str) -> str:
    """The text of constraints.txt for a version of Python."""
    wanted = "".join(line for line in (HERE / "requirements.txt").open() if not line.startswith("-c"))
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    command += ["--python-platform", "linux", "--python-version", version, "--extra", "proxy", "--extra", "lessons"]
    command += [str(ROOT / "pyproject.toml"), "-"]
    done = subprocess.run(command, input=wanted, text=True, stdout=subprocess.PIPE, check=True)
    return HEAD + done.stdout


if __name__ == "__main__":
    pinned = (HERE / "runtime.txt").read_text().strip().removeprefix("python-")
    (HERE / "constraints.txt").write_text(resolved(pinned))
