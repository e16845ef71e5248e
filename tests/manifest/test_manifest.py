"""spin.toml is read, written and edited without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import tomli
from hypothesis import HealthCheck, given, settings

from spinlab.manifest import (
    Application,
    BuildCommand,
    Component,
    Manifest,
    Mount,
    Target,
    Trigger,
    Variable,
    dump,
    edit,
    http_trigger,
    load,
    normalize,
)
from tests.manifest.strategies import manifests

SCHEMA = json.loads((Path(__file__).parents[1] / "data" / "spin-manifest-v2.schema.json").read_text())
SOME = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=25)

HELLO = Manifest(
    Application("calculator", "0.1.0", "Adds and subtracts", ("Ada <ada@example.com>",)),
    variables={"greeting": Variable(default="hi"), "key": Variable(required=True, secret=True)},
    triggers={"http": (http_trigger("/add/...", "add"), http_trigger(None, "sub"))},
    components={
        "add": Component(
            "add.wasm",
            allowed_outbound_hosts=("https://example.com",),
            key_value_stores=("default",),
            files=(Mount("add.py", "/app/add.py"),),
            environment={"MODE": "x"},
            variables={"greeting": "{{ greeting }}"},
            build=BuildCommand("make add", watch=("*.py",)),
            tool={"spinlab": {"language": "python"}},
        ),
        "sub": Component("sub.wasm"),
    },
)


def test_a_manifest_has_the_keys_in_the_order_of_spins_templates() -> None:
    assert (
        dump(HELLO)
        == """\
spin_manifest_version = 2

[application]
name = "calculator"
version = "0.1.0"
authors = ["Ada <ada@example.com>"]
description = "Adds and subtracts"

[variables]
greeting = { default = "hi" }
key = { required = true, secret = true }

[[trigger.http]]
route = "/add/..."
component = "add"

[[trigger.http]]
route = { private = true }
component = "sub"

[component.add]
source = "add.wasm"
allowed_outbound_hosts = ["https://example.com"]
key_value_stores = ["default"]
files = [{ source = "add.py", destination = "/app/add.py" }]
environment = { MODE = "x" }

[component.add.variables]
greeting = "{{ greeting }}"

[component.add.build]
command = "make add"
watch = ["*.py"]

[component.add.tool.spinlab]
language = "python"

[component.sub]
source = "sub.wasm"
"""
    )


def test_a_manifest_without_triggers_still_has_the_table_that_spin_wants() -> None:
    assert "\n[trigger]\n" in dump(Manifest(Application("empty")))


@SOME
@given(manifests())
def test_what_is_written_is_read_as_the_same(manifest: Manifest) -> None:
    assert load(dump(manifest)) == manifest


@SOME
@given(manifests())
def test_what_is_written_is_valid_by_spins_schema(manifest: Manifest) -> None:
    # The published schema does not know static responses yet, nor an empty list of triggers' further components.
    http = tuple(t for t in manifest.triggers.get("http", ()) if "static_response" not in t.config)
    without = replace(manifest, triggers={**manifest.triggers, "http": http})
    document = json.loads(json.dumps(tomli.loads(dump(without)), default=str))
    jsonschema.Draft202012Validator(SCHEMA).validate(document)


@SOME
@given(manifests(), manifests())
def test_an_edited_text_says_what_it_shall_say(before: Manifest, after: Manifest) -> None:
    assert load(edit(dump(before), after)) == after
    assert edit(dump(before), before) == dump(before)


def test_an_edit_keeps_comments_order_and_spacing() -> None:
    text = """\
#:schema of spin
spin_manifest_version = 2   # two

[component.add]   # mine
source   =  "add.wasm"
# reaches out
allowed_outbound_hosts = []

# the application
[application]
name = "calculator"

[[trigger.http]] # first
route = "/add/..."
component = "add"

[[trigger.http]] # second
route = "/old"
component = "add"

[[trigger.http]] # third
route = "/sub"
component = "add"
"""
    manifest = load(text)
    add = replace(manifest.components["add"], allowed_outbound_hosts=("https://example.com",))
    http = manifest.triggers["http"]
    changed = replace(
        manifest, components={"add": add}, triggers={"http": (http[0], http_trigger("/new", "add"), http[2])}
    )
    found = edit(text, changed)
    assert load(found) == changed
    for kept in (
        "# two",
        "# mine",
        'source   =  "add.wasm"',
        "# reaches out",
        "# the application",
        "# first",
        "# third",
    ):
        assert kept in found
    assert "# second" not in found
    assert edit(text, manifest) == text


def test_an_edit_leaves_a_default_that_is_written_out() -> None:
    text = 'spin_manifest_version = 2\n[application]\nname = "a"\nversion = ""\n[trigger]\n'
    assert 'version = ""' in edit(text, replace(load(text), application=Application("b")))


MAXIMAL = """\
spin_manifest_version = 2

[application]
name = "maximal"
version = "9.9.9"
description = "everything"
authors = ["a@example.com", "b@example.com"]
targets = ["spin-up:3.4", { url = "https://example.com/t.toml" }, { path = "t.toml" }]

[application.trigger.redis]
address = "redis://localhost"

[application.tool.lint]
level = 3

[variables]
one = { description = "first", default = "1" }
two = { required = true, secret = true }

[[trigger.http]]
route = "/a"
component = "small"
executor = { type = "wagi", argv = "x" }

[[trigger.http]]
id = "static"
route = "/s"
static_response = { status_code = 201, headers = { a = "b" }, body = "x" }

[[trigger.redis]]
component = { source = "inline.wasm" }
channel = "{{ one }}"

[[trigger.cron]]
component = "small"
cron_expression = "* * * * * * *"
components.more = ["small", { source = "x.wasm" }]
dependencies.middleware = [{ component = "small" }, { version = "1", package = "a:b" }]

[component.small]
source = "small.wasm"

[component.big]
source = { url = "http://example.com/b.wasm", digest = "sha256:00" }
description = "big"
environment = { VAR = "val" }
files = ["pattern/*", { source = "placement", destination = "/" }]
exclude_files = ["**/secret"]
allowed_http_hosts = ["example.com"]
allowed_outbound_hosts = ["https://example.com:443", "http://{{ one }}.example.com"]
key_value_stores = ["default", "my_store"]
sqlite_databases = ["default"]
ai_models = ["llama2-chat"]
targets = []
dependencies_inherit_configuration = true

[component.big.variables]
v = "{{ one }}-{{ two }}"

[component.big.build]
command = ["one", "two"]
workdir = "big"
watch = ["src/**/*.rs"]

[component.big.tool.clean]
command = "cargo clean"

[component.big.dependencies]
"a:b/c" = { registry = "r.example.com", version = "^1.2.3", package = "a:b", export = "foo" }
"f:g/h@0.1.0" = { path = "p.wasm" }
"fizz:buzz" = ">=0.1.0"
plain = { component = "small", export = "c:d/e" }

[component.big.profile.debug]
source = "debug.wasm"
environment = { D = "1" }
build.command = "make debug"
"""


def test_every_key_of_version_2_is_read_and_written() -> None:
    manifest = load(MAXIMAL)
    assert load(dump(manifest)) == manifest
    assert edit(MAXIMAL, manifest) == MAXIMAL
    assert manifest.application.targets == (
        Target("spin-up:3.4"),
        Target(url="https://example.com/t.toml"),
        Target(path="t.toml"),
    )
    assert manifest.components["big"].profile["debug"].command == "make debug"
    assert manifest.triggers["cron"][0].components["more"] == ("small", Component("x.wasm"))


def test_ids_are_given_as_spin_gives_them() -> None:
    manifest = Manifest(
        Application("x"),
        triggers={
            "http": (
                http_trigger("/1", "hello"),
                http_trigger("/2", Component("admin.wasm"), name="admin-handler"),
                http_trigger("/3", Component("other.wasm")),
                http_trigger("/4", "hello"),
            ),
            "example": (
                Trigger(components={"a": ("hello",), "b": (Component("1.wasm"),), "c": (Component("2.wasm"),)}),
            ),
        },
        components={"hello": Component("hello.wasm")},
    )
    found = normalize(manifest)
    assert [(t.id, t.component) for t in found.triggers["http"]] == [
        ("hello-http-trigger", "hello"),
        ("admin-handler", "admin-handler-component"),
        ("http-trigger1", "http-trigger1-component"),
        ("http-trigger2", "hello"),
    ]
    assert found.triggers["example"][0].id == "example-trigger1"
    assert found.triggers["example"][0].components == {
        "a": ("hello",),
        "b": ("inline-component1",),
        "c": ("inline-component2",),
    }
    assert list(found.components)[1:] == [
        "admin-handler-component",
        "http-trigger1-component",
        "inline-component1",
        "inline-component2",
    ]
    assert normalize(found) == found
