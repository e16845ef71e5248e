"""The project that an export writes of a Go cell: Spin's template http-go, and a source that Go's own packages take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinlab import App, Function
from spinlab.export import project
from spinlab.languages import BuildContext, language
from spinlab.languages.golang import compiler, glue, official
from spinlab.languages.golang.source import SDK

pytestmark = pytest.mark.toolchain

CELL = """func handle(w http.ResponseWriter, r *http.Request) {
	visits := 0
	if store, err := kv.OpenDefault(); err == nil {
		value, _ := store.Get("visits")
		visits, _ = strconv.Atoi(string(value))
	}
	json.NewEncoder(w).Encode(map[string]any{"who": r.PathValue("user_id"), "visits": visits})
}
"""


def files_of(function: Function) -> dict[str, str]:
    known = language("go")
    files = known.official(function, known.build(function, BuildContext()))
    assert files is not None
    return {path: data.decode() for path, data in files.items()}


def test_the_files_are_those_of_the_template() -> None:
    function = Function("my_fn", CELL, language="go", routes=("/f/:user_id/...",))
    files = files_of(function)
    assert sorted(files) == ["go.mod", "go.sum", "main.go", "spin.go"]
    assert files["main.go"].startswith("package main\n\nimport (\n")

    assert f'\t"{SDK}/kv"\n' in files["main.go"]
    assert files["main.go"].endswith(CELL)
    assert "module github.com/example/my-fn\n" in files["go.mod"]
    assert f"\t{SDK} v3.0.0\n" in files["go.mod"]
    assert f"tool {official.TOOL}\n" in files["go.mod"]
    listed = {line.split()[0] for line in files["go.sum"].splitlines()}
    assert set(official.required(files["go.mod"])) == {
        f"{module} {version}" for module, version in {**official.REQUIRED, **official.INDIRECT}.items()
    }
    assert {*official.REQUIRED, *official.INDIRECT} <= listed


def test_a_source_for_the_sdk_is_exported_as_it_is() -> None:
    source = f"""package main

import (
	"fmt"
	"net/http"

	spinhttp "{SDK}/http"
)

func init() {{
	spinhttp.Handle(func(w http.ResponseWriter, r *http.Request) {{ fmt.Fprintln(w, "hi") }})
}}

func main() {{}}
"""
    files = files_of(Function("f", source, language="go"))
    assert sorted(files) == ["go.mod", "go.sum", "main.go"]
    assert files["main.go"] == source


def test_what_is_exported_answers_as_the_cell_does_with_gos_own_net_http() -> None:
    function = Function("f", CELL, language="go", routes=("/f/:user_id/...",), key_value_stores=("default",))
    files = files_of(function)
    sources = {path: text for path, text in files.items() if path.endswith(".go")}
    whole = compiler.make(sources, (), lambda _what, _done=None: None, whole_http=True)
    assert set(sources) == {"main.go", glue.FILE}
    with App("go") as app:
        app.kv()["visits"] = b"7"
        app.add(function)
        here = app.get("/f/a%20b/x")
        app.remove("f")
        app.add(Function("f", whole.wasm, language="wasm", routes=function.routes, key_value_stores=("default",)))
        there = app.get("/f/a%20b/x")
    assert json.loads(here.body) == {"who": "a b", "visits": 7}
    assert (here.status, here.body, list(here.headers)) == (there.status, there.body, list(there.headers))


def test_an_export_names_the_command_and_what_it_watches(tmp_path: Path) -> None:
    with App("go") as app:
        app.add(Function("hello", language("go").starter("http"), language="go", routes=("/hello/...",)))  # type: ignore[attr-defined]
        made = project(app, tmp_path / "out", components="official")
    component = made.manifest.components["hello"]
    assert component.source == "functions/hello/main.wasm"
    assert component.build is not None
    assert component.build.command == "go tool componentize-go build"
    assert tuple(component.build.watch) == ("**/*.go", "go.mod")
    assert (tmp_path / "out" / "functions" / "hello" / "main.go").exists()
