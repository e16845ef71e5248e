"""Go cells and the servers they are granted: Redis, MQTT, PostgreSQL, MySQL and models, by the SDK's packages."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator

import pytest

from spinlab import App, Function
from spinlab.engine import Sandbox, default_engine
from spinlab.host import Result
from spinlab.host.pack import pack
from spinlab.languages import BuildContext, language
from tests.bridge.bench import request
from tests.bridge.databases import mariadb_url, postgres_url
from tests.bridge.stores import Scripted
from tests.servers.mosquitto import Message, Subscriber, mosquitto
from tests.servers.redis import redis

pytestmark = pytest.mark.toolchain

MESSAGES = """
func handle(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	db, err := redis.NewClient("redis://127.0.0.1:" + query.Get("redis"))
	if err != nil {
		panic(err)
	}
	_, err = db.Execute("FLUSHALL")
	told := []any{fmt.Sprint(err), fmt.Sprint(db.Set("key", []byte("value\\xff")))}
	say := func(value any, err error) { told = append(told, fmt.Sprint(value, err)) }
	say(db.Get("key"))
	say(db.Get("nobody"))
	say(db.Incr("n"))
	say(db.Sadd("s", "x", "y"))
	members, err := db.Smembers("s")
	sort.Strings(members)
	say(members, err)
	say(db.Srem("s", "x"))
	say(nil, db.Publish("channel", []byte("payload")))
	found, err := db.Execute("MGET", "key", []byte("nobody"))
	for _, one := range found {
		say(one.Kind, nil)
	}
	found, err = db.Execute("INCRBY", "n", 41)
	say(found[0].Val, err)
	_, err = db.Get("s")
	say(err != nil, nil)
	say(db.Del("key", "nobody"))
	_, err = redis.NewClient("redis://example.com")
	say(nil, err)
	_, err = db.Execute("X", 1.5)
	say(nil, err)
	broker, err := mqtt.OpenConnection("mqtt://127.0.0.1:"+query.Get("mqtt")+"?client_id=cell", "", "", 30)
	say(nil, err)
	say(nil, broker.Publish(query.Get("topic"), []byte("Eureka!\\xff"), mqtt.QosExactlyOnce))
	json.NewEncoder(w).Encode(told)
}
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    folder = tmp_path_factory.mktemp("servers")
    with redis(folder / "redis") as one, mosquitto(folder / "mosquitto") as other:
        yield one, other


def test_redis_and_mqtt_are_used(ports: tuple[int, int]) -> None:
    subscriber = Subscriber(ports[1], "cell/go")
    hosts = ("redis://127.0.0.1:*", "mqtt://127.0.0.1:*")
    with App("go") as app:
        app.add(Function("uses", MESSAGES, language="go", routes=("/uses",), allowed_outbound_hosts=hosts))
        response = app.get(f"/uses?redis={ports[0]}&mqtt={ports[1]}&topic=cell/go")
    assert response.status == 200, response.logs
    told = json.loads(response.text)
    assert told[:12] == [
        *("<nil>", "<nil>", "[118 97 108 117 101 255] <nil>", "[] <nil>", "1 <nil>", "2 <nil>", "[x y] <nil>"),
        *("1 <nil>", "<nil> <nil>", "binary <nil>", "nil <nil>", "42 <nil>"),
    ]
    assert told[12:] == [
        *("true <nil>", "1 <nil>", "<nil> redis: invalid address"),
        "<nil> invalid type float64; must be string, []byte, int, int64, or int32",
        *("<nil> <nil>", "<nil> <nil>"),
    ]
    assert subscriber.take(1) == [Message("cell/go", 2, b"Eureka!\xff")]
    assert [denied.option for denied in response.denied] == ["--allow redis://example.com"]


DATABASES = """
func handle(w http.ResponseWriter, r *http.Request) {
	told := []any{}
	say := func(values ...any) { told = append(told, strings.TrimSpace(fmt.Sprintln(values...))) }
	address, _ := variables.Get("postgres")
	db := pg.Open(address)
	_, err := db.Exec("create temporary table p (i int4, s int2, t text, b bytea, f float8, ok bool)")
	say(err)
	done, err := db.Exec("insert into p values ($1, $2, $3, $4, $5, $6), ($1, $2, $3, $4, $5, $6)",
		int32(7), int16(-2), "Grüße", []byte{0, 255}, nil, true)
	changed, _ := done.RowsAffected()
	say(changed, err)
	rows, err := db.Query("select * from p")
	columns, _ := rows.Columns()
	say(columns, err)
	for rows.Next() {
		var i, s int
		var t string
		var b []byte
		var f *float64
		var ok bool
		say(rows.Scan(&i, &s, &t, &b, &f, &ok), i, s, t, b, f, ok)
	}
	_, err = db.Query("select * from nope")
	say(err)
	_, err = db.Query("select '1 day'::interval")
	say(err)
	say(db.Close())

	address, _ = variables.Get("mysql")
	db = mysql.Open(address)
	var n uint64
	var text string
	say(db.QueryRow("select ?, ?", uint64(math.MaxUint64), "a").Scan(&n, &text), n, text)
	_, err = db.Exec("create temporary table q (i int)")
	say(err)
	done, err = db.Exec("insert into q values (?)", 5)
	_, unsupported := done.RowsAffected()
	say(err, unsupported)
	var count int
	say(db.QueryRow("select count(*) from q where i = 5").Scan(&count), count)
	_, err = db.Exec("nonsense")
	say(err != nil)
	say(pg.Open("postgres://example.com").Ping())
	json.NewEncoder(w).Encode(told)
}
"""


def test_postgresql_and_mysql_are_used(postgres_port: int, mariadb_port: int) -> None:
    hosts = (f"postgres://127.0.0.1:{postgres_port}", f"mysql://127.0.0.1:{mariadb_port}")
    addresses = {"postgres": postgres_url(postgres_port), "mysql": mariadb_url(mariadb_port)}
    with App("go") as app:
        app.add(
            Function(
                "uses",
                DATABASES,
                language="go",
                routes=("/uses",),
                allowed_outbound_hosts=hosts,
                variables=addresses,
            )
        )
        response = app.get("/uses")
    assert response.status == 200, response.logs
    told = json.loads(response.text)
    assert told[:5] == [
        *("<nil>", "2 <nil>", "[i s t b f ok] <nil>"),
        *["<nil> 7 -2 Grüße [0 255] <nil> true"] * 2,
    ]
    assert 'relation "nope" does not exist' in told[5]
    assert told[6] != "<nil>"
    assert told[7:12] == [
        *("<nil>", f"<nil> {2**64 - 1} a", "<nil>", "<nil> RowsAffected is unsupported by this driver", "<nil> 1"),
    ]
    assert told[12] == "true"
    assert told[13] != "<nil>"


MODELS = """
func handle(w http.ResponseWriter, r *http.Request) {
	plain, err := llm.Infer("llama2-chat", "hello", nil)
	fmt.Fprintln(w, plain, err)
	params := &llm.InferencingParams{MaxTokens: 10, RepeatPenalty: 1.5, RepeatPenaltyLastNTokenCount: 64,
		Temperature: 0.5, TopK: 40, TopP: 0.25}
	with, err := llm.Infer(string(llm.Llama2Chat), "hello", params)
	fmt.Fprintln(w, with.Text, with.Usage, err)
	vectors, err := llm.GenerateEmbeddings("mini", []string{"a", "b"})
	fmt.Fprintln(w, vectors.Embeddings, vectors.Usage.PromptTokenCount, err)
	_, err = llm.Infer("other", "x", nil)
	fmt.Fprintln(w, err)
}
"""


def test_models_infer_and_embed() -> None:
    embedding = struct.pack("<3f", 0.5, -1.0, 2.25)
    script = Scripted(
        {
            "llm.infer": [
                Result(data=pack(["world", 3, 4])),
                Result(data=pack(["again", 5, 6])),
                Result.error("model-not-supported"),
            ],
            "llm.embed": [Result(data=pack([[embedding, b""], 7]))],
        }
    )
    build = language("go").build(Function("f", MODELS, language="go"), BuildContext())
    engine = default_engine()
    box = Sandbox(engine, engine.prepare(build.component, name="f"), name="f", host=script.host("llm"))
    try:
        lines = box.handle(request("/f")).text.splitlines()
    finally:
        box.close()
    assert lines == [
        "{world {3 4}} <nil>",
        "again {5 6} <nil>",
        "[[0.5 -1 2.25] []] 7 <nil>",
        "model not supported",
    ]
    assert script.asked == [
        ("llm.infer", "llama2-chat", ["hello", None]),
        ("llm.infer", "llama2-chat", ["hello", [10, 1.5, 64, 0.5, 40, 0.25]]),
        ("llm.embed", "mini", ["a", "b"]),
        ("llm.infer", "other", ["x", None]),
    ]
