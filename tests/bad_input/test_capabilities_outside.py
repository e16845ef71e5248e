"""Servers that are not as a function needs them, from a Python cell to what its author reads."""

from __future__ import annotations

import json
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from spinlab.function import MIB, Limits
from tests.bad_input.scene import Scene, scene
from tests.host.web import Authority, Site, head, scripted, server
from tests.servers.postgres import PASSWORD, USER
from tests.servers.redis import redis

ANYBODY = {"allowed_outbound_hosts": ("*://*:*",)}
FETCHES = {
    "0.2": 'answer = http.send(http.Request("GET", "{}", {{}}, None))\nreturn str(len(answer.body))',
    "0.3": 'answer = await http.send(http.Request("GET", "{}", {{}}, None))\nreturn str(len(answer.body))',
}
FOLLOWS = (
    'assert answer.status == 302\nreturn http.send(http.Request("GET", answer.headers["location"], {}, None)).body'
)
BOTH = pytest.mark.parametrize("wasi", ["0.2", "0.3"])


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with server() as found:
        yield found


@pytest.fixture(scope="module")
def stage() -> Iterator[Scene]:
    with scene() as made:
        yield made


def resets(connection: socket.socket) -> None:
    """Hears the request and breaks off."""
    head(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


def floods(connection: socket.socket) -> None:
    """Sends a gibibyte."""
    head(connection)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
    with suppress(OSError):
        for _ in range(1024):
            connection.sendall(bytes(MIB))


@BOTH
def test_a_server_that_resets_is_an_error_that_the_trace_names(stage: Scene, wasi: str) -> None:
    with scripted(resets) as port:
        stage.add(FETCHES[wasi].format(f"http://127.0.0.1:{port}/"), wasi, **ANYBODY)
        answer = stage.fails("ErrorCode_ConnectionTerminated")
        assert [call.outcome for call in answer.calls] == ["connection-terminated"]
        stage.raises("ErrorCode_ConnectionTerminated")


@BOTH
def test_a_gibibyte_ends_at_the_memory_of_the_guest_and_not_of_the_kernel(stage: Scene, wasi: str) -> None:
    with scripted(floods) as port:
        limits = Limits(memory=96 * MIB, timeout=60)
        stage.add(FETCHES[wasi].format(f"http://127.0.0.1:{port}/"), wasi, limits=limits, **ANYBODY)
        before = psutil.Process().memory_info().rss
        answer = stage.app.get("/bad")
        assert answer.status in (418, 500)
        assert "memory" in (answer.text + str(answer.error)).lower(), answer
        assert psutil.Process().memory_info().rss < before + 300 * MIB
        stage.lives_on()


@BOTH
def test_a_certificate_that_nobody_vouches_for_is_refused(stage: Scene, tmp_path: Path, wasi: str) -> None:
    with server(Authority(tmp_path).certificate("localhost")) as secure:
        stage.add(FETCHES[wasi].format(f"{secure.url}/"), wasi, **ANYBODY)
        answer = stage.fails("ErrorCode_TlsCertificateError")
        assert [call.outcome for call in answer.calls] == ["TLS-certificate-error"]
        assert secure.seen.paths == []


def test_a_redirect_to_a_forbidden_host_is_denied_when_the_guest_follows_it(stage: Scene, site: Site) -> None:
    url = f"{site.url}/away?to=http://forbidden.test/"
    source = FETCHES["0.2"].format(url).replace("return str(len(answer.body))", FOLLOWS)
    stage.add(source, allowed_outbound_hosts=(site.url,))
    answer = stage.fails("ErrorCode_HttpRequestDenied")
    assert [denied.option for denied in answer.denied] == ["--allow http://forbidden.test"]


@BOTH
def test_a_name_that_leads_into_a_blocked_network_is_not_connected_to(site: Site, wasi: str) -> None:
    with scene(block_networks=("private",)) as blocked:
        blocked.add(FETCHES[wasi].format(f"{site.url}/blocked"), wasi, **ANYBODY)
        answer = blocked.fails("ErrorCode_DestinationIpProhibited")
        assert [call.outcome for call in answer.calls] == ["destination-IP-prohibited"]
        assert "/blocked" not in site.seen.paths


def test_a_redis_that_needs_a_password_says_so_to_the_guest(stage: Scene, tmp_path: Path) -> None:
    sets = 'with redis.open("{}") as db:\n    db.set("key", b"value")\n    return "set"'
    with redis(tmp_path, "--requirepass", "letmeinplease") as port:
        stage.add(sets.format(f"redis://127.0.0.1:{port}"), **ANYBODY)
        stage.fails("Error_Other NOAUTH: Authentication required.")
        stage.raises("NOAUTH")
        stage.add(sets.format(f"redis://:letmeinplease@127.0.0.1:{port}"), **ANYBODY)
        answer = stage.app.get("/bad")
        assert answer.text == "set"
        assert "letmeinplease" not in repr((answer.calls, answer.logs))


def test_a_postgres_that_dies_in_the_middle_of_a_result_is_an_error(stage: Scene, postgres_port: int) -> None:
    address = f"host=127.0.0.1 port={postgres_port} user={USER} password='{PASSWORD}' dbname=postgres"
    stage.add(
        f"""
        with postgres.open("{address}") as db:
            rows = db.query(request.headers["x-statement"], []).rows
            return str(len(rows))
        """,
        **ANYBODY,
    )
    dies = "select n, case when n = 90000 then pg_terminate_backend(pg_backend_pid()) end"
    for statement, expected in [
        (f"{dies} from generate_series(1, 100000) n", (418, "Error_QueryFailed")),
        ("select n from generate_series(1, 10) n", (200, "10")),
    ]:
        answer = stage.app.request("GET", "/bad", headers={"x-statement": statement})
        assert (answer.status, answer.text[: len(expected[1])]) == expected, answer
        assert PASSWORD not in repr((answer.calls, answer.logs, answer.text))
        assert answer.calls[-1].outcome == ("ok" if answer.status == 200 else "query-failed")
    stage.lives_on()


def test_a_thousand_connections_of_one_request_are_bounded_and_others_go_on(stage: Scene, site: Site) -> None:
    stage.add(
        f"""
        async def one():
            return (await http.send(http.Request("GET", "{site.url}/slow?ms=300", {{}}, None))).status
        found = await asyncio.gather(*[one() for _ in range(1000)], return_exceptions=True)
        return json.dumps([told(each) if isinstance(each, Exception) else each for each in found])
        """,
        "0.3",
        **ANYBODY,
    )
    found = Counter(map(str, json.loads(stage.app.get("/bad").text)))
    assert set(found) == {"200", "ErrorCode_ConnectionLimitReached"}
    assert found["200"] >= 100
    stage.lives_on()


LEAVES = """
from spin_sdk.wit.imports import outgoing_handler
from spin_sdk.wit.imports.types import Fields, OutgoingRequest, Scheme_Http

def begin(authority):
    request = OutgoingRequest(Fields())
    request.set_scheme(Scheme_Http())
    request.set_authority(authority)
    request.set_path_with_query("/hang")
    return outgoing_handler.handle(request, None)
"""


def test_calls_that_are_in_flight_when_a_guest_ends_are_let_go(stage: Scene, site: Site) -> None:
    authority = site.url.partition("://")[2]
    body = f'kept = [begin("{authority}") for _ in range(8)]\ntime.sleep(0.5)  # they go out\nreturn "left"'
    stage.add(body, imports=f"import time\n{LEAVES}", **ANYBODY)
    site.seen.gone.clear()
    answer = stage.app.get("/bad")
    assert (answer.text, [call.outcome for call in answer.calls]) == ("left", ["unfinished"] * 8)
    assert site.seen.gone.wait(20)
    stage.lives_on()


def test_a_guest_whose_runtime_can_not_leave_a_call_is_told_so_and_the_call_is_let_go(stage: Scene, site: Site) -> None:
    stage.add(
        f"""
        kept = asyncio.create_task(http.send(http.Request("GET", "{site.url}/hang", {{}}, None)))
        await http.send(http.Request("GET", "{site.url}/soon", {{}}, None))
        return "left"
        """,
        "0.3",
        **ANYBODY,
    )
    site.seen.gone.clear()
    answer = stage.app.get("/bad")
    assert answer.status == 500
    assert "ended while a call of its own was under way\nlet every call finish" in str(answer.error)
    assert site.seen.gone.wait(20)
    stage.lives_on()
