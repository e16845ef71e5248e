from __future__ import annotations

import json
from typing import Any

import pytest

from spinlab import App
from spinlab.commands import stores
from tests.commands.line import FrontEnd
from tests.conftest import wat


@pytest.fixture
def front(app: App) -> FrontEnd:
    return FrontEnd(app)


def test_it_tells_where_everything_lives(app: App, front: FrontEnd) -> None:
    app.add(wat(key_value_stores=("default",)))
    app.kv()["a"] = "1"
    app.sql("CREATE TABLE t (x)")
    first, second = front.value("kept")["stores"]
    assert (first["kind"], first["label"], first["keys"], first["functions"]) == ("key-value", "default", 1, ["hello"])
    assert (second["kind"], second["label"], second["tables"]) == ("sqlite", "default", ["t"])


def test_keys_come_in_pages_in_their_order(app: App, front: FrontEnd) -> None:
    app.kv().update({f"user:{index:03}": "x" for index in range(25)} | {"other": "y"})
    page = front.value("keys", prefix="user:", limit=10)
    assert [one["key"] for one in page["keys"]] == [f"user:{index:03}" for index in range(10)]
    assert (page["more"], page["total"]) == (True, 25)
    page = front.value("keys", prefix="user:", limit=10, after="user:019")
    assert [one["key"] for one in page["keys"]] == [f"user:{index:03}" for index in range(20, 25)]
    assert not page["more"]
    assert front.value("keys")["total"] == 26


def test_an_empty_key_is_a_key(app: App, front: FrontEnd) -> None:
    app.kv().update({"": "x", "a": "y"})
    assert [one["key"] for one in front.value("keys")["keys"]] == ["", "a"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"hello", "text"),
        (b'{"a": [1, {}]}', "json"),
        (b"[]", "json"),
        (b"\xff\x00", "bytes"),
        (b"{no", "text"),
        (b"", "text"),
    ],
)
def test_a_value_is_told_by_what_it_holds(app: App, front: FrontEnd, data: bytes, kind: str) -> None:
    app.kv()["k"] = data
    found = front.value("value", key="k")
    assert (found["kind"], found["size"], found["whole"], found["masked"]) == (kind, len(data), True, False)
    assert bytes.fromhex(found["hex"]) == data


def test_json_keeps_its_numbers_and_names_as_they_were_written(app: App, front: FrontEnd) -> None:
    text = '{"n":1.10,"big":123456789012345678901,"e":1e400,"n":[true,null,[],{"ü\\"{,":"a:b"}]}'
    app.kv()["k"] = text
    pretty = front.value("value", key="k")["pretty"]
    assert pretty.splitlines()[:3] == ["{", '  "n": 1.10,', '  "big": 123456789012345678901,']
    pairs: Any = {"object_pairs_hook": list}
    assert json.loads(pretty, **pairs) == json.loads(text, **pairs)
    assert pretty.count('"n"') == 2


def test_a_long_value_is_previewed_without_half_a_character(app: App, front: FrontEnd) -> None:
    app.kv()["k"] = "ü" * stores.PREVIEW
    app.kv()["odd"] = "x" + "ü" * stores.PREVIEW
    for key, size in (("k", 0), ("odd", 1)):
        found = front.value("value", key=key)
        assert found["size"] == 2 * stores.PREVIEW + size
        assert not found["whole"]
        assert found["text"].endswith("ü")
        assert len(found["text"].encode()) <= stores.PREVIEW


def test_a_value_is_set_by_text_json_and_digits(app: App, front: FrontEnd) -> None:
    front.value("set", key="a", text="1", create=True)
    front.value("set", key="b", text='{"x": 1}', json=True)
    front.value("set", key="c", hex="48 65\n6c")
    assert dict(app.kv()) == {"a": b"1", "b": b'{"x": 1}', "c": b"Hel"}
    front.value("delete", key="a")
    assert "a" not in app.kv()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"key": "a", "text": "2", "create": True}, "already"),
        ({"key": "", "text": "2", "create": True}, "1 to 1,000 characters"),
        ({"key": "a", "text": "{", "json": True}, "no JSON"),
        ({"key": "a", "text": "[" * 100_000, "json": True}, "JSON"),
        ({"key": "a", "hex": "4"}, "no hexadecimal"),
        ({"key": "a"}, "text is missing"),
        ({"key": "a", "text": "2", "version": "0"}, "has changed"),
        ({"key": "b", "text": "2", "version": "0"}, "no key"),
        ({"key": "a", "text": "2", "store": "nosuch"}, "no key-value store"),
    ],
)
def test_what_can_not_be_set_changes_nothing(
    app: App, front: FrontEnd, arguments: dict[str, object], words: str
) -> None:
    app.kv()["a"] = "1"
    assert words in front.error("set", **arguments)["message"]
    assert dict(app.kv()) == {"a": b"1"}


def test_a_write_of_somebody_else_is_not_lost(app: App, front: FrontEnd) -> None:
    app.kv()["a"] = "1"
    version = front.value("value", key="a")["version"]
    app.kv()["a"] = "2"
    assert "has changed" in front.error("set", key="a", text="3", version=version)["message"]
    version = front.value("value", key="a")["version"]
    version = front.value("set", key="a", text="3", version=version)["version"]
    front.value("set", key="a", text="4", version=version)
    assert app.kv()["a"] == b"4"


def test_a_value_with_a_secret_is_told_without_it(app: App, front: FrontEnd) -> None:
    app.set_variable("token", "hunter2hunter2", secret=True)
    app.kv()["plain"] = "the token is hunter2hunter2"
    app.kv()["binary"] = b"\xff hunter2hunter2"
    app.kv()["cut"] = "x" * (stores.PREVIEW - 5) + "hunter2hunter2"
    app.kv()["hunter2hunter2"] = "1"
    for key in ("plain", "binary", "cut"):
        found = front.value("value", key=key)
        assert found["masked"]
        assert (found["hex"], found["version"], found["pretty"]) == (None, "", None)
        assert "hunter" not in json.dumps(found)
    assert {"key": "***", "masked": True} in front.value("keys")["keys"]


def test_writes_of_the_user_are_told_to_whoever_looks(app: App) -> None:
    told: list[str] = []
    app.changes.listen(told.append)
    app.kv()["a"] = "1"
    app.sql("CREATE TABLE t (x)")
    assert told == ["stores", "stores"]
    app.sql("SELECT * FROM t")
    list(app.kv())
    assert told == ["stores", "stores"]
