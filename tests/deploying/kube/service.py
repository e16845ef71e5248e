"""A Service whose pod is an object that the test writes, and whose address is a server of the test on this machine.

So the way of a request through the API server is real, and no node takes part in it.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.proxying import Proxied
from spinlab.errors import CallError
from spinlab.export.kube.resources import Resource
from tests.deploying.kube.objects import create, pod, spin_app
from tests.servers import PATIENCE

NAME = "calculator"


class Echo(BaseHTTPRequestHandler):
    """Answers what it was asked."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status = int(self.headers.get("x-status") or 200)
        said = {"method": self.command, "target": self.path, "body": body.decode(), "one": self.headers.get("x-one")}
        data = json.dumps(said).encode()
        if self.path == "/lies":
            told = {"kind": "Status", "apiVersion": "v1", "code": status, "message": 'services "other" not found'}
            data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("x-answer", "42")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer

    def log_message(self, *_args: object) -> None:
        pass


def address() -> str:
    """An address of this machine that is not loopback, which the API server accepts for a pod."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # nothing is sent
        except OSError:
            pytest.skip("this machine has no address but loopback, which the API server refuses for pods")
        return str(probe.getsockname()[0])


def service() -> Resource:
    ports = [{"name": "http-app", "port": 80, "targetPort": 80}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": {"ports": ports}}


@contextmanager
def served(cluster: Cluster) -> Iterator[None]:
    """A Service whose pod's address is a server of this test."""
    here = address()
    server = ThreadingHTTPServer((here, 0), Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    create(cluster, service())
    create(cluster, pod(spin_app(), podIP=here, podIPs=[{"ip": here}], phase="Running"))
    target = {"kind": "Pod", "name": f"{NAME}-1", "namespace": cluster.namespace}
    port = {"name": "http-app", "port": server.server_address[1]}
    subsets = [{"addresses": [{"ip": here, "targetRef": target}], "ports": [port]}]
    create(cluster, {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": NAME}, "subsets": subsets})
    try:
        until(lambda: Proxied(cluster, NAME).get("/").status == 200)
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def until(true: Callable[[], bool]) -> None:
    """The API server knows of new objects a moment later."""
    ends = time.monotonic() + PATIENCE
    while True:
        try:
            if true():
                return
        except CallError:
            if time.monotonic() > ends:
                raise
        assert time.monotonic() < ends
        time.sleep(0.05)
