"""Both sides of the line say the same of themselves."""

from __future__ import annotations

import re
from pathlib import Path

import spinlab
from spinlab.commands.greeting import PROTOCOL

TOLD = Path(__file__).resolve().parents[2] / "labextension" / "src" / "version.ts"


def test_the_extension_has_the_version_and_the_protocol_of_the_kernel_side() -> None:
    told = dict(re.findall(r"^export const (\w+) = '?([^';]+)'?;$", TOLD.read_text("utf-8"), re.MULTILINE))
    assert told == {"VERSION": spinlab.__version__, "PROTOCOL": str(PROTOCOL)}
