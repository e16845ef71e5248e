"""Requests through the API server's proxy for Services."""

from __future__ import annotations

from pathlib import Path

import pytest

from spinlab.deploying.destination import Asked
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.deploying.kube.place import Kube
from spinlab.deploying.kube.proxying import Proxied
from spinlab.errors import CallError, DeployError, OptionError
from spinlab.http import Response
from tests.deploying.kube.objects import create
from tests.deploying.kube.service import NAME, service, until
from tests.servers.kube import VISITOR, ApiServer


def _refused(cluster: Cluster, message: str) -> CallError:
    found: list[CallError] = []

    def asked() -> bool:
        with pytest.raises(CallError) as caught:
            Proxied(cluster, NAME).get("/")
        found.append(caught.value)
        return message in caught.value.message

    until(asked)
    return found[-1]


def test_a_request_reaches_the_pod_and_its_answer_comes_back(cluster: Cluster, behind: None) -> None:
    client = Proxied(cluster, NAME)
    answer = client.post("/add/1/2?x=a%20b&y", "three", headers={"x-one": "1"})
    assert answer.status == 200
    assert answer.json() == {"method": "POST", "target": "/add/1/2?x=a%20b&y", "body": "three", "one": "1"}
    assert answer.headers["x-answer"] == "42"
    assert client.request("HEAD", "/").body == b""
    assert client.request("DELETE", "/x").json()["method"] == "DELETE"


@pytest.mark.parametrize("status", [302, 401, 403, 404, 500, 503])
def test_the_status_of_the_app_is_the_status(cluster: Cluster, behind: None, status: int) -> None:
    answer: Response = Proxied(cluster, NAME).get("/", headers={"x-status": str(status)})
    assert answer.status == status
    assert answer.json()["target"] == "/"


def test_an_app_that_talks_like_an_api_server_is_not_believed(cluster: Cluster, behind: None) -> None:
    answer = Proxied(cluster, NAME).get("/lies", headers={"x-status": "404"})
    assert answer.status == 404
    assert answer.json()["message"] == 'services "other" not found'


def test_the_destination_s_client_takes_this_way(cluster: Cluster, behind: None, tmp_path: Path) -> None:

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
