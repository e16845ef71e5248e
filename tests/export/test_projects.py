"""What an export holds, and what it leaves out."""

from __future__ import annotations

import getpass
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import tomli

import spinlab
from spinlab import App, Function, Headers, Request
from spinlab.errors import ExportError, ManifestError
from spinlab.export import describe, project
from spinlab.export.projects import SCHEMA, plan
from spinlab.function import Limits
from spinlab.manifest import Mount, Variable, load
from tests.conftest import wat
from tests.guests import component

MANIFEST_SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "spin-manifest-v2.schema.json").read_text())
FORMS = ["shared", "standalone", "official"]


@pytest.fixture(scope="module")
def calculator() -> Iterator[App]:
    made = App("calculator")
    made.variables["token"] = {"secret": True, "default": "hunter2"}
    made.variables["greeting"] = {"default": "hi", "description": "what it says"}
    made.variables["host"] = {"required": True}
    made.add(Function("sums", "def double(n):\n    return 2 * n\n", module=True, origin="Cell In[1]"))
    made.add(
        Function(
            "add_up",
            "from short import Response\n\ndef handle(request):\n    return Response('sum')\n",
            routes=("/add/...", "/plus/:a/:b"),
            origin="Cell In[7]",
            description="Adds",
            allowed_outbound_hosts=("https://{{ host }}.example.com",),
            key_value_stores=("default",),
            sqlite_databases=("default",),
            ai_models=("llama2-chat",),
            variables={"token": "{{ token }}", "say": "{{ greeting }} you"},
            environment={"MODE": "fast"},
            limits=Limits(timeout=2.0),
        )
    )
    made.add(Function("sub", "def handle(request):\n    return 'difference'\n", routes=("/sub",), origin="Cell In[8]"))
    made.add(wat("hello", "/hello"))
    made.add(Function("inner", "def handle(request):\n    return 'in'\n", private=True))
    yield made
    made.close()


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_all_python_functions_share_one_image_and_have_their_source_mounted(calculator: App, tmp_path: Path) -> None:
    made = project(calculator, tmp_path / "out")
    components = made.manifest.components
    assert {components[n].source for n in ("add-up", "sub", "inner")} == {"images/python-wasi-0.2.wasm"}
    assert [p for p in made.files if p.startswith("images/")] == ["images/python-wasi-0.2.wasm"]
    assert components["sub"].files == (Mount("functions/sub", "/app"),)
    assert (tmp_path / "out/functions/sub/app.py").read_text() == "def handle(request):\n    return 'difference'\n"
    assert components["hello"].source == "components/hello.wasm"
    assert (tmp_path / "out/functions/hello/hello.wat").read_text().startswith(";;")


def test_the_standalone_form_has_one_component_a_function(calculator: App, tmp_path: Path) -> None:
    made = project(calculator, tmp_path / "out", components="standalone")
    names = ["add-up", "hello", "inner", "sub"]
    assert [p for p in made.files if p.endswith(".wasm")] == [f"components/{n}.wasm" for n in names]
    assert all(not c.files for c in made.manifest.components.values())


def test_the_official_form_has_commands_pins_and_no_binaries_of_python(calculator: App, tmp_path: Path) -> None:
    made = project(calculator, tmp_path / "out", components="official")
    assert [p for p in made.files if p.endswith(".wasm")] == ["components/hello.wasm"]
    build = made.manifest.components["sub"].build
    assert build is not None
    assert (build.workdir, build.watch) == ("functions/sub", ("*.py",))
    assert str(build.command).startswith("componentize-py ")
    assert {"spin-sdk==3.4.1", "componentize-py==0.17.2"} <= set(
        (tmp_path / "out/requirements.txt").read_text().splitlines()
    )
    assert "spin up --build" in (tmp_path / "out/README.md").read_text()


@pytest.mark.parametrize("form", FORMS)
def test_the_manifest_says_what_was_declared(calculator: App, tmp_path: Path, form: str) -> None:
    project(
        calculator,
        tmp_path,
        components=form,
        name="calc",
        version="1.2.3",
        description="It adds",
        authors=["Ada <a@b.c>"],
    )
    text = (tmp_path / "spin.toml").read_text()
    assert text.splitlines()[:2] == [SCHEMA, "spin_manifest_version = 2"]
    jsonschema.Draft202012Validator(MANIFEST_SCHEMA).validate(tomli.loads(text))
    found = load(text)
    assert found.application.name == "calc"
    assert (found.application.version, found.application.description) == ("1.2.3", "It adds")
    assert found.application.authors == ("Ada <a@b.c>",)
    assert [(t.route, t.private, t.component) for t in found.triggers["http"]] == [
        ("/add/...", False, "add-up"),
        ("/plus/:a/:b", False, "add-up"),
        ("/sub", False, "sub"),
        ("/hello", False, "hello"),
        (None, True, "inner"),
    ]
    add = found.components["add-up"]
    assert add.description == "Adds"
    assert add.allowed_outbound_hosts == ("https://{{ host }}.example.com",)
    assert (add.key_value_stores, add.sqlite_databases, add.ai_models) == (("default",), ("default",), ("llama2-chat",))
    assert dict(add.environment) == {"MODE": "fast"}
    assert dict(add.variables) == {"token": "{{ token }}", "say": "{{ greeting }} you"}
    assert add.tool["spinlab"] == {"language": "python", "name": "add_up", "limits": {"timeout": 2.0}}


def test_variables_are_declared_and_secrets_stay_here(calculator: App, tmp_path: Path) -> None:
    found = project(calculator, tmp_path).manifest.variables
    assert found == {
        "token": Variable(required=True, secret=True),
        "greeting": Variable(default="hi", description="what it says"),
        "host": Variable(required=True),
    }
    assert all(b"hunter2" not in data for data in content(tmp_path).values())


@pytest.mark.parametrize("form", FORMS)
def test_exporting_twice_changes_nothing_and_gives_the_same_anywhere(
    calculator: App, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = project(calculator, tmp_path / "one", components=form)
    assert project(calculator, tmp_path / "one", components=form).changed == ()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    project(calculator, "two", components=form)
    assert content(tmp_path / "one") == content(tmp_path / "elsewhere" / "two")
    assert first.files == tuple(sorted(set(content(tmp_path / "one")) - {".spinlab-export.json"}))


@pytest.mark.parametrize("form", FORMS)
def test_nothing_tells_of_notebook_machine_or_user(calculator: App, tmp_path: Path, form: str) -> None:
    project(calculator, tmp_path / "out", components=form)
    private = [b"Cell In", os.getcwd().encode(), str(tmp_path).encode(), socket.gethostname().encode()]
    private += [str(Path.home()).encode()] if getpass.getuser() != "root" else []
    for path, data in content(tmp_path / "out").items():
        if not path.endswith(".wasm"):
            assert not [word for word in private if word in data], path


def test_only_some_functions_are_exported(calculator: App, tmp_path: Path) -> None:
    made = project(calculator, tmp_path, only=["hello"])
    assert list(made.manifest.components) == ["hello"]
    assert not (tmp_path / "images").exists()
    with pytest.raises(ExportError, match="no function is called 'helo'") as caught:
        project(calculator, tmp_path, only=["helo"])
    assert caught.value.hint == "did you mean hello?"


def test_a_form_that_is_not_there_and_an_empty_app_are_refused(calculator: App, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="'sharde' is not a form") as caught:
        project(calculator, tmp_path / "out", components="sharde")
    assert caught.value.hint == "did you mean shared?"
    with pytest.raises(ExportError, match="has no functions"):
        project(App("empty"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_foreign_folder_is_left_alone_without_force(calculator: App, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(ExportError, match=r"files that no export wrote: mine\.txt"):
        project(calculator, tmp_path)
    project(calculator, tmp_path, force=True)
    assert (tmp_path / "mine.txt").read_text() == "x"
    assert (tmp_path / "spin.toml").exists()


@pytest.mark.parametrize("form", FORMS)
def test_the_readme_says_what_it_needs_and_names_every_file(calculator: App, tmp_path: Path, form: str) -> None:
    made = project(calculator, tmp_path, components=form)
    text = (tmp_path / "README.md").read_text()
    assert f"Spin {made.needs.text} or later" in text
    assert made.needs.text == "3.4"
    assert "spin:postgres/postgres@4.0.0" in text
    assert "| `/plus/:a/:b` | `add-up` |" in text
    for path in made.files:
        top = path.split("/")[0] + ("/" if "/" in path else "")
        assert f"`{top}`" in text or top in ("README.md", ".gitignore"), path


def test_a_function_for_wasi_3_needs_a_later_spin(tmp_path: Path) -> None:
    app = App("later")
    app.add(Function("f", "async def handle(request):\n    return 'x'\n", wasi="0.3", routes=("/f",)))
    assert plan(app).needs == ((4, 1), "wasi:http/handler@0.3.0")
    app.add(Function("g", "def handle(request):\n    return 'x'\n", routes=("/g",)))
    made = project(app, tmp_path, components="official")
    app.close()
    assert made.needs.text == "4.1"
    pins = ["requirements-python-wasi-0.2.txt", "requirements-python-wasi-0.3.txt"]
    assert [p for p in made.files if p.startswith("requirements")] == pins
    assert "exclude each other" in (tmp_path / "README.md").read_text()


def test_modules_are_exported_once_and_mounted_where_they_are_used(tmp_path: Path) -> None:
    app = App("modules")
    app.add(Function("my_words", "def loud(text):\n    return text.upper()\n", module=True))
    source = "from my_words import loud\n\ndef handle(request):\n    return loud('{}')\n"
    app.add(Function("one", source.format("one"), routes=("/one",)))
    app.add(Function("two", source.format("two"), routes=("/two",)))
    made = project(app, tmp_path)
    app.close()
    assert [p for p in made.files if "my_words" in p] == ["modules/my_words.py"]
    assert Mount("modules/my_words.py", "/app/my_words.py") in made.manifest.components["two"].files
    with spinlab.load(tmp_path, as_is=True) as loaded:
        assert (loaded.get("/one").text, loaded.get("/two").text) == ("ONE", "TWO")


def test_an_edit_of_an_exported_source_is_live_without_a_build(tmp_path: Path) -> None:
    app = App("edited")
    app.add(Function("f", "def handle(request):\n    return 'before'\n", routes=("/f",)))
    project(app, tmp_path)
    app.close()
    (tmp_path / "functions/f/app.py").write_text("def handle(request):\n    return 'after'\n")
    with spinlab.load(tmp_path, as_is=True) as loaded:
        assert loaded.get("/f").text == "after"


def test_mounted_files_go_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("A")
    (tmp_path / "b.txt").write_text("B")
    app = App("files")
    source = "def handle(request):\n    return open('/d/a.txt').read() + open('/b.txt').read()\n"
    app.add(Function("f", source, routes=("/f",), files=(("data", "/d"), ("b.txt", ""))))
    made = project(app, "out")
    assert Mount("files/f", "/") in made.manifest.components["f"].files
    with spinlab.load("out", as_is=True) as loaded:
        assert loaded.get("/f").text == "AB"
    # What ran is what is exported, whatever has become of the files since.
    (tmp_path / "b.txt").unlink()
    project(app, "again")
    with spinlab.load("again", as_is=True) as loaded:
        assert loaded.get("/f").text == "AB"
    app.close()


def test_the_files_of_an_app_that_was_loaded_go_along_as_they_ran(tmp_path: Path) -> None:
    sources = {"data/a.txt": "A", "data/deep/b.txt": "B", "c.txt": "C", "glob/d.txt": "D", "glob/no.md": "N"}
    for path, text in sources.items():
        (tmp_path / "from" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "from" / path).write_text(text)
    (tmp_path / "from/f.wasm").write_bytes(component("files2"))
    files = '[{ source = "data", destination = "/" }, { source = "c.txt", destination = "/d/e.txt" }, "glob/*.txt"]'
    (tmp_path / "from/spin.toml").write_text(
        'spin_manifest_version = 2\napplication = { name = "a" }\n'
        '[[trigger.http]]\nroute = "/..."\ncomponent = "f"\n'
        f'[component.f]\nsource = "f.wasm"\nfiles = {files}\n'
    )
    with spinlab.load(tmp_path / "from") as loaded:
        for path in sources:
            (tmp_path / "from" / path).unlink()
        project(loaded, tmp_path / "to")
    kept = [path for path in sources if (tmp_path / "to" / path).is_file()]
    assert kept == [path for path in sources if path != "glob/no.md"]
    assert [(tmp_path / "to" / path).read_text() for path in kept] == [sources[path] for path in kept]
    with spinlab.load(tmp_path / "to") as again:
        assert again["f"].mounts == {"/a.txt": b"A", "/deep/b.txt": b"B", "/d/e.txt": b"C", "/glob/d.txt": b"D"}


def test_a_project_answers_the_wellknown_paths_and_404(calculator: App, tmp_path: Path) -> None:
    project(calculator, tmp_path, version="1.0.0")
    with spinlab.load(tmp_path, as_is=True) as loaded:
        assert loaded.get("/.well-known/spin/health").body == b"OK"
        assert loaded.get("/.well-known/spin/info").json() == {"name": "calculator", "version": "1.0.0"}
        assert loaded.get("/.well-known/spin/else").status == 404
        assert loaded.get("/nowhere").status == 404
        assert loaded.get("/hello").body == calculator.get("/hello").body
        asked = Request("GET", "/plus/1/2", Headers([("host", "h")]))
        assert loaded.handle(asked).text == "sum"


def test_a_project_that_is_not_built_says_how(calculator: App, tmp_path: Path) -> None:
    project(calculator, tmp_path, components="official")
    with pytest.raises(ManifestError, match="component add-up is not there") as caught:
        spinlab.load(tmp_path, as_is=True)
    assert "spin build" in caught.value.hint


def test_the_manifest_can_be_had_without_writing(calculator: App, tmp_path: Path) -> None:
    assert describe(calculator) == project(calculator, tmp_path).manifest
