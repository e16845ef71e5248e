"""JavaScript cells on the real image, their source in the environment and in files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from spinlab.errors import SourceError
from spinlab.http import Request
from tests.images.javascript import FORMS, ask, build, log, sandbox

pytestmark = pytest.mark.toolchain
EACH = pytest.mark.parametrize("form", FORMS)
FILE = {"environment": "hello.js", "files": "/app/app.js"}


@EACH
@pytest.mark.parametrize(
    "source",
    [
        "addEventListener('fetch', event => event.respondWith(new Response('hi')))",
        "addEventListener('fetch', event => event.respondWith((async () => new Response('hi'))()))",
        "export default { fetch(request) { return new Response('hi') } }",
        "export default { async fetch(request, env, context) { context.waitUntil(null); return new Response('hi') } }",
        "class App { fetch() { return this.get() } get() { return new Response('hi') } }\nexport default new App()",
        "function handle(request) { return 'hi' }",
        "async function handle(request) { return 'hi' }",
        "export const handle = (request) => new Response('hi')",
        "const answer = () => 'hi'\nexport { answer as handle }",
        "const text = await Promise.resolve('hi')\nexport function handle() { return text }",
        "await new Promise(go => setTimeout(go, 1))\naddEventListener('fetch', e => e.respondWith(new Response('hi')))",
        "const handle = () => new Response('hi')\naddEventListener('fetch', e => e.respondWith(handle(e.request)))",
    ],
)
def test_each_form_of_a_handler_answers(source: str, form: str) -> None:
    response = ask(source, form=form)
    assert (response.status, response.text, log(response)) == (200, "hi", [])


@EACH
def test_an_error_shows_the_lines_of_the_cell(form: str) -> None:
    response = ask("\nfunction inner() {\n  return null.x\n}\nfunction handle() { return inner() }", form=form)
    assert (response.status, response.body) == (500, b"")
    assert log(response) == [
        'TypeError: can\'t access property "x" of null',
        f"    at inner ({FILE[form]}:3:3)",
        f"    at handle ({FILE[form]}:5:28)",
    ]


@EACH
def test_the_first_line_of_a_cell_has_its_own_columns(form: str) -> None:
    response = ask("export function handle() { return null.x }", form=form)
    assert log(response)[1] == f"    at handle ({FILE[form]}:1:28)"


@EACH
def test_types_are_gone_and_their_lines_are_not(form: str) -> None:
    source = (
        "interface A {\n  a: number\n}\n\nenum E { X = 3 }\n"
        "export function handle(r: Request): string {\n  return ((null as any).x as A).a + E.X\n}"
    )
    response = ask(source, form=form, name="typescript")
    file = "hello.ts" if form == "environment" else "/app/app.ts"
    assert log(response)[1].startswith(f"    at handle ({file}:7:")


@EACH
def test_modules_are_imported_by_name(form: str) -> None:
    modules = {
        "greeting": "import { mark } from './marks.js'\nexport let count = 0\n"
        "export default class { greet(name) { count++; return `Hello, ${name}${mark}` } }",
        "marks": "export const mark = '!', other = [1, 2]\nexport const { a, b: [c] } = { a: 1, b: [2] }",
    }
    source = (
        "import Greeter, * as all from './greeting.js'\nimport { mark as m, c } from './marks'\n"
        "export async function handle() {\n  const later = await import('./marks.js')\n"
        "  return [new Greeter().greet('you'), Object.keys(all), m, c, later.other]\n}"
    )
    expected = ["Hello, you!", ["count", "default"], "!", 2, [1, 2]]
    assert json.loads(ask(source, form=form, modules=modules).text) == expected


def test_what_only_looks_like_an_import_stays_what_it_is() -> None:
    source = (
        "const page = `<script type=module>\nimport x from 'y'\nexport default ${ `import('z')` }\n</script>`\n"
        "const pattern = /import 'a'/.source + 4 / 2 // import b from 'c'\n"
        "/* export default 1 */ const text = \"import d from 'e'\"\n"
        "export default { fetch: () => new Response(page + pattern + text) }"
    )
    expected = (
        "<script type=module>\nimport x from 'y'\nexport default import('z')\n</script>import 'a'2import d from 'e'"
    )
    assert ask(source).text == expected


@pytest.mark.parametrize(
    ("result", "kind", "text"),
    [
        ("'text'", "text/plain; charset=utf-8", "text"),
        ("({ a: [1, 'ü'] })", "application/json", '{"a":[1,"ü"]}'),
        ("[1, 2]", "application/json", "[1,2]"),
        ("[{}, 2]", "application/json", "[{},2]"),
        ("new TextEncoder().encode('bytes')", "application/octet-stream", "bytes"),
        ("new Blob(['blob'], { type: 'x/y' })", "x/y", "blob"),
        ("(function* () { yield 'a'; yield 'b' })()", "text/plain; charset=utf-8", "ab"),
        ("(async function* () { yield new Uint8Array([97]); yield 'b' })()", "application/octet-stream", "ab"),
        ("new Response('own', { headers: { 'content-type': 'x/z' } }).body", "application/octet-stream", "own"),
    ],
)
def test_the_short_form_sends_what_is_returned(result: str, kind: str, text: str) -> None:
    response = ask(f"function handle() {{ return {result} }}")
    assert (response.status, response.headers["content-type"], response.text) == (200, kind, text)


def test_the_short_form_takes_a_status_and_headers_along() -> None:
    response = ask("const handle = () => [404, { no: 1 }, { 'x-a': 'b' }]")
    assert (response.status, response.headers["x-a"], response.text) == (404, "b", '{"no":1}')
    assert ask("const handle = () => [204, null]").status == 204


def test_the_short_form_knows_path_query_and_parts_of_the_route() -> None:
    source = (
        "async function handle(request) {\n  const { path, query, params, method } = request\n"
        "  return { path, query, id: params.user_id, same: params['User-Id'], n: 'no' in params, method,\n"
        "    body: await request.json(), header: request.headers.get('x-a') }\n}"
    )
    headers = (("spin-path-match-user-id", "a%2Fb"), ("x-a", "1"))
    response = ask(source, "/u/1?a=1&a=2&b=%C3%A9+x", method="POST", headers=headers, body=b'{"k": []}')
    assert json.loads(response.text) == {
        "path": "/u/1",
        "query": {"a": "1", "b": "é x"},
        "id": "a/b",
        "same": "a/b",
        "n": False,
        "method": "POST",
        "body": {"k": []},
        "header": "1",
    }


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("undefined", "returned undefined; return a string, object"),
        ("5", "returned number (5)"),
        ("[99999, 'x']", "returned number (99999)"),
        ("[700, 'x']", "returned number (700) as the status"),
        ("[200, new Response('x')]", "a Response inside an array"),
    ],
)
def test_what_can_not_be_sent_is_said(result: str, said: str) -> None:
    response = ask(f"function handle() {{ return {result} }}")
    if result.startswith("[99999"):  # no status, so it is a list
        assert (response.status, response.text) == (200, '[99999,"x"]')
        return
    assert response.status == 500
    assert said in log(response)[0]


def test_a_stream_that_fails_is_cut_short_and_told() -> None:
    response = ask("async function* handle() { yield 'first'; throw new Error('later') }")
    assert response.text == "first"
    assert log(response)[:2] == ["Error: later", "    at handle (hello.js:1:49)"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("addEventListener('fetch', () => {})", "the fetch listener did not call event.respondWith(...)"),
        ("addEventListener('fetch', e => e.respondWith('x'))", "TypeError: the handler answered with string"),
        ("addEventListener('fetch', e => e.respondWith(Promise.reject(new Error('no'))))", "Error: no"),
        ("function handle() { throw { a: 1 } }", 'Uncaught {"a":1}'),
        ("function handle() { throw 'text' }", 'Uncaught "text"'),
        ("function handle() { null.x }", "TypeError: can't access property"),
    ],
)
def test_a_handler_that_fails_answers_an_empty_500(source: str, said: str) -> None:
    response = ask(source)
    assert (response.status, response.body) == (500, b"")
    assert log(response)[0].startswith(said)


def test_causes_and_errors_on_the_console_have_places() -> None:
    source = (
        "function handle() {\n  console.log('seen', new RangeError('r'), { a: 1 })\n"
        "  throw new Error('outer', { cause: new Error('inner') })\n}"
    )
    response = ask(source)
    assert log(response, "stdout") == ["seen RangeError: r", "    at handle (hello.js:2:23) { a: 1 }"]
    assert "Caused by: Error: inner" in log(response)
    again = ask("function handle() { return new Error('x').stack }")
    assert again.text == "handle@hello.js:1:28\n"


def test_the_interfaces_of_the_web_are_there() -> None:
    source = """
export async function handle(request) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode('abc')))
  const { readable, writable } = new TransformStream()
  const writer = writable.getWriter()
  writer.write('streamed'); writer.close()
  const form = new FormData(); form.append('a', 'b')
  const packed = new Blob(['zip zip zip']).stream().pipeThrough(new CompressionStream('gzip'))
  const unpacked = packed.pipeThrough(new DecompressionStream('gzip'))
  const began = Date.now()
  await new Promise(done => setTimeout(done, 20))
  return {
    url: new URL('../b?x=1#y', 'https://a.example/c/d').href,
    search: new URLSearchParams('a=1&b=2').get('b'),
    text: new TextDecoder().decode(new Uint8Array([0xc3, 0xa9])),
    digest: digest[0],
    uuid: /^[0-9a-f-]{36}$/.test(crypto.randomUUID()),
    random: crypto.getRandomValues(new Uint8Array(2)).length,
    headers: [...new Headers([['b', '1'], ['a', '2']])],
    stream: (await readable.getReader().read()).value,
    waited: Date.now() - began >= 19,
    clone: structuredClone(new Map([[1, { a: 1 }]])).get(1).a,
    base64: atob(btoa('x')),
    form: form.get('a'),
    unpacked: await new Response(unpacked).text(),
    aborted: AbortSignal.abort('x').aborted,
    event: new EventTarget() instanceof EventTarget,
    performance: performance.now() >= 0,
  }
}
"""
    assert json.loads(ask(source).text) == {
        "url": "https://a.example/b?x=1#y",
        "search": "2",
        "text": "é",
        "digest": 0xBA,
        "uuid": True,
        "random": 2,
        "headers": [["a", "2"], ["b", "1"]],
        "stream": "streamed",
        "waited": True,
        "clone": 1,
        "base64": "x",
        "form": "b",
        "unpacked": "zip zip zip",
        "aborted": True,
        "event": True,
        "performance": True,
    }


def test_a_request_body_comes_as_it_is() -> None:
    body = bytes(range(256)) * 4096
    source = "addEventListener('fetch', e => e.respondWith(new Response(e.request.body)))"
    assert ask(source, method="POST", body=body).body == body
    short = ask("async function handle(r) { return new Uint8Array(await r.arrayBuffer()) }", method="POST", body=body)
    assert short.body == body


def test_instances_have_random_numbers_of_their_own() -> None:
    source = "function handle() { return String(Math.random()) + crypto.randomUUID() }"
    with sandbox(build(source)) as running:
        found = {running.handle(Request("GET", "/")).text for _ in range(8)}
    assert len(found) == 8
    assert len({text[:12] for text in found}) == 8


def test_requests_share_nothing() -> None:
    with sandbox(
        build("let n = 0\nfunction handle() { globalThis.seen = (globalThis.seen ?? 0) + 1; return `${++n}` }")
    ) as x:
        assert [x.handle(Request("GET", "/")).text for _ in range(3)] == ["1", "1", "1"]


@EACH
def test_nothing_of_spinlab_is_left_to_be_seen(form: str) -> None:
    source = """
import { getEnvironment } from 'wasi:cli/environment@0.2.3'
export function handle() {
  return {
    names: Object.getOwnPropertyNames(globalThis).filter(name => /spin|\\$\\$|handle/i.test(name)),
    listener: String(addEventListener), log: String(console.log), logs: console.log.name,
    stack: Object.getOwnPropertyDescriptor(Error.prototype, 'stack').get.name,
    environment: getEnvironment(), self: this === undefined,
    strict: (() => { try { undeclared = 1 } catch { return 1 } })(),
  }
}
"""
    found = json.loads(ask(source, form=form).text)
    assert found == {
        "names": [],
        "listener": "function () {\n    [native code]\n}",
        "log": "function () {\n    [native code]\n}",
        "logs": "log",
        "stack": "get stack",
        "environment": [["GREETING", "hi"]],
        "self": True,
        "strict": 1,
    }


def test_mounted_files_are_read_through_wasi() -> None:
    source = """
import { getDirectories } from 'wasi:filesystem/preopens@0.2.10'
export function handle() {
  const [[root, at]] = getDirectories()
  const file = root.openAt({}, 'data/greeting.txt', {}, { read: true })
  return at + new TextDecoder().decode(file.read(100n, 0n)[0])
}
"""
    assert ask(source).text == "/hi"


def test_a_cell_that_fails_when_it_is_run_says_where_at_once() -> None:
    with sandbox(build("const a = 1\n\nnull.x\nfunction handle() {}")) as running:
        with pytest.raises(SourceError, match="can't access property") as caught:
            running.check()
        assert caught.value.location is not None
        assert (caught.value.location.line, caught.value.location.column) == (3, 1)


def test_a_cell_without_a_handler_says_what_is_recognised() -> None:
    built = build("import { x } from './lib.js'\nx()", modules={"lib": "export const x = () => 1"})
    with sandbox(built) as running, pytest.raises(SourceError, match="defines no handler; write addEventListener"):
        running.check()


def test_a_default_export_beside_a_listener_is_refused() -> None:
    built = build(
        "import './lib.js'\nexport default { fetch() {} }", modules={"lib": "addEventListener('fetch', () => 1)"}
    )
    with sandbox(built) as running, pytest.raises(SourceError, match="the cell has two handlers"):
        running.check()


def test_a_failure_at_import_is_told_with_each_request() -> None:
    with sandbox(build("throw new Error('early')\nfunction handle() {}")) as running:
        for _ in range(2):
            response = running.handle(Request("GET", "/"))
            assert response.status == 500
            assert log(response)[:1] == ["Error: early"]


def test_without_a_source_it_says_where_one_belongs() -> None:
    with sandbox(replace(build("function handle() {}"), environment={})) as running:
        assert "there is no /app/app.js" in log(running.handle(Request("GET", "/")))[0]


def test_a_long_source_runs_from_both_places() -> None:
    filler = "".join(
        f"function unused{n}() {{ return {{ text: 'number {n}', half: {n} / 2 }} }}\n" for n in range(16000)
    )
    source = f"{filler}export function handle() {{ return String(unused7().half) }}"
    assert len(source) > 1_000_000
    for form in FORMS:
        assert ask(source, form=form).text == "3.5"
