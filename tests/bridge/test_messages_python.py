"""Spin's Python SDK in cells of both generations: Redis and MQTT as its documentation shows them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from spinlab import App, Function
from tests.servers.mosquitto import Message, Subscriber, mosquitto
from tests.servers.redis import redis

pytestmark = pytest.mark.toolchain

CELLS = {
    "0.2": """
import json
from spin_sdk import mqtt, redis
from spin_sdk.mqtt import Qos
from spin_sdk.wit.imports.redis import Error_InvalidAddress, RedisParameter_Binary
from spin_sdk.wit.types import Err

def handle(request):
    redis_port, mqtt_port, topic = request.body.decode().split()
    with redis.open(f"redis://127.0.0.1:{redis_port}") as db:
        db.execute("FLUSHALL", [])
        db.set("key", b"value\\xff")
        value, missing = db.get("key"), db.get("nobody")
        counted, added = db.incr("n"), db.sadd("s", ["x", "y"])
        members, removed = db.smembers("s"), db.srem("s", ["x"])
        db.publish("channel", b"payload")
        found = db.execute("MGET", [RedisParameter_Binary(b"key"), RedisParameter_Binary(b"nobody")])
        try:
            db.get("s")
        except Err as error:
            wrong = type(error.value).__name__
        deleted = db.del_(["key", "nobody"])
    try:
        redis.open("redis://example.com")
    except Err as error:
        refused = type(error.value).__name__
    with mqtt.open(f"mqtt://127.0.0.1:{mqtt_port}?client_id=cell", "", "", 30) as broker:
        broker.publish(topic, b"Eureka!\\xff", Qos.EXACTLY_ONCE)
    found = [type(one).__name__ for one in found]
    return json.dumps([repr(value), missing, counted, added, sorted(members), removed, found, wrong, deleted, refused])
""",
    "0.3": """
import asyncio, json
from componentize_py_types import Err
from spin_sdk import mqtt, redis
from spin_sdk.http import Handler, Request, Response
from spin_sdk.mqtt import Qos
from spin_sdk.wit.imports.spin_redis_redis_3_0_0 import Error_InvalidAddress, RedisParameter_Binary

class HttpHandler(Handler):
    async def handle_request(self, request: Request) -> Response:
        redis_port, mqtt_port, topic = request.uri.partition("?")[2].split(",")
        with await redis.open(f"redis://127.0.0.1:{redis_port}") as db:
            await db.execute("FLUSHALL", [])
            await db.set("key", b"value\\xff")
            value, missing = await asyncio.gather(db.get("key"), db.get("nobody"))
            counted, added = await asyncio.gather(db.incr("n"), db.sadd("s", ["x", "y"]))
            members, removed = await db.smembers("s"), await db.srem("s", ["x"])
            await db.publish("channel", b"payload")
            found = await db.execute("MGET", [RedisParameter_Binary(b"key"), RedisParameter_Binary(b"nobody")])
            try:
                await db.get("s")
            except Err as error:
                wrong = type(error.value).__name__
            deleted = await db.del_(["key", "nobody"])
        try:
            await redis.open("redis://example.com")
        except Err as error:
            refused = type(error.value).__name__
        with await mqtt.open(f"mqtt://127.0.0.1:{mqtt_port}?client_id=cell", "", "", 30) as broker:
            await broker.publish(topic, b"Eureka!\\xff", Qos.EXACTLY_ONCE)
        found = [type(one).__name__ for one in found]
        told = [repr(value), missing, counted, added, sorted(members), removed, found, wrong, deleted, refused]
        return Response(200, {"content-type": "application/json"}, json.dumps(told).encode())
""",
}


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    folder = tmp_path_factory.mktemp("servers")
    with redis(folder / "redis") as one, mosquitto(folder / "mosquitto") as other:
        yield one, other


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_python_cell_uses_redis_and_mqtt(wasi: str, app: App, ports: tuple[int, int]) -> None:
    topic = f"cell/{wasi}"
    subscriber = Subscriber(ports[1], topic)
    hosts = ("redis://127.0.0.1:*", "mqtt://127.0.0.1:*")
    app.add(Function("uses", CELLS[wasi], routes=("/uses",), wasi=wasi, allowed_outbound_hosts=hosts))
    words = [str(ports[0]), str(ports[1]), topic]
    response = app.post(f"/uses?{','.join(words)}", body=" ".join(words).encode())
    assert response.status == 200, response.text
    assert json.loads(response.text) == [
        repr(b"value\xff"),
        None,
        1,
        2,
        ["x", "y"],
        1,
        ["RedisResult_Binary", "RedisResult_Nil"],
        "Error_Other",
        1,
        "Error_InvalidAddress",
    ]
    assert subscriber.take(1) == [Message(topic, 2, b"Eureka!\xff")]
    (denied,) = response.denied
    assert denied.option == "--allow redis://example.com"
    operations = [call.operation for call in response.calls]
    assert operations.count("open") == 3
    assert {"get", "set", "execute", "publish"} <= set(operations)
