"""What an app tells of host calls, and grants that change without the cell. Real guests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spinlab import App, Function
from spinlab.errors import OptionError
from spinlab.grants import grants
from spinlab.http import Denied, HostCall
from spinlab.trace import REQUESTS_KEPT, TARGETS_KEPT, Usage
from spinlab.widgets.card import card, facts_of
from spinlab.widgets.timeline import timeline
from tests.conftest import wat

ASKS = """
from spin_sdk import key_value
def handle(request):
    try:
        with key_value.open("default") as store:
            store.set("name", b"ada")
            return store.get("name")
    except Exception as error:
        return 403, type(error.value).__name__
"""


@pytest.fixture
def asks(app: App) -> Iterator[App]:
    app.add(Function("asks", ASKS, routes=("/asks",)))
    return app


def test_a_denied_call_carries_the_grant_that_is_missing(asks: App) -> None:
    answer = asks.get("/asks?token=secret")
    (call,) = answer.calls
    assert (answer.status, answer.text) == (403, "Error_AccessDenied")
    assert (call.capability, call.operation, call.target, call.outcome) == (
        "key-value store",
        "open",
        "default",
        "denied",
    )
    assert call.denied is not None
    assert call.denied.option == "--kv default"
    (traced,) = asks.traces("asks")
    assert (traced.id, traced.method, traced.path, traced.status, traced.calls) == (1, "GET", "/asks", 403, (call,))
    assert 0 < call.began < traced.elapsed


def test_a_grant_changes_the_function_without_its_cell_and_running_the_cell_takes_it_back(asks: App) -> None:
    asks.get("/asks")
    live = asks.grant("asks", key_value_stores=["default"])
    assert (live.revision, live.function.key_value_stores) == (2, ("default",))
    answer = asks.get("/asks")
    assert (answer.status, answer.text) == (200, "ada")
    assert {c.outcome for c in answer.calls} == {"ok"}
    assert asks.grant("asks", key_value_stores=["default"]) is live
    again = asks.add(Function("asks", ASKS, routes=("/asks",)))
    assert again is not None
    assert (again.revision, asks.get("/asks").status) == (3, 403)
    back = asks.undo("asks")
    assert (back.function.key_value_stores, asks.get("/asks").status) == (("default",), 200)
    asks.grant("asks", take_back=True, key_value_stores=["default"])
    assert asks.get("/asks").status == 403


def test_what_can_not_be_granted_or_taken_back_changes_nothing(app: App) -> None:
    live = app.add(wat(key_value_stores=("default",)))
    with pytest.raises(OptionError, match="no kind of grant") as unknown:
        app.grant("hello", colours=["red"])
    assert "key_value_stores" in str(unknown.value.hint)
    with pytest.raises(OptionError, match="no grant --kv other") as missing:
        app.grant("hello", take_back=True, key_value_stores=["other"])
    assert missing.value.hint == "it has --kv default"
    with pytest.raises(OptionError, match="a list of texts"):
        app.grant("hello", key_value_stores="default")
    with pytest.raises(OptionError, match="no function is called"):
        app.grant("nobody", key_value_stores=["default"])
    assert app["hello"] is live


def test_the_card_tells_used_unused_and_denied(asks: App) -> None:
    asks.grant("asks", key_value_stores=["default"], allowed_outbound_hosts=["https://example.com"])
    assert "unused" not in card(facts_of(asks["asks"])).text
    asks.get("/asks")
    shown = card(facts_of(asks["asks"])).text
    assert "key-value store default  used" in shown
    assert "outbound https://example.com  unused" in shown
    asks.grant("asks", take_back=True, key_value_stores=["default"])
    asks.get("/asks")
    asks.get("/asks")
    facts = card(facts_of(asks["asks"]))
    assert "key-value store default, twice; grant it with --kv default" in facts.text
    assert facts.custom["application/vnd.spinlab.function.v1+json"]["denied"][0]["count"] == 2


def test_only_the_last_requests_are_kept(app: App) -> None:
    app.add(wat())
    for _ in range(REQUESTS_KEPT + 5):
        app.get("/hello")
    kept = app.traces()
    assert (len(kept), kept[-1].id) == (REQUESTS_KEPT, REQUESTS_KEPT + 5)
    assert len(app.traces("nobody")) == 0


def test_the_timeline_escapes_what_a_guest_chose(app: App) -> None:
    denied = Denied("key-value store", "<b>x</b>\x1b[2J", "--kv <b>", 'key_value_stores = ["<b>"]')
    calls = (HostCall("key-value store", "open", denied.target, "denied", 0.001, 0.002, denied=denied),) * 60
    app.add(wat())
    app.get("/hello")
    traced = type(app.traces()[0])(1, "hello", "GET", "/<i>", 500, 0.0, 0.004, calls, "bad <u>")
    shown = timeline([traced])
    assert "<b>" not in shown.html
    assert "<i>" not in shown.html
    assert "<u>" not in shown.html
    assert "\x1b" not in shown.text
    assert "and 10 more" in shown.text
    assert shown.text.count("grant it with") == 1


def test_usage_is_bounded() -> None:
    usage = Usage()
    usage.add(tuple(HostCall("outbound HTTP", "GET", f"http://h{n}:80") for n in range(TARGETS_KEPT * 2)))
    assert len(usage.used) == TARGETS_KEPT
    assert usage.requests == 1


def test_without_tracing_only_what_was_denied_is_told_and_counted(app: App) -> None:
    app.tracing = False
    app.add(Function("asks", ASKS, routes=("/asks",)))
    app.add(Function("may", ASKS, routes=("/may",), key_value_stores=("default",)))
    denied, let = app.get("/asks"), app.get("/may")
    assert (denied.status, let.status, let.text) == (403, 200, "ada")
    (call,) = denied.calls
    assert (call.capability, call.target, call.outcome, call.denied) == (
        "key-value store",
        "default",
        "denied",
        denied.denied[0],
    )
    assert (let.calls, app["may"].usage.used) == ((), {})
    assert list(app["asks"].usage.denied.values()) == [1]
    assert [one.status for one in app.traces()] == [403, 200]
    assert "--kv default" in str(timeline(app.traces()))
    app.tracing = True
    assert [c.operation for c in app.get("/may").calls] == ["open", "set", "get"]


def test_every_way_out_counts_for_the_grant_that_let_it_through() -> None:
    hosts = ("tcp://127.0.0.1:7", "udp://127.0.0.1:7", "https://example.com", "redis://localhost")
    usage = Usage()
    usage.add(
        (
            HostCall("outbound TCP", "connect", "tcp://127.0.0.1:7"),
            HostCall("outbound UDP", "send", "udp://127.0.0.1:7"),
            HostCall("outbound HTTP", "GET", "https://example.com:443"),
            HostCall("outbound Redis", "get", "redis://localhost:6379"),
        )
    )
    assert [grant.used for grant in grants(Function("f", "", allowed_outbound_hosts=hosts), usage)] == [1] * 4
