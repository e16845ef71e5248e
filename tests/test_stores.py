"""An app's key-value stores as Python mappings."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab import App
from spinlab.errors import OptionError, StoreError


def test_a_store_is_a_mapping_of_text_to_bytes(app: App) -> None:
    store = app.kv()
    store["a"] = "Grüße"
    store["b"] = b"\0\xff"
    assert dict(store) == {"a": "Grüße".encode(), "b": b"\0\xff"}
    assert (list(store), len(store), "a" in store, "x" in store, 1 in store) == (["a", "b"], 2, True, False, False)
    assert store.get("x", b"else") == b"else"
    assert min(store.items()) == ("a", "Grüße".encode())
    del store["a"]
    assert not store.exists("a")
    with pytest.raises(KeyError):
        store["a"]
    with pytest.raises(KeyError):
        del store["a"]
    store.delete("a")
    store.clear()
    assert len(store) == 0


def test_several_values_are_set_in_one_step_or_not_at_all(app: App) -> None:
    store = app.kv()
    store.update({"a": "1", "b": b"2"}, c="3")
    store.update([("b", b"two")])
    store.update()
    assert dict(store) == {"a": b"1", "b": b"two", "c": b"3"}
    with pytest.raises(TypeError, match="a key is text, not int"):
        store.update({"d": "4", 5: "5"})
    assert "d" not in store


def test_a_value_reads_as_text_and_json(app: App) -> None:
    store = app.kv()
    store["a"] = '{"x": [1, 2]}'
    assert store["a"].text == '{"x": [1, 2]}'
    assert store["a"].json() == {"x": [1, 2]}
    assert isinstance(store["a"], bytes)


def test_a_counter_counts_and_other_values_do_not(app: App) -> None:
    store = app.kv()
    assert [store.increment("n"), store.increment("n", -5)] == [1, -4]
    store["text"] = "1"
    with pytest.raises(StoreError, match="no number"):
        store.increment("text")


def test_more_keys_than_come_at_once_are_all_listed(app: App) -> None:
    store = app.kv()
    for number in range(2500):
        store[f"{number:05}"] = b""
    assert [int(key) for key in store] == list(range(2500))


def test_a_wrong_label_names_the_right_one(app: App) -> None:
    with pytest.raises(OptionError) as found:
        app.kv("defalt")
    assert "did you mean default?" in found.value.hint


def test_a_key_is_text(app: App) -> None:
    with pytest.raises(TypeError, match="a key is text, not int"):
        app.kv()[1] = b""  # type: ignore[index]


def test_trouble_is_told_with_its_place_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "sqlite_key_value.db").write_bytes(b"no database, but long enough to be taken for one " * 50)
    with App("tests", state_dir=tmp_path) as app, pytest.raises(StoreError) as found:
        app.kv()["a"]
    assert str(tmp_path) in found.value.message
    assert "%spin reset --kv default" in found.value.message


def test_stores_outlive_the_app_in_their_folder_and_only_there(tmp_path: Path) -> None:
    for state_dir, kept in ((tmp_path, True), (None, False)):
        with App("first", state_dir=state_dir) as first:
            first.kv()["a"] = "1"
        with App("second", state_dir=state_dir) as second:
            assert second.kv().exists("a") is kept


def test_a_store_shows_its_keys_and_a_value_its_text(app: App) -> None:
    store = app.kv()
    store["<b>"] = "<i>"
    shown = store._repr_mimebundle_()
    assert "1 key" in shown["text/plain"]
    assert "&lt;b&gt;" in shown["text/html"]
    assert "&lt;i&gt;" in store["<b>"]._repr_html_()
    store["binary"] = b"\xff\0"
    assert "ff 00" in store["binary"]._repr_mimebundle_()["text/plain"]
    store["large"] = b"x" * 100_000
    assert len(store["large"]._repr_mimebundle_()["text/plain"]) < 11_000
