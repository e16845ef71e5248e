"""Packages of npm in cells: bundled, pinned, mapped back to the cell; their install scripts do not run."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from spinlab import App, Function, load
from spinlab.errors import BuildError, SourceError
from spinlab.export import project
from spinlab.languages import BuildContext
from spinlab.languages.javascript import JAVASCRIPT, TYPESCRIPT, esbuild, packages
from spinlab.toolchains import cache, npm

pytestmark = pytest.mark.toolchain
ROUTER = "itty-router@5.0.18"


def cell(source: str, *requires: str, name: str = "hello", language: str = "javascript", **options: object) -> Function:
    routes = () if options.get("module") else (f"/{name}/...",)
    return Function(name, source, language=language, routes=routes, requires=requires, **options)  # type: ignore[arg-type]


ROUTED = """import { AutoRouter } from 'itty-router'

const router = AutoRouter()
router.get('/hello/:name', ({ name }) => `Hello, ${name}!`)
router.get('/hello/a/boom', () => {
  null.x
})
export default { fetch: (request) => router.fetch(request) }
"""


@pytest.mark.parametrize("language", ["javascript", "typescript"])
def test_a_package_is_bundled_and_errors_stay_in_the_cell(app: App, language: str) -> None:
    live = app.add(cell(ROUTED.replace("null.x", "throw null.x"), ROUTER, language=language))
    assert live is not None
    assert app.get("/hello/you").text == '"Hello, you!"'
    quiet = ROUTED.replace("AutoRouter", "Router").replace("null.x", "console.error(new Error('seen'))")
    app.add(cell(quiet, ROUTER, language=language))
    lines = [line.text for line in app.get("/hello/a/boom").logs]
    assert lines[0] == "Error: seen"
    ending = "js" if language == "javascript" else "ts"
    assert lines[1].startswith(f"    at hello.{ending}:6:")


def test_handle_beside_a_package_is_found(app: App) -> None:
    app.add(cell("import { json } from 'itty-router'\nfunction handle() { return json({ a: 1 }) }", ROUTER))
    assert app.get("/hello/x").text == '{"a":1}'


def test_modules_bring_their_packages(app: App) -> None:
    app.add(
        cell(
            "import { text } from 'itty-router'\nexport const say = () => text('said')", ROUTER, name="lib", module=True
        )
    )
    app.add(cell("import { say } from './lib.js'\nexport const handle = say"))
    assert app.get("/hello/x").text == "said"
    source = (
        "import { say } from './lib'\nimport { Store } from 'fermyon:spin/key-value@2.0.0'\n"
        "export const handle = (r: Request) => [typeof say(), typeof Store.open]"
    )
    app.add(cell(source, language="typescript"))
    assert app.get("/hello/x").text == '["object","function"]'


def test_a_bundle_runs_from_files_too(app: App, tmp_path: Path) -> None:
    app.add(cell(ROUTED, ROUTER))
    project(app, tmp_path)
    with load(tmp_path, as_is=True) as again:
        assert again.get("/hello/you").text == '"Hello, you!"'
    with load(tmp_path) as again:
        function = again.functions["hello"].function
        assert (function.source, function.language, function.requires) == (ROUTED, "javascript", (ROUTER,))


def test_the_official_project_pins_what_was_installed() -> None:
    function = cell(ROUTED, "itty-router")
    files = JAVASCRIPT.official(function, JAVASCRIPT.build(function, BuildContext()))
    assert files is not None
    package = json.loads(files["package.json"])
    assert package["dependencies"].keys() == {"@spinframework/wasi-http-proxy", "itty-router"}
    assert npm.is_pin(f"itty-router@{package['dependencies']['itty-router']}")
    assert files["src/app.js"].decode() == ROUTED


def test_a_version_that_does_not_exist_says_so() -> None:
    with pytest.raises(BuildError, match=r"no such version of a package: itty-router@99\.0\.0"):
        JAVASCRIPT.build(cell("import 'itty-router'\nfunction handle() {}", "itty-router@99.0.0"), BuildContext())


def test_top_level_await_beside_packages_is_refused_with_a_place() -> None:
    source = "import { json } from 'itty-router'\nconst x = await 1\nexport const handle = () => json(x)"
    with pytest.raises(SourceError, match=r"[Tt]op-level await") as caught:
        JAVASCRIPT.build(cell(source, ROUTER), BuildContext())
    assert caught.value.location is not None
    assert caught.value.location.line == 2
    assert "await inside" in caught.value.hint


def test_what_a_package_does_not_export_has_a_place() -> None:
    source = "import { nope } from 'itty-router'\nexport const handle = () => nope"
    with pytest.raises(
        SourceError, match=r'no matching export in "itty-router/index\.mjs" for import "nope"'
    ) as caught:
        TYPESCRIPT.build(cell(source, ROUTER), BuildContext())
    assert caught.value.location is not None
    assert (caught.value.location.line, caught.value.location.column) == (1, 10)


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages of our own, installed by npm from files, and a cache of its own."""
    esbuild.program()  # from the usual cache
    monkeypatch.setattr(packages, "install", lambda requires, progress=None: tmp_path)
    return tmp_path


def _install(folder: Path, name: str, files: dict[str, str], **manifest: object) -> None:
    source = folder / "sources" / name
    source.mkdir(parents=True)
    text = json.dumps({"name": name, "version": "1.0.0", "main": "index.js", **manifest})
    for path, data in {"package.json": text, **files}.items():
        (source / path).write_text(data)
    archive = folder / f"{name}.tgz"
    with tarfile.open(archive, "w:gz") as out:
        out.add(source, "package")
    npm.run_npm(["install", "--ignore-scripts", "--no-audit", "--no-fund", "--offline", str(archive)], folder)


def test_an_install_script_does_not_run_and_is_told(local: Path, app: App) -> None:
    _install(
        local,
        "nosy",
        {"index.js": "exports.answer = () => 'from nosy'"},
        scripts={"postinstall": f"touch {local / 'ran'}"},
    )
    live = app.add(cell("import { answer } from 'nosy'\nexport const handle = () => answer()", "nosy@1.0.0"))
    assert live is not None
    assert live.build.warnings == ("the install script of nosy was not run",)
    assert not (local / "ran").exists()
    assert app.get("/hello/x").text == "from nosy"


def test_a_package_that_needs_node_is_named_with_what_it_needs(local: Path) -> None:
    _install(local, "needy", {"index.js": "const fs = require('fs')\nexports.x = fs.readFileSync"})
    with pytest.raises(BuildError, match="the package needy needs Node: it imports fs") as caught:
        JAVASCRIPT.build(
            cell("import { x } from 'needy'\nexport const handle = () => x", "needy@1.0.0"), BuildContext()
        )
    assert "browsers or workers" in caught.value.hint
    assert "needy/index.js" in caught.value.log


def test_a_package_can_not_take_files_of_this_machine_along(
    local: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("home") / "secret.json"
    secret.write_text('{"token": "hidden"}')
    _install(local, "thief", {"index.js": f"exports.x = require({str(secret)!r})"})
    with pytest.raises(BuildError, match="a package imports a file that is not its own") as caught:
        JAVASCRIPT.build(
            cell("import { x } from 'thief'\nexport const handle = () => x", "thief@1.0.0"), BuildContext()
        )
    assert "hidden" not in str(caught.value) + caught.value.details + caught.value.log


def test_a_package_with_a_syntax_error_is_named(local: Path) -> None:
    _install(local, "broken", {"index.js": "exports.x = ="})
    with pytest.raises(BuildError, match="the package broken can't be bundled"):
        JAVASCRIPT.build(
            cell("import { x } from 'broken'\nexport const handle = () => x", "broken@1.0.0"), BuildContext()
        )


def test_what_packages_hold_is_no_secret_of_ours(local: Path) -> None:
    _install(local, "reads", {"index.js": "exports.x = typeof process"})
    built = JAVASCRIPT.build(
        cell("import { x } from 'reads'\nexport const handle = () => x", "reads@1.0.0"), BuildContext()
    )
    assert str(local) not in built.environment["SPINLAB_SOURCE"]
    assert str(cache.folder("npm")) not in built.environment["SPINLAB_SOURCE"]


def test_nothing_is_left_in_the_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    JAVASCRIPT.build(
        cell("import { json } from 'itty-router'\nexport const handle = () => json(1)", ROUTER), BuildContext()
    )
    assert list(tmp_path.iterdir()) == []


def test_official_packages_of_spin_work_in_a_cell(app: App) -> None:
    """Those that the registry has; each imports its interface by name."""
    try:
        home = packages.install(("@spinframework/spin-llm@1.0.1",))
    except BuildError as error:
        pytest.skip(error.message)
    assert "spin-llm" in subprocess.list2cmdline([str(p) for p in home.glob("node_modules/@spinframework/*")])
    source = "import * as llm from '@spinframework/spin-llm'\nexport const handle = () => Object.keys(llm).sort()"
    app.add(cell(source, "@spinframework/spin-llm@1.0.1"))
    assert "infer" in app.get("/hello/x").text
