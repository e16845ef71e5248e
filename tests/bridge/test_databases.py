"""PostgreSQL and MySQL from Rust guests of both generations, in every version of their interfaces."""

from __future__ import annotations

import json
import os
import threading

import pytest

from spinlab.errors import LimitExceeded
from spinlab.function import Limits
from tests.bridge.bench import request
from tests.bridge.databases import box, mariadb_url, postgres_url
from tests.bridge.stores import run

OLD = ["pg2", "pg3", "pg4"]

SIMPLE = {
    "boolean=true": ("boolean", "Boolean(true)"),
    "int16=-32768": ("int2", "Int16(-32768)"),
    "int32=2147483647": ("int4", "Int32(2147483647)"),
    "int64=-9223372036854775808": ("int8", "Int64(-9223372036854775808)"),
    "floating32=0.1": ("real", "Floating32(0.1)"),
    "floating32=inf": ("real", "Floating32(inf)"),
    "floating64=0.1": ("double precision", "Floating64(0.1)"),
    "floating64=NaN": ("double precision", "Floating64(NaN)"),
    "str=Grüße": ("text", 'Str("Grüße")'),
    "str=": ("varchar", 'Str("")'),
    "binary=0,255,128": ("bytea", "Binary([0, 255, 128])"),
    "null": ("int4", "DbNull"),
}
DATES = {
    "date=2024,2,29": ("date", "Date((2024, 2, 29))"),
    "date=-43,3,15": ("date", "Date((-43, 3, 15))"),
    "time=23,59,59,999999000": ("time", "Time((23, 59, 59, 999999000))"),
    "datetime=1999,12,31,23,59,59,1000": ("timestamp", "Datetime((1999, 12, 31, 23, 59, 59, 1000))"),
    "datetime=12024,1,1,0,0,0,0": ("timestamp", "Datetime((12024, 1, 1, 0, 0, 0, 0))"),
    "timestamp=-1": ("timestamptz", "Datetime((1969, 12, 31, 23, 59, 59, 0))"),
}
RICH = {
    "uuid=6d3e9a2c-0c41-4e25-8e24-0c6c0c5e0f10": ("uuid", 'Uuid("6d3e9a2c-0c41-4e25-8e24-0c6c0c5e0f10")'),
    "decimal=-12345678901234567890.00120": ("numeric", 'Decimal("-12345678901234567890.00120")'),
    "decimal=0.0001": ("numeric", 'Decimal("0.0001")'),
    "decimal=10000": ("numeric", 'Decimal("10000")'),
    "range-int32=[1,5)": ("int4range", "RangeInt32((Some((1, Inclusive)), Some((5, Exclusive))))"),
    "range-int32=(1,5]": ("int4range", "RangeInt32((Some((2, Inclusive)), Some((6, Exclusive))))"),
    "range-int32=(5,1]": ("int4range", "RangeInt32((None, None))"),
    "range-int64=(,9223372036854775807)": ("int8range", "RangeInt64((None, Some((9223372036854775807, Exclusive))))"),
    "range-decimal=(0.5,1.50]": ("numrange", 'RangeDecimal((Some(("0.5", Exclusive)), Some(("1.50", Inclusive))))'),
    "array-int32=1,,-3": ("int4[]", "ArrayInt32([Some(1), None, Some(-3)])"),
    "array-int32=empty": ("int4[]", "ArrayInt32([])"),
    "array-int64=9223372036854775807": ("int8[]", "ArrayInt64([Some(9223372036854775807)])"),
    "array-decimal=1.50,": ("numeric[]", 'ArrayDecimal([Some("1.50"), None])'),
    "array-str=a,,ü": ("text[]", 'ArrayStr([Some("a"), None, Some("ü")])'),
    "interval=-1,30,-12": ("interval", "Interval(Interval { micros: -1, days: 30, months: -12 })"),
}
MYSQL = {
    "boolean=true": ("tinyint", "Int8(1)"),
    "int8=-128": ("tinyint", "Int8(-128)"),
    "int16=-32768": ("smallint", "Int16(-32768)"),
    "int32=-2147483648": ("int", "Int32(-2147483648)"),
    "int32=-8388608": ("mediumint", "Int32(-8388608)"),
    "int64=-9223372036854775808": ("bigint", "Int64(-9223372036854775808)"),
    "uint8=255": ("tinyint unsigned", "Uint8(255)"),
    "uint16=65535": ("smallint unsigned", "Uint16(65535)"),
    "uint32=4294967295": ("int unsigned", "Uint32(4294967295)"),
    "uint64=18446744073709551615": ("bigint unsigned", "Uint64(18446744073709551615)"),
    "floating32=0.1": ("float", "Floating32(0.1)"),
    "floating64=0.1": ("double", "Floating64(0.1)"),
    "str=Grüße 🎈": ("text", 'Str("Grüße 🎈")'),
    "str=": ("varchar(10)", 'Str("")'),
    "binary=0,255,128": ("blob", "Binary([0, 255, 128])"),
    "binary=1": ("varbinary(10)", "Binary([1])"),
    "null": ("int", "DbNull"),
}


@pytest.mark.parametrize("version", OLD)
def test_values_come_back_as_they_were_sent(version: str, postgres_port: int) -> None:
    known = {**SIMPLE, **(DATES if version != "pg2" else {}), **(RICH if version == "pg4" else {})}
    lines = [f"{version} query | select $1::{kind} | {word}" for word, (kind, _) in known.items()]
    with box("databases2") as guest:
        answers = run(guest, f"{version} open | {postgres_url(postgres_port)}", *lines)
    assert answers[0] == "opened"
    for answer, (word, (_, value)) in zip(answers[1:], known.items(), strict=True):
        assert f"rows: [[{value}]]" in _plain(answer), word


def test_values_come_back_by_the_asynchronous_interface(postgres_port: int) -> None:
    known = {**SIMPLE, **DATES, **RICH}
    lines = [f"pg query-async | select $1::{kind} | {word}" for word, (kind, _) in known.items()]
    with box("databases3") as guest:
        answers = run(guest, f"pg open-async | {postgres_url(postgres_port)}", *lines)
    for answer, value in zip(answers[1:], (value for _, value in known.values()), strict=True):
        assert _plain(answer).endswith(f"[[{value}]] Ok(())")


def _plain(text: str) -> str:
    return text.replace("RangeBoundKind::", "").replace("DbValue::", "")


def test_jsonb_keeps_numbers_and_texts_as_they_are(postgres_port: int) -> None:
    with box("databases2") as guest:
        _, answer = run(
            guest,
            f"pg4 open | {postgres_url(postgres_port)}",
            'pg4 query | select $1::jsonb | jsonb={"b" : [1.10, "a b: \\" c"], "a":1e2}',
        )
    found = bytes(json.loads(answer.partition("Jsonb(")[2].partition(")")[0]))
    assert found == b'{"a":100,"b":[1.10,"a b: \\" c"]}'


@pytest.mark.parametrize("version", ["pg2", "pg3"])
def test_an_early_version_calls_later_types_unsupported(version: str, postgres_port: int) -> None:
    with box("databases2") as guest:
        _, answer = run(
            guest,
            f"{version} open | {postgres_url(postgres_port)}",
            f"{version} query | select '6d3e9a2c-0c41-4e25-8e24-0c6c0c5e0f10'::uuid",
        )
    assert "Unsupported" in answer
    assert "Other" in answer


def test_a_type_without_a_case_is_its_bytes_and_its_name(postgres_port: int) -> None:
    with box("databases2") as guest:
        _, made, answer = run(
            guest,
            f"pg4 open | {postgres_url(postgres_port)}",
            "pg4 execute | create type pg_temp.mood as enum ('glad')",
            "pg4 query | select 'glad'::pg_temp.mood as m, '1.2.3.4'::inet as i",
        )
    assert made == "Ok(0)"
    assert 'Other("mood")' in answer
    assert 'Other("inet")' in answer
    assert f"Unsupported({list(b'glad')})" in answer


def test_a_mysql_value_comes_back_as_it_was_sent(mariadb_port: int) -> None:
    kinds = ", ".join(f"c{i} {kind}" for i, (kind, _) in enumerate(MYSQL.values()))
    places = ", ".join("?" * len(MYSQL))
    lines = [
        f"mysql open | {mariadb_url(mariadb_port)}",
        f"mysql execute | create temporary table kinds ({kinds}) character set utf8mb4",
        f"mysql execute | insert into kinds values ({places}) | " + " | ".join(MYSQL),
        "mysql query | select * from kinds",
    ]
    for name in ("databases2", "databases3"):
        with box(name) as guest:
            opened, made, put, found = run(guest, *lines)
        assert (opened, made, put) == ("opened", "Ok(())", "Ok(())")
        for _, value in MYSQL.values():
            assert value in found, (name, value, found)


@pytest.mark.parametrize(
    ("guest", "opening", "query"),
    [
        ("databases2", "pg2 open", "pg2 query"),
        ("databases2", "pg3 open", "pg3 query"),
        ("databases2", "pg4 open", "pg4 query"),
        ("databases3", "pg open", "pg query"),
        ("databases3", "pg open-async", "pg query-async"),
        ("databases3", "pg build", "pg query"),
        ("databases3", "pg build-async", "pg query-async"),
    ],
)
def test_a_host_that_is_not_granted_is_a_connection_that_failed(guest: str, opening: str, query: str) -> None:
    with box(guest, "postgres://db.example") as made:
        (answer,) = run(made, f"{opening} | postgres://ada:s3cret@other.example/x")
    assert 'ConnectionFailed("address postgres://other.example:5432 is not permitted")' in answer
    assert "s3cret" not in answer


@pytest.mark.parametrize("guest", ["databases2", "databases3"])
def test_mysql_that_is_not_granted_is_refused_likewise(guest: str) -> None:
    with box(guest, "mysql://db.example:3307") as made:
        response = made.handle(request("/", b"mysql open\tmysql://ada:s3cret@db.example/x"))
    assert response.text == 'Err(Error::ConnectionFailed("address mysql://db.example:3306 is not permitted"))'
    (denied,) = response.denied
    assert (denied.capability, denied.option) == ("outbound MySQL", "--allow mysql://db.example")
    assert "s3cret" not in repr(response)


def test_an_unknown_table_is_a_database_error_with_its_code(postgres_port: int) -> None:
    with box("databases2") as guest:
        answers = run(
            guest,
            *(f"{version} open | {postgres_url(postgres_port)}" for version in OLD),
            *(f"{version} query | select * from nope" for version in OLD),
        )
    for early in answers[3:5]:
        assert early == 'Err(Error::QueryFailed("ERROR 42P01: relation \\"nope\\" does not exist"))'
    for told in ("DbError", 'severity: "ERROR"', 'code: "42P01"', "detail: None", '("routine", "parserOpenTable")'):
        assert told in answers[5]


def test_details_of_a_database_error_are_told(postgres_port: int) -> None:
    with box("databases3") as guest:
        answers = run(
            guest,
            f"pg open-async | {postgres_url(postgres_port)}",
            "pg execute-async | create temporary table keys (k int primary key)",
            "pg execute-async | insert into keys values (1), (2)",
            "pg execute-async | insert into keys values ($1) | int32=1",
        )
    assert answers[1:3] == ["Ok(0)", "Ok(2)"]
    for told in ('code: "23505"', 'detail: Some("Key (k)=(1) already exists.")', '("constraint", "keys_pkey")'):
        assert told in answers[3]


MEET = """do $$ begin
perform nextval('arrived');
for i in 1..3000 loop
  exit when (select last_value from arrived) >= 4;
  perform pg_sleep(0.01);
end loop;
if (select last_value from arrived) < 4 then raise 'alone'; end if;
end $$""".replace("\n", " ")
"""Waits until it is done four times at once."""


def test_several_statements_of_one_guest_are_in_flight_at_once(postgres_port: int) -> None:
    url = postgres_url(postgres_port)
    with box("databases3", limits=Limits(timeout=60)) as guest:
        made = run(guest, f"pg open-async | {url}", "pg execute-async | create sequence arrived start 1")
        answers = run(guest, "mysql open | no address", *[f"pg alone | {url} | {MEET}"] * 4, target="/together")
    assert made[1] == "Ok(0)"
    assert answers[1:] == ["Ok(0)"] * 4


def test_rows_that_were_not_read_do_not_hold_up_the_next_statement(postgres_port: int) -> None:
    with box("databases3") as guest:
        _, answer, again = run(
            guest,
            f"pg open-async | {postgres_url(postgres_port)}",
            "pg between | select repeat('x', 1000) from generate_series(1, 5000)",
            "pg query-async | select 1",
        )
    assert answer == "true Ok(1) 4999 Ok(())"
    assert "Int32(1)" in again


def test_a_stream_that_is_dropped_leaves_a_connection_that_works(postgres_port: int, mariadb_port: int) -> None:
    with box("databases3") as guest:
        answers = run(
            guest,
            f"pg open-async | {postgres_url(postgres_port)}",
            "pg first | select repeat('x', 1000) from generate_series(1, 1000000)",
            "pg query-async | select 1",
            f"mysql open | {mariadb_url(mariadb_port)}",
            "mysql first | select repeat('x', 1000) from seq_1_to_1000000",
            "mysql query | select 1",
        )
    assert "Int32(1)" in answers[2]
    assert "Int32(1)" in answers[5]


def test_a_statement_that_the_guest_gives_up_leaves_a_connection_that_works(postgres_port: int) -> None:
    with box("databases3") as guest:
        _, given_up, answer = run(
            guest,
            f"pg open-async | {postgres_url(postgres_port)}",
            "pg give-up | select 1 from pg_sleep(60)",
            "pg query-async | select 1",
        )
    assert given_up == "given up"
    assert "Int32(1)" in answer


@pytest.mark.parametrize(
    ("guest", "opening", "waiting"),
    [
        ("databases2", "pg4 open", "pg4 query | select 1 from pg_sleep(60)"),
        ("databases3", "pg open-async", "pg query-async | select 1 from pg_sleep(60)"),
        ("databases3", "pg open", "pg query | select 1 from pg_sleep(60)"),
    ],
)
def test_a_statement_that_takes_too_long_ends_at_the_deadline(
    guest: str, opening: str, waiting: str, postgres_port: int
) -> None:
    with box(guest, limits=Limits(timeout=1.0)) as made:
        lines = f"{opening} | {postgres_url(postgres_port)}\n{waiting}".replace(" | ", "\t")
        response = made.handle(request("/", lines.encode()))
        assert isinstance(response.error, LimitExceeded)
        opened, answer = run(made, f"{opening} | {postgres_url(postgres_port)}", waiting.replace("60", "0"))
    assert opened == "opened"
    assert "Err" not in answer


def test_a_connection_that_an_instance_kept_is_opened_again_in_its_next_request(
    postgres_port: int, mariadb_port: int
) -> None:
    with box("databases3", reuse=100) as guest:
        opened = run(guest, f"pg open | {postgres_url(postgres_port)}", f"mysql open | {mariadb_url(mariadb_port)}")
        answers = run(guest, "pg query | select 1", "pg query-async | select 1", "mysql query | select 1")
    assert opened == ["opened", "opened"]
    assert all("Int32(1)" in answer for answer in answers), answers


def test_many_rows_are_all_there(postgres_port: int, mariadb_port: int) -> None:
    postgres, mysql = postgres_url(postgres_port), mariadb_url(mariadb_port)
    with box("databases2") as guest:
        old = run(
            guest,
            f"pg4 open | {postgres}",
            "pg4 count | select i, 'row ' || i from generate_series(1, 20000) i",
            f"mysql open | {mysql}",
            "mysql count | select seq, concat('row ', seq) from seq_1_to_20000",
        )
    with box("databases3") as guest:
        new = run(
            guest,
            f"pg open-async | {postgres}",
            "pg count | select i, 'row ' || i from generate_series(1, 20000) i",
            f"mysql open | {mysql}",
            "mysql count | select seq, concat('row ', seq) from seq_1_to_20000",
        )
    assert old == ["opened", "Ok(20000)"] * 2
    assert new == ["opened", "20000 Ok(())"] * 2


def test_300_requests_leave_no_descriptor_and_no_thread(postgres_port: int, mariadb_port: int) -> None:
    lines = [
        f"pg4 open | {postgres_url(postgres_port)}",
        "pg4 query | select $1::int8 | int64=1",
        f"mysql open | {mariadb_url(mariadb_port)}",
        "mysql query | select ? | int64=1",
    ]
    with box("databases2") as guest:
        for _ in range(20):
            run(guest, *lines)
        before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
        for _ in range(300):
            answers = run(guest, *lines)
        assert "Int64(1)" in answers[1]
        assert "Int64(1)" in answers[3]
        assert len(os.listdir("/proc/self/fd")) <= before + 4
        assert threading.active_count() <= threads + 1
