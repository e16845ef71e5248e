"""Variables: where values are from, what a guest may read of them, and in whose words it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spinlab import App, Function
from spinlab.errors import ManifestError, NameRefused
from spinlab.host import Services
from spinlab.host.runtime_config import RuntimeConfig, VariablesProvider
from spinlab.host.variables import Variables, implied, name_problem
from tests.guests import component
from tests.host.requests import Asking

PYTHON2 = """
from spin_sdk import variables
from spin_sdk.wit.types import Err

def handle(request):
    try:
        return variables.get(request.text)
    except Err as error:
        return f"{type(error.value).__name__}: {error.value.value}"
"""
PYTHON3 = """
from spin_sdk import variables
from spin_sdk.http import Handler, Request, Response

class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        return Response(200, {}, bytes(await variables.get("greeting"), "utf-8"))
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of its own, for `.env`."""
    monkeypatch.chdir(tmp_path)


def variables(declared: dict[str, dict[str, object]] | None = None, *providers: VariablesProvider) -> Variables:
    known = declared if declared is not None else {"greeting": {"required": True}}
    return Services(declared=lambda: known, runtime=RuntimeConfig(variables_providers=providers)).variables


def static(**values: str) -> VariablesProvider:
    return VariablesProvider("static", values)


# ---- where values are from


def test_providers_are_asked_in_spins_order(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    declared: dict[str, dict[str, object]] = {"greeting": {"default": "default"}}
    (tmp_path / "second.env").write_text("SECOND_GREETING='dotenv of the second'")
    first, second = static(greeting="first"), VariablesProvider("env", prefix="SECOND", dotenv_path=Path("second.env"))
    assert variables(declared).get("greeting") == "default"
    (tmp_path / ".env").write_text("SPIN_VARIABLE_GREETING=dotenv")
    assert variables(declared).get("greeting") == "dotenv"
    monkeypatch.setenv("SPIN_VARIABLE_GREETING", "environment")
    assert variables(declared).find("greeting") == ("environment", "environment SPIN_VARIABLE_GREETING")
    assert variables(declared, second).find("greeting") == ("dotenv of the second", "second.env SECOND_GREETING")
    assert variables(declared, first, second).find("greeting") == ("first", "runtime-config.toml")
    assert variables(declared, second, first).get("greeting") == "dotenv of the second"
    known = variables(declared, first)
    known.set("greeting", "given")
    assert known.find("greeting") == ("given", "set here")
    assert known.unset("greeting")
    assert known.get("greeting") == "first"
    assert not known.unset("greeting")


def test_an_empty_value_is_a_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIN_VARIABLE_GREETING", "")
    assert variables().get("greeting") == ""
    assert variables({"greeting": {"default": ""}}).get("greeting") == ""


def test_a_required_variable_without_a_value_is_named_in_spins_words() -> None:
    known = variables({"a": {"required": True}, "b": {"required": True}, "c": {"default": "x"}})
    with pytest.raises(ManifestError, match='no provider resolved required variable "a"'):
        known.get("a")
    with pytest.raises(ManifestError) as caught:
        known.ensure()
    assert caught.value.message == 'no provider resolved required variable(s): ["a", "b"]'
    assert "%spin var a=VALUE" in caught.value.hint
    assert "SPIN_VARIABLE_A" in caught.value.hint
    known.set("a", "1")
    known.set("b", "2")
    known.ensure()


def test_the_remedy_for_a_secret_is_not_to_write_it_down() -> None:
    with pytest.raises(ManifestError) as caught:
        variables({"token": {"required": True, "secret": True}}).get("token")
    assert "%spin var token --prompt" in caught.value.hint
    assert "token=VALUE" not in caught.value.hint


def test_a_broken_file_of_variables_is_an_error_that_quotes_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("hunter22 is no assignment")
    with pytest.raises(ManifestError, match=r"\.env line 1") as caught:
        variables().get("greeting")
    assert "hunter22" not in str(caught.value)


def test_templates_are_resolved() -> None:
    known = variables({"host": {"default": "example.com"}, "port": {"default": "8080"}})
    assert known.resolve("https://{{host}}:{{ port }}/") == "https://example.com:8080/"
    assert known.of(Function("f", "", variables={"a": "{{ host }}", "b": "b"})) == {"a": "example.com", "b": "b"}


@pytest.mark.parametrize("name", ["", "A", "a-b", "a__b", "1a", "a_"])
def test_a_name_that_spin_refuses_can_not_be_set(name: str) -> None:
    with pytest.raises(NameRefused):
        variables().set(name, "x")


def test_naming_a_variable_declares_it() -> None:
    function = Function("f", "", variables={"a": "{{ a }}", "b": "{{c}}", "d": "{{ d }}!", "e": "text"})
    assert implied(function) == {"a": {"required": True}}


# ---- what a guest may read


def asked(function: Function, services: Services, op: str, name: str = "") -> tuple[str, str]:
    with Asking(function, services) as asking:
        answer = asking.ask(op, name)
        return answer.error, answer.message


def test_a_function_reads_what_it_is_granted_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIN_VARIABLE_OTHER", "not for it")
    services = Services(declared=lambda: {"greeting": {"default": "hello"}, "other": {"required": True}})
    function = Function("my_func", "", variables={"mine": "{{ greeting }} you"})
    assert asked(function, services, "variables.get", "mine") == ("", "hello you")
    for name in ("other", "greeting", "path", "home"):
        error = ("undefined", f'no variable for "my-func"."{name}"')
        assert asked(function, services, "variables.get", name) == error
        assert asked(function, services, "config.get", name)[0] == "undefined"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "must not be empty"),
        ("aX", "invalid character 'X'"),
        ("x.y", "invalid character '.'"),
        ("é", "invalid character 'é'"),
        ("a'b", "invalid character '\\''"),
        ("1bc", "must start with a lowercase ASCII letter"),
        ("_x", "must start with a lowercase ASCII letter"),
        ("x_", "must end with a lowercase ASCII letter or digit"),
        ("a__b", "must not contain multiple consecutive underscores"),
    ],
)
def test_a_name_that_is_none_is_refused_in_spins_words(name: str, reason: str) -> None:
    error, message = asked(Function("f", ""), Services(), "variables.get", name)
    assert error == "invalid-name"
    assert reason in message


@given(st.text(max_size=40))
def test_whatever_a_guest_asks_for_has_an_answer(name: str) -> None:
    with Asking(Function("f", "", variables={"a": "x"}), Services()) as asking:
        answer = asking.ask("variables.get", name)
        assert answer.error in ("", "undefined", "invalid-name")
        assert (answer.error == "invalid-name") == bool(name_problem(name))
        assert all(len(call.target) <= 1000 and "\n" not in call.target for call in asking.calls)


def test_what_was_not_granted_is_told_to_the_user() -> None:
    with Asking(Function("f", ""), Services()) as asking:
        asking.ask("variables.get", "token")
        (denied,) = asking.context.denied
        assert (denied.capability, denied.target, denied.option) == ("variable", "token", "--var token")
        assert denied.manifest == 'variables = { token = "{{ token }}" }'
        (call,) = asking.calls
        assert (call.capability, call.operation, call.target, call.outcome) == ("variable", "get", "token", "denied")


def test_a_missing_value_is_noted_once_however_often_it_is_asked_for() -> None:
    with Asking(Function("f", "", variables={"a": "{{ a }}"}), Services()) as asking:
        for _ in range(100):
            assert asking.ask("variables.get", "a").error == "provider"
        lines = [line.text for line in asking.context.written.lines()]
        assert lines[0] == 'no provider resolved required variable "a"'
        assert "%spin var a=VALUE" in lines[1]
        assert len(lines) == 2


def test_all_of_a_functions_variables_are_listed() -> None:
    services = Services(declared=lambda: {"greeting": {"default": "hello"}})
    with Asking(Function("f", "", variables={"a": "{{ greeting }}", "b": "é"}), services) as asking:
        assert asking.ask("config.get-all").items == [["a", "hello"], ["b", "é"]]
    with Asking(Function("f", ""), services) as asking:
        assert asking.ask("config.get-all").items == []


# ---- with real guests


@pytest.fixture
def app() -> Iterator[App]:
    made = App("tests")
    yield made
    made.close()


def test_a_rust_guest_reads_variables_through_both_interfaces(app: App) -> None:
    app.variables["greeting"] = {"default": "hello"}
    granted = {"greeting": "{{ greeting }}", "late": "{{ late }}"}
    app.add(Function("f", component("stores2"), language="wasm", routes=("/f",), variables=granted))
    asked = ("variable\tgreeting", "config\tgreeting", "variable\tlate", "config\tlate", "config\tother")
    lines = "\n".join((*asked, "config\tBAD", "variable\tBAD", "config all"))
    missing = 'no provider resolved required variable \\"late\\"'
    letters = "Variable names may contain only lower-case letters, numbers, and underscores."
    invalid = f"\\\"BAD\\\": invalid character 'B'. {letters}"
    assert app.post("/f", lines).text.splitlines() == [
        'Ok("hello")',
        'Ok(Some("hello"))',
        f'Err(Error::Provider("{missing}"))',
        f'Err(Error::Upstream("{missing}"))',
        "Ok(None)",
        "Ok(None)",
        f'Err(Error::InvalidName("{invalid}"))',
        f'Err(Error::Upstream("{missing}"))',
    ]
    app.set_variable("late", "now")
    text = app.post("/f", "variable\tlate\nconfig all").text
    assert text.splitlines() == ['Ok("now")', 'Ok([("greeting", "hello"), ("late", "now")])']


def test_python_of_both_generations_reads_variables(app: App) -> None:
    app.set_variable("greeting", "hello")
    app.add(Function("two", PYTHON2, routes=("/two",), variables={"greeting": "{{ greeting }}"}))
    app.add(Function("three", PYTHON3, routes=("/three",), wasi="0.3", variables={"greeting": "{{ greeting }}"}))
    assert app.post("/two", "greeting").text == "hello"
    assert app.get("/three").text == "hello"
    app.set_variable("greeting", "hello again")
    assert app.post("/two", "greeting").text == "hello again"
    assert app.get("/three").text == "hello again"


def test_a_value_may_come_before_or_after_its_function(app: App) -> None:
    app.add(Function("f", PYTHON2, routes=("/f",), variables={"token": "{{ token }}"}))
    assert app.post("/f", "token").text == 'Error_Provider: no provider resolved required variable "token"'
    app.set_variable("token", "here")
    assert app.post("/f", "token").text == "here"
    app.add(Function("f", PYTHON2 + "\n", routes=("/f",), variables={"token": "{{ token }}"}))
    assert app.post("/f", "token").text == "here"
