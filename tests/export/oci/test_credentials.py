"""Logins: what is kept where, who is asked first, and what reaches the registry."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import RegistryError
from spinlab.export.oci import push_project
from spinlab.loading.registry import fetched
from spinlab.oci.credentials import find, spin_file
from spinlab.oci.login import login
from tests.export.oci.projects import with_files
from tests.servers import certificate
from tests.servers.registry import HTPASSWD, PASSWORD, USER, registry, skopeo
from tests.servers.tokens import Tokens, tokens

ENCODED = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A registry that knows one user."""
    with registry(tmp_path_factory.mktemp("locked"), htpasswd=HTPASSWD) as port:
        yield port


def docker(folder: Path, **said: object) -> None:
    (folder / "docker").mkdir(exist_ok=True)
    (folder / "docker" / "config.json").write_text(json.dumps(said))


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str) -> None:
    """A credential helper on the path."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    program = place / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}{os.pathsep}{os.environ['PATH']}")


def where(port: int) -> str:
    return f"localhost:{port}/tests/app:1.0"


def test_without_a_login_the_command_that_logs_in_is_named(tmp_path: Path, locked: int) -> None:
    with pytest.raises(RegistryError, match="wants a login") as caught:
        push_project(with_files(tmp_path, {}), where(locked), insecure=True)
    assert f"spinlab registry login localhost:{locked}" in caught.value.hint


def test_a_login_is_kept_in_spins_file_for_this_user_only_and_used(tmp_path: Path, locked: int) -> None:
    kept = login(f"localhost:{locked}", USER, PASSWORD, insecure=True)
    assert kept == spin_file() == tmp_path / "config" / "fermyon" / "registry-auth.json"
    assert json.loads(kept.read_text()) == {"auths": {f"localhost:{locked}": ENCODED}}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    made = push_project(with_files(tmp_path, {}), where(locked), insecure=True)
    assert fetched(where(locked), insecure=True).digest == made.digest
    login(f"http://localhost:{locked}/v2/", USER, PASSWORD, insecure=True)
    assert list(json.loads(kept.read_text())["auths"]) == [f"localhost:{locked}"]


def test_a_login_that_the_registry_refuses_is_not_kept(tmp_path: Path, locked: int) -> None:
    with pytest.raises(RegistryError, match="refuses the login") as caught:
        login(f"localhost:{locked}", USER, "something else", insecure=True)
    assert "something else" not in str(caught.value)
    assert not spin_file().exists()


def test_a_login_that_is_refused_later_is_told_apart_from_none(tmp_path: Path, locked: int) -> None:
    wrong = base64.b64encode(b"ada:wrong").decode()
    docker(tmp_path, auths={f"localhost:{locked}": {"auth": wrong}})
    with pytest.raises(RegistryError, match="refuses the login that is kept") as caught:
        push_project(with_files(tmp_path, {}), where(locked), insecure=True)
    assert wrong not in str(caught.value)
    assert "wrong" not in caught.value.message


@pytest.mark.parametrize("key", ["localhost:{port}", "https://localhost:{port}", "http://localhost:{port}"])
def test_dockers_file_is_read(tmp_path: Path, locked: int, key: str) -> None:
    docker(tmp_path, auths={key.format(port=locked): {"auth": ENCODED}})
    assert push_project(with_files(tmp_path, {}), where(locked), insecure=True).digest


def test_skopeo_and_we_see_the_same_registry(tmp_path: Path, locked: int) -> None:
    docker(tmp_path, auths={f"localhost:{locked}": {"auth": ENCODED}})
    made = push_project(with_files(tmp_path, {}), where(locked), insecure=True)
    creds = ("--tls-verify=false", "--creds", f"{USER}:{PASSWORD}")
    assert json.loads(skopeo("inspect", *creds, f"docker://{where(locked)}"))["Digest"] == made.digest


def test_login_and_tls_together(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("both")
    files = certificate(folder)
    with pytest.MonkeyPatch.context() as patch, registry(folder / "r", tls=files, htpasswd=HTPASSWD) as port:
        patch.setenv("SSL_CERT_FILE", str(files[0]))
        login(f"localhost:{port}", USER, PASSWORD)
        made = push_project(with_files(tmp_path, {}), where(port))
        assert fetched(where(port)).digest == made.digest


# ---- helpers


def test_a_helper_for_the_registry_is_asked(tmp_path: Path, locked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, credHelpers={f"localhost:{locked}": "tests"})
    said = json.dumps({"ServerURL": "x", "Username": USER, "Secret": PASSWORD})
    helper(tmp_path, monkeypatch, "tests", f"read server; [ \"$server\" = localhost:{locked} ] && echo '{said}'")
    assert push_project(with_files(tmp_path, {}), where(locked), insecure=True).digest


def test_a_store_for_all_registries_is_asked(tmp_path: Path, locked: int, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, credsStore="tests", auths={f"localhost:{locked}": {}})
    said = json.dumps({"Username": USER, "Secret": PASSWORD})
    helper(tmp_path, monkeypatch, "tests", f"cat > /dev/null; echo '{said}'")
    assert push_project(with_files(tmp_path, {}), where(locked), insecure=True).digest


def test_a_helper_that_is_not_there_is_named(tmp_path: Path, locked: int) -> None:
    docker(tmp_path, credHelpers={f"localhost:{locked}": "nowhere"})
    with pytest.raises(RegistryError, match="docker-credential-nowhere is not there"):
        push_project(with_files(tmp_path, {}), where(locked), insecure=True)


@pytest.mark.parametrize("name", ["../../bin/sh", "a b", ""])
def test_a_helper_that_is_no_name_is_never_run(tmp_path: Path, name: str) -> None:
    docker(tmp_path, credHelpers={"example.com": name})
    with pytest.raises(RegistryError, match="no program"):
        find("example.com")


def test_a_helper_that_knows_nothing_means_no_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, credsStore="tests")
    helper(tmp_path, monkeypatch, "tests", "cat > /dev/null; echo credentials not found in native keychain; exit 1")
    assert find("example.com") is None


def test_what_a_helper_says_is_in_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, credHelpers={"example.com": "tests"})
    helper(tmp_path, monkeypatch, "tests", "cat > /dev/null; echo my-secret")
    with pytest.raises(RegistryError, match="something else than JSON") as caught:
        find("example.com")
    assert "my-secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"auths": []}', '{"auths": {"example.com": {"auth": "%%%"}}}', '"x"'])
def test_a_broken_file_knows_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "config.json").write_text(text)
    spin_file().parent.mkdir(parents=True)
    spin_file().write_text(text)
    assert find("example.com") is None


def test_spins_file_comes_before_dockers(tmp_path: Path) -> None:
    docker(tmp_path, auths={"example.com": {"auth": ENCODED}})
    spin_file().parent.mkdir(parents=True)
    spin_file().write_text(json.dumps({"auths": {"example.com": base64.b64encode(b"spin:own").decode()}}))
    found = find("example.com")
    assert found is not None
    assert (found.username, found.secret) == ("spin", "own")
    assert "own" not in repr(found)


def test_docker_hub_is_known_under_its_old_name(tmp_path: Path) -> None:
    docker(tmp_path, auths={"https://index.docker.io/v1/": {"auth": ENCODED}})
    found = find("index.docker.io")
    assert found is not None
    assert found.username == USER


# ---- tokens


@pytest.fixture
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tokens, int]]:
    """A registry that takes tokens of another server, and that server."""
    folder = tmp_path_factory.mktemp("tokens")
    with tokens(folder / "tokens") as (made, port), registry(folder / "r", auth=made.table(port)) as registry_port:
        yield made, registry_port


def test_a_token_is_fetched_for_what_is_done(tmp_path: Path, with_tokens: tuple[Tokens, int]) -> None:
    made, port = with_tokens
    docker(tmp_path, auths={f"localhost:{port}": {"auth": ENCODED}})
    pushed = push_project(with_files(tmp_path, {"large": b"x" * 500}), where(port), insecure=True)
    assert set(made.asked) == {"repository:tests/app:pull,push"}
    assert len(made.asked) <= 4, "not one for each request"
    made.asked.clear()
    assert fetched(where(port), insecure=True).digest == pushed.digest
    assert set(made.asked) == {"repository:tests/app:pull"}


def test_a_token_of_an_identity_provider_is_exchanged(tmp_path: Path, with_tokens: tuple[Tokens, int]) -> None:
    made, port = with_tokens
    docker(tmp_path, auths={f"localhost:{port}": {"identitytoken": made.refresh}})
    assert push_project(with_files(tmp_path, {}), where(port), insecure=True).digest
    assert made.asked


def test_a_token_that_is_refused_is_said_to_be(tmp_path: Path, with_tokens: tuple[Tokens, int]) -> None:
    _, port = with_tokens
    docker(tmp_path, auths={f"localhost:{port}": {"auth": base64.b64encode(b"ada:wrong").decode()}})
    with pytest.raises(RegistryError, match="refuses the login that is kept"):
        push_project(with_files(tmp_path, {}), where(port), insecure=True)
