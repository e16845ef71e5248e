"""From a terminal and from a notebook: ``spinlab registry``, ``spinlab up -f REF``, ``%spin registry``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from spinlab.cli import main
from tests.export.oci.projects import WITH_FILES, with_files
from tests.export.oci.scripted import scripted
from tests.loading.upping import Up
from tests.magics.conftest import Kernel
from tests.servers.registry import HTPASSWD, PASSWORD, USER, registry, skopeo


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A registry that knows one user."""
    with registry(tmp_path_factory.mktemp("locked"), htpasswd=HTPASSWD) as port:
        yield port


def spinlab(*arguments: str, cwd: Path, given: str = "", fails: bool = False) -> str:
    """What the command prints, both ways."""
    command = [sys.executable, "-m", "spinlab.cli", *arguments]
    done = subprocess.run(command, cwd=cwd, input=given, capture_output=True, text=True, timeout=300)
    assert bool(done.returncode) is fails, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_log_in_push_serve_and_pull_from_a_terminal(tmp_path: Path, locked: int) -> None:
    where = f"localhost:{locked}/tests/terminal:1.0"
    folder = with_files(tmp_path / "app", {"a.txt": b"a" * 200})
    login = ("registry", "login", f"localhost:{locked}", "-u", USER, "--password-stdin", "-k")
    assert "refuses the login" in spinlab(*login, cwd=folder, given="wrong\n", fails=True)
    said = spinlab(*login, cwd=folder, given=PASSWORD + "\n")
    assert f"Successfully logged in as {USER} to registry localhost:{locked}" in said
    pushed = spinlab("registry", "push", where, "--annotation", "team=green", "--insecure", cwd=folder)
    digest = pushed.partition("Pushed with digest ")[2].partition("\n")[0]
    creds = ("--tls-verify=false", "--creds", f"{USER}:{PASSWORD}")
    raw = json.loads(skopeo("inspect", "--raw", *creds, f"docker://{where}"))
    assert raw["annotations"]["team"] == "green"
    assert json.loads(skopeo("inspect", *creds, f"docker://{where}"))["Digest"] == digest
    again = spinlab("registry", "push", where, "--annotation", "team=green", "-k", "-f", str(folder), cwd=tmp_path)
    assert f"Pushed with digest {digest}" in again
    assert "all 3 layers were there" in again
    cache = {"SPINLAB_CACHE_DIR": str(tmp_path / "cache")}
    up = Up(tmp_path, "-f", where, "-k", environ=cache)
    assert up.get("/hello").text.strip() == "hi"
    assert up.stop() == 0
    assert not (tmp_path / ".spin").exists(), "what is in a registry has no folder for its state"
    assert "Successfully pulled" in spinlab("registry", "pull", where, "back", "-k", cwd=tmp_path)
    assert (tmp_path / "back/files/hello/a.txt").read_bytes() == b"a" * 200


def test_up_takes_a_layout_and_the_option_for_registries(tmp_path: Path) -> None:
    folder = with_files(tmp_path / "app", {})
    spinlab("registry", "push", "oci-archive:app.tar:1.0", cwd=folder)
    cache = {"SPINLAB_CACHE_DIR": str(tmp_path / "cache")}
    up = Up(folder, "--from-registry", "oci-archive:app.tar:1.0", environ=cache)
    assert up.get("/hello").text.strip() == "hi"
    assert up.stop() == 0


def test_build_runs_the_commands_first(tmp_path: Path) -> None:
    text = WITH_FILES.replace(
        "[component.hello]\nsource", '[component.hello]\nbuild.command = "cp a.wasm hello.wasm"\nsource'
    )
    folder = with_files(tmp_path / "app", {}, text=text)
    os.replace(folder / "hello.wasm", folder / "a.wasm")
    assert "component hello is not there" in spinlab("registry", "push", "oci:out", cwd=folder, fails=True)
    assert "Pushed with digest" in spinlab("registry", "push", "--build", "oci:out", cwd=folder)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("push", "localhost:1/App:1"), "a repository has no capitals"),
        (("push", "localhost:1/app:1"), "the registry can't be reached"),
        (("push", "oci:out", "--annotation", "green"), "an annotation is KEY=VALUE"),
        (("push", "oci:out", "-f", "nowhere"), "not found"),
        (("pull", "oci:nowhere"), "there is no folder nowhere"),
        (("login", "localhost:1", "-u", "a", "-p", "b", "--password-stdin"), "exclude each other"),
        (("login", "localhost:1", "-u", "a", "-p", ""), "a login has a name and a password"),
    ],
)
def test_what_can_not_be_done_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(with_files(tmp_path, {}))
    ran = CliRunner().invoke(main, ["registry", *arguments])
    assert ran.exit_code
    assert told in ran.output
    assert isinstance(ran.exception, SystemExit)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("notebook")
    environ = {"JPY_SESSION_NAME": str(folder / "page.ipynb"), "DOCKER_CONFIG": str(folder), "PASSWORD": PASSWORD}
    made = Kernel({**environ, "XDG_CONFIG_HOME": str(folder / "config")})
    made.run(f"%load_ext spinlab\n%cd {folder}").ok()
    yield made
    made.close()


CELL = "%%spin worker --route /worker\ndef handle(request):\n    return '{0}'"


def test_a_notebook_pushes_an_app_and_loads_it_again(kernel: Kernel, locked: int) -> None:
    where = f"localhost:{locked}/tests/notebook:1.0"
    kernel.run(CELL.format("one")).ok()
    missing = kernel.run(f"%spin registry push {where} --insecure").error("RegistryError")
    assert f"spinlab registry login localhost:{locked}" in missing.traceback
    kernel.run(f"%spin registry login localhost:{locked} --username {USER} --from-env PASSWORD --insecure").ok()
    pushed = kernel.run(f"%spin registry push {where} --insecure --version 2.0.0").ok().text
    assert "1 new component for a node to compile" in pushed
    assert f"spin up -f {where}" in pushed
    kernel.run(CELL.format("two")).ok()
    assert "no new code" in kernel.run(f"%spin registry push {where} --insecure").ok().text
    kernel.run(f"%spin load {where} --app back --insecure").ok()
    assert "two" in kernel.run("%spin get /worker").ok().text
    source = "import spinlab; print(spinlab.current_app().functions['worker'].function.source)"
    assert "def handle(request):" in kernel.run(source).ok().text
    pulled = kernel.run(f"%spin registry pull {where} project -k").ok().text
    assert "files in project" in pulled


def test_what_serves_a_layout_is_what_reads_layouts(kernel: Kernel) -> None:
    kernel.run(CELL.format("one")).ok()
    assert "serve it with: spinlab up -f oci:layout:1.0" in kernel.run("%spin registry push oci:layout:1.0").ok().text


def test_an_interrupt_ends_a_push_that_would_never_end(kernel: Kernel, registry_port: int) -> None:
    with scripted() as (made, port):
        made.misbehave = lambda method, path: held.wait(1) or (503, {}, b"") if method == "PUT" else None
        held = threading.Event()
        kernel.run(CELL.format("held")).ok()
        line = f"%spin registry push localhost:{port}/tests/held:1.0 --insecure"
        kernel.run(line, interrupt_after=1.5).error("KeyboardInterrupt")
        held.set()
        assert not made.manifests
    kernel.run(f"%spin registry push localhost:{registry_port}/tests/held:1.0 --insecure").ok()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pusch localhost:1/a", "did you mean %spin registry push?"),
        ("push localhost:1/A:1", "a repository has no capitals"),
        ("push localhost:1/a:1 --only nobody", "no function is called 'nobody'"),
        ("push localhost:1/a:1 --annotation x", "an annotation is KEY=VALUE"),
        ("push localhost:1/a:1 --username ada", "takes no --username"),
        ("pull oci:x --name y", "takes no --name"),
        ("login localhost:1", "who logs in?"),
        ("login localhost:1 --username a --from-env NOT_SET", "NOT_SET is not set"),
    ],
)
def test_a_wrong_word_is_pointed_at(kernel: Kernel, line: str, told: str) -> None:
    ran = kernel.run(f"%spin registry {line}")
    assert ran.status == "error"
    assert told in ran.traceback
