"""What was loaded is exported as it was, and what spinlab exported comes back with its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spinlab
from spinlab import App, Function
from spinlab.export import project
from spinlab.export.again import component, with_automatic_ids
from spinlab.manifest import Component, Manifest, UrlSource, load, normalize
from tests.conftest import wat
from tests.loading.projects import SIMPLE, application, everything


def manifest(folder: Path) -> Manifest:
    return normalize(load(folder / "spin.toml"))


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_a_loaded_app_is_exported_as_it_was(tmp_path: Path) -> None:
    before, after, again = tmp_path / "before", tmp_path / "after", tmp_path / "again"
    with spinlab.load(everything(before)) as app:
        project(app, after)
    assert manifest(after) == manifest(before)
    assert {"first.wasm", "texts/a.txt", "assets/deep/x.css"} <= set(contents(after))
    assert not {"texts/b.md", "assets/key.secret"} & set(contents(after))
    for path in ("first.wasm", "listener.wasm", "texts/a.txt"):
        assert (after / path).read_bytes() == (before / path).read_bytes()
    with spinlab.load(after) as app:
        project(app, again)
        assert app.get("/some").text.strip() == "first"
    assert contents(again) == contents(after)


def test_a_changed_grant_is_all_that_differs(tmp_path: Path) -> None:
    with spinlab.load(application(tmp_path / "a", SIMPLE, hello="hi")) as app:
        app.grant("hello", key_value_stores=["default"])
        made = project(app, tmp_path / "b")
    assert made.manifest.components["hello"].key_value_stores == ("default",)
    assert manifest(tmp_path / "b").triggers == manifest(tmp_path / "a").triggers


def test_a_function_that_is_added_stands_behind_those_that_were_loaded(tmp_path: Path) -> None:
    with spinlab.load(application(tmp_path / "a", SIMPLE, hello="hi")) as app:
        app.add(wat("more", "/more"))
        app.remove("hello")
        made = project(app, tmp_path / "b")
        assert [(t.route, t.component) for t in made.manifest.triggers["http"]] == [("/more", "more")]
        app.undo("hello")
        made = project(app, tmp_path / "c")
    assert [t.component for t in made.manifest.triggers["http"]] == ["hello", "more"]


def test_a_part_of_a_loaded_app_is_exported_alone(tmp_path: Path) -> None:
    with spinlab.load(everything(tmp_path / "a")) as app:
        made = project(app, tmp_path / "b", only=["second"])
    assert set(made.manifest.components) == {"second"}
    assert set(made.manifest.triggers) == {"http"}
    assert [t.component for t in made.manifest.triggers["http"]] == ["second"]


def test_only_static_responses_are_an_app_too(tmp_path: Path) -> None:
    text = '[[trigger.http]]\nroute = "/robots.txt"\nstatic_response = { body = "none" }\n'
    with spinlab.load(application(tmp_path / "a", text)) as app:
        made = project(app, tmp_path / "b")
    assert manifest(tmp_path / "b") == manifest(tmp_path / "a")
    assert made.needs.text == "4.0"


def test_a_default_of_a_secret_is_not_written(tmp_path: Path) -> None:
    text = '[variables]\nkey = { default = "hunter2-hunter2", secret = true }\n' + SIMPLE
    with spinlab.load(application(tmp_path / "a", text, hello="hi")) as app:
        project(app, tmp_path / "b")
    assert manifest(tmp_path / "b").variables["key"].required
    assert not any(b"hunter2" in data for data in contents(tmp_path / "b").values())


# ---- exports of spinlab's own


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """An export of a notebook's app: Python with a module, mounted files and grants, and WAT."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "word.txt").write_text("word")
    app = App("calculator")
    app.variables["site"] = {"default": "example.com"}
    app.add(Function("my_words", "def loud(text):\n    return text.upper()\n", module=True))
    source = "from my_words import loud\n\ndef handle(request):\n    return loud(open('/d/word.txt').read())\n"
    app.add(
        Function(
            "say_it",
            source,
            routes=("/say", "/say/:what"),
            files=(("data", "/d"),),
            folder=str(tmp_path),
            environment={"A": "b"},
            allowed_outbound_hosts=("https://{{ site }}",),
            key_value_stores=("default",),
            reuse=1,
            description="Says it",
        )
    )
    app.add(wat("text_only", "/text"))
    project(app, tmp_path / "out", version="2.0.0")
    app.close()
    return tmp_path / "out"


def test_functions_of_an_export_have_their_source_again(exported: Path) -> None:
    with spinlab.load(exported) as app:
        assert list(app.functions) == ["say_it", "text_only"]
        assert set(app.modules) == {"my_words"}
        python, text = app["say_it"].function, app["text_only"].function
        assert (python.language, text.language) == ("python", "wat")
        assert "loud(open" in str(python.source)
        assert str(text.source).lstrip().startswith(";;")
        assert app.get("/say").text == "WORD"
        app.add(Function("say_it", "def handle(request):\n    return 'edited'\n", routes=("/say",)))
        assert app.get("/say").text == "edited"
        app.undo("say_it")
        assert app.get("/say").text == "WORD"


def test_an_export_that_is_loaded_and_exported_is_the_same_to_the_byte(exported: Path, tmp_path: Path) -> None:
    with spinlab.load(exported) as app:
        project(app, tmp_path / "again")
    assert contents(tmp_path / "again") == contents(exported)


def test_as_it_is_an_export_stays_components(exported: Path, tmp_path: Path) -> None:
    with spinlab.load(exported, as_is=True) as app:
        assert app["say-it"].function.language == "wasm"
        assert app.get("/say").text == "WORD"
        project(app, tmp_path / "again")
    assert manifest(tmp_path / "again") == manifest(exported)


def test_a_source_that_is_not_what_runs_is_not_taken_for_it(exported: Path) -> None:
    path = exported / "functions/text-only/text-only.wat"
    path.write_text(path.read_text().replace("Hello from WAT", "Hello from XXX"))
    with spinlab.load(exported) as app:
        assert app["text-only"].function.language == "wasm"
        assert app.get("/text").text.startswith("Hello from WAT")


@pytest.mark.parametrize("link", ["../../../secret.py", "/etc/passwd"])
def test_a_source_outside_the_folder_is_not_read(exported: Path, tmp_path: Path, link: str) -> None:
    (tmp_path / "secret.py").write_text("def handle(request):\n    return 'secret'\n")
    source = exported / "functions/say-it/app.py"
    source.unlink()
    source.symlink_to(link)
    with pytest.raises(spinlab.SpinError, match="leads out of the application directory"):
        spinlab.load(exported)


# ---- any manifest

ROUTES = st.sampled_from(["/", "/a", "/a/...", "/:x", "/b/c", "/..."])
IDS = st.sampled_from(["", "", "front", "a-http-trigger", "http-trigger1"])


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """A manifest with two components, several triggers and grants."""
    lines, ids = [], set()
    for route in draw(st.lists(ROUTES, min_size=1, max_size=5, unique=True)):
        name = draw(IDS)
        mine = f'id = "{name}"\n' if name and name not in ids else ""
        ids.add(name)
        what = draw(st.sampled_from(['component = "a"', 'component = "b"', 'static_response = { body = "x" }']))
        private = draw(st.booleans()) and what.startswith("component")
        shown = "{ private = true }" if private else f'"{route}"'
        lines.append(f"[[trigger.http]]\n{mine}route = {shown}\n{what}\n")
    for name in ("a", "b"):
        lines.append(f'[component.{name}]\nsource = "{name}.wasm"\n')
        if draw(st.booleans()):
            lines.append(f'environment = {{ "A B" = "{name}=\\"1\\"" }}\nkey_value_stores = ["default"]\n')
        if draw(st.booleans()):
            lines.append(f'description = "{name}"\nallowed_outbound_hosts = ["https://{{{{ site }}}}.org"]\n')
    return '[variables]\nsite = { default = "example" }\n' + "\n".join(lines)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=manifests())
def test_any_app_is_exported_as_it_was(tmp_path: Path, text: str) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with spinlab.load(application(before, text, a="a", b="b")) as app:
        project(app, after, force=True)
    assert manifest(after) == manifest(before)


@given(text=manifests())
def test_dropping_automatic_ids_changes_nothing(text: str) -> None:
    found = load('spin_manifest_version = 2\n[application]\nname = "x"\n' + text)
    assert normalize(with_automatic_ids(normalize(found))) == normalize(found)


def test_a_component_from_a_url_stays_one(tmp_path: Path) -> None:
    source = UrlSource("https://example.com/x.wasm", "sha256:" + "0" * 64)
    assert component(Function("x", b"", language="wasm", loaded=Component(source))).source == source
