"""JavaScript and TypeScript cells in an app: what they are refused for, where it points, and what they may ask for."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from spinlab import App, Function
from spinlab.errors import BuildError, NameRefused, OptionError, SourceError, SpinError
from spinlab.languages import BuildContext, language, starter
from tests.host.web import Site, server

pytestmark = pytest.mark.toolchain
LANGUAGES = ("javascript", "typescript")


def cell(source: str | bytes, name: str = "hello", language: str = "javascript", **options: object) -> Function:
    routes = () if options.get("module") else (f"/{name}/...",)
    return Function(name, source, language=language, routes=routes, **options)  # type: ignore[arg-type]


def refused(app: App, source: str | bytes, kind: type[SpinError] = SourceError, **options: object) -> SpinError:
    with pytest.raises(kind) as caught:
        app.add(cell(source, **options))  # type: ignore[arg-type]
    assert "hello" not in app.functions
    return caught.value


def place(error: SpinError) -> tuple[int, int | None]:
    assert error.location is not None
    return error.location.line, error.location.column


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_starter_with_a_character_less_is_refused_or_answers(app: App, name: str) -> None:
    text = starter(name, "http")
    outcomes = {attempt(app, cell(text[:at] + text[at + 1 :], language=name)) for at in range(0, len(text), 5)}
    assert outcomes == {"refused", "answered"}


def attempt(app: App, function: Function) -> str:
    try:
        app.add(function)
    except SourceError as error:
        assert error.message and error.location is not None  # noqa: PT017, PT018 - either outcome will do
        return "refused"
    return "answered" if app.get("/hello/x").status in (200, 500) else "neither"


def test_a_language_without_such_a_starter_says_which_there_are() -> None:
    with pytest.raises(OptionError, match="JavaScript has no template 'redis'"):
        starter("javascript", "redis")


@pytest.mark.parametrize(
    ("source", "at", "said"),
    [
        ("function handle(request) {\n  return 'hi\n}", (2, 13), "unterminated string literal"),
        ("function handle() {\n  return 1\n", (2, 11), "unexpected end of file"),
        ("const é = 'ü'; const x y;\nfunction handle() {}", (1, 24), 'expected ";" but found "y"'),
        ("function handle() { await x }", (1, 21), "await"),
        ("let a = 1\nlet a = 2\nfunction handle() {}", (2, 5), "already been declared"),
    ],
)
def test_a_syntax_error_has_a_caret(app: App, source: str, at: tuple[int, int], said: str) -> None:
    error = refused(app, source)
    assert place(error) == at
    assert error.message.startswith("syntax error")
    assert said in error.message
    assert error.log


def test_further_syntax_errors_are_listed(app: App) -> None:
    error = refused(app, "const a = 1\na = 2\nlet b\nlet b\nlet b\nfunction handle() {}")
    assert "already been declared" in error.message
    assert "1 more" in error.details


@pytest.mark.parametrize("name", LANGUAGES)
def test_python_in_such_a_cell_is_told(app: App, name: str) -> None:
    error = refused(app, "def handle(request):\n    return 'x'\n", language=name)
    assert "this looks like Python" in error.hint
    assert "%%spin python hello" in error.hint


def test_javascript_in_a_python_cell_is_told(app: App) -> None:
    error = refused(app, "export default {\n  fetch(request) { return new Response('x') }\n}", language="python")
    assert "JavaScript" in error.hint


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ("const x = 1", "the cell defines no handler", "addEventListener('fetch', ...), export default"),
        ("function handler(request) {}", "is it handler?", "call it handle"),
        ("const answer = async (r) => 'x'", "is it answer?", "call it handle"),
        ("addEventListener('fetch', e => 1)\nexport default { fetch() {} }", "two handlers", "keep one"),
        ("function handle() {}\nfunction handle() {}", "two handlers", "keep one"),
        ("import fs from 'node:fs'\nfunction handle() {}", "node:fs reads the disk", "a key-value store"),
        ("import http from 'http'\nfunction handle() {}", "http opens sockets", "fetch(url)"),
        ("import { env } from 'process'\nfunction handle() {}", "no process", "getEnvironment"),
        ("const x = require('fs')\nfunction handle() {}", "fs reads the disk", "a key-value store"),
        ("const x = require('./y')\nfunction handle() {}", "no module cell called y", "%%spin javascript y --module"),
        ("import { Hono } from 'hono'\nfunction handle() {}", "no package hono", "--requires hono"),
        ("import x from 'express'\nfunction handle() {}", "no package express", "hono"),
        ("import x from './lib.js'\nfunction handle() {}", "no module cell called lib", "%%spin javascript lib"),
        ("import x from '../a/b.js'\nfunction handle() {}", "can't import files", "--module"),
        ("import x from 'https://a.example/x.js'\nfunction handle() {}", "from a URL", "--requires"),
        (
            "import 'fermyon:spin/key-values@2.0.0'\nfunction handle() {}",
            "no interface",
            "fermyon:spin/key-value@2.0.0",
        ),
        ("import 'wasi:http/types@0.2.0'\nfunction handle() {}", "no interface", "fetch() reaches out"),
        ("", "the cell is empty", "function handle(request)"),
        ("%time\nfunction handle() {}", "magics", "take the line out"),
        ("function handle() {}\0", "null character", "\\0"),
    ],
)
def test_what_can_not_run_is_refused_with_what_to_write(app: App, source: str, message: str, hint: str) -> None:
    error = refused(app, source)
    assert message in error.message
    assert hint in error.hint
    assert error.location is not None


def test_require_without_packages_is_refused(app: App) -> None:
    app.add(cell("export const x = 1", name="lib", module=True))
    error = refused(app, "const { x } = require('./lib.js')\nfunction handle() { return x }")
    assert error.message.startswith("require is Node's")
    assert error.hint == "import name from './lib.js'"


def test_a_misspelt_module_is_suggested(app: App) -> None:
    app.add(cell("export const x = 1", name="greeting", module=True))
    assert (
        refused(app, "import { x } from './greetings.js'\nfunction handle() {}").hint == "did you mean './greeting.js'?"
    )
    assert "'./greeting.js'" in refused(app, "import { x } from 'greeting'\nfunction handle() {}").hint


def test_an_error_at_the_top_level_points_into_the_cell(app: App) -> None:
    error = refused(app, "const a = 1\n\n  null.x\nfunction handle() {}")
    assert place(error) == (3, 3)
    assert "can't access property" in error.message
    typed = refused(app, "type A = number\ninterface B {}\n\nnull.x\nfunction handle() {}", language="typescript")
    assert place(typed)[0] == 4


def test_host_calls_at_the_top_level_are_refused(app: App) -> None:
    source = "import { Store } from 'fermyon:spin/key-value@2.0.0'\nStore.open('default')\nexport function handle() {}"
    error = refused(app, source, key_value_stores=("default",))
    assert place(error)[0] == 2


def test_the_old_version_serves_on_when_the_new_one_is_refused(app: App) -> None:
    app.add(cell("function handle() { return 'old' }"))
    for source in ("function handle() {", "null.x\nfunction handle() {}", "const x = 1"):
        with pytest.raises(SourceError):
            app.add(cell(source))
        assert app.get("/hello/x").text == "old"


def test_what_other_runtimes_have_is_remarked(app: App) -> None:
    live = app.add(cell("function handle() {\n  return Buffer.from(process.env.HOME)\n}"))
    assert live is not None
    assert [w.partition(";")[0] for w in live.build.warnings] == [
        "line 2: the sandbox has no `process`",
        "line 2: the sandbox has no `Buffer`",
    ]
    guarded = "const p = typeof process === 'undefined' ? 1 : process.env\nfunction handle() { return { process: 1 } }"
    live = app.add(cell(guarded, name="guarded"))
    assert live is not None
    assert live.build.warnings == ()


def test_esbuilds_own_remarks_come_along(app: App) -> None:
    live = app.add(cell("function handle() {\n  return typeof handle === 'nmber'\n    ? 'a' : 'b'\n}"))
    assert live is not None
    assert live.build.warnings == ('line 2: The "typeof" operator will never evaluate to "nmber"',)


@pytest.mark.parametrize(
    "source",
    ["\ufefffunction handle() {\r\n  return `a\r\nb`\r\n}\r\n", b"\xef\xbb\xbffunction handle() { return 'a\\nb' }"],
)
def test_a_byte_order_mark_and_windows_lines_are_taken(app: App, source: str | bytes) -> None:
    app.add(cell(source))
    assert app.get("/hello/x").text == "a\nb"


def test_a_source_that_is_not_utf8_is_refused(app: App) -> None:
    error = refused(app, b"function handle() {\n return '\xff' }")
    assert "not UTF-8" in error.message
    assert place(error)[0] == 2


def test_a_source_of_a_megabyte_answers(app: App) -> None:
    filler = "".join(f"const unused{n} = {{ a: '{n}', b: `${{{n} / 2}}`, c: /{n}'/ }}\n" for n in range(20000))
    app.add(cell(f"{filler}function handle() {{ return unused7.b }}"))
    assert app.get("/hello/x").text == "3.5"
    error = refused(App("other"), f"{filler}function handle() {{")
    assert place(error)[0] == 20001


def test_there_is_no_image_for_the_other_wasi(app: App) -> None:
    assert "no JavaScript image for WASI 0.3" in refused(app, "function handle() {}", OptionError, wasi="0.3").message


def test_a_module_can_not_have_the_name_of_the_function_itself(app: App) -> None:
    with pytest.raises(NameRefused, match="a module can't be called app"):
        app.add(cell("export const x = 1", name="app", module=True))


def test_both_languages_import_each_others_modules(app: App) -> None:
    app.add(
        cell("export interface A { a: number }\nexport const a: A = { a: 1 }", "numbers", "typescript", module=True)
    )
    app.add(cell("import { a } from './numbers.js'\nexport const b = a.a + 1", "more", module=True))
    source = (
        "import type { A } from './numbers'\nimport { b } from './more'\nconst handle = (r: Request): A => ({ a: b })"
    )
    app.add(cell(source, language="typescript"))
    assert app.get("/hello/x").text == '{"a":2}'
    app.add(cell("export const a = { a: 5 }", "numbers", module=True))
    assert app.get("/hello/x").text == '{"a":6}'


def test_an_error_in_a_module_names_it(app: App) -> None:
    app.add(cell("export const x = 1", "lib", module=True))
    with pytest.raises(SourceError, match="syntax error"):
        app.add(cell("export const x = ;", "lib", module=True))
    app.add(cell("import { x } from './lib.js'\nfunction handle() { return String(x) }"))
    with pytest.raises(SourceError, match="the module fs reads the disk"):
        app.add(cell("import 'fs'\nexport const x = 2", "lib", module=True))
    assert app.get("/hello/x").text == "1"
    function = cell("import './lib.js'\nfunction handle() {}")
    broken = cell("\nimport 'fs'", "lib", module=True)
    with pytest.raises(SourceError, match="the module lib, line 2: the module fs reads the disk"):
        language("javascript").build(function, BuildContext(modules={"lib": broken}))


# ---- what a cell may ask for

KEEPS = """
import { Store } from 'fermyon:spin/key-value@2.0.0'
export function handle(request) {
  const store = Store.open(request.query.store ?? 'default')
  store.set('ключ', new Uint8Array([0, 255, 1]))
  return [[...store.get('ключ')], store.exists('no'), store.getKeys(), store.get('no') === undefined]
}
"""


def test_a_key_value_store_that_is_granted_keeps(app: App) -> None:
    app.add(cell(KEEPS, key_value_stores=("default",)))
    assert app.get("/hello/x").text == '[[0,255,1],false,["ключ"],true]'
    assert app.kv()["ключ"] == b"\0\xff\x01"


def test_a_store_that_is_not_granted_is_named(app: App) -> None:
    app.add(cell(KEEPS))
    response = app.get("/hello/x")
    assert response.status == 500
    text = "\n".join(line.text for line in response.logs)
    assert 'key_value_stores = ["default"]' in text
    assert "Error: access-denied\n    at handle (hello.js:4:23)" in text


def test_variables_and_the_environment_are_read(app: App) -> None:
    source = (
        "import { get } from 'fermyon:spin/variables@2.0.0'\n"
        "import { getEnvironment } from 'wasi:cli/environment@0.2.0'\n"
        "export function handle() { return [get('greeting'), getEnvironment()] }"
    )
    app.set_variable("greeting", "hi")
    app.add(cell(source, variables={"greeting": "{{ greeting }}"}, environment={"A": "b"}))
    assert app.get("/hello/x").text == '["hi",[["A","b"]]]'
    app.add(cell(source.replace("'greeting'", "'other'"), name="other"))
    response = app.get("/other/x")
    assert response.status == 500
    assert any("undefined" in line.text for line in response.logs)


def test_a_database_keeps_every_kind_of_value(app: App) -> None:
    source = """
import { Connection } from 'fermyon:spin/sqlite@2.0.0'
export function handle() {
  const db = Connection.open('default')
  db.execute('create table t (a, b, c, d, e)', [])
  const row = [
    { tag: 'integer', val: 9007199254740993n }, { tag: 'real', val: 1.5 }, { tag: 'text', val: 'ü' },
    { tag: 'blob', val: new Uint8Array([1, 2]) }, { tag: 'null' },
  ]
  db.execute('insert into t values (?, ?, ?, ?, ?)', row)
  const { columns, rows } = db.execute('select * from t', [])
  return { columns, values: rows[0].values.map(({ tag, val }) => [tag, tag === 'integer' ? String(val) : val]) }
}
"""
    app.add(cell(source, sqlite_databases=("default",)))
    found = json.loads(app.get("/hello/x").text)
    assert found["columns"] == ["a", "b", "c", "d", "e"]
    assert found["values"] == [
        ["integer", "9007199254740993"],
        ["real", 1.5],
        ["text", "ü"],
        ["blob", {"0": 1, "1": 2}],
        ["null", None],
    ]


@pytest.fixture
def origin() -> Iterator[Site]:
    with server() as running:
        yield running


def test_fetch_reaches_what_is_granted(app: App, origin: Site) -> None:
    source = (
        "export default { async fetch(request) {\n"
        f"  const answer = await fetch('{origin.url}/talk', {{ method: 'POST', body: await request.text() }})\n"
        f"  const told = await (await fetch('{origin.url}/told?a=b', {{ headers: {{ 'x-a': 'b' }} }})).json()\n"
        "  return new Response(answer.body, { status: answer.status, headers: { 'x-told': told.target } })\n"
        "} }"
    )
    app.add(cell(source, allowed_outbound_hosts=(origin.url,)))
    response = app.post("/hello/x", "sent")
    assert response.status == 200
    assert response.headers["x-told"] == "/told?a=b"
    assert "sent" in response.text
    app.add(cell(source, name="denied"))
    response = app.post("/denied/x", "sent")
    assert response.status == 500
    assert any("allowed_outbound_hosts" in line.text for line in response.logs)


# ---- requirements that need no registry


@pytest.mark.parametrize(
    ("requires", "message", "hint"),
    [
        (("idna==3.10",), "not a package of npm", "idna@3.10"),
        (("-g left-pad",), "not a package of npm", "name and version"),
        (("file:../x",), "not a package of npm", "name and version"),
        (("hono@4.0.0", "hono@4.1.0"), "two versions of hono", "keep one"),
    ],
)
def test_what_is_no_package_of_npm_is_refused(app: App, requires: tuple[str, ...], message: str, hint: str) -> None:
    error = refused(app, "function handle() {}", OptionError, requires=requires)
    assert message in error.message
    assert hint in error.hint


def test_the_languages_are_found_by_all_their_names() -> None:
    assert language("js") is language("javascript")
    assert language("ts") is language("typescript")
    assert language("js") is not language("ts")


def test_a_package_that_does_not_exist_says_so(app: App) -> None:
    error = refused(app, "import 'spinlab-no-such'\nfunction handle() {}", BuildError, requires=("spinlab-no-such",))
    assert "no such package in npm: spinlab-no-such" in error.message
