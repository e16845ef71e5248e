"""A real Kubernetes API server, built from its pinned Go modules, and Debian's etcd behind it. It has no nodes."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import trustme
import yaml
from filelock import FileLock

from tests.servers import PATIENCE, free_port, running

SOURCE = Path(__file__).resolve().parent / "kube-apiserver"
CRDS = Path(__file__).resolve().parent.parent / "data" / "kube"
COMMAND = "k8s.io/kubernetes/cmd/kube-apiserver"
ADMIN, VISITOR = "token-of-the-admin", "token-of-a-visitor"
"""Bearer tokens of one who may do everything, and of one who may do nothing."""


@dataclass(frozen=True)
class ApiServer:
    """Where it is.

    Attributes:
        url: Its address.
        authority: File with the certificate that it vouches for itself with.
        clients: Who signs certificates that it takes as a login.
    """

    url: str
    authority: Path
    clients: trustme.CA

    def kubeconfig(self, path: Path, *, token: str = ADMIN, namespace: str = "", server: str = "") -> Path:
        """Write a kubeconfig whose context ``test`` leads there."""
        cluster = {"server": server or self.url, "certificate-authority": str(self.authority)}
        context = {"cluster": "here", "user": "me", **({"namespace": namespace} if namespace else {})}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "here", "cluster": cluster}],
            "users": [{"name": "me", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": context}],
            "current-context": "test",
        }
        path.write_text(yaml.safe_dump(document))
        return path


def binary() -> Path:
    """The API server, built when the cache has none of these modules: 4 minutes on two cores, once.

    Raises:
        RuntimeError: Go is not here, or does not build it.
    """
    pinned = hashlib.sha256((SOURCE / "go.mod").read_bytes() + (SOURCE / "go.sum").read_bytes()).hexdigest()[:16]
    folder = platformdirs.user_cache_path("spinlab-tests") / f"kube-apiserver-{pinned}"
    found = folder / "kube-apiserver"
    if found.exists():
        return found
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not found.exists():
            _build(folder / "new")
            (folder / "new").rename(found)
    return found


def _build(target: Path) -> None:
    if shutil.which("go") is None:
        raise RuntimeError("Go is missing, which builds the API server of the tests: install Go 1.26 or later")
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    command = [*nice, "go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", str(target), COMMAND]
    done = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the API server could not be built:\n{done.stderr[-4000:]}")


@contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """An empty cluster without nodes that knows SpinKube's resources; ended afterwards."""
    program = binary()
    folder.mkdir(parents=True, exist_ok=True)
    clients = trustme.CA()
    clients.cert_pem.write_to_path(str(folder / "clients.pem"))
    with _etcd(folder / "etcd") as etcd, running(lambda port: _command(program, folder, etcd, port), folder):
        port = int((folder / "port").read_text())
        server = ApiServer(f"https://127.0.0.1:{port}", folder / "apiserver.crt", clients)
        _wait(server)
        yield server


@contextmanager
def _etcd(folder: Path) -> Iterator[int]:
    def command(port: int) -> list[str]:
        client, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        words = [*_with_us(), "etcd", "--data-dir", str(folder / f"kept-{port}"), "--listen-client-urls", client]
        words += ["--advertise-client-urls", client, "--listen-peer-urls", peer]
        return [
            *words,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            f"default={peer}",
            "--unsafe-no-fsync",
        ]

    with running(command, folder) as port:
        yield port


def _with_us() -> list[str]:
    """What ends a server with this process, even when nobody has time to end it: it has hundreds of megabytes."""
    return ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []


def _command(program: Path, folder: Path, etcd: int, port: int) -> list[str]:
    key, tokens = folder / "accounts.key", folder / "tokens.csv"
    if not key.exists():
        subprocess.run(["openssl", "genrsa", "-out", str(key), "2048"], check=True, capture_output=True)
    tokens.write_text(f'{ADMIN},admin,1,"system:masters"\n{VISITOR},visitor,2,"visitors"\n')
    (folder / "port").write_text(str(port))
    return [
        *_with_us(),
        str(program),
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder}",
        "--service-account-issuer=https://tests",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        f"--token-auth-file={tokens}",
        f"--client-ca-file={folder / 'clients.pem'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
    ]


def _wait(server: ApiServer) -> None:
    request = urllib.request.Request(f"{server.url}/readyz", headers={"authorization": f"Bearer {ADMIN}"})
    until = time.monotonic() + PATIENCE
    while True:
        try:
            trusted = ssl.create_default_context(cafile=str(server.authority))
            with urllib.request.urlopen(request, timeout=10, context=trusted) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            if time.monotonic() > until:
                raise
        time.sleep(0.05)


if __name__ == "__main__":
    began = time.monotonic()
    print(binary(), f"{time.monotonic() - began:.0f} s", os.linesep, end="")
    sys.exit(0)
