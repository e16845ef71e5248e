"""What the page about deploying shows of a cluster is run, against a real registry and a real API server."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from spinlab import App
from spinlab.cli import main
from spinlab.deploying.kube.choices import OF_A_CLUSTER
from spinlab.deploying.kube.cluster import Cluster
from spinlab.deploying.kube.contexts import connect
from spinlab.export import project
from spinlab.export.kube.resources import API
from tests.conftest import wat
from tests.deploying.kube.objects import create, deployment, executor
from tests.magics.conftest import Kernel
from tests.servers.registry import registry

PAGE = Path(__file__).resolve().parents[3] / "docs" / "deploying.md"
SECTION = PAGE.read_text().partition("\n## A cluster\n")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
HOST = "registry.example.com"


@contextmanager
def operating(*namespaces: str) -> Iterator[None]:
    """Writes the Deployment of each SpinApp, as the operator and nodes would."""
    ended = threading.Event()

    def work() -> None:
        with connect() as cluster:
            while not ended.wait(0.2):
                for namespace in namespaces:
                    for app in cluster.list(API, "SpinApp", namespace=namespace):
                        count = int(app["spec"]["replicas"])
                        made = deployment(app, ready=count, replicas=count)
                        made["metadata"]["namespace"] = namespace
                        create(cluster, made)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@pytest.fixture
def here(cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The registry that stands for the page's; the folder of the page's app is the current one."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.chdir(tmp_path)
    create(cluster, {**executor(), "metadata": {"name": executor()["metadata"]["name"], "namespace": "default"}})
    app = App("calculator")
    app.add(wat())
    project(app, tmp_path / "calculator", name="calculator")
    app.close()
    with registry(tmp_path / "registry") as port, operating(cluster.namespace, "default"):
        yield f"127.0.0.1:{port}"


def adapted(line: str, here: str) -> str:
    """The line with the registry of the test, which speaks plain HTTP."""
    return line.replace(HOST, here) + (" --insecure-registry" if HOST in line else "")


def test_the_cells_of_the_page_work_one_after_the_other(cluster: Cluster, here: str, tmp_path: Path) -> None:
    kernel = Kernel({"JPY_SESSION_NAME": str(tmp_path / "page.ipynb")})
    (source,) = (tmp_path / "calculator").rglob("*.wasm")
    (tmp_path / "hello.wasm").write_bytes(source.read_bytes())
    shown: list[str] = []
    try:
        kernel.run("%load_ext spinlab\n%spin app calculator").ok()
        lines = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]
        shown += [kernel.run(adapted(line, here)).ok().text for line in lines]
    finally:
        kernel.close()
    doctor, dry, deployed, status, gone = shown[1:]
    assert "missing  cert-manager" in doctor
    assert "nothing was changed or sent (--dry-run)" in dry
    assert "calculator runs on the cluster" in deployed
    assert "2 of 2 answer" in status
    assert "deleted from namespace" in gone


def test_the_commands_of_the_page_work_one_after_the_other(cluster: Cluster, here: str) -> None:
    said: list[tuple[int, str]] = []
    for line in (line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()):
        done = CliRunner().invoke(main, shlex.split(adapted(line, here))[1:])
        said.append((done.exit_code, done.output))
    doctor, pushed, taken, status, no_url, gone = said
    assert doctor[0] == 1, "this cluster lacks something"
    assert "calculator runs on the cluster: https://app.example.com" in pushed[1]
    assert "calculator runs on the cluster" in taken[1], taken[1]
    assert "url: https://app.example.com" in status[1]
    assert no_url[0] == 1
    assert "has no domain" in no_url[1]
    assert "deleted from namespace" in gone[1]
    assert CliRunner().invoke(
        main, ["deploy", "delete", "calculator", *["--to", "kube", "--namespace", "default", "--yes"]]
    )


def test_every_option_of_a_cluster_is_on_the_page() -> None:
    assert [one.names[0] for one in OF_A_CLUSTER if f"`{one.names[0]}" not in SECTION] == []
