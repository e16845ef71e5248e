"""The locked application and the layers, key by key as Spin has them."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from spinlab.errors import ExportError, SpinError
from spinlab.export.oci import assemble
from spinlab.loading.unlocked import APPLICATION, BUNDLE, DATA, WASM
from spinlab.manifest import load, normalize
from spinlab.oci import Artifact, digest_of
from tests.export.oci.projects import with_files
from tests.loading.projects import SIMPLE, application


def artifact(folder: Path, **annotations: str) -> Artifact:
    return assemble(normalize(load(folder / "spin.toml")), folder, annotations=annotations)


def locked(made: Artifact) -> Any:
    assert made.layers[-1].media_type == APPLICATION
    return json.loads(made.layers[-1].data)


EVERYTHING = """
version = "1.2.3"
description = "All of it"
authors = ["Ada <ada@example.org>", "Grace"]

[application.trigger.redis]
address = "redis://localhost"

[variables]
site = { default = "example.com", description = "where" }
token = { required = true, secret = true }

[[trigger.http]]
route = "/hello/..."
component = "hello"

[[trigger.redis]]
id = "jobs"
channel = "jobs"
component = "other"

[component.hello]
source = "hello.wasm"
description = "Says it"
environment = { B = "2", A = "1" }
allowed_outbound_hosts = ["http://other.spin.internal", "https://{{ site }}"]
key_value_stores = ["default"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
variables = { token = "{{ token }}" }

[component.hello.build]
command = ["make", "make check"]
workdir = "hello"
watch = ["*.c"]

[component.other]
source = "other.wasm"
"""


def test_every_key_of_the_manifest_stands_where_spin_looks_for_it(tmp_path: Path) -> None:
    made = artifact(application(tmp_path, EVERYTHING, hello="hi", other="oh"))
    hello, other = (digest_of((tmp_path / f"{name}.wasm").read_bytes()) for name in ("hello", "other"))
    assert locked(made) == {
        "spin_lock_version": 1,
        "must_understand": ["component_host_requirements"],
        "metadata": {
            "authors": ["Ada <ada@example.org>", "Grace"],
            "description": "All of it",
            "name": "tests",
            "triggers": {"redis": {"address": "redis://localhost"}},
            "version": "1.2.3",
        },
        "variables": {
            "site": {"description": "where", "default": "example.com"},
            "token": {"secret": True},
        },
        "triggers": [
            {
                "id": "hello-http-trigger",
                "trigger_type": "http",
                "trigger_config": {"component": "hello", "route": "/hello/..."},
            },
            {"id": "jobs", "trigger_type": "redis", "trigger_config": {"channel": "jobs", "component": "other"}},
        ],
        "components": [
            {
                "id": "hello",
                "metadata": {
                    "ai_models": ["llama2-chat"],
                    "allowed_outbound_hosts": ["http://other.spin.internal", "https://{{ site }}"],
                    "build": {"command": ["make", "make check"], "workdir": "hello", "watch": ["*.c"]},
                    "databases": ["default"],
                    "description": "Says it",
                    "key_value_stores": ["default"],
                },
                "source": {"content_type": "application/wasm", "digest": hello},
                "env": {"A": "1", "B": "2"},
                "config": {"token": "{{ token }}"},
                "host_requirements": {"local_service_chaining": "required"},
            },
            {"id": "other", "source": {"content_type": "application/wasm", "digest": other}},
        ],
    }


def test_one_kind_of_trigger_is_repeated_where_older_hosts_look(tmp_path: Path) -> None:
    said = locked(artifact(application(tmp_path, SIMPLE, hello="hi")))
    assert said["metadata"] == {"name": "tests", "trigger": {"type": "http"}, "triggers": {}}
    assert said["spin_lock_version"] == 0
    assert "must_understand" not in said


def test_a_file_of_128_bytes_is_inlined_and_a_longer_one_is_a_layer(tmp_path: Path) -> None:
    small, large = b"x" * 128, b"y" * 129
    made = artifact(with_files(tmp_path, {"empty": b"", "in/small": small, "large": large, "again": large}))
    types = [layer.media_type for layer in made.layers]
    assert types == [WASM, DATA, APPLICATION]
    files = {file["path"]: file for file in locked(made)["components"][0]["files"]}
    assert files["in/small"] == {
        "inline": base64.b64encode(small).decode(),
        "digest": digest_of(small),
        "path": "in/small",
    }
    assert files["empty"]["inline"] == ""
    assert files["large"] == {"digest": digest_of(large), "path": "large"}
    assert files["again"]["digest"] == files["large"]["digest"]


def test_above_500_layers_the_files_of_a_component_are_one_archive(tmp_path: Path) -> None:
    files = {f"{number:03}.txt": f"{number:03}".encode() * 50 for number in range(498)}
    made = artifact(with_files(tmp_path, files))
    assert len(made.layers) == 500
    (tmp_path / "assets" / "one-more.txt").write_bytes(b"more" * 50)
    made = artifact(tmp_path)
    assert [layer.media_type for layer in made.layers] == [WASM, BUNDLE, APPLICATION]
    assert len(locked(made)["components"][0]["files"]) == 499


def test_the_environment_asks_for_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPIN_OCI_ARCHIVE_LAYERS", "1")
    made = artifact(with_files(tmp_path, {"a": b"a" * 300, "b": b"b"}))
    assert [layer.media_type for layer in made.layers] == [WASM, BUNDLE, APPLICATION]


def test_the_config_is_that_of_a_wasm_image_and_names_the_application(tmp_path: Path) -> None:
    made = artifact(application(tmp_path, SIMPLE, hello="hi"))
    assert made.config.media_type == "application/vnd.oci.image.config.v1+json"
    assert json.loads(made.config.data) == {
        "architecture": "wasm",
        "os": "Wasip1",
        "config": {"Labels": {"com.fermyon.spin.lockedAppDigest": made.layers[-1].digest}},
        "rootfs": {"type": "layers", "diff_ids": []},
    }


def test_annotations_follow_from_the_application_and_may_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = application(tmp_path, EVERYTHING, hello="hi", other="oh")
    name = "org.opencontainers.image."
    assert artifact(folder).annotations == {
        f"{name}authors": "Ada <ada@example.org>, Grace",
        f"{name}title": "tests",
        f"{name}description": "All of it",
        f"{name}version": "1.2.3",
        f"{name}created": "1970-01-01T00:00:00Z",
    }
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    changed = artifact(folder, **{f"{name}title": "another", "team": "green"}).annotations
    assert (changed[f"{name}title"], changed["team"]) == ("another", "green")
    assert changed[f"{name}created"] == "1970-01-02T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(ExportError, match="SOURCE_DATE_EPOCH is 'yesterday'"):
        artifact(folder)


def test_the_same_application_is_the_same_artifact_in_another_folder_at_another_time(tmp_path: Path) -> None:
    files = {"a/b": b"b" * 500, "c": b"c"}
    one, other = (with_files(tmp_path / name, files) for name in ("one", "other"))
    (other / "assets" / "c").touch()
    assert artifact(one).manifest.digest == artifact(other).manifest.digest


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ('dependencies = { "a:b/c" = { path = "hello.wasm" } }', "has dependencies"),
        ('files = ["nowhere"]', "nowhere"),
        ('files = ["../outside"]', "outside the application directory"),
    ],
)
def test_what_spin_alone_can_put_together_is_refused(tmp_path: Path, more: str, told: str) -> None:
    application(tmp_path, SIMPLE + more, hello="hi")
    with pytest.raises(SpinError, match=told):
        artifact(tmp_path)


def test_a_component_that_is_not_built_or_is_none_is_named(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE)
    with pytest.raises(SpinError, match="component hello is not there"):
        artifact(tmp_path)
    (tmp_path / "hello.wasm").write_bytes(b"\x7fELF")
    with pytest.raises(ExportError, match="component hello is no WebAssembly"):
        artifact(tmp_path)


def test_text_is_assembled(tmp_path: Path) -> None:
    application(tmp_path, SIMPLE)
    (tmp_path / "hello.wasm").write_text("(component)")
    assert artifact(tmp_path).layers[0].data.startswith(b"\0asm")
