"""Which cluster is meant, and what is said when it can't be used: against a real API server."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml

from spinlab.deploying.kube.contexts import connect
from spinlab.errors import DeployError, ToolMissing
from spinlab.export.kube.resources import API
from tests.deploying.kube.objects import spin_app
from tests.servers import certificate, free_port
from tests.servers.kube import ADMIN, VISITOR, ApiServer


def _refused(context: str = "", namespace: str = "") -> DeployError:
    with pytest.raises(DeployError) as caught, connect(context, namespace) as cluster:
        cluster.list(API, "SpinApp")
    return caught.value


def test_the_current_context_and_its_namespace_are_meant(api: ApiServer, namespace: str) -> None:
    with connect() as cluster:
        assert (cluster.where.context, cluster.namespace, cluster.where.server) == ("test", namespace, api.url)
        assert str(cluster.where) == f"namespace '{namespace}' of context 'test'"
        assert cluster.version()
    with connect("test", "other") as cluster:
        assert cluster.namespace == "other"


def test_a_context_without_a_namespace_means_default(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "plain")))
    with connect() as cluster:
        assert cluster.namespace == "default"


def test_of_several_kubeconfigs_the_first_that_says_something_is_right(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = api.kubeconfig(tmp_path / "first", namespace="one")
    second = yaml.safe_load(api.kubeconfig(tmp_path / "second", namespace="two").read_text())
    second["contexts"].append({"name": "more", "context": {"cluster": "here", "user": "me", "namespace": "three"}})
    second["current-context"] = "more"
    (tmp_path / "second").write_text(yaml.safe_dump(second))
    listed = [str(tmp_path / "absent"), str(first), str(tmp_path / "second")]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(listed))
    with connect() as cluster:
        assert (cluster.where.context, cluster.namespace) == ("test", "one")
    with connect("more") as cluster:
        assert cluster.namespace == "three"
        assert cluster.version()


def test_a_missing_kubeconfig_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    error = _refused()
    assert "there is no kubeconfig" in error.message
    assert "nowhere" in error.message
    assert "KUBECONFIG" in error.hint
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path / ".kube" / "config") in _refused().message


def test_inside_a_pod_its_own_account_is_taken(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host, _, port = api.url.removeprefix("https://").partition(":")
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    monkeypatch.setattr("spinlab.deploying.kube.contexts.ACCOUNT", tmp_path)
    for name, text in (("token", ADMIN), ("ca.crt", api.authority.read_text()), ("namespace", "own\n")):
        (tmp_path / name).write_text(text)
    with connect() as cluster:
        assert str(cluster.where) == "namespace 'own' of the cluster of this pod"
        assert cluster.list("v1", "Namespace")
    assert "there is no kubeconfig" in _refused("production").message


@pytest.mark.parametrize("text", ["a: [", "just words", "- 1\n"])
def test_a_kubeconfig_that_is_none_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "broken"))
    assert "broken" in _refused().message


def test_an_unknown_context_gets_the_nearest(namespace: str) -> None:
    assert _refused("tset").hint == "did you mean test?"
    assert _refused("production").hint == "there are: test"


def test_a_kubeconfig_without_a_current_context_says_what_there_is(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(api.kubeconfig(tmp_path / "config").read_text())
    del document["current-context"]
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    error = _refused()
    assert "no current context" in error.message
    assert "there are: test" in error.hint


def test_a_context_whose_cluster_is_not_there_is_refused(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load(api.kubeconfig(tmp_path / "config").read_text())
    document["contexts"][0]["context"]["cluster"] = "gone"
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert "context 'test' can't be used" in _refused().message


def test_a_wrong_or_expired_login_is_told(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "config", token="an-old-one")))
    error = _refused()
    assert "does not accept the login of context 'test': it is wrong or has expired" in error.message
    assert "an-old-one" not in f"{error.message}{error.hint}{error.details}"


@pytest.mark.parametrize("days", [-1, 1])
def test_a_certificate_is_a_login_until_it_expires(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    now = datetime.now(timezone.utc)
    group = "system:masters"
    ends = {"not_before": now - timedelta(days=9), "not_after": now + timedelta(days=days)}
    issued = api.clients.issue_cert("ada.example.com", common_name="ada", organization_name=group, **ends)
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "ada.pem"))
    document = yaml.safe_load(api.kubeconfig(tmp_path / "config").read_text())
    document["users"][0]["user"] = {"client-certificate": "ada.pem", "client-key": "ada.pem"}
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    if days > 0:
        with connect() as cluster:
            assert cluster.list("v1", "Namespace")
    else:
        assert "it is wrong or has expired" in _refused().message


def test_a_login_that_may_not_says_what_it_may_not(
    api: ApiServer, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = api.kubeconfig(tmp_path / "visitor", token=VISITOR, namespace=namespace)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with connect() as cluster, pytest.raises(DeployError) as caught:
        cluster.apply(spin_app(), dry=True)
    assert f"must not patch spinapps in namespace '{namespace}'" in caught.value.message
    assert "Role" in caught.value.hint


def test_a_login_command_that_fails_is_told(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load(api.kubeconfig(tmp_path / "config").read_text())
    run = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "interactiveMode": "Never"}
    run["args"] = ["-c", "import sys; sys.exit('please log in first')"]  # type: ignore[assignment]
    document["users"][0]["user"] = {"exec": run}
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    error = _refused()
    assert "gives no login" in error.message
    assert "log in again" in error.hint


def test_a_server_that_is_not_there_is_told(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = f"https://127.0.0.1:{free_port()}"
    monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "config", server=server)))
    error = _refused()
    assert error.message == f"the cluster at {server} can't be reached: nobody listens there"


def test_a_server_of_another_authority_is_told(api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other, _ = certificate(tmp_path / "other")
    document = yaml.safe_load(api.kubeconfig(tmp_path / "config").read_text())
    document["clusters"][0]["cluster"]["certificate-authority"] = str(other)
    (tmp_path / "config").write_text(yaml.safe_dump(document))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert "shows a certificate that the kubeconfig does not trust" in _refused().message


def test_a_server_that_is_no_api_server_is_told(
    api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            taken, _ = listener.accept()
            with taken:
                taken.recv(1 << 16)
                taken.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\n<p/>")

        thread = threading.Thread(target=answer)
        thread.start()
        server = f"http://127.0.0.1:{listener.getsockname()[1]}"
        monkeypatch.setenv("KUBECONFIG", str(api.kubeconfig(tmp_path / "config", server=server)))
        assert "it is no API server" in _refused().message
        thread.join()


def test_a_namespace_that_is_none_is_refused_before_anybody_is_asked(namespace: str) -> None:
    assert "can't be a namespace" in _refused(namespace="My_Space").message


def test_a_namespace_that_is_not_there_gets_the_command_that_makes_it(namespace: str) -> None:
    with connect("", "nowhere") as cluster, pytest.raises(DeployError) as caught:
        cluster.apply(spin_app(), dry=True)
    assert caught.value.message == "there is no namespace 'nowhere'"
    assert "kubectl --context test create namespace nowhere" in caught.value.hint


def test_without_the_client_the_command_that_adds_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes.client", None)
    with pytest.raises(ToolMissing) as caught:
        connect()
    assert caught.value.hint == "pip install 'spinlab[kube]'"


def test_the_client_is_imported_only_where_a_cluster_is_asked() -> None:
    code = (
        "import sys, spinlab, spinlab.magics, spinlab.deploying.catalogue, spinlab.deploying.kube.place\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('kubernetes', 'pydantic', 'urllib3')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"\[\]\s*", done.stdout), done.stdout
