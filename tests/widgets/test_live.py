"""What all live widgets share, without a browser."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path

import pytest

from spinlab import App
from spinlab.errors import OptionError
from spinlab.widgets.display import Display
from spinlab.widgets.live import assembling
from spinlab.widgets.live.base import VIEW, WIDGET, LiveWidget
from spinlab.widgets.live.place import place
from spinlab.widgets.markup import tag
from tests.conftest import wat

FILES = sorted(assembling.STATIC.glob("*.js"))


class Probe(LiveWidget):
    """The smallest live widget."""

    script = "channel.js"

    def twin(self) -> Display:
        return Display("a twin", tag("div", "a twin"))


def test_a_widget_is_told_of_changes_until_it_is_closed(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    probe = Probe(app)
    monkeypatch.setattr(probe, "_deliver", lambda message, buffers: sent.append(message))
    app.add(wat())
    for _ in range(400):
        if sent:
            break
        time.sleep(0.01)
    assert sent == [{"event": "changed", "value": {"what": ["functions"]}}]
    probe.close()
    app.remove("hello")
    time.sleep(0.1)
    assert len(sent) == 1


def test_a_trait_that_is_not_there_is_refused(app: App) -> None:
    with pytest.raises(OptionError, match="Probe has no 'nosuch'"):
        Probe(app, nosuch=1)


@pytest.mark.parametrize(("mode", "has", "has_not"), [("live", VIEW, WIDGET), ("static", None, VIEW)])
def test_its_twin_is_always_there(
    app: App, monkeypatch: pytest.MonkeyPatch, mode: str, has: str | None, has_not: str
) -> None:
    monkeypatch.setattr(place, "mode", mode)
    bundle, _ = Probe(app)._repr_mimebundle_()
    assert bundle["text/plain"] == "a twin"
    assert bundle["text/html"] == "<div>a twin</div>"
    assert has is None or has in bundle
    assert has_not not in bundle


def test_a_result_for_our_renderer_holds_no_view_that_could_fail_later(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "connected", True)
    bundle, _ = Probe(app)._repr_mimebundle_()
    assert VIEW not in bundle
    assert bundle[WIDGET]["kind"] == "Probe"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_of_a_module_are_put_together_once_and_share_no_name(path: Path) -> None:
    text = assembling.module(path.name)
    assert not re.search(r"^import ", text, re.MULTILINE)
    names = re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, re.MULTILINE)
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_no_file_makes_html_of_text(path: Path) -> None:
    text = path.read_text("utf-8")
    for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert way not in text
