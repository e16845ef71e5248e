"""Small Spin applications, written into folders for the tests."""

from __future__ import annotations

from pathlib import Path

from spinlab.engine import wat_to_wasm
from tests.conftest import wat_source

HEAD = 'spin_manifest_version = 2\n\n[application]\nname = "{name}"\n'


def manifest(text: str, name: str = "tests") -> str:
    """A manifest with the given tables."""
    return HEAD.format(name=name) + text


def application(folder: Path, text: str, name: str = "tests", **components: str) -> Path:
    """A folder with a spin.toml, and a component ``NAME.wasm`` for each keyword that answers its text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spin.toml").write_text(manifest(text, name))
    for component, answer in components.items():
        (folder / f"{component}.wasm").write_bytes(wat_to_wasm(wat_source(answer)))
    return folder


SIMPLE = """
[[trigger.http]]
route = "/hello/..."
component = "hello"

[component.hello]
source = "hello.wasm"
"""

EVERYTHING = """
version = "1.2.3"
description = "All that a manifest may say"
authors = ["Ada <ada@example.org>", "Grace"]

[application.tool.other]
key = "kept"

[variables]
site = { default = "example.com", description = "where" }
token = { required = true, secret = true }

[[trigger.http]]
route = "/z/..."
component = "second"

[[trigger.http]]
id = "front"
route = "/:name"
component = "first"

[[trigger.http]]
route = "/fixed"
static_response = { status_code = 203, headers = { "x-from" = "the manifest" }, body = "fixed" }

[[trigger.http]]
route = "/a/b"
component = "first"

[[trigger.http]]
route = { private = true }
component = "inner"

[[trigger.http]]
route = "/inline"
component = { source = "inline.wasm", environment = { A = "1" } }

[[trigger.kinesis]]
stream_arn = "news"
component = "listener"

[component.first]
source = "first.wasm"
description = "The first one"
allowed_outbound_hosts = ["https://{{ site }}", "http://second.spin.internal"]
key_value_stores = ["default"]
sqlite_databases = ["default"]
environment = { MODE = "fast" }
files = ["texts/*.txt", { source = "assets", destination = "/static" }]
exclude_files = ["**/*.secret"]
tool.spinlab = { limits = { timeout = 3.5 } }
tool.linter = { strict = true }

[component.first.variables]
url = "https://{{ site }}/x"
token = "{{ token }}"

[component.first.build]
command = ["true", "echo built"]
workdir = "texts"
watch = ["*.txt"]

[component.second]
source = "second.wasm"
allowed_http_hosts = ["old.example.com"]

[component.inner]
source = "inner.wasm"

[component.listener]
source = "listener.wasm"

[component.spare]
source = "not-there-yet.wasm"
"""


def everything(folder: Path) -> Path:
    """An application that uses all that is served, and some that is not."""
    application(folder, EVERYTHING, first="first", second="second", inner="inner", inline="inline", listener="listener")
    for path in ("texts/a.txt", "texts/b.md", "assets/deep/x.css", "assets/key.secret"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    return folder
