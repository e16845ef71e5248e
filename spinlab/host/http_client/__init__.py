"""An HTTP client for guests: HTTP/1.1 by h11, HTTP/2 by h2, over connections that `spinlab.host.network` made.

Requests and responses stream at the same time, trailers pass both ways, nothing is decoded and no redirect is
followed. Clients that come ready send a whole body before they read and drop trailers, which breaks guests that run on
Spin; the two protocol libraries are those that such clients are built of.
"""

from __future__ import annotations

from spinlab.host.http_client.client import Client
from spinlab.host.http_client.message import Broken, Outgoing, Timeouts, read_request

__all__ = ["Broken", "Client", "Outgoing", "Timeouts", "read_request"]
