"""``%%spintest``: the cell's tests are kept with the app, and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spinlab.errors import Location, SourceError
from spinlab.magics.desk import Desk
from spinlab.magics.options import Arguments, Command, Option

if TYPE_CHECKING:
    from spinlab.testing.requests.report import Report

TEST = Command(
    "%%spintest",
    "The cell's requests are kept as tests of the app, and run.",
    (),
    (Option(("--no-run",), "Only keep them."),),
    notes="""\
["adds two numbers"]
request = "GET /add/1/2"
expect.status = 200
expect.json = '{"sum": 3}'

Also: headers.NAME, body, json (to send), body-base64; expect.text, expect.contains, expect.headers.NAME.
The same as tests/requests.toml of an export.""",
)


def run(desk: Desk, given: Arguments, cell: str) -> Report | None:
    """Keep the cell's tests, and run them.

    Raises:
        SourceError: The cell says something that no test has; nothing is kept.
        CheckFailed: Some failed; they are kept.
    """
    from spinlab.magics.verbs.tests import passed

    if not cell.strip():
        raise SourceError(
            "the cell is empty",
            hint="write tests below the %%spintest line; %%spintest --help shows one",
            location=Location(1, on_magic_line=True),
        )
    tests = desk.app.tests
    names = tuple(test.name for test in tests.loads(cell))
    for gone in desk.keeps_tests(names):
        tests.forget(gone)
    if given["no_run"]:
        desk.say(f"kept {len(names)} tests; %spin test runs them")
        return None
    return passed(desk, tests.run(*names))
