"""The widgets of the app, its capabilities and its stores, without a browser."""

from __future__ import annotations

import subprocess
import sys

import pytest
from ipywidgets import Accordion, HBox, Tab

from spinlab import App
from spinlab.http import Denied, HostCall
from spinlab.widgets import AppView, Capabilities, Stores
from spinlab.widgets.live.base import LiveWidget
from tests.conftest import wat

DENIED = Denied("outbound HTTP", "http://x:80", "--allow http://x", 'allowed_outbound_hosts = ["http://x"]')


@pytest.mark.parametrize(
    ("kind", "words"),
    [(AppView, "/hello"), (Capabilities, "key-value store default"), (Stores, "SQLite database")],
)
def test_the_twin_says_the_same_as_text_and_html(app: App, kind: type[LiveWidget], words: str) -> None:
    app.add(wat(key_value_stores=("default",)))
    bundle, _ = kind(app)._repr_mimebundle_()
    assert words in bundle["text/plain"]
    assert words in bundle["text/html"]
    assert "<script" not in bundle["text/html"]


def test_the_twin_of_capabilities_says_what_was_used_and_denied(app: App) -> None:
    live = app.add(wat(key_value_stores=("default",), sqlite_databases=("default",)))
    assert live is not None
    call = HostCall("key-value store", "get", "default", "ok", 0, 0, 0, 0, None)
    live.usage.add((call, HostCall("outbound HTTP", "GET", "http://x:80", "denied", 0, 0, 0, 0, DENIED)))
    text = Capabilities(app).twin().text
    assert [line.split()[-2:] for line in text.splitlines()[1:3]] == [["used", "once"], ["default", "unused"]]
    assert "denied once" in text
    assert "--allow http://x" in text


def test_they_nest_and_are_driven_and_observed(app: App) -> None:
    view, grants, stores = AppView(app), Capabilities(app, selected="hello"), Stores(app, kind="sqlite")
    assert len(HBox([Tab([view, grants]), Accordion([stores])]).children) == 2
    seen: list[str] = []
    view.observe(lambda change: seen.append(change["new"]), "selected")
    view.selected = "hello"
    assert seen == ["hello"]
    with pytest.raises(Exception, match="tab"):
        view.tab = "nosuch"


def test_importing_the_room_of_widgets_brings_no_widgets() -> None:
    code = "import spinlab.widgets, sys; print('anywidget' in sys.modules or 'ipywidgets' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
