"""Spin's own interfaces for guests of WASI 0.2: they link, and answer as Spin does when nothing is granted."""

from __future__ import annotations

import pytest

from spinlab.engine import default_engine
from spinlab.errors import MissingImport
from spinlab.host import Caller, Host, Result
from tests.bridge.bench import ask, lines
from tests.guests import component


def test_what_is_not_granted_is_refused_in_each_interfaces_own_words() -> None:
    answers = lines(ask("spin2guest", "/"))
    stores = ("key-value", "wasi:keyvalue", "sqlite 2", "sqlite 3")
    assert {answers[name] for name in stores} == {"Error::AccessDenied"}
    assert answers["redis"] == "Error::InvalidAddress"
    for name in ("mqtt", "mysql", "postgres 2", "postgres 3", "postgres 4"):
        assert answers[name].startswith("Error::ConnectionFailed(")
        assert "is not permitted" in answers[name]
    assert answers["variable"].startswith("Error::Undefined(")
    assert answers["config"] == "Ok(None) Ok([])"
    assert answers["llm"].startswith('Error::InvalidInput("The component does not have access to use')


def test_every_refusal_is_noted() -> None:
    capabilities = {denied.capability for denied in ask("spin2guest", "/").denied}
    assert {"key-value store", "SQLite database", "outbound Redis", "variable", "AI model"} <= capabilities


def test_a_variable_that_is_granted_is_read_through_both_interfaces() -> None:
    def granted(op: str, args: str, data: bytes, call: Caller) -> Result:
        return Result(data=f"value of {args}".encode())

    host = Host({"variables": granted, "config": granted})
    text = ask("spin2guest", "/variable?name=greeting", host=host).text
    assert text == 'Ok("value of greeting")\nOk(Some("value of greeting"))'


def test_a_guest_can_not_link_to_the_bridges_own_interfaces() -> None:
    evil = component("evil2")
    with pytest.raises(MissingImport, match="spinlab:bridge"):
        default_engine().prepare(evil, name="evil")
