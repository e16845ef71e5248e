"""Another runtime configuration behind an app that lives on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.errors import OptionError, SpinError
from spinlab.host.runtime_config import KeyValueBackend, RuntimeConfig, VariablesProvider

READS = """
from spin_sdk import key_value, variables

def handle(request):
    store = key_value.open("default")
    before = store.get("x")
    store.set("x", b"kept")
    return f"{variables.get('greeting')} {before}"
"""
GREEDY = """
def handle(request):
    return str(len(bytearray(40 << 20)))
"""


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    monkeypatch.chdir(tmp_path)
    made = App("tests")
    granted = {"greeting": "{{ greeting }}"}
    made.add(Function("reads", READS, routes=("/reads",), variables=granted, key_value_stores=("default",)))
    yield made
    made.close()


def with_values(**values: str) -> RuntimeConfig:
    return RuntimeConfig(variables_providers=(VariablesProvider("static", values),))


def test_functions_live_on_with_other_services(app: App, tmp_path: Path) -> None:
    live = app["reads"]
    app.configure(with_values(greeting="one"))
    assert app.get("/reads").text == "one None"
    assert app.get("/reads").text == "one b'kept'"
    store = KeyValueBackend("spin", tmp_path / "other.db")
    app.configure(
        RuntimeConfig(
            variables_providers=with_values(greeting="two").variables_providers, key_value_stores={"default": store}
        )
    )
    assert app.get("/reads").text == "two None"
    assert (tmp_path / "other.db").exists()
    assert app["reads"] is live
    assert app["reads"].revision == 1


def test_values_that_were_set_stay_and_go_first(app: App) -> None:
    app.set_variable("greeting", "mine")
    app.configure(with_values(greeting="the file's"))
    assert app.get("/reads").text.startswith("mine")
    app.unset_variable("greeting")
    assert app.get("/reads").text.startswith("the file's")


def test_a_secret_stays_hidden(app: App) -> None:
    app.set_variable("token", "a-long-secret", secret=True)
    app.configure(RuntimeConfig())
    assert app.services.variables.mask("a-long-secret") == "***"


def test_nothing_changes_when_a_function_would_lose_what_it_is_granted(app: App, tmp_path: Path) -> None:
    app.configure(RuntimeConfig(key_value_stores={"more": KeyValueBackend("spin", tmp_path / "more.db")}))
    app.set_variable("greeting", "hello")
    app.add(Function("more", READS, routes=("/more",), key_value_stores=("more",)))
    services = app.services
    with pytest.raises(SpinError, match="more"):
        app.configure(with_values(greeting="no"))
    assert app.services is services
    assert app.get("/reads").text.startswith("hello")


def test_memory_is_bounded_by_the_configuration_from_the_next_request_on(app: App) -> None:
    app.add(Function("greedy", GREEDY, routes=("/greedy",)))
    assert app.get("/greedy").text == str(40 << 20)
    app.configure(RuntimeConfig(max_instance_memory=48 << 20))
    answer = app.get("/greedy")
    assert answer.status == 500
    assert "memory" in str(answer.error)
    app.add(Function("greedy", GREEDY + "\n", routes=("/greedy",)))
    assert app.get("/greedy").status == 500
    app.configure(RuntimeConfig())
    assert app.get("/greedy").text == str(40 << 20)


def test_an_instance_that_is_being_made_while_the_bounds_change_serves_no_request(app: App) -> None:
    app.add(Function("greedy", GREEDY, routes=("/greedy",)))
    for _ in range(25):
        app.configure(RuntimeConfig(max_instance_memory=48 << 20))
        assert app.get("/greedy").status == 500
        app.configure(RuntimeConfig())
        assert app.get("/greedy").status == 200


def test_a_variable_is_declared_by_its_value_and_forgotten_with_it(app: App) -> None:
    app.set_variable("other", "x")
    assert app.variables["other"] == {"required": True}
    assert app.unset_variable("other")
    assert "other" not in app.variables
    app.set_variable("other", "x", description="An x.")
    app.unset_variable("other")
    assert app.variables["other"] == {"description": "An x.", "required": True}


def test_a_default_is_no_place_for_a_secret(app: App) -> None:
    with pytest.raises(OptionError, match="would stand in the manifest"):
        app.set_variable("other", default="x", secret=True)
    assert "other" not in app.variables
    app.set_variable("other", default="x")
    assert app.variables["other"] == {"default": "x"}
    with pytest.raises(OptionError):
        app.set_variable("other", secret=True)


def test_a_default_that_a_manifest_gives_a_secret_is_no_obstacle_to_its_value(app: App) -> None:
    app.variables["token"] = {"default": "the manifest's", "required": False, "secret": True, "description": None}
    app.set_variable("token", "mine-alone", secret=True)
    assert app.services.variables.get("token") == "mine-alone"
    app.unset_variable("token")
    assert app.services.variables.get("token") == "the manifest's"
    assert app.services.variables.secret_values() == {"mine-alone", "the manifest's"}


def test_an_earlier_revision_does_not_come_back_without_its_store(app: App, tmp_path: Path) -> None:
    app.configure(RuntimeConfig(key_value_stores={"more": KeyValueBackend("spin", tmp_path / "more.db")}))
    app.add(Function("more", READS, routes=("/more",), key_value_stores=("more",)))
    app.add(Function("more", READS, routes=("/more",)))
    app.configure(RuntimeConfig())
    with pytest.raises(SpinError, match='"more"'):
        app.undo("more")
    assert app["more"].revision == 2
