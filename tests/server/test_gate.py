"""Who may ask an app that is served by itself."""

from __future__ import annotations

import pytest

from spinlab.server.edge import Entry, Policy, Refusal
from spinlab.server.gate import Gate
from spinlab.server.pages import release


def admit(gate: Gate, host: str, method: str = "GET", target: str = "/", **fields: str) -> Entry | Refusal:
    return gate.admit(method, target, [("host", host), *((n.replace("_", "-"), v) for n, v in fields.items())])


def gate(
    *, hosts: tuple[str, ...] = (), origins: tuple[str, ...] = (), public: bool = False, https: bool = False
) -> Gate:
    return Gate(3000, Policy(frozenset(hosts), frozenset(origins)), open_to_all=public, https=https)


@pytest.mark.parametrize("host", ["localhost:3000", "127.0.0.1:3000", "[::1]:3000", "any.localhost:3000"])
def test_loopback_names_are_its_own(host: str) -> None:
    entry = admit(gate(), host)
    assert isinstance(entry, Entry)
    assert (entry.label, entry.proxied, entry.scheme) == ("", False, "http")


@pytest.mark.parametrize(
    "host", ["evil.example:3000", "localhost:3001", "localhost.evil.example:3000", "10.0.0.1:3000"]
)
def test_other_names_are_refused_with_the_option(host: str) -> None:
    refusal = admit(gate(), host)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 421
    assert refusal.allow == f"--allow-host {host}"


@pytest.mark.parametrize(
    ("allowed", "host"), [("evil.example", "evil.example:99"), ("evil.example:3000", "evil.example:3000"), ("*", "a.b")]
)
def test_an_allowed_name_is_let_in(allowed: str, host: str) -> None:
    assert isinstance(admit(gate(hosts=(allowed,)), host), Entry)


def test_a_request_names_one_host() -> None:
    for fields in ([], [("host", "localhost:3000")] * 2, [("host", "a b")]):
        refusal = gate(public=True).admit("GET", "/", fields)
        assert isinstance(refusal, Refusal)
        assert refusal.status == 400


def test_pages_of_other_sites_may_look_but_not_change() -> None:
    for marks in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec_fetch_site": "cross-site"}):
        assert isinstance(admit(gate(), "localhost:3000", **marks), Entry)
        refusal = admit(gate(), "localhost:3000", "POST", **marks)
        assert isinstance(refusal, Refusal)
        assert refusal.allow.startswith("--allow-origin")
        assert isinstance(admit(gate(public=True), "localhost:3000", "POST", **marks), Entry)
    assert isinstance(admit(gate(), "localhost:3000", "POST", origin="http://localhost:5173"), Entry)
    allowed = gate(origins=("https://evil.example",))
    assert isinstance(admit(allowed, "localhost:3000", "POST", origin="https://Evil.example"), Entry)


def test_jupyters_cookies_stay_away_on_loopback_only() -> None:
    sent = {"cookie": "mine=1; _xsrf=2; username-localhost-8888=3", "authorization": "token x"}
    here, there = admit(gate(), "localhost:3000", **sent), admit(gate(public=True), "example.com", **sent)
    assert isinstance(here, Entry)
    assert isinstance(there, Entry)
    assert dict(here.fields)["cookie"] == "mine=1"
    assert dict(here.fields)["authorization"] == "token x"
    assert dict(there.fields)["cookie"] == sent["cookie"]
    alone = admit(gate(), "localhost:3000", cookie="_xsrf=2")
    assert isinstance(alone, Entry)
    assert "cookie" not in dict(alone.fields)
    for of, kept in ((gate(), []), (gate(public=True), [("set-cookie", "_xsrf=1")])):
        assert release([("Set-Cookie", "_xsrf=1")], proxied=False, cookies=of.keeps_cookies) == kept


def test_the_target_is_the_apps_own_matter() -> None:
    entry = admit(gate(public=True), "example.com:3000", target="/.app/x/y?token=1&_xsrf=2")
    assert isinstance(entry, Entry)
    assert entry.target == "/.app/x/y?token=1&_xsrf=2"


def test_tls_is_told_to_the_guest() -> None:
    entry = admit(gate(https=True), "localhost:3000")
    assert isinstance(entry, Entry)
    assert entry.scheme == "https"
    standard = Gate(443, Policy(), open_to_all=False, https=True)
    assert isinstance(admit(standard, "localhost"), Entry)
