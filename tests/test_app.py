from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from spinlab import App, Function, Headers, Limits, Request
from spinlab.errors import NameRefused, OptionError, RouteError, SourceError
from tests.conftest import wat, wat_source

HOST = Headers([("host", "localhost")])


def py(name: str, body: str, route: str | None = None, **options: object) -> Function:
    return Function(name, body, routes=(route or f"/{name}",), **options)  # type: ignore[arg-type]


def test_a_function_answers_on_its_route(app: App) -> None:
    app.add(wat())
    response = app.get("/hello")
    assert (response.status, response.text, response.function) == (200, "Hello from WAT\n", "hello")
    assert response.elapsed > 0


def test_an_unknown_path_is_an_empty_404(app: App) -> None:
    app.add(wat())
    assert (app.get("/nothing").status, app.get("/nothing").body) == (404, b"")


def test_the_well_known_endpoints_answer_as_spin_does(app: App) -> None:
    assert app.get("/.well-known/spin/health").text == "OK"
    assert app.get("/.well-known/spin/info").json() == {"name": "tests"}
    assert app.get("/.well-known/spin/other").status == 404


def test_running_the_same_cell_again_changes_nothing(app: App) -> None:
    first = app.add(wat())
    assert app.add(wat()) is first
    assert first is not None
    assert first.revision == 1


def test_functions_that_are_alike_hold_their_component_once(app: App) -> None:
    first, second = app.add(wat()), app.add(replace(wat(), name="other", routes=("/other",)))
    assert first is not None
    assert second is not None
    assert first.build.component is second.build.component
    assert first.prepared.program is second.prepared.program
    assert app.get("/hello").body == app.get("/other").body != b""


def test_an_edit_is_a_new_revision_and_undo_goes_back(app: App) -> None:
    app.add(wat())
    second = app.add(wat(text="Second\n"))
    assert second is not None
    assert second.revision == 2
    assert app.get("/hello").text.startswith("Second")
    app.undo("hello")
    assert app.get("/hello").text == "Hello from WAT\n"
    with pytest.raises(OptionError, match="no earlier revision"):
        app.undo("hello")


def test_a_removed_function_comes_back_with_undo(app: App) -> None:
    app.add(wat())
    app.remove("hello")
    assert app.get("/hello").status == 404
    app.undo("hello")
    assert app.get("/hello").status == 200
    app.remove("hello")
    assert app.prune() == ("hello",)
    with pytest.raises(OptionError, match="no function is called"):
        app.undo("hello")


def test_at_most_ten_revisions_are_kept(app: App) -> None:
    for n in range(13):
        app.add(wat(text=f"edit {n}\n"))
    assert [x.revision for x in app.revisions("hello")] == list(range(4, 14))


def test_a_failed_cell_leaves_the_old_revision_serving(app: App) -> None:
    app.add(wat())
    with pytest.raises(SourceError) as caught:
        app.add(replace(wat(), source="(component (import"))
    assert caught.value.location is not None
    assert app.get("/hello").text == "Hello from WAT\n"
    assert len(app.revisions("hello")) == 1


def test_a_route_of_another_function_is_refused_and_names_it(app: App) -> None:
    app.add(wat())
    with pytest.raises(RouteError, match="belongs to 'hello'"):
        app.add(wat("other", "/hello/"))
    with pytest.raises(RouteError):
        app.add(wat("third", "/a/*name"))
    assert list(app.functions) == ["hello"]


def test_names_that_meet_in_the_manifest_are_refused(app: App) -> None:
    app.add(wat("my_f", "/a"))
    with pytest.raises(NameRefused, match="both 'my-f'"):
        app.add(wat("my-f", "/b"))


def test_a_misspelt_name_gets_the_closest_one(app: App) -> None:
    app.add(wat())
    with pytest.raises(OptionError) as caught:
        app.remove("helo")
    assert "hello" in caught.value.hint


def test_private_functions_have_no_route(app: App) -> None:
    app.add(wat(private=True))
    assert app.get("/hello").status == 404


def test_a_client_cannot_send_spins_own_headers(app: App) -> None:
    app.add(py("show", "def handle(request):\n    return dict(request.headers)\n", "/show/:id"))
    seen = app.get("/show/7", headers={"spin-path-info": "/forged", "Spin-Path-Match-Id": "9", "x-mine": "1"}).json()
    assert seen["spin-path-info"] == ""
    assert seen["spin-path-match-id"] == "7"
    assert seen["x-mine"] == "1"


def test_requests_in_flight_finish_on_the_revision_they_started_with(app: App) -> None:
    app.add(py("slow", "import time\ndef handle(request):\n    time.sleep(0.5)\n    return 'old'\n"))
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(app.get("/slow").text))
    thread.start()
    while not app.engine.runtimes() or thread.ident is None:
        pass
    threading.Event().wait(0.2)
    app.add(py("slow", "def handle(request):\n    return 'new'\n"))
    assert app.get("/slow").text == "new"
    thread.join()
    assert answers == ["old"]


def test_a_changed_module_makes_its_users_new_revisions(app: App) -> None:
    app.add(Function("util", "WORD = 'one'\n", module=True))
    app.add(py("use", "import util\ndef handle(request):\n    return util.WORD\n"))
    assert app.get("/use").text == "one"
    app.add(Function("util", "WORD = 'two'\n", module=True))
    assert app.get("/use").text == "two"
    assert app["use"].revision == 2
    with pytest.raises(OptionError, match="is used by use"):
        app.remove("util")


def test_a_module_that_breaks_its_users_changes_nothing(app: App) -> None:
    app.add(Function("util", "WORD = 'one'\n", module=True))
    app.add(py("use", "from util import WORD\ndef handle(request):\n    return WORD\n"))
    with pytest.raises(SourceError):
        app.add(Function("util", "OTHER = 'two'\n", module=True))
    assert app.get("/use").text == "one"
    assert app.add(py("use", "from util import WORD\ndef handle(request):\n    return WORD + '!'\n")) is not None
    assert app.get("/use").text == "one!"


def test_an_exception_at_import_is_an_error_of_the_cell(app: App) -> None:
    with pytest.raises(SourceError) as caught:
        app.add(py("bad", "VALUE = 1 / 0\ndef handle(request):\n    return 'x'\n"))
    assert "ZeroDivisionError" in caught.value.message + caught.value.details
    assert caught.value.location is not None
    assert caught.value.location.line == 1


def test_a_python_exception_is_an_empty_500_with_a_traceback_in_the_log(app: App) -> None:
    app.add(py("boom", "def handle(request):\n    return {}['nope']\n"))
    response = app.get("/boom")
    assert (response.status, response.body) == (500, b"")
    text = "\n".join(line.text for line in response.logs)
    assert "KeyError" in text
    assert "line 2" in text
    assert any(x.function == "boom" for x in app.logs())


def test_a_guest_over_its_deadline_is_a_504(app: App) -> None:
    app.add(py("loop", "def handle(request):\n    while True: pass\n", limits=replace(Limits(), timeout=0.3)))
    response = app.get("/loop")
    assert response.status == 504
    assert "--timeout" in str(response.error)
    assert app.get("/loop").status == 504


def test_a_body_and_json_body_are_not_both_given(app: App) -> None:
    with pytest.raises(OptionError):
        app.post("/x", b"a", json_body={})
    with pytest.raises(OptionError, match="a path starts with /"):
        app.get("x")


def test_a_ready_component_is_taken_as_it_is(app: App) -> None:
    from spinlab.engine import wat_to_wasm

    component = wat_to_wasm(wat_source())
    live = app.add(Function("ready", component, language="wasm", routes=("/ready",)))
    assert live is not None
    assert live.build.component == component
    assert app.handle(Request("GET", "/ready", HOST)).text == "Hello from WAT\n"


def test_two_apps_do_not_know_each_other() -> None:
    one, two = App("one"), App("two")
    one.add(wat())
    assert two.get("/hello").status == 404
    one.close()
    assert one.get("/hello").status == 404
