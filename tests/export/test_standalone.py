"""An image and a source become one component."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinlab import Headers, Request, images
from spinlab.engine import Sandbox, default_engine, wat_to_wasm
from spinlab.engine.binary import exports, imports
from spinlab.errors import ExportError
from spinlab.export import bundle
from spinlab.export.standalone import provider
from tests.conftest import wat_source

SHOW = """
import json, os
def handle(request):
    return json.dumps(dict(os.environ))
"""


@pytest.fixture(scope="module", params=["0.2", "0.3"])
def image(request: pytest.FixtureRequest) -> bytes:
    return images.python(request.param).read()


def given_source(text: str) -> dict[str, str]:
    return {"SPINLAB_SOURCE": json.dumps({"app": ["show.py", text]})}


def test_the_bundle_imports_what_the_image_imports_and_exports_its_handler_alone(image: bytes) -> None:
    made = bundle(image, given_source(SHOW))
    assert imports(made) == imports(image)
    handlers = [x.name for x in exports(image) if x.name.startswith("wasi:http/")]
    assert [x.name for x in exports(made)] == handlers
    assert bytes(image) in made


def test_the_bundle_is_the_image_and_little_more(image: bytes) -> None:
    assert len(bundle(image, given_source(SHOW))) - len(image) < 100_000


def test_the_same_gives_the_same_bytes(image: bytes) -> None:
    assert bundle(image, given_source(SHOW)) == bundle(image, given_source(SHOW))


def test_the_environment_from_outside_stays(image: bytes) -> None:
    made = bundle(image, {**given_source(SHOW), "EXTRA": 'größe " \\ \n'})
    outer = {"OUTER": "1", "MODE": "x" * 70_000}
    sandbox = Sandbox(default_engine(), default_engine().prepare(made), environment=outer)
    try:
        answer = sandbox.handle(Request(headers=Headers([("host", "x")])))
    finally:
        sandbox.close()
    assert answer.json() == {**outer, "EXTRA": 'größe " \\ \n'}


def test_a_component_that_reads_no_environment_is_refused() -> None:
    with pytest.raises(ExportError, match="does not read its environment") as caught:
        bundle(wat_to_wasm(wat_source()), {"A": "b"})
    assert "shared" in caught.value.hint


@settings(max_examples=20, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=200), max_size=3))
def test_any_variables_make_a_component(variables: dict[str, str]) -> None:
    for version in ("0.2.0", "0.3.0"):
        made = provider(f"wasi:cli/environment@{version}", variables)
        assert [x.name for x in exports(made)] == [f"wasi:cli/environment@{version}"]
