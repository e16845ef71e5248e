"""Requests through the API server's proxy for Services.

The pod behind the Service is an object that the test wrote, and its address is a server of the test on this machine: so
the way of a request through the API server is real, and no node takes part in it.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spinlab.deploying.destination import Asked
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.deploying.kube.place import Kube
from spinlab.deploying.kube.proxying import Proxied
from spinlab.errors import CallError, DeployError, OptionError
from spinlab.export.kube.resources import Resource
from spinlab.http import Response
from tests.deploying.kube.conftest import create, pod, spin_app
from tests.servers import PATIENCE
from tests.servers.kube import VISITOR, ApiServer

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


@pytest.fixture
def behind(cluster: Cluster) -> Iterator[str]:
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
        _until(lambda: Proxied(cluster, NAME).get("/").status == 200)
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _until(true: Callable[[], bool]) -> None:
    """The API server knows of new objects a moment later."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            if true():
                return
        except CallError:
            if time.monotonic() > until:
                raise
        assert time.monotonic() < until
        time.sleep(0.05)


def _refused(cluster: Cluster, message: str) -> CallError:
    found: list[CallError] = []

    def asked() -> bool:
        with pytest.raises(CallError) as caught:
            Proxied(cluster, NAME).get("/")
        found.append(caught.value)
        return message in caught.value.message

    _until(asked)
    return found[-1]


def test_a_request_reaches_the_pod_and_its_answer_comes_back(cluster: Cluster, behind: str) -> None:
    client = Proxied(cluster, NAME)
    answer = client.post("/add/1/2?x=a%20b&y", "three", headers={"x-one": "1"})
    assert answer.status == 200
    assert answer.json() == {"method": "POST", "target": "/add/1/2?x=a%20b&y", "body": "three", "one": "1"}
    assert answer.headers["x-answer"] == "42"
    assert client.request("HEAD", "/").body == b""
    assert client.request("DELETE", "/x").json()["method"] == "DELETE"


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500, 503])
def test_the_status_of_the_app_is_the_status(cluster: Cluster, behind: str, status: int) -> None:
    answer: Response = Proxied(cluster, NAME).get("/", headers={"x-status": str(status)})
    assert answer.status == status
    assert answer.json()["target"] == "/"


def test_an_app_that_talks_like_an_api_server_is_not_believed(cluster: Cluster, behind: str) -> None:
    answer = Proxied(cluster, NAME).get("/lies", headers={"x-status": "404"})
    assert answer.status == 404
    assert answer.json()["message"] == 'services "other" not found'


def test_the_destination_s_client_takes_this_way(cluster: Cluster, behind: str, tmp_path: Path) -> None:

    with Kube(Asked(NAME, tmp_path)).client() as client:
        assert client.get("/add/1/2").json()["target"] == "/add/1/2"


def test_without_a_service_the_deployment_is_missing(cluster: Cluster) -> None:
    error = _refused(cluster, "has no Service 'calculator'")
    assert cluster.namespace in error.message
    assert "%spin deploy --to kube" in error.hint


@pytest.mark.parametrize("looked", [True, False])
def test_without_a_pod_nobody_answers(cluster: Cluster, looked: bool) -> None:
    create(cluster, service())
    if looked:
        create(cluster, {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": NAME}, "subsets": []})
    error = _refused(cluster, f"no pod of calculator answers in namespace '{cluster.namespace}'")
    assert "status" in error.hint


def test_a_login_that_may_not_is_told(
    api: ApiServer, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    path = api.kubeconfig(tmp_path / "visitor", token=VISITOR, namespace=namespace)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with connect() as cluster, pytest.raises(DeployError) as caught:
        Proxied(cluster, NAME).get("/")
    assert "must not get services/proxy" in caught.value.message


def test_a_header_that_the_api_server_keeps_is_refused_with_another_way(cluster: Cluster) -> None:
    with pytest.raises(OptionError) as caught:
        Proxied(cluster, NAME).get("/", headers={"Authorization": "Bearer x"})
    assert "port-forward svc/calculator 8080:80" in caught.value.hint
