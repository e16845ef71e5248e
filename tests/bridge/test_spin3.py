"""Spin's asynchronous interfaces: they link, and answer as Spin does when nothing is granted."""

from __future__ import annotations

from spinlab.host import Caller, Host, Result
from tests.bridge.bench import ask, lines


def test_what_is_not_granted_is_refused_in_each_interfaces_own_words() -> None:
    answers = lines(ask("spin3guest", "/"))
    assert {answers[name] for name in ("key-value", "sqlite", "sqlite sync")} == {"Error::AccessDenied"}
    assert answers["redis"] == "Error::InvalidAddress"
    for name in ("mqtt", "mysql", "postgres", "postgres sync", "postgres builder"):
        assert answers[name].startswith("Error::ConnectionFailed(")
        assert "is not permitted" in answers[name]
    assert answers["variable"].startswith("Err(Error::Undefined(")


def test_every_refusal_is_noted() -> None:
    capabilities = {denied.capability for denied in ask("spin3guest", "/").denied}
    assert {"key-value store", "SQLite database", "outbound Redis", "variable"} <= capabilities


def test_a_variable_that_is_granted_is_read() -> None:
    def granted(op: str, args: str, data: bytes, call: Caller) -> Result:
        return Result(data=f"value of {args}".encode())

    answers = lines(ask("spin3guest", "/", host=Host({"variables": granted})))
    assert answers["variable"] == 'Ok("value of greeting")'
