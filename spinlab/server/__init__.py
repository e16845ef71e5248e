"""The HTTP listener: apps answer on a loopback address, to clients that may be hostile.

`Server` (``listener``) is a thread with its own loop. What may come in and what may go out is decided by plain
functions that see no socket: ``hosts`` and ``edge`` (who may ask), ``credentials`` (what a guest must not see or set),
``pages`` (what a page on Jupyter's own origin may do). ``asgi`` and ``answer`` carry a request to an app and its answer
back, ``protocol`` bounds what a client can make us hold, ``jupyter`` finds the Jupyter server that this kernel belongs
to, ``addresses`` says where a browser reaches the listener, ``ports`` which port a notebook had the last time.

Importing it starts nothing, and loads neither uvicorn nor Jupyter.
"""

from __future__ import annotations

from spinlab.server.addresses import Addresses, jupyter_urls, proxy_package_present
from spinlab.server.answer import Application, Call, Sink
from spinlab.server.edge import Policy, Refusal
from spinlab.server.jupyter import Jupyter, find_jupyter
from spinlab.server.listener import Server
from spinlab.server.listening import Listening
from spinlab.server.ports import Ports

__all__ = [
    "Addresses",
    "Application",
    "Call",
    "Jupyter",
    "Listening",
    "Policy",
    "Ports",
    "Refusal",
    "Server",
    "Sink",
    "find_jupyter",
    "jupyter_urls",
    "proxy_package_present",
]
