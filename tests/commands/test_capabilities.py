from __future__ import annotations

import pytest

from spinlab import App
from spinlab.http import Denied, HostCall
from tests.commands.line import FrontEnd
from tests.conftest import wat

DENIED = Denied(
    "outbound HTTP",
    "https://example.org:443",
    "--allow https://example.org",
    'allowed_outbound_hosts = ["https://example.org"]',
)


def call(capability: str, target: str, denied: Denied | None = None) -> HostCall:
    return HostCall(capability, "get", target, "denied" if denied else "ok", 0.0, 0.001, 0, 0, denied)


def test_it_tells_what_was_used_unused_and_denied(app: App) -> None:
    live = app.add(
        wat(key_value_stores=("default",), sqlite_databases=("default",), allowed_outbound_hosts=("https://a.example",))
    )
    assert live is not None
    live.usage.add((call("key-value store", "default"), call("key-value store", "default")))
    live.usage.add((call("outbound HTTP", "https://example.org:443", DENIED),))
    (found,) = FrontEnd(app).value("capabilities")["functions"]
    assert [(g["option"], g["used"]) for g in found["grants"]] == [
        ("--allow https://a.example", 0),
        ("--kv default", 2),
        ("--sqlite default", 0),
    ]
    assert found["denied"] == [
        {
            "capability": "outbound HTTP",
            "target": "https://example.org:443",
            "option": "--allow https://example.org",
            "manifest": 'allowed_outbound_hosts = ["https://example.org"]',
            "count": 1,
        }
    ]


def test_a_grant_is_given_and_taken_back(app: App) -> None:
    app.add(wat())
    front = FrontEnd(app)
    stamp = front.value("capabilities")["stamp"]
    assert front.value("capabilities", since=stamp)["functions"] == []
    found = front.value("grant", function="hello", options=["--allow https://example.org", "--kv default"])
    assert app["hello"].function.allowed_outbound_hosts == ("https://example.org",)
    assert app["hello"].function.key_value_stores == ("default",)
    assert found["add"] == "--allow https://example.org --kv default"
    assert all(grant["added"] for grant in found["grants"])
    assert len(front.value("capabilities", since=stamp)["functions"]) == 1
    found = front.value("grant", function="hello", options=["--kv default"], take_back=True)
    assert app["hello"].function.key_value_stores == ()
    assert found["add"] == "--allow https://example.org"


def test_what_a_cell_gave_can_be_taken_and_is_told(app: App) -> None:
    app.add(wat(sqlite_databases=("default",)))
    found = FrontEnd(app).value("grant", function="hello", options=["--sqlite default"], take_back=True)
    assert (found["add"], found["leave_out"]) == ("", "--sqlite default")


def test_a_variable_is_granted_with_its_template(app: App) -> None:
    app.add(wat())
    app.set_variable("greeting", "hi")
    front = FrontEnd(app)
    front.value("grant", function="hello", options=["--var greeting"])
    assert app["hello"].function.variables == {"greeting": "{{ greeting }}"}
    found = front.value("grant", function="hello", options=["--var other=say {{ greeting }}"])
    assert found["add"] == "--var greeting --var 'other=say {{ greeting }}'"
    front.value("grant", function="hello", options=["--var greeting"], take_back=True)
    assert list(app["hello"].function.variables) == ["other"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"function": "hello", "options": ["--route /x"]}, "no grant"),
        ({"function": "hello", "options": ["--allow"]}, "no grant"),
        ({"function": "hello", "options": []}, "nothing to grant"),
        ({"function": "hello", "options": "--allow x"}, "list of texts"),
        ({"function": "hell", "options": ["--kv default"]}, "no function is called"),
        ({"function": "hello", "options": ["--kv default"], "take_back": True}, "has no grant"),
        ({"function": "hello", "options": ["--allow ftp//nonsense"]}, ""),
    ],
)
def test_what_can_not_be_granted_changes_nothing(app: App, arguments: dict[str, object], words: str) -> None:
    live = app.add(wat())
    assert words in FrontEnd(app).error("grant", **arguments)["message"]
    assert app["hello"] is live
