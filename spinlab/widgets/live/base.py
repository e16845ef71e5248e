"""What all live widgets share: the channel to the app, the notes about its changes, and the static twin."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import anywidget

from spinlab.commands import Channel, Room
from spinlab.commands.subshells import stay_on_subshell
from spinlab.commands.telling import Telling
from spinlab.errors import OptionError
from spinlab.widgets.display import Display
from spinlab.widgets.live.assembling import module, styles
from spinlab.widgets.live.place import draws_widgets

if TYPE_CHECKING:
    from spinlab.app import App

WIDGET = "application/vnd.spinlab.widget.v1+json"
"""What our renderer draws: the widget while its kernel lives, else nothing, so that the HTML beside it is shown."""

VIEW = "application/vnd.jupyter.widget-view+json"


class LiveWidget(anywidget.AnyWidget):
    """A widget on an app.

    Its front end asks commands (`spinlab.commands`) and is told what changed. As a cell's result it shows itself where
    widgets are drawn, and its static twin elsewhere, also in a saved notebook.

    Parameters:
        app: The app; the notebook's current one when left out.
        **traits: Values of its traits.

    Raises:
        OptionError: It has no such trait.
    """

    script: ClassVar[str]
    """The module of its front end, a file in ``static``."""
    styles: ClassVar[tuple[str, ...]] = ()
    """Its style sheets, after ``base.css``."""

    def __init__(self, app: App | None = None, **traits: Any) -> None:
        unknown = [name for name in traits if not self.has_trait(name)]
        if unknown:
            raise OptionError(f"{type(self).__name__} has no {unknown[0]!r}", hint=f"it has {', '.join(self.own())}")
        if app is None:
            from spinlab.session import current_app

            app = current_app()
        self.app = app
        self._channel = Channel(lambda message, buffers: self._deliver(message, buffers), Room(lambda: app))
        super().__init__(**traits)
        stay_on_subshell(self.comm)
        telling = Telling(lambda what: self._channel.event("changed", {"what": what}))
        self._ends = (app.changes.listen(telling.note), telling.close, self._channel.close)
        self.on_msg(lambda _widget, content, buffers: self._channel.receive(content, buffers))

    def __init_subclass__(cls, **options: Any) -> None:
        if "script" in cls.__dict__:
            cls._esm = module(cls.script)
            cls._css = styles("base.css", *cls.styles)
        super().__init_subclass__(**options)

    @classmethod
    def own(cls) -> tuple[str, ...]:
        """The names of the traits that are its own."""
        return tuple(sorted(set(cls.class_trait_names()) - set(anywidget.AnyWidget.class_trait_names())))

    def _deliver(self, message: Any, buffers: Sequence[bytes]) -> None:
        """Send to the front end; not by `send`, which is another thing to a widget that sends requests."""
        anywidget.AnyWidget.send(self, message, list(buffers))

    @abstractmethod
    def twin(self) -> Display:
        """What stands for it where no widget is drawn: the same facts as text and HTML."""

    def close(self) -> None:
        """Take it out of the page; the app forgets it."""
        for end in self.__dict__.pop("_ends", ()):  # a widget that could not be made is closed as well
            end()
        super().close()

    def _repr_mimebundle_(self, **_options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        bundle = self.twin()._repr_mimebundle_()
        how = draws_widgets()
        if how == "renderer":
            bundle[WIDGET] = {"model_id": self.model_id, "kind": type(self).__name__}
        elif how == "manager":
            bundle[VIEW] = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return bundle, {}
