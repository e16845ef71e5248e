"""A spin.toml becomes an app that answers as Spin would."""

from __future__ import annotations

from pathlib import Path

import pytest

import spinlab
from spinlab import App, Function
from spinlab.engine import wat_to_wasm
from spinlab.errors import ComponentError, ManifestError, RouteError
from spinlab.loading import find, load_into, read
from tests.conftest import wat, wat_source
from tests.loading.projects import SIMPLE, application, everything

STATIC = """
[[trigger.http]]
route = "/static"
static_response = { status_code = 404, headers = { x-one = "1", "X-Two" = "2" }, body = "not here" }

[[trigger.http]]
route = "/empty"
static_response = {}
"""


def routes(app: App) -> dict[str, str]:
    return {info.pattern: info.function for info in app.routes()}


def test_a_component_answers_on_its_route(tmp_path: Path) -> None:
    with spinlab.load(application(tmp_path, SIMPLE, hello="hi")) as app:
        assert app.name == "tests"
        assert app.get("/hello/x").text.strip() == "hi"
        assert app.get("/else").status == 404


def test_the_file_may_have_any_name(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    (tmp_path / "spin.toml").rename(tmp_path / "other.toml")
    with spinlab.load(tmp_path / "other.toml") as app:
        assert app.get("/hello").text.strip() == "hi"
    with pytest.raises(ManifestError, match=r"does not contain a file named 'spin\.toml'"):
        spinlab.load(tmp_path)


def test_the_nearest_manifest_above_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    application(tmp_path, SIMPLE, hello="hi")
    (tmp_path / "a/b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a/b")
    place = find()
    assert place.folder == tmp_path
    assert "from grandparent directory" in place.remark
    (tmp_path / "a/.git").mkdir()
    with pytest.raises(ManifestError, match=r"Default file 'spin\.toml' not found"):
        find()


@pytest.mark.parametrize("ending", ["wasm", "wat"])
def test_a_component_alone_answers_everything(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"my_component.{ending}"
    text = wat_source("alone")
    path.write_bytes(wat_to_wasm(text) if ending == "wasm" else text.encode())
    with spinlab.load(path) as app:
        assert app.get("/any/where").text.strip() == "alone"
        assert app.get("/.well-known/spin/info").json() == {"name": "my_component"}
        assert app.services.state_dir is None


def test_text_is_taken_where_a_source_names_it(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE.replace("hello.wasm", "hello.wat"))
    (tmp_path / "hello.wat").write_text(wat_source("text"))
    with spinlab.load(tmp_path) as app:
        assert app.get("/hello").text.strip() == "text"
        assert app["hello"].function.language == "wat"


def test_a_static_response_needs_no_component(tmp_path: Path) -> None:
    with spinlab.load(application(tmp_path, STATIC)) as app:
        answer = app.get("/static")
        assert (answer.status, answer.text) == (404, "not here")
        assert dict(answer.headers.items()) == {"x-one": "1", "X-Two": "2"}
        assert (app.get("/empty").status, app.get("/empty").body) == (200, b"")
        assert routes(app) == {"/static": "http-trigger1", "/empty": "http-trigger2"}
        app.remove("http-trigger1")
        assert app.get("/static").status == 404
        assert app.get("/static").body == b""


def test_every_kind_of_trigger_and_component_is_understood(tmp_path: Path) -> None:
    with spinlab.load(everything(tmp_path)) as app:
        assert app.application is not None
        assert app.get("/.well-known/spin/info").json() == {"name": "tests", "version": "1.2.3"}
        assert {p: app.get(p).text.strip() for p in ("/z/1", "/some", "/a/b", "/inline", "/fixed")} == {
            "/z/1": "second",
            "/some": "first",
            "/a/b": "first",
            "/inline": "inline",
            "/fixed": "fixed",
        }
        first, second = app["first"].function, app["second"].function
        assert first.routes == ("/:name", "/a/b")
        assert first.environment == {"MODE": "fast"}
        assert first.limits.timeout == 3.5
        assert second.allowed_outbound_hosts == ("http://old.example.com", "https://old.example.com")
        assert app["inner"].function.private
        assert app.variables["token"] == {"default": None, "required": True, "secret": True, "description": None}
        assert set(app["first"].mounts) == {"/texts/a.txt", "/static/deep/x.css"}
        assert set(app.idle) == {"listener", "spare"}
        assert set(app.functions) == {"first", "second", "inner", "http-trigger2-component"}


def test_what_is_not_served_is_named(tmp_path: Path) -> None:
    loaded = read(find(everything(tmp_path)))
    assert loaded.remarks == (
        "not served here: triggers of type kinesis (listener-kinesis-trigger); `spin up` serves them",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[trigger.kinesis]]\ncomponent = "hello"', "only triggers of type kinesis"),
        ('[[trigger.cron]]\ncomponent = "hello"', "a cron trigger needs 'cron_expression'"),
        (
            (
                '[[trigger.http]]\nroute = "/"\ncomponent = "hello"\nexecutor = { type = "wagi" }\n'
                '[[trigger.http]]\nroute = "/2"\ncomponent = "hello"'
            ),
            "component hello has triggers with different executors",
        ),
        (
            '[[trigger.http]]\nroute = "/"\ncomponent = "hello"\ndependencies.middleware = [{ component = "hello" }]',
            "middleware components, which are not served yet",
        ),
        (
            '[[trigger.http]]\nroute = "/"\ncomponent = { source = "hello.wasm", dependencies = { "a:b/c" = "1" } }',
            "has dependencies (a:b/c), which are not composed yet",
        ),
        (
            '[[trigger.http]]\nroute = "/"\ncomponent = { source = { package = "a:b", version = "1.0.0" } }',
            "package registries are not served yet",
        ),
    ],
)
def test_an_application_that_can_not_run_says_which_part(tmp_path: Path, text: str, told: str) -> None:
    text += '\n[component.hello]\nsource = "hello.wasm"\n'
    with pytest.raises(ManifestError) as caught:
        spinlab.load(application(tmp_path, text, hello="hi"))
    assert told in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(("base", "told"), [("/sub", "deprecated trigger 'base' field"), ("/", "")])
def test_a_base_is_refused_as_spin_does(tmp_path: Path, base: str, told: str) -> None:
    text = f'[application.trigger.http]\nbase = "{base}"\n' + SIMPLE
    application(tmp_path, text, hello="hi")
    if told:
        with pytest.raises(ManifestError, match=told):
            read(find(tmp_path))
    else:
        assert read(find(tmp_path)).functions


def test_a_component_that_is_not_built_says_how(tmp_path: Path) -> None:
    text = SIMPLE + '[component.hello.build]\ncommand = "make it"\nworkdir = "here"\n'
    with pytest.raises(ManifestError, match=r"component hello is not there: hello\.wasm") as caught:
        spinlab.load(application(tmp_path, text))
    assert "make it (in here)" in caught.value.hint


def test_a_core_module_is_refused_with_the_remedy(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE)
    (tmp_path / "hello.wasm").write_bytes(wat_to_wasm("(module)"))
    with pytest.raises(ComponentError, match="a core module") as caught:
        spinlab.load(tmp_path)
    assert "wasm-tools component new" in caught.value.hint


def test_a_wrong_manifest_is_refused_with_its_line(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE.replace("source", "sauce"), hello="hi")
    with pytest.raises(
        ManifestError, match=r"spin\.toml line 11, component\.hello\.sauce: unknown field `sauce`"
    ) as caught:
        spinlab.load(tmp_path)
    assert "did you mean source?" in caught.value.hint
    assert '11 | sauce = "hello.wasm"' in caught.value.details


def test_only_the_chosen_components_are_taken(tmp_path: Path) -> None:
    loaded = read(find(everything(tmp_path)), components=["second"])
    assert [f.name for f in loaded.functions] == ["second"]
    assert [t.id for t in loaded.triggers["http"]] == ["second-http-trigger"]
    with pytest.raises(ManifestError, match='Specified component "third" not found in application'):
        read(find(tmp_path), components=["third"])


def test_a_chosen_component_may_not_chain_to_one_that_is_not(tmp_path: Path) -> None:
    place = find(everything(tmp_path))
    assert read(place, components=["first", "second"]).functions
    with pytest.raises(ManifestError, match="'first' cannot use service chaining to unselected component"):
        read(place, components=["first"])
    (tmp_path / "spin.toml").write_text((tmp_path / "spin.toml").read_text().replace("second.spin", "*.spin"))
    with pytest.raises(ManifestError, match="'first' cannot use wildcard service chaining"):
        read(place, components=["first", "second"])


def test_the_order_of_the_manifest_decides_between_routes(tmp_path: Path) -> None:
    text = """
[[trigger.http]]
route = "/x/"
component = "b"
[[trigger.http]]
route = "/x"
component = "a"
[[trigger.http]]
route = "/y"
component = "a"
[[trigger.http]]
route = "/y"
component = "b"
[component.a]
source = "a.wasm"
[component.b]
source = "b.wasm"
"""
    with spinlab.load(application(tmp_path, text, a="a", b="b")) as app:
        assert app.get("/x").text.strip() == "b"  # Spin: the first of two that differ in a slash
        assert app.get("/y").text.strip() == "b"  # Spin: the last of two that are the same
        assert [str(d) for d in app.router.duplicates] == ["a: /y (duplicate of b)"]


def test_a_component_may_be_called_like_a_language(tmp_path: Path) -> None:
    with spinlab.load(application(tmp_path, SIMPLE.replace("hello", "python"), python="hi")) as app:
        assert app.get("/python").text.strip() == "hi"


def test_loading_into_an_app_that_has_functions_takes_nothing_from_them(tmp_path: Path, app: App) -> None:
    app.add(wat("other", "/hello/..."))
    loaded = read(find(application(tmp_path, SIMPLE, hello="hi")))
    with pytest.raises(RouteError, match="belongs to 'other'"):
        load_into(app, loaded)
    assert set(app.functions) == {"other"}
    app.remove("other")
    app.add(wat("other", "/other"))
    load_into(app, loaded)
    assert (app.get("/other").status, app.get("/hello").text.strip()) == (200, "hi")
    assert app.application is None


def test_nothing_is_loaded_when_one_component_can_not_run(tmp_path: Path, app: App) -> None:
    text = SIMPLE + '\n[[trigger.http]]\nroute = "/bad"\ncomponent = "bad"\n[component.bad]\nsource = "bad.wasm"\n'
    application(tmp_path, text, hello="hi")
    (tmp_path / "bad.wasm").write_bytes(b"no component")
    loaded = read(find(tmp_path))
    with pytest.raises(ComponentError):
        load_into(app, loaded)
    assert not app.functions
    assert not app.variables
    assert not app.routes()


def test_loading_again_replaces_what_was_loaded(tmp_path: Path, app: App) -> None:
    load_into(app, read(find(application(tmp_path, SIMPLE + STATIC, hello="one"))))
    load_into(app, read(find(application(tmp_path, SIMPLE + STATIC.replace("/static", "/moved"), hello="two"))))
    assert app.get("/hello").text.strip() == "two"
    assert app["hello"].revision == 2
    assert (app.get("/static").body, app.get("/moved").text) == (b"", "not here")


def test_a_clients_own_spin_headers_are_passed_on_as_spin_does(tmp_path: Path) -> None:
    source = "def handle(request):\n    return ' '.join(request.headers.get_all('spin-component-route'))\n"
    app = App("exported")
    app.add(Function("hello", source, routes=("/hello/...",)))
    sent = {"spin-component-route": "mine"}
    assert app.request("GET", "/hello/x", headers=sent).text == "/hello"
    from spinlab.export import project

    project(app, tmp_path)
    app.close()
    with spinlab.load(tmp_path, as_is=True) as loaded:
        assert loaded.request("GET", "/hello/x", headers=sent).text == "mine /hello"
