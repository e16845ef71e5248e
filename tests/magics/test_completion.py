"""Completion in a real kernel."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

pytestmark = pytest.mark.usefixtures("empty_session")


@pytest.mark.parametrize(
    ("code", "offered", "replaced"),
    [
        ("%spin rem", {"remove"}, "rem"),
        ("%spin show te", {"teapot"}, "te"),
        ("%spin get /t", {"/tea/kind"}, "/t"),
        ("x = %spin get /t", {"/tea/kind"}, "/t"),
        ("%spin get /tea --f", {"--fail"}, "--f"),
        ("%%spin w", {"wat", "wasm"}, "w"),
        ("%%spin wat te", {"teapot"}, "te"),
        ("%%spin wat x --all", {"--allow", "--allowed-outbound-host"}, "--all"),
        ("%%spin wat x --wasi ", {"0.2", "0.3"}, ""),
        ("%%spin wat x --abs", {"--abs"}, "--abs"),
        ("%spin export d --components sh", {"shared"}, "sh"),
        ("%spin remove teapot te", {"teapot"}, "te"),
        ("%spin help ben", {"bench"}, "ben"),
    ],
)
def test_completion_offers_our_words_and_no_python_names(
    kernel: Kernel, code: str, offered: set[str], replaced: str
) -> None:
    register(kernel, options="--route /tea/:kind")
    matches, fragment = kernel.complete(code)
    assert set(matches) == offered
    assert fragment == replaced


def test_completion_of_python_is_left_alone(kernel: Kernel) -> None:
    assert "enumerate" in kernel.complete("enumer")[0]
    assert "enumerate" in kernel.complete("%%spin wat x\nenumer")[0]


def test_a_completion_says_what_it_is(kernel: Kernel) -> None:
    code = "%%spin wat x --ro"
    reply = kernel.client.complete(code, len(code), reply=True, timeout=30)["content"]
    known = reply["metadata"]["_jupyter_types_experimental"]
    assert [(k["text"], k["type"].replace("\u00a0", " ")) for k in known] == [
        ("--route", "option: Where it answers; /NAME/... when left out.")
    ]
