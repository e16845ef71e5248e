"""``%spin deploy``, ``--at``: real kernels, which end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.deploying.places import cleared, environment_of, get, known, local
from tests.magics.conftest import Kernel

HELLO = "%%spin hello --route /hello\ndef handle(request):\n    return '{}'"
TOKEN = "token-of-jupyter"


@contextmanager
def kernel_of(notebook: Path) -> Iterator[Kernel]:
    """A kernel of a notebook, as Jupyter starts it."""
    tokens = dict.fromkeys(("JUPYTER_TOKEN", "JPY_API_TOKEN", "JUPYTERHUB_API_TOKEN"), TOKEN)
    made = Kernel({"JPY_SESSION_NAME": str(notebook), **tokens})
    try:
        made.run("%load_ext spinlab\n%spin app calculator").ok()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with cleared(tmp_path_factory.mktemp("notebook")) as folder:
        yield folder


@pytest.fixture(scope="module")
def kernel(beside: Path) -> Iterator[Kernel]:
    with kernel_of(beside / "calc.ipynb") as made:
        yield made


def test_it_answers_when_the_kernel_is_gone_and_the_next_one_finds_it(tmp_path: Path) -> None:
    with cleared(tmp_path) as folder:
        with kernel_of(folder / "calc.ipynb") as first:
            first.run(HELLO.format("outlived")).ok()
            ran = first.run("%spin deploy").ok()
            assert "calculator runs on this machine: http://127.0.0.1:" in ran.text
            assert "copied" in ran.text
            assert "compiled" in ran.text
        place = local(folder, "calculator")
        found = known(place)
        assert get(place) == "outlived"
        for process in (found.keeper, found.child):
            assert TOKEN not in environment_of(process.pid)
        with kernel_of(folder / "calc.ipynb") as second:
            assert ": running since " in second.run("%spin deploy status").ok().text
            second.run(HELLO.format("in the kernel")).ok()
            assert "outlived" in second.run("%spin get /hello --at local").ok().text
            assert "in the kernel" in second.run("%spin get /hello").ok().text
            second.run("%spin deploy").ok()
            assert get(place) == "in the kernel"
            assert second.run("%spin deploy url").ok().text.strip() == place.url()
            assert "serves http" in second.run("%spin deploy logs -n 1").ok().text
            nobody = second.finish(second.send("%spin deploy delete", allow_stdin=False)).error("OptionError")
            assert "--yes" in nobody.traceback
            assert "was ended and deleted" in second.run("%spin deploy delete --yes").ok().text
            assert (
                "no deployment 'calculator'" in second.run("%spin deploy delete --yes").error("DeployError").traceback
            )
            assert "is not deployed" in second.run("%spin deploy status").ok().text
        with pytest.raises(httpx.ConnectError):
            httpx.get(found.url, trust_env=False)


def test_tests_run_against_the_deployment_side_by_side(kernel: Kernel, beside: Path) -> None:
    kernel.run(HELLO.format("one")).ok()
    kernel.run("%spin deploy").ok()
    kernel.run("%spin get /hello --expect-text one --keep same").ok()
    url = local(beside, "calculator").url()
    ran = kernel.run(f"%spin test --at local --at {url}").ok()
    assert f"1 test passed at kernel and local and {url}" in ran.text
    kernel.run(HELLO.format("two")).ok()
    ran = kernel.run("%spin test --at local").error("CheckFailed")
    assert "1 of 2 answers failed" in ran.text or "failed" in ran.text
    kernel.run(f"%spin get /hello --at {url} --expect-text one").ok()
    kernel.run("%spin get /hello --at local --expect-text two").error("CheckFailed")
    kernel.run("%spin get /hello --at local:calculator --expect-text one").ok()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("%spin deploy --to moon", "one of: local"),
        ("%spin deploy stop", "can't stop"),
        ("%spin deploy statsu", "did you mean %spin deploy status?"),
        ("%spin deploy status --only hello", "takes no --only"),
        ("%spin deploy --follow", "--follow is for an action"),
        ("%spin deploy --plugin aka", "that is for --to spin"),
        ("%spin deploy -- --build", "takes no words after --"),
        ("%spin deploy --name 'a b'", "can't be the name of a deployment"),
        ("%spin deploy --only helo", "did you mean hello?"),
        ("%spin deploy --variable x", "key=value"),
        ("%spin deploy logs --last few", "a whole number"),
        ("%spin get /hello --at moon", "there is nobody to ask at 'moon'"),
        ("%spin get /hello --at local:other", "no deployment 'other'"),
        ("%spin get /hello --at http://127.0.0.1:1", "does not answer"),
        ("%spin get /hello --at local --record", "can't be recorded"),
        ("%spin test --at moon", "there is nobody to ask at 'moon'"),
    ],
)
def test_a_wrong_line_is_explained(kernel: Kernel, line: str, told: str) -> None:
    kernel.run(HELLO.format("one") + "\n").ok()
    kernel.run("%spin get /hello --keep same").ok()
    ran = kernel.run(line)
    assert ran.status == "error"
    assert told in ran.traceback


def test_a_value_on_the_line_is_not_in_an_error(kernel: Kernel) -> None:
    kernel.run(HELLO.format("one")).ok()
    ran = kernel.run("%spin deploy --variable nothing=hunter2-hunter2").error("DeployError")
    assert "hunter2" not in ran.traceback
    assert "no variable 'nothing'" in ran.traceback


def test_its_words_are_completed(kernel: Kernel) -> None:
    assert "status" in kernel.complete("%spin deploy s")[0]
    assert "local" in kernel.complete("%spin deploy --to ")[0]
