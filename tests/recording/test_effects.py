"""Every kind of effect is recorded as it crosses, and answers again with nobody behind it. Real guests and servers."""

from __future__ import annotations

import json
import random
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

from spinlab import App, Function
from spinlab.client import request
from spinlab.engine import Collector
from spinlab.host.runtime_config import LlmCompute, RuntimeConfig
from spinlab.http import Body, Headers, Request
from spinlab.recording.form import dumps
from spinlab.recording.recording import Recording
from spinlab.recording.replay import Replay
from tests.guests import component
from tests.host.web import scripted, server
from tests.servers.mariadb import PASSWORD as MARIADB
from tests.servers.mosquitto import mosquitto
from tests.servers.postgres import PASSWORD
from tests.servers.redis import redis
from tests.wagi import programs


def recorded(app: App, target: str, method: str = "GET", **more: object) -> Recording:
    """The recording of a request that a function answered."""
    answer, recording = app.record(request(method, target, host="tests", **more))  # type: ignore[arg-type]
    assert answer.error is None, answer.error
    assert recording is not None
    assert recording.came.body == answer.body
    return recording


def again(app: App, recording: Recording) -> Replay:
    """The replay, which is the same as the first time."""
    made = app.replay(recording)
    assert made.diverged is None
    assert made.same, (made.differences, recording.came)
    assert made.unused == ()
    return made


def ops(recording: Recording) -> list[str]:
    return [one.op for one in recording.crossings]


# ---- clocks and random numbers

CHANCE = """
import random, secrets, time, uuid
LOADED = random.random()
def handle(request):
    began = time.monotonic()
    time.sleep(0.02)
    return {
        "time": time.time(), "slept": time.monotonic() - began, "random": random.random(), "loaded": LOADED,
        "uuid": str(uuid.uuid4()), "secret": secrets.token_hex(), "hash": hash("a"), "set": list(set("spinlab")),
    }
"""
CHANCE3 = CHANCE.replace("def handle", "import asyncio\nasync def handle").replace("time.sleep", "await asyncio.sleep")
CHANCE_JS = """
export default {
  async fetch(request) {
    await new Promise((done) => setTimeout(done, 20));
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    return Response.json([Date.now(), performance.now(), Math.random(), [...bytes], crypto.randomUUID()]);
  },
};
"""
CHANCE_RUST = """
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Instant, SystemTime, UNIX_EPOCH};
fn handle(_req: Request) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    format!("{now:?} {:?} {}", Instant::now(), RandomState::new().hash_one("a"))
}
"""


@pytest.mark.parametrize(
    "function",
    [
        Function("chance", CHANCE, routes=("/chance",)),
        Function("chance", CHANCE3, routes=("/chance",), wasi="0.3"),
        Function("chance", CHANCE_JS, language="javascript", routes=("/chance",)),
        Function("chance", CHANCE_RUST, language="rust", routes=("/chance",)),
    ],
    ids=["python", "python on 0.3", "javascript", "rust"],
)
def test_clocks_and_random_numbers_are_those_of_the_first_time(app: App, function: Function) -> None:
    app.add(function)
    recording = recorded(app, "/chance")
    other = recorded(app, "/chance")
    assert recording.came.body != other.came.body
    assert again(app, recording).read_more == 0
    again(app, other)
    assert app.get("/chance").body != recording.came.body


def test_an_instance_of_a_replay_answers_nothing_else(app: App) -> None:
    count = "N = 0\nasync def handle(request):\n    global N\n    N += 1\n    return str(N)\n"
    app.add(Function("count", count, routes=("/count",), wasi="0.3"))
    recording = recorded(app, "/count")
    assert recording.came.body == b"1"
    assert [app.get("/count").text, again(app, recording).response.text, app.get("/count").text] == ["1", "1", "2"]


# ---- HTTP

STREAMS = """
from spin_sdk.http import Request, send
def handle(request):
    answers = [send(Request("POST", f"{request.headers['x-to']}/{n}", {}, b"body %d" % n)) for n in range(3)]
    return b"|".join(answer.body for answer in answers)
"""


@pytest.fixture(scope="module")
def talker() -> Iterator[tuple[str, list[bytes]]]:
    """An HTTP server that answers in pieces, and what it was sent."""
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        seen.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nset-cookie: id=12345\r\n\r\n")
        for piece in (b"first \xff ", b"second ", b"x" * 5000):
            connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.sendall(b"0\r\n\r\n")

    with scripted(answer) as port:
        yield f"http://127.0.0.1:{port}", seen


def test_http_answers_again_in_the_same_pieces(app: App, talker: tuple[str, list[bytes]]) -> None:
    url, seen = talker
    app.add(Function("streams", STREAMS, routes=("/streams",), allowed_outbound_hosts=("http://127.0.0.1:*",)))
    recording = recorded(app, "/streams", headers={"x-to": url, "authorization": "Bearer abcdef"})
    asked = len(seen)
    assert again(app, recording).response.body.count(b"second") == 3
    assert len(seen) == asked
    assert ops(recording).count("http") == 3
    assert "http-read" in ops(recording)
    assert recording.masked
    assert dict(recording.sent.headers)["authorization"] == "*" * len("Bearer abcdef")
    (cookie, *_) = [
        x for one in recording.crossings if one.answer for x in one.answer.head.split("\n") if "cookie" in x
    ]
    assert cookie == "set-cookie: ********"


GATHERS = """
import asyncio
from spin_sdk.http import Request, send
async def one(url, n):
    answer = await send(Request("GET", f"{url}/{n}", {}, None))
    return answer.body
async def handle(request):
    done = []
    async def run(n):
        body = await one(request.headers["x-to"], n)
        done.append(n)
        return body
    bodies = await asyncio.gather(*(run(n) for n in range(4)))
    return {"done": done, "bodies": [body.decode() for body in bodies]}
"""
PROMISES = """
export default {
  async fetch(request) {
    const to = request.headers.get("x-to"), done = [];
    const one = async (n) => { const text = await (await fetch(`${to}/${n}`)).text(); done.push(n); return text; };
    return Response.json({ bodies: await Promise.all([0, 1, 2, 3].map(one)), done });
  },
};
"""


@pytest.mark.parametrize(
    "function",
    [
        Function("gathers", GATHERS, routes=("/g",), wasi="0.3", allowed_outbound_hosts=("http://127.0.0.1:*",)),
        Function("gathers", PROMISES, language="javascript", routes=("/g",), allowed_outbound_hosts=("http://*:*",)),
    ],
    ids=["python on 0.3", "javascript"],
)
def test_effects_that_overlap_end_in_the_order_of_the_first_time(app: App, function: Function) -> None:
    app.add(function)

    def answer(connection: socket.socket) -> None:
        path = connection.recv(4096).split(b" ")[1]
        body = b"answer to " + path
        late.wait(path)
        connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    late = Backwards(4)
    with scripted(answer) as port:
        recording = recorded(app, "/g", headers={"x-to": f"http://127.0.0.1:{port}"})
    assert recording.came.body.count(b"answer to") == 4
    for _ in range(3):
        again(app, recording)


def test_an_order_by_chance_is_that_of_the_first_time(app: App) -> None:
    hosts = ("http://127.0.0.1:*",)
    app.add(Function("gathers", PROMISES, language="javascript", routes=("/g",), allowed_outbound_hosts=hosts))

    def answer(connection: socket.socket) -> None:
        connection.recv(4096)
        time.sleep(random.choice((0, 0.0005, 0.001, 0.002)))
        connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")

    with scripted(answer) as port:
        for _ in range(30):
            again(app, recorded(app, "/g", headers={"x-to": f"http://127.0.0.1:{port}"}))


class Backwards:
    """Lets requests be answered one after the other, the last one first."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._arrived: set[bytes] = set()
        self._changed = threading.Condition()
        self._count = count

    def wait(self, path: bytes) -> None:
        number = int(path.strip(b"/"))
        with self._changed:
            self._arrived.add(path)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: len(self._arrived) == self._count and self._left == number + 1, 30)
            self._left -= 1
            self._changed.notify_all()


def test_a_body_that_arrives_in_pieces_is_recorded_whole(app: App) -> None:
    app.add(Function("echo", "def handle(request):\n    return request.body[::-1]\n", routes=("/echo",)))
    app.recordings.on = True
    body = Body()
    call = app.submit(Request("POST", "/echo", Headers([("host", "x")]), body), sink := Collector())
    assert call is not None
    for piece in (b"one ", b"two ", b"three"):
        body.feed(piece)
    body.end()
    call.wait()
    assert sink.response("echo").body == b"one two three"[::-1]
    recording = app.recordings[1]
    assert (recording.sent.body, recording.cut) == (b"one two three", "")
    again(app, recording)


ASKS_INNER = """
from spin_sdk.http import Request, send
def handle(request):
    return send(Request("GET", "/inner", {}, None)).body
"""


def test_a_request_inside_of_the_app_is_an_effect_like_others(app: App) -> None:
    app.add(Function("inner", "import time\ndef handle(request):\n    return str(time.time())\n", routes=("/inner",)))
    app.add(Function("outer", ASKS_INNER, routes=("/outer",), allowed_outbound_hosts=("http://self",)))
    recording = recorded(app, "/outer")
    app.remove("inner")
    again(app, recording)


# ---- stores and servers

KEEPS = """
from spin_sdk import key_value, sqlite, variables
from spin_sdk.sqlite import Value_Integer
def handle(request):
    with key_value.open_default() as store:
        count = int(store.get("count") or b"0") + 1
        store.set("count", str(count).encode())
        keys = sorted(store.get_keys())
    with sqlite.open_default() as db:
        db.execute("create table if not exists t (n integer)", [])
        db.execute("insert into t values (?)", [Value_Integer(count)])
        rows = [row.values[0].value for row in db.execute("select n from t order by n", []).rows]
    return {"count": count, "keys": keys, "rows": rows, "variable": variables.get("greeting")}
"""


def test_stores_databases_and_variables(app: App, tmp_path: Path) -> None:
    app.set_variable("greeting", "hello")
    keeps = Function(
        "keeps",
        KEEPS,
        routes=("/keeps",),
        key_value_stores=("default",),
        sqlite_databases=("default",),
        variables={"greeting": "{{ greeting }}"},
    )
    app.add(keeps)
    app.get("/keeps")
    recording = recorded(app, "/keeps")
    app.set_variable("greeting", "good bye")
    again(app, recording)
    assert app.kv()["count"] == b"2"
    assert list(app.sql("select count(*) from t")) == [(2,)]
    with App(app.name, state_dir=tmp_path) as elsewhere:
        elsewhere.set_variable("greeting", "hello")
        elsewhere.add(keeps)
        again(elsewhere, recording)
        assert dict(elsewhere.kv()) == {}


REMEMBERS = """
from spin_sdk import redis
def handle(request):
    with redis.open(request.headers["x-to"]) as db:
        return f"{db.incr('count')} {db.set('name', b'ada')} {db.get('name')}"
"""
PUBLISHES = """
from spin_sdk import mqtt
from spin_sdk.mqtt import Qos
def handle(request):
    with mqtt.open(request.headers["x-to"], "ada", "open sesame", 30) as server:
        server.publish("greetings", b"hello", Qos.AT_LEAST_ONCE)
        return "sent"
"""
TALKS = """
import socket
def handle(request):
    with socket.socket() as connection:
        connection.connect(("127.0.0.1", int(request.headers["x-to"])))
        connection.sendall(b"hello")
        return connection.recv(100)
"""


def test_servers_that_are_gone_answer_again(app: App, tmp_path: Path) -> None:
    (tmp_path / "redis").mkdir()
    (tmp_path / "mqtt").mkdir()
    hosts = ("redis://127.0.0.1:*", "mqtt://127.0.0.1:*", "tcp://127.0.0.1:*")
    for name, source in (("remembers", REMEMBERS), ("publishes", PUBLISHES), ("talks", TALKS)):
        app.add(Function(name, source, routes=(f"/{name}",), allowed_outbound_hosts=hosts))
    made: list[Recording] = []
    with redis(tmp_path / "redis") as port:
        made.append(recorded(app, "/remembers", headers={"x-to": f"redis://127.0.0.1:{port}"}))
    with mosquitto(tmp_path / "mqtt") as port:
        made.append(recorded(app, "/publishes", headers={"x-to": f"mqtt://127.0.0.1:{port}?client_id=a"}))
    with scripted(lambda connection: connection.sendall(b"heard " + connection.recv(100))) as port:
        made.append(recorded(app, "/talks", headers={"x-to": str(port)}))
    assert [one.came.body for one in made] == [b"1 None b'ada'", b"sent", b"heard hello"]
    for one in made:
        again(app, one)
        assert b"open sesame" not in b"".join(crossing.data for crossing in one.crossings)


ROWS = """
from spin_sdk import postgres, variables
def handle(request):
    port = request.headers["x-to"]
    address = f"host=localhost port={port} user=ada password='{variables.get('password')}' dbname=postgres"
    with postgres.open(address) as db:
        db.execute("create table if not exists recorded (n int)", [])
        db.execute("insert into recorded values (1)", [])
        return str([row[0].value for row in db.query("select count(*) from recorded", []).rows])
"""


def test_postgres_answers_again_and_its_password_is_in_no_recording(app: App, postgres_port: int) -> None:
    app.set_variable("password", PASSWORD, secret=True)
    rows = Function(
        "rows",
        ROWS,
        routes=("/rows",),
        allowed_outbound_hosts=(f"postgres://localhost:{postgres_port}",),
        variables={"password": "{{ password }}"},
    )
    app.add(rows)
    first = recorded(app, "/rows", headers={"x-to": str(postgres_port)})
    made = again(app, first)
    assert first.masked
    assert "masked values" in " ".join(made.notes)
    assert PASSWORD.encode() not in dumps(first)
    (opened,) = [one.args for one in first.crossings if one.op == "postgres.open"]
    assert f"password={'*' * (len(PASSWORD) + 2)}" in opened
    second = recorded(app, "/rows", headers={"x-to": str(postgres_port)})
    assert int(second.came.body.strip(b"[]")) == int(first.came.body.strip(b"[]")) + 1


SUMS = """
from spin_sdk import mysql
def handle(request):
    with mysql.open(request.headers["x-to"]) as db:
        return str([row[0].value for row in db.query("select uuid_short() union all select 2", []).rows])
"""


def test_mysql_answers_again_and_the_password_in_an_address_is_in_no_recording(app: App, mariadb_port: int) -> None:
    app.add(Function("sums", SUMS, routes=("/sums",), allowed_outbound_hosts=("mysql://localhost:*",)))
    address = f"mysql://ada:{quote(MARIADB)}@localhost:{mariadb_port}/"
    recording = recorded(app, "/sums", headers={"x-to": address})
    again(app, recording)
    assert recording.masked
    assert quote(MARIADB).encode() not in dumps(recording)


ASKS_MODELS = """
from spin_sdk import llm
def handle(request):
    vectors = llm.generate_embeddings("m", ["x"]).embeddings
    return {"text": llm.infer("m", "hey").text, "vectors": vectors}
"""


class Model(BaseHTTPRequestHandler):
    """A server that computes models, in Spin's own protocol."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        told = {
            "text": "hello",
            "embeddings": [[0.5, -1.0]],
            "usage": {"promptTokenCount": 1, "generatedTokenCount": 2},
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_models_answer_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        compute = LlmCompute("remote_http", f"http://127.0.0.1:{server.server_port}", "letmein", "default")
        with App("models", runtime=RuntimeConfig(llm_compute=compute)) as app:
            app.add(Function("models", ASKS_MODELS, routes=("/models",), ai_models=("m",)))
            recording = recorded(app, "/models")
            server.shutdown()
            server.server_close()
            again(app, recording)
    assert json.loads(recording.came.body) == {"text": "hello", "vectors": [[0.5, -1.0]]}
    assert ops(recording) == ["llm.embed", "llm.infer"]


# ---- what starts it, and files


def test_a_program_that_speaks_cgi_is_replayed(app: App) -> None:
    app.add(programs.program(programs.ECHO))
    recording = recorded(app, "/cgi/x?y=1", "POST", body=b"said")
    assert recording.came.body == b"said"
    again(app, recording)


def test_a_message_is_replayed_as_one(app: App, tmp_path: Path) -> None:
    told = "import time\ndef handle(message):\n    print(time.time(), message)\n"
    app.add(Function("told", told, triggers={"redis": ({"channel": "jobs", "address": "redis://127.0.0.1:1"},)}))
    app.recordings.on = True
    assert app.send("told", b"hello").error is None
    (recording,) = app.recordings.values()
    made = again(app, recording)
    first = [line.line.text for line in app.logs("told") if "5 bytes" in line.line.text]
    assert [line.text for line in made.response.logs] == first


def test_files_are_those_of_the_function_as_it_is_now(app: App, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("then")
    reads = Function(
        "reads",
        "def handle(request):\n    return open('/a.txt').read()\n",
        routes=("/reads",),
        files=(("a.txt", "/a.txt"),),
        folder=str(tmp_path),
    )
    app.add(reads)
    recording = recorded(app, "/reads")
    again(app, recording)
    (tmp_path / "a.txt").write_text("now")
    app.add(reads, force=True)
    made = app.replay(recording)
    assert (made.diverged, made.response.text) == (None, "now")


RUST = {
    "get": "/told",
    "timed": "/slow?ms=10000&first=50",
    "part": "/told",
    "many": "/slow?ms=20",
    "unread": "/told",
    "series": "/told",
    "upload": "/count",
    "talk": "/talk",
    "wrong-length": "/count",
}


@pytest.mark.parametrize("way", RUST)
def test_requests_of_wasi_in_every_way(app: App, way: str) -> None:
    hosts = ("http://127.0.0.1:*", "http://localhost:*")
    guest = Function("two", component("outbound2"), language="wasm", routes=("/...",), allowed_outbound_hosts=hosts)
    app.add(guest)
    path, _, more = RUST[way].partition("&")
    with server() as site:
        recording = recorded(app, f"/{way}?url={site.url}{path}&{more}")
    assert recording.cut == ""
    again(app, recording)
    again(app, recording)


def test_requests_of_wasi_3(app: App) -> None:
    hosts = ("http://localhost:*",)
    app.add(Function("three", component("effects3"), language="wasm", routes=("/...",), allowed_outbound_hosts=hosts))
    with server() as site:
        recording = recorded(app, f"/fetch?{site.url}/x")
    assert b"hello from /x" in recording.came.body
    again(app, recording)
