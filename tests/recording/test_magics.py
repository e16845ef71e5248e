"""Recording and replaying in a notebook: the words, what is shown, and errors that help. A real kernel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.magics.conftest import Kernel

COUNTS = """%%spin counts --route /counts --kv default{options}
from spin_sdk import key_value
def handle(request):
    with key_value.open_default() as store:
        count = int(store.get("count"){otherwise}) + 1
        {more}
    return {{"count": count}}
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    made = Kernel({"JPY_SESSION_NAME": str(folder / "page.ipynb")})
    made.run(f"%load_ext spinlab\n%cd {folder}").ok()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def fresh(kernel: Kernel) -> None:
    """No app, no recording: each test begins anew, whichever ran before."""
    kernel.run("import spinlab.session, shutil; spinlab.session.session.reset(); shutil.rmtree('.spin', True)").ok()


def cell(kernel: Kernel, options: str = "", otherwise: str = "", more: str = "pass") -> str:
    return kernel.run(COUNTS.format(options=options, otherwise=otherwise, more=more)).ok().text


def test_a_failed_request_is_replayed_on_the_cell_that_mends_it_and_kept(kernel: Kernel) -> None:
    cell(kernel)
    failed = kernel.run("%spin get /counts --record").ok().text
    assert "recorded as 1; %spin replay 1" in failed
    assert "500" in failed
    assert "#1 counts" in kernel.run("%spin trace").ok().text
    listed = kernel.run("%spin recordings").ok()
    assert "GET /counts" in listed.text
    assert "GET /counts" in listed.html
    one = kernel.run("%spin recordings 1").ok().text
    assert "key-value.get default ('count')  none" in one
    cell(kernel, otherwise=" or 0", more='store.set("count", b"1")')
    asked = kernel.run("%spin replay 1").error("Diverged").traceback
    assert "key-value.set default ('count', '1')" in asked
    assert "--live" in asked
    assert kernel.run("%spin kv").ok().text.count("count") == 0
    cell(kernel, otherwise=" or 0")
    mended = kernel.run("%spin replay 1 --keep 'begins at one'").ok()
    assert "status: 500 -> 200" in mended.text
    assert '+{"count": 1}' in mended.text
    assert "revision 3 answers 200" in mended.html
    assert "1 test passed" in kernel.run("%spin test").ok().text


def test_live_asks_the_host(kernel: Kernel) -> None:
    cell(kernel, otherwise=" or 0")
    kernel.run("%spin get /counts --record").ok()
    cell(kernel, otherwise=" or 0", more='store.set("count", b"7")')
    shown = kernel.run("%spin replay 1 --live").ok().text
    assert "the host was asked from there on" in shown
    assert "7" in kernel.run("%spin kv get count").ok().text


def test_a_cell_or_the_app_is_recorded(kernel: Kernel) -> None:
    assert "its requests are recorded" in cell(kernel, " --record", " or 0")
    kernel.run("%spin get /counts").ok()
    assert "the requests of counts" in kernel.run("%spin recordings").ok().text
    assert "its requests are recorded" not in cell(kernel, "", " or 0")
    kernel.run("%spin get /counts").ok()
    assert "every request is recorded" in kernel.run("%spin record on").ok().text
    kernel.run("%spin get /counts").ok()
    assert "nothing is recorded from now on" in kernel.run("%spin record off").ok().text
    kernel.run("%spin get /counts").ok()
    numbers = [line.split()[0] for line in kernel.run("%spin recordings").ok().text.splitlines() if "/counts" in line]
    assert numbers == ["1", "3"]
    assert "recorded from now on: the requests of counts" in kernel.run("%spin record on counts").ok().text
    kernel.run("%spin record off counts").ok()
    assert "no recordings yet" in kernel.run("%spin recordings --forget").ok().text


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("%spin replay", "RecordingError", "there is no recording"),
        ("%spin replay 99", "RecordingError", "no recording has the number 99"),
        ("%spin replay first", "OptionError", "'first' is not the number of a recording"),
        ("%spin recordings 0 --forget", "OptionError", "is not the number"),
        ("%spin recordings 5 --forget", "OptionError", "no recording has the number 5"),
        ("%%spin f --record --module\nX = 1", "OptionError", "--record and --module exclude each other"),
        ("%%spin f --record --command\nX = 1", "OptionError", "--record and --command exclude each other"),
        ("%spin record maybe", "OptionError", "%spin record on, or off"),
        ("%spin record on nobody", "OptionError", "no function is called 'nobody'"),
    ],
)
def test_errors_help(kernel: Kernel, line: str, error: str, message: str) -> None:
    assert message in kernel.run(line).error(error).traceback


def test_what_nobody_answers_is_not_recorded(kernel: Kernel) -> None:
    assert "nothing was recorded: no function answered" in kernel.run("%spin get /nobody --record").ok().text


def test_a_recording_outlives_the_kernel_and_secrets_are_masked(kernel: Kernel) -> None:
    cell(kernel, otherwise=" or 0")
    kernel.run("%spin get /counts --record -H 'authorization: Bearer abcdefgh'").ok()
    kernel.run("spinlab.session.session.reset()").ok()
    cell(kernel, otherwise=" or 0")
    shown = kernel.run("%spin replay 1").ok().text
    assert "the answer is the same" in shown
    assert "masked values" in shown
    assert "abcdefgh" not in kernel.run("print(open('.spin/recordings/1.json').read())").ok().text
    assert "recorded as 2" in kernel.run("%spin get /counts --record").ok().text
