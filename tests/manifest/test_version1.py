"""Manifests of version 1 are read as Spin reads them: as the same application in version 2."""

from __future__ import annotations

import pytest

from spinlab.errors import ManifestError
from spinlab.manifest import BuildCommand, Component, Mount, Trigger, UrlSource, load

DIGEST = "sha256:" + "a1" * 32

WHOLE = f"""
spin_version = "1"
name = "old one"
version = "0.3.0"
description = "From before"
authors = ["Ada"]
trigger = {{ type = "http", base = "/" }}

[variables]
greeting = {{ default = "hi" }}

[[component]]
id = "front"
source = "front.wasm"
description = "The front"
environment = {{ A = "b" }}
files = ["x/*", {{ source = "y", destination = "/z" }}]
exclude_files = ["x/secret"]
key_value_stores = ["default"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
allowed_http_hosts = ["api.example.com:8443"]
allowed_outbound_hosts = ["redis://localhost:6379"]
[component.config]
say = "{{{{ greeting }}}}"
[component.trigger]
route = "/..."
executor = {{ type = "spin" }}
[component.build]
command = "make"
workdir = "front"

[[component]]
id = "Back_End"
source = {{ url = "https://example.com/back.wasm", digest = "{DIGEST}" }}
trigger = {{ route = "/back" }}
"""


def test_everything_of_version_1_has_its_place() -> None:
    manifest = load(WHOLE)
    assert (manifest.application.name, manifest.application.version) == ("old one", "0.3.0")
    assert manifest.application.trigger == {"http": {"base": "/"}}
    assert manifest.variables["greeting"].default == "hi"
    assert manifest.triggers["http"] == (
        Trigger("front", "trigger-front", config={"route": "/...", "executor": {"type": "spin"}}),
        Trigger("back-end", "trigger-back-end", config={"route": "/back"}),
    )
    assert manifest.components["front"] == Component(
        "front.wasm",
        description="The front",
        variables={"say": "{{ greeting }}"},
        environment={"A": "b"},
        files=("x/*", Mount("y", "/z")),
        exclude_files=("x/secret",),
        allowed_outbound_hosts=(
            "redis://localhost:6379",
            "http://api.example.com:8443",
            "https://api.example.com:8443",
        ),
        key_value_stores=("default",),
        sqlite_databases=("default",),
        ai_models=("llama2-chat",),
        build=BuildCommand("make", "front"),
    )


def test_a_component_that_says_nothing_may_reach_databases() -> None:
    back = load(WHOLE).components["back-end"]
    assert back.source == UrlSource("https://example.com/back.wasm", DIGEST)
    assert back.allowed_outbound_hosts == ("redis://*:*", "mysql://*:*", "postgres://*:*")


@pytest.mark.parametrize(
    ("hosts", "meant"),
    [
        (["example.com"], ("http://example.com", "https://example.com")),
        (["https://example.com:443/"], ("http://example.com", "https://example.com")),
        (["localhost:3000"], ("http://localhost:3000", "https://localhost:3000")),
        (["self"], ("http://self",)),
        (["example.com", "insecure:allow-all"], ("http://*:*", "https://*:*", "http://self")),
    ],
)
def test_old_grants_are_todays(hosts: list[str], meant: tuple[str, ...]) -> None:
    text = f'allowed_outbound_hosts = []\nallowed_http_hosts = {hosts}\n[component.trigger]\nroute = "/"\n'
    manifest = load(
        f'spin_version = "1"\nname = "x"\ntrigger.type = "http"\n[[component]]\nid = "x"\nsource = "x"\n{text}'
    )
    assert manifest.components["x"].allowed_outbound_hosts == meant


HTTP = 'name = "x"\ntrigger = { type = "http" }\n'
ROUTED = 'source = "a"\ntrigger = { route = "/" }\n'
REFUSED = ["ftp://example.com", "example.com/path"]
HOSTS = """ftp://example.com isn't a valid host or host:port string
example.com/path contains a path, should be host and optional port only"""


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('name = "x"', "missing field `trigger`"),
        ('trigger = { type = "http" }', "missing field `name`"),
        ('name = "x"\ntrigger = {}', "missing field `type`"),
        (HTTP + "extra = 1", "unknown field `extra`"),
        (HTTP + '[[component]]\nid = "a"\nsource = "a.wasm"', "missing field `trigger`"),
        (HTTP + '[[component]]\nid = "1a"\n' + ROUTED, "words must start with an ASCII letter"),
        (HTTP + '[[component]]\nid = "a"\n' + ROUTED + f"allowed_http_hosts = {REFUSED}", HOSTS),
    ],
)
def test_what_spin_refuses_of_version_1_is_refused(text: str, told: str) -> None:
    with pytest.raises(ManifestError) as caught:
        load(f'spin_manifest_version = "1"\n{text}\n')
    assert told in caught.value.message
