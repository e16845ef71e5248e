"""How values of spinlab show themselves in any front end that knows IPython's protocol, the extension loaded or not."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from spinlab.http import Response
from spinlab.inspection import Inspection
from spinlab.live import Live
from spinlab.recording.recording import Recording
from spinlab.recording.replay import Replay
from spinlab.rows import Rows
from spinlab.stores import KeyValueStore, Value
from spinlab.trace import Trace
from spinlab.traits import Scorecard
from spinlab.widgets import inspection, recording, stored, tables
from spinlab.widgets.card import card, facts_of
from spinlab.widgets.response import response as as_display
from spinlab.widgets.scorecard import scorecard
from spinlab.widgets.timeline import timeline

if TYPE_CHECKING:
    from spinlab.app import App
    from spinlab.session import Session

Bundle = dict[str, Any]


def show(value: object) -> Bundle:
    """The display of a value that is `spinlab.shown.Shown`."""
    if isinstance(value, Response):
        return response(value)
    if isinstance(value, Trace):
        return timeline(value)._repr_mimebundle_()
    if isinstance(value, Rows):
        return stored.rows(value)._repr_mimebundle_()
    if isinstance(value, Value):
        return stored.value(value)._repr_mimebundle_()
    if isinstance(value, KeyValueStore):
        return stored.keys(value)._repr_mimebundle_()
    if isinstance(value, Scorecard):
        return scorecard(value)._repr_mimebundle_()
    if isinstance(value, Replay):
        return recording.replay(value)._repr_mimebundle_()
    if isinstance(value, Recording):
        return recording.recording(value)._repr_mimebundle_()
    if isinstance(value, Inspection):
        return inspection.card(value)._repr_mimebundle_()
    return live(value) if isinstance(value, Live) else app(cast("App", value))


def response(answer: Response) -> Bundle:
    """A response by its content type."""
    session = _session()
    lives = session.current().functions if session is not None and session.apps else {}
    return as_display(answer, {name: live.function for name, live in lives.items()})._repr_mimebundle_()


def live(shown: Live) -> Bundle:
    """A live function as its card."""
    session = _session()
    app = session.app_of(shown) if session is not None else None
    return card(
        facts_of(shown, session.url(app) if session is not None and app is not None else "")
    )._repr_mimebundle_()


def app(shown: App) -> Bundle:
    """An app as the table of its functions."""
    session = _session()
    return tables.app(shown, session.url(shown) if session is not None else "")._repr_mimebundle_()


def _session() -> Session | None:
    """The process's session when there is one: a value alone starts nothing, and has no address."""
    module = sys.modules.get("spinlab.session")
    found: Session | None = getattr(module, "session", None)
    return found
