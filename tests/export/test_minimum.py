"""Which Spin an export of each language says that it needs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spinlab import App, Function
from spinlab.export.projects import FORMS, plan
from tests.export import official
from tests.export.subjects import SUBJECTS

pytestmark = pytest.mark.toolchain


@pytest.fixture
def app() -> Iterator[App]:
    with App("minimum") as made:
        yield made


@pytest.mark.parametrize("name", [name for name, subject in SUBJECTS.items() if "wasi" not in subject.options])
def test_a_component_of_wasi_0_2_runs_on_the_first_spin_that_we_export_for(app: App, name: str) -> None:
    subject = SUBJECTS[name]
    with official.or_skipped():
        app.add(Function("f", subject.source, language=subject.language, routes=("/...",)))
    found = {form: plan(app, form).needs.text for form in FORMS}
    if name == "go":
        assert found.pop("official") == "4.0"  # its SDK makes components of WASI 0.3
    assert set(found.values()) == {"3.4"}


def test_rust_for_wasi_0_3_says_why_it_needs_a_later_one(app: App) -> None:
    with official.or_skipped():
        app.add(Function("f", SUBJECTS["rust-0.3"].source, language="rust", wasi="0.3", routes=("/...",)))
    assert {plan(app, form).needs for form in FORMS} == {((4, 0), "wasi:http/handler@0.3.0-rc-2026-03-15")}
