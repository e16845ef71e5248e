"""Variables, configuration and models for guests of WASI 0.2."""

from __future__ import annotations

import struct

import pytest

from spinlab.host import Caller, Host, Result
from spinlab.host.pack import Case, pack
from tests.bridge.stores import Scripted, answers, real_host

GUEST = "stores2"


def test_a_label_with_line_breaks_is_one_line_for_the_host() -> None:
    script = Scripted({"variables.get": [Result(data=b"x")]})
    assert answers(GUEST, r"variable | a\nb", host=script.host("variables")) == ['Ok("x")']
    assert script.asked == [("variables.get", "a b", None)]


def test_variables_are_read_through_both_interfaces() -> None:
    host = real_host(variables={"greeting": "hello", "name": "world"})
    lines = ["variable | greeting", "config | greeting", "variable | other", "config | other", "config all"]
    found = answers(GUEST, *lines, host=host)
    assert found[:2] == ['Ok("hello")', 'Ok(Some("hello"))']
    assert found[2].startswith("Err(Error::Undefined(")
    assert found[3:] == ["Ok(None)", 'Ok([("greeting", "hello"), ("name", "world")])']


@pytest.mark.parametrize(
    ("name", "variable", "config"),
    [
        ("invalid-name", 'InvalidName("as the host says")', 'Upstream("as the host says")'),
        ("provider", 'Provider("as the host says")', 'Upstream("as the host says")'),
        ("other", 'Other("as the host says")', 'Upstream("as the host says")'),
        ("io", 'Other("as the host says")', 'Io("as the host says")'),
    ],
)
def test_errors_of_variables_are_told_in_the_words_of_each_interface(name: str, variable: str, config: str) -> None:
    def failing(op: str, args: str, data: bytes, call: Caller) -> Result:
        return Result.error(name, "as the host says")

    host = Host({"variables": failing, "config": failing})
    found = answers(GUEST, "variable | a", "config | a", "config all", host=host)
    assert found == [f"Err(Error::{variable})", f"Err(Error::{config})", f"Err(Error::{config})"]


def test_a_model_infers_and_embeds() -> None:
    embedding = struct.pack("<3f", 0.5, -1.0, 2.25)
    script = Scripted(
        {
            "llm.infer": [Result(data=pack(["world", 3, 4]))],
            "llm.embed": [Result(data=pack([[embedding, b""], 7]))],
        }
    )
    lines = ["llm infer | llama2-chat | hello", "llm infer-with | llama2-chat | hello", "llm embed | mini | a | b"]
    found = answers(GUEST, *lines, host=script.host("llm"))
    usage = "InferencingUsage { prompt-token-count: 3, generated-token-count: 4 }"
    assert found[:2] == [f'Ok(InferencingResult {{ text: "world", usage: {usage} }})'] * 2
    assert found[2] == (
        "Ok(EmbeddingsResult { embeddings: [[0.5, -1.0, 2.25], []], usage: EmbeddingsUsage { prompt-token-count: 7 } })"
    )
    assert script.asked == [
        ("llm.infer", "llama2-chat", ["hello", None]),
        ("llm.infer", "llama2-chat", ["hello", [10, 1.5, 64, 0.5, 40, 0.25]]),
        ("llm.embed", "mini", ["a", "b"]),
    ]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("model-not-supported", "ModelNotSupported"),
        ("runtime-error", 'RuntimeError("as the host says")'),
        ("invalid-input", 'InvalidInput("as the host says")'),
        ("other", 'RuntimeError("as the host says")'),
    ],
)
def test_errors_of_a_model_are_told_in_the_interfaces_own_words(name: str, error: str) -> None:
    def failing(op: str, args: str, data: bytes, call: Caller) -> Result:
        return Result.error(name, "as the host says")

    found = answers(GUEST, "llm infer | m | x", "llm embed | m | x", host=Host({"llm": failing}))
    assert found == [f"Err(Error::{error})"] * 2


@pytest.mark.parametrize(
    "answer", [Result(data=pack([["text"], 1, 2])), Result(data=pack(["text", -1, 2])), Result(data=pack(Case("a")))]
)
def test_numbers_and_texts_that_are_none_are_an_error(answer: Result) -> None:
    script = Scripted({"llm.infer": [answer]})
    found = answers(GUEST, "llm infer | m | x", host=script.host("llm"))
    assert found[0].startswith("Err(Error::RuntimeError(")
