"""Spin's Python SDK in cells of both generations: PostgreSQL and MySQL as its documentation shows them."""

from __future__ import annotations

import json

import pytest

from spinlab import App, Function
from tests.bridge.databases import mariadb_url, postgres_url

pytestmark = pytest.mark.toolchain

CELLS = {
    "0.2": """
import json
from spin_sdk import mysql, postgres, variables
from spin_sdk.wit.imports import rdbms_types as rdbms
from spin_sdk.wit.types import Err

def handle(request):
    with postgres.open(variables.get("postgres")) as db:
        db.execute("create temporary table p (i int4, t text, b bytea, f float8)", [])
        values = [rdbms.ParameterValue_Int32(7), rdbms.ParameterValue_Str("Gr\\u00fc\\u00dfe"),
                  rdbms.ParameterValue_Binary(b"\\x00\\xff"), rdbms.ParameterValue_DbNull()]
        changed = db.execute("insert into p values ($1, $2, $3, $4)", values)
        found = db.query("select * from p", [])
        try:
            db.query("select * from nope", [])
        except Err as error:
            wrong = error.value.value
    with mysql.open(variables.get("mysql")) as db:
        row = db.query("select ?, ?", [rdbms.ParameterValue_Uint64(2**64 - 1), rdbms.ParameterValue_Str("a")])
    return json.dumps([
        changed,
        [column.name for column in found.columns],
        [repr(getattr(value, "value", None)) for value in found.rows[0]],
        wrong,
        [repr(value.value) for value in row.rows[0]],
    ])
""",
    "0.3": """
import json
from componentize_py_types import Err
from spin_sdk import mysql, postgres, util, variables
from spin_sdk.http import Handler, Request, Response
from spin_sdk.wit.imports import spin_mysql_mysql_3_0_0 as my, spin_postgres_postgres_4_2_0 as pg

class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        with await postgres.Connection.open(await variables.get("postgres")) as db:
            await db.execute("create temporary table p (i int4, t text, b bytea, f float8)", [])
            values = [pg.ParameterValue_Int32(7), pg.ParameterValue_Str("Gr\\u00fc\\u00dfe"),
                      pg.ParameterValue_Binary(b"\\x00\\xff"), pg.ParameterValue_DbNull()]
            changed = await db.execute("insert into p values ($1, $2, $3, $4)", values)
            columns, stream, end = await db.query("select * from p", [])
            rows = await util.collect((stream, end))
            try:
                await db.query("select * from nope", [])
            except Err as error:
                wrong = error.value.value.value.as_text
        with await mysql.open(await variables.get("mysql")) as db:
            _, stream, end = await db.query("select ?, ?", [my.ParameterValue_Uint64(2**64 - 1),
                                                            my.ParameterValue_Str("a")])
            row = await util.collect((stream, end))
        found = [
            changed,
            [column.name for column in columns],
            [repr(getattr(value, "value", None)) for value in rows[0]],
            wrong,
            [repr(value.value) for value in row[0]],
        ]
        return Response(200, {"content-type": "application/json"}, json.dumps(found).encode())
""",
}


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_python_cell_uses_the_databases_that_it_is_granted(wasi: str, postgres_port: int, mariadb_port: int) -> None:
    app = App("databases")
    try:
        hosts = (f"postgres://127.0.0.1:{postgres_port}", f"mysql://127.0.0.1:{mariadb_port}")
        addresses = {"postgres": postgres_url(postgres_port), "mysql": mariadb_url(mariadb_port)}
        app.add(
            Function(
                "uses",
                CELLS[wasi],
                routes=("/uses",),
                wasi=wasi,
                allowed_outbound_hosts=hosts,
                variables=addresses,
            )
        )
        for _ in range(3):
            response = app.get("/uses")
            assert response.status == 200, response.text
            assert json.loads(response.text) == [
                1,
                ["i", "t", "b", "f"],
                ["7", repr("Grüße"), repr(b"\x00\xff"), "None"],
                'ERROR 42P01: relation "nope" does not exist',
                [repr(2**64 - 1), repr("a")],
            ]
    finally:
        app.close()
