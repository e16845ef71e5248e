"""The options of deploy: whom each is for, and what is said to who names nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.deploying import grammar
from spinlab.deploying.at import client
from spinlab.errors import OptionError


def test_an_option_of_a_destination_says_whose_it_is() -> None:
    told = {choice.names[0]: choice.help for choice in grammar.CHOICES}
    assert told["--listen"].startswith("For local: where it answers")
    assert told["--replicas"].startswith("For kube: pods")
    assert told["--cpu-limit"].startswith("For kube: CPU ")
    assert told["--tls-key"].startswith("For local and kube: ")
    assert told["--sqlite"].startswith("For local: SQL ")
    assert told["--plugin"].startswith("For spin: ")


@pytest.mark.parametrize(
    ("at", "hint"),
    [
        ("nowhere", "one of: local, kube, spin, or https://app.example.com"),
        ("localhost:3100", "one of: local, kube, spin, or http://localhost:3100"),
        ("127.0.0.1:3100/x", "one of: local, kube, spin, or http://127.0.0.1:3100/x"),
    ],
)
def test_who_names_nobody_is_told_who_there_is(at: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError) as raised:
        client(at, "calculator", tmp_path)
    assert raised.value.hint == hint
