"""First cells in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STARTERS: Final[Mapping[str, str]] = {
    "http": '''\
def handle(request):
    """Greets; what print says comes with the answer."""
    name = request.query.get("name", "world")
    print(request.method, request.path)
    return f"Hello, {name}!\\n"
''',
    "kv": '''\
from spin_sdk import key_value


def handle(request):
    """Counts its visitors in a key-value store."""
    with key_value.open_default() as store:
        visits = int(store.get("visits") or b"0") + 1
        store.set("visits", str(visits).encode())
    return f"visit number {visits} of {request.path}\\n"
''',
    "sqlite": '''\
from spin_sdk import sqlite
from spin_sdk.sqlite import Value_Text


def handle(request):
    """Keeps what is posted in a database, and answers with all of it."""
    with sqlite.open_default() as db:
        db.execute("create table if not exists notes (id integer primary key, text text)", [])
        if request.method == "POST":
            db.execute("insert into notes (text) values (?)", [Value_Text(request.text)])
        found = db.execute("select id, text from notes order by id", [])
    return [{"id": row.values[0].value, "text": row.values[1].value} for row in found.rows]
''',
    "fetch": '''\
from spin_sdk.http import Request, send


def handle(request):
    """Asks another function of the app: itself here, with a query."""
    if "inner" in request.query:
        return "the answer from inside\\n"
    answer = send(Request("GET", f"http://self.alt{request.path}?inner=1", {}, None))
    return f"status {answer.status}: {answer.body.decode()}"
''',
}
