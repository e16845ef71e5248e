"""Artifacts that somebody else made, or nobody should have: what is taken, and what is refused and why."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import spinlab
from spinlab.engine import wat_to_wasm
from spinlab.errors import RegistryError
from spinlab.loading import unlocked
from spinlab.loading.registry import fetched
from spinlab.loading.unlocked import APPLICATION, BUNDLE, DATA, WASM
from spinlab.oci import Blob, digest_of
from spinlab.oci.artifact import MANIFEST
from spinlab.oci.layout import Layout
from tests.conftest import wat_source

COMPONENT = wat_to_wasm(wat_source("hi"))


def application(**changes: Any) -> dict[str, Any]:
    """A locked application of one component."""
    component = {
        "id": "hello",
        "source": {"content_type": "application/wasm", "digest": digest_of(COMPONENT)},
        **changes.pop("component", {}),
    }
    return {
        "spin_lock_version": 0,
        "metadata": {"name": "made", "trigger": {"type": "http"}, "triggers": {}},
        "triggers": [{"id": "t", "trigger_type": "http", "trigger_config": {"component": "hello", "route": "/hello"}}],
        "components": [component],
        **changes,
    }


def layout(
    folder: Path,
    locked: object,
    *more: Blob,
    annotations: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    config: Blob | None = None,
) -> str:
    """A layout with such an artifact; answers its reference."""
    layers = [Blob(WASM, COMPONENT), *more]
    if locked is not None:
        data = locked if isinstance(locked, bytes) else json.dumps(locked).encode()
        layers.append(Blob(APPLICATION, data))
    return raw(
        folder,
        layers,
        annotations or {},
        sizes or {},
        config or Blob("application/vnd.oci.image.config.v1+json", b"{}"),
    )


def raw(
    folder: Path, layers: Sequence[Blob], annotations: Mapping[str, str], sizes: Mapping[str, int], config: Blob
) -> str:
    store = Layout(folder / "layout", "1.0", write=True)
    for blob in (*layers, config):
        store.put(blob, lambda _: None)
    listed = [{**b.descriptor.as_json(), "size": sizes.get(b.digest, len(b.data))} for b in layers]
    manifest = {
        "schemaVersion": 2,
        "config": config.descriptor.as_json(),
        "layers": listed,
        "annotations": dict(annotations),
    }
    store.publish(Blob(MANIFEST, json.dumps(manifest).encode()))
    return f"oci:{folder / 'layout'}:1.0"


def refused(where: str) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        fetched(where)
    assert caught.value.hint
    return caught.value


def test_an_artifact_as_spin_makes_it_is_served(tmp_path: Path) -> None:
    with spinlab.load(layout(tmp_path, application())) as app:
        assert app.get("/hello").text.strip() == "hi"


def test_the_config_was_the_application_once_and_still_may_be(tmp_path: Path) -> None:
    config = Blob(APPLICATION, json.dumps(application()).encode())
    assert "spin.toml" in fetched(layout(tmp_path, None, config=config)).files


def test_a_single_component_is_one_that_answers_every_path(tmp_path: Path) -> None:
    config = Blob("application/vnd.wasm.config.v0+json", b"{}")
    where = raw(tmp_path, [Blob("application/wasm", COMPONENT)], {}, {}, config)
    with spinlab.load(where) as app:
        assert app.get("/any/path").text.strip() == "hi"


def test_a_container_image_is_no_spin_application(tmp_path: Path) -> None:
    layers = [Blob("application/vnd.oci.image.layer.v1.tar+gzip", b"x")]
    error = refused(raw(tmp_path, layers, {}, {}, Blob("application/vnd.oci.image.config.v1+json", b"{}")))
    assert "is no Spin application: its layers are of type application/vnd.oci.image.layer.v1.tar+gzip" in error.message


def test_a_list_for_several_platforms_is_no_spin_application(tmp_path: Path) -> None:
    store = Layout(tmp_path / "layout", "1.0", write=True)
    store.publish(Blob(MANIFEST, b'{"schemaVersion": 2, "manifests": []}'))
    assert "several platforms" in refused(f"oci:{tmp_path / 'layout'}:1.0").message


def test_a_layer_of_an_unknown_type_that_nothing_names_is_left_out_and_said(tmp_path: Path) -> None:
    where = layout(tmp_path, application(), Blob("application/vnd.example.signature", b"s"))
    found = fetched(where)
    assert found.remarks == (
        "left out: layers of type application/vnd.example.signature, which nothing in the application names",
    )


def test_a_layer_of_an_unknown_type_that_is_named_is_taken_as_spin_does(tmp_path: Path) -> None:
    data = b"d" * 300
    locked = application(component={"files": [{"digest": digest_of(data), "path": "a.txt"}]})
    found = fetched(layout(tmp_path, locked, Blob("application/vnd.example.data", data)))
    assert found.files["files/hello/a.txt"] == data


@pytest.mark.parametrize(
    "path", ["../out", "a/../../out", "/etc/passwd", "", "a//b", "./a", "..\\out", "C:\\out", "C:/out", "a\0b", None]
)
def test_a_path_that_leads_out_is_refused(tmp_path: Path, path: object) -> None:
    locked = application(component={"files": [{"inline": "eA==", "path": path}]})
    error = refused(layout(tmp_path, locked))
    assert "leads out of its folder" in error.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../out", "a/b", "A B", "", "spin.toml/.."])
def test_a_component_whose_id_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    assert "is no id of a component" in refused(layout(tmp_path, application(component={"id": name}))).message


def test_a_layer_of_5_gb_is_refused_before_anything_is_fetched(tmp_path: Path) -> None:
    data = b"d" * 300
    locked = application(component={"files": [{"digest": digest_of(data), "path": "a.txt"}]})
    where = layout(tmp_path, locked, Blob(DATA, data), sizes={digest_of(data): 5_000_000_000})
    error = refused(where)
    assert "a layer of 5.00 GB" in error.message
    assert "nothing was fetched" in error.hint


def test_a_layer_that_is_longer_than_it_says_is_refused(tmp_path: Path) -> None:
    data = b"d" * 300
    locked = application(component={"files": [{"digest": digest_of(data), "path": "a.txt"}]})
    where = layout(tmp_path, locked, Blob(DATA, data), sizes={digest_of(data): 10})
    assert "not what its digest says" in refused(where).message


def test_content_that_is_in_no_layer_is_named(tmp_path: Path) -> None:
    missing = "sha256:" + "0" * 64
    locked = application(component={"files": [{"digest": missing, "path": "a.txt"}]})
    assert (
        f"component hello names {missing}, which is in none of its layers" in refused(layout(tmp_path, locked)).message
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spin_lock_version": 2}, "locked in version 2"),
        ({"must_understand": ["dreams"]}, "needs what is not done here: dreams"),
        ({"host_requirements": {"dreams": "required"}}, "needs what is not done here: dreams"),
        ({"component": {"host_requirements": {"middleware": "required"}}}, "needs what is not done here: middleware"),
        ({"component": {"dependencies": {"a:b/c": {}}}}, "dependencies that are not composed"),
        ({"components": [1]}, "components of the application is no list of tables"),
        ({"metadata": 5}, "metadata of the application is no table"),
        ({"component": {"files": [{"inline": "%", "path": "a"}]}}, "no base64"),
        ({"component": {"files": [{"inline": "eA==", "digest": "sha256:0", "path": "a"}]}}, "not what its digest"),
    ],
)
def test_an_application_that_spin_would_refuse_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    assert told in refused(layout(tmp_path, application(**change))).message


def test_what_a_host_may_do_without_is_not_asked_for(tmp_path: Path) -> None:
    assert fetched(layout(tmp_path, application(host_requirements={"dreams": "optional"}))).files


@pytest.mark.parametrize("data", [b"no json", b"[]", b"{}", b"[" * 100_000])
def test_an_application_that_is_no_json_of_spins_is_refused(tmp_path: Path, data: bytes) -> None:
    assert "its application is no" in refused(layout(tmp_path, data)).message


def archive(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return out.getvalue()


def test_names_and_links_in_an_archive_lead_nowhere(tmp_path: Path) -> None:
    data = b"d" * 300
    locked = application(component={"files": [{"digest": digest_of(data), "path": "a.txt"}]})
    found = fetched(layout(tmp_path, locked, Blob(BUNDLE, archive(("../../out", data)))))
    assert found.files["files/hello/a.txt"] == data
    assert sorted(found.files) == ["components/hello.wasm", "files/hello/a.txt", "spin.toml"]


@pytest.mark.parametrize(
    "damaged", [lambda a: a[:40], lambda _: b"no archive", lambda a: gzip.compress(b"no tar" * 200)]
)
def test_an_archive_that_is_none_is_refused(tmp_path: Path, damaged: Callable[[bytes], bytes]) -> None:
    data = damaged(archive(("a", b"d" * 3000)))
    assert "an archive can't be read" in refused(layout(tmp_path, application(), Blob(BUNDLE, data))).message


def test_an_archive_that_holds_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unlocked, "UNPACKED", 1000)
    where = layout(tmp_path, application(), Blob(BUNDLE, archive(("a", bytes(2000)))))
    assert "an archive holds more than" in refused(where).message


@pytest.mark.parametrize(
    "note", ["no json", "[1]", '{"hello": 5}', '{"hello": {"language": "python", "name": "../x"}}']
)
def test_notes_that_somebody_else_wrote_do_no_harm(tmp_path: Path, note: str) -> None:
    where = layout(tmp_path, application(), annotations={"dev.spinlab.components": note})
    with spinlab.load(where) as app:
        assert list(app.functions) == ["hello"]


def test_a_blob_that_was_changed_on_disk_is_not_taken(tmp_path: Path) -> None:
    where = layout(tmp_path, application())
    place = tmp_path / "layout" / "blobs" / "sha256" / digest_of(COMPONENT).removeprefix("sha256:")
    place.write_bytes(b"\0" * len(COMPONENT))
    assert "not what its digest says" in refused(where).message


@pytest.mark.parametrize("what", ["nowhere", "empty", "file"])
def test_what_is_no_layout_is_refused(tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_bytes(b"x")
    assert refused(f"oci:{tmp_path / what}:1.0")
    assert refused(f"oci-archive:{tmp_path / what}:1.0")


def test_a_tag_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    where = layout(tmp_path, application())
    store = Layout(tmp_path / "layout", "2.0", write=True)
    store.publish(Blob(MANIFEST, b"{}"))
    assert refused(where.replace("1.0", "3.0")).hint == "tags there: 1.0, 2.0"


def test_a_folder_that_is_somebody_elses_is_not_made_a_layout(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(RegistryError, match="is not empty and no OCI layout"):
        Layout(tmp_path, "1.0", write=True)
