"""Spin's Python SDK in cells of both generations: key-value stores and SQLite as its documentation shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spinlab import App, Function

pytestmark = pytest.mark.toolchain

CELLS = {
    "0.2": """
import json
from spin_sdk import key_value, sqlite, variables
from spin_sdk.sqlite import Value_Blob, Value_Integer, Value_Real, Value_Text

def handle(request):
    with key_value.open_default() as store:
        store.set("user", b"ada\\xff")
        store.set("other", b"")
        value, missing = store.get("user"), store.get("nobody")
        store.delete("other")
        keys, exists = store.get_keys(), store.exists("user")
    with sqlite.open_default() as db:
        db.execute("create table if not exists t (i, r, s, b, n)", [])
        values = [Value_Integer(2**62), Value_Real(0.5), Value_Text("Gr\\u00fc\\u00dfe"), Value_Blob(b"\\x00\\xff")]
        db.execute("insert into t values (?, ?, ?, ?, null)", values)
        found = db.execute("select * from t", [])
    row = [repr(getattr(value, "value", None)) for value in found.rows[0].values]
    return json.dumps([repr(value), missing, keys, exists, found.columns, row, len(found.rows), variables.get("name")])
""",
    "0.3": """
import json
from spin_sdk import key_value, sqlite, util, variables
from spin_sdk.http import Handler, Request, Response
from spin_sdk.sqlite import Value_Blob, Value_Integer, Value_Real, Value_Text

class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        with await key_value.open_default() as store:
            await store.set("user", b"ada\\xff")
            await store.set("other", b"")
            value, missing = await store.get("user"), await store.get("nobody")
            await store.delete("other")
            keys, exists = await util.collect(await store.get_keys()), await store.exists("user")
        with await sqlite.Connection.open_default() as db:
            await db.execute("create table if not exists t (i, r, s, b, n)", [])
            values = [Value_Integer(2**62), Value_Real(0.5), Value_Text("Gr\\u00fc\\u00dfe"), Value_Blob(b"\\x00\\xff")]
            await db.execute("insert into t values (?, ?, ?, ?, null)", values)
            columns, stream, end = await db.execute("select * from t", [])
            rows = await util.collect((stream, end))
        row = [repr(getattr(value, "value", None)) for value in rows[0].values]
        name = await variables.get("name")
        found = [repr(value), missing, keys, exists, columns, row, len(rows), name]
        return Response(200, {"content-type": "application/json"}, json.dumps(found).encode())
""",
}


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_python_cell_uses_its_stores_and_databases(wasi: str, tmp_path: Path) -> None:
    app = App("stores", state_dir=tmp_path)
    try:
        grants = {"key_value_stores": ("default",), "sqlite_databases": ("default",)}
        app.add(Function("uses", CELLS[wasi], routes=("/uses",), wasi=wasi, variables={"name": "ada"}, **grants))  # type: ignore[arg-type]
        for count in (1, 2):
            response = app.get("/uses")
            assert response.status == 200, response.text
            assert json.loads(response.text) == [
                repr(b"ada\xff"),
                None,
                ["user"],
                True,
                ["i", "r", "s", "b", "n"],
                [repr(2**62), "0.5", repr("Grüße"), repr(b"\x00\xff"), "None"],
                count,
                "ada",
            ]
    finally:
        app.close()
