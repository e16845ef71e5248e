"""The preview: a page of an app in a frame of its own, whose requests travel over the widget's channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import traitlets

from spinlab.client import request as as_request
from spinlab.commands import Asked, Reply, Room
from spinlab.commands import requests as commands
from spinlab.commands.sending import send
from spinlab.http import Request, Response
from spinlab.secrets import mask
from spinlab.widgets.display import Display
from spinlab.widgets.live.base import LiveWidget
from spinlab.widgets.markup import join
from spinlab.widgets.response import response as as_display
from spinlab.widgets.style import box, code

if TYPE_CHECKING:
    from spinlab.app import App

REQUESTS: Final = 30
"""Requests that are remembered."""


class Preview(LiveWidget):
    """Shows a page of an app as a browser would, without a port.

    The page has an origin of its own and reaches its app only: what it fetches, its links and forms, and the scripts,
    styles and images that it names travel over the widget's channel. Nothing of Jupyter is within its reach.

    Parameters:
        app: The app; the notebook's current one when left out.
        **traits: Values of its traits, such as ``path="/"``.

    Attributes:
        path: Path and query of the page; setting it opens another one.
        host: What stands for the app's host in the addresses of the page.
        reloads: Counts the calls of `reload`.
        requests: The last requests of the page, oldest first: method, target, status and function of each.
    """

    script = "preview.js"
    styles = ("console.css", "preview.css")

    path = traitlets.Unicode("/").tag(sync=True)
    host = traitlets.Unicode("").tag(sync=True)
    reloads = traitlets.Int(0).tag(sync=True)
    requests = traitlets.List(traitlets.Dict())

    def __init__(self, app: App | None = None, **traits: Any) -> None:
        super().__init__(app, **traits)
        self.host = f"{self.app.name}.localhost".lower()
        self._channel.room.commands = {"request": self._request}

    def reload(self) -> None:
        """Ask for the page again."""
        self.reloads += 1

    def twin(self) -> Display:
        """The page as it is now, without its scripts."""
        wanted = as_request("GET", self.path, host=self.host)
        shown = as_display(send(self.app, wanted, lambda: ""), commands.known(self.app))
        line = f"GET {wanted.target}"
        return Display(f"{line}\n{shown.text}", join(box(code(line)), shown.html))

    def _request(self, room: Room, asked: Asked) -> Reply:
        """The command `request`, remembered."""
        wanted = commands.asked_for(room, asked)
        answer = commands.sent(room, asked, wanted)
        self.requests = [*self.requests[1 - REQUESTS :], _told(wanted, answer)]
        return commands.reply(room, wanted, answer)


def _told(wanted: Request, answer: Response) -> dict[str, Any]:
    return {
        "method": wanted.method,
        "target": mask(wanted.target),
        "status": answer.status,
        "function": answer.function,
    }
