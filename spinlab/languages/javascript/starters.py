"""First cells in JavaScript and TypeScript."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_JAVASCRIPT: Final[Mapping[str, str]] = {
    "http": """\
// Greets; what console.log says comes with the answer.
function handle(request) {
  const name = request.query.name ?? 'world'
  console.log(request.method, request.path)
  return `Hello, ${name}!\\n`
}
""",
    "kv": """\
import { Store } from 'fermyon:spin/key-value@2.0.0'

// Counts its visitors in a key-value store.
export function handle(request) {
  const store = Store.open('default')
  const before = store.get('visits')
  const visits = before ? Number(new TextDecoder().decode(before)) + 1 : 1
  store.set('visits', new TextEncoder().encode(String(visits)))
  return `visit number ${visits} of ${request.path}\\n`
}
""",
    "sqlite": """\
import { Connection } from 'fermyon:spin/sqlite@2.0.0'

// Keeps what is posted in a database, and answers with all of it.
export async function handle(request) {
  const db = Connection.open('default')
  db.execute('create table if not exists notes (id integer primary key, text text)', [])
  if (request.method === 'POST') {
    db.execute('insert into notes (text) values (?)', [{ tag: 'text', val: await request.text() }])
  }
  const found = db.execute('select id, text from notes order by id', [])
  return found.rows.map(({ values: [id, text] }) => ({ id: Number(id.val), text: text.val }))
}
""",
    "fetch": """\
// Asks another function of the app: itself here, with a query.
async function handle(request) {
  if ('inner' in request.query) return 'the answer from inside\\n'
  const answer = await fetch(`http://self.alt${request.path}?inner=1`)
  return `status ${answer.status}: ${await answer.text()}`
}
""",
}

_SHAPE: Final = """\
interface Asked extends Request {
  path: string
  query: Record<string, string>
  params: Record<string, string>
}

"""
"""What a request is to a type checker; the types are taken out before the cell runs."""

_TYPED: Final = (
    ("import { Store } from", "// @ts-ignore\nimport { Store } from"),
    ("import { Connection } from", "// @ts-ignore\nimport { Connection } from"),
    ("async function handle(request) {", "async function handle(request: Asked): Promise<unknown> {"),
    ("function handle(request) {", "function handle(request: Asked): string {"),
    ("const visits =", "const visits: number ="),
    ("({ values: [id, text] })", "({ values: [id, text] }: { values: { tag: string; val: unknown }[] })"),
)


def starter(language: str, template: str) -> str | None:
    """The text of a first cell; None when there is none of that name."""
    text = _JAVASCRIPT.get(template)
    if text is None or language == "javascript":
        return text
    for plain, typed in _TYPED:
        text = text.replace(plain, typed)
    begin = text.find("\n\n") + 2 if "import " in text else 0
    return text[:begin] + _SHAPE + text[begin:]
