"""What goes wrong with a registry: what is said, and that nothing half done is left."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from spinlab.errors import RegistryError
from spinlab.export.oci import push_project
from spinlab.loading.registry import fetched
from spinlab.oci import Reference, digest_of
from tests.export.oci.conftest import noise
from tests.export.oci.projects import with_files
from tests.export.oci.scripted import Answer, Scripted, scripted
from tests.servers import certificate, free_port
from tests.servers.registry import registry

NAME = "tests/app:1.0"


@pytest.fixture
def server() -> Iterator[tuple[Scripted, int]]:
    with scripted() as made:
        yield made


def failing(folder: Path, where: str, *, insecure: bool = True) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        push_project(folder, where, insecure=insecure)
    assert caught.value.hint
    return caught.value


def test_a_registry_that_is_down_is_named(tmp_path: Path) -> None:
    where = f"localhost:{free_port()}/{NAME}"
    error = failing(with_files(tmp_path, {}), where)
    assert where in error.message
    assert "can't be reached" in error.message


def test_a_page_of_html_is_no_registry(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    page = (200, {"content-type": "text/html"}, b"<!doctype html><h1>Please log in</h1>")
    made.misbehave = lambda method, path: page
    error = failing(with_files(tmp_path, {}), f"localhost:{port}/{NAME}")
    assert "answers with a web page" in error.message
    assert "Please log in" not in str(error)


def no_space(method: str, path: str) -> Answer | None:
    body = b'{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"Op":"write","Err":28}}]}'
    return (500, {"content-type": "application/json"}, body) if method in ("PATCH", "PUT") else None


def test_a_registry_without_space_is_said_to_have_none(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    made.misbehave = no_space
    error = failing(with_files(tmp_path, {}), f"localhost:{port}/{NAME}")
    assert "no space" in error.message
    assert not made.manifests


def test_a_registry_that_says_why_is_quoted(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    body = b'{"errors":[{"code":"DENIED","message":"the project is frozen"}]}'
    made.misbehave = lambda method, path: (403, {}, body) if method == "POST" else None
    error = failing(with_files(tmp_path, {}), f"localhost:{port}/{NAME}")
    assert "DENIED: the project is frozen" in error.message


def test_a_registry_that_is_busy_is_asked_again(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    turns = iter([(503, {}, b""), (429, {"retry-after": "0"}, b"")])
    made.misbehave = lambda method, path: next(turns, None) if method == "HEAD" else None
    push_project(with_files(tmp_path, {}), f"localhost:{port}/{NAME}", insecure=True)
    assert "1.0" in made.manifests


def test_an_upload_goes_on_where_the_registry_says_it_is(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    made.drop = [3_000_000, 1_000_000]
    data = noise(9_000_000)
    push_project(with_files(tmp_path, {"large.bin": data}), f"localhost:{port}/{NAME}", insecure=True)
    assert made.drop == []
    assert made.blobs[digest_of(data)] == data
    assert made.sent < 9_100_000, "each byte went once"


def test_a_registry_that_takes_no_pieces_gets_the_whole(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    made.misbehave = lambda method, path: (405, {}, b"") if method == "PATCH" else None
    data = noise(5_000_000)
    push_project(with_files(tmp_path, {"large.bin": data}), f"localhost:{port}/{NAME}", insecure=True)
    assert made.blobs[digest_of(data)] == data


def test_a_registry_that_always_breaks_off_is_given_up(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    made.misbehave = lambda m, path: (
        (200, {"claimed-length": "9000"}, b"x") if "/blobs/sha256" in path and m == "GET" else None
    )
    push_project(with_files(tmp_path, {}), f"localhost:{port}/{NAME}", insecure=True)
    with pytest.raises(RegistryError, match="broke off while spinlab fetched sha256:"):
        fetched(f"localhost:{port}/{NAME}", insecure=True)


def test_a_layer_that_is_not_what_its_digest_says_is_not_taken(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    data = noise(70_000)
    push_project(with_files(tmp_path, {"large.bin": data}), f"localhost:{port}/{NAME}", insecure=True)
    made.blobs[digest_of(data)] = bytes(70_000)
    with pytest.raises(RegistryError, match="not what its digest says") as caught:
        fetched(f"localhost:{port}/{NAME}", insecure=True)
    assert digest_of(data) in caught.value.message
    assert digest_of(bytes(70_000)) in caught.value.message
    made.blobs[digest_of(data)] = data
    assert fetched(f"localhost:{port}/{NAME}", insecure=True).files["files/hello/large.bin"] == data


def test_a_manifest_that_is_not_what_was_asked_for_is_not_taken(tmp_path: Path, server: tuple[Scripted, int]) -> None:
    made, port = server
    done = push_project(with_files(tmp_path, {}), f"localhost:{port}/{NAME}", insecure=True)
    wanted = "sha256:" + "0" * 64
    made.manifests[wanted] = made.manifests["1.0"]
    with pytest.raises(RegistryError, match=f"expected {wanted}, got {done.digest}"):
        fetched(f"localhost:{port}/tests/app@{wanted}", insecure=True)


def test_what_is_not_there_is_said_to_be_missing(registry_port: int) -> None:
    with pytest.raises(RegistryError, match="there is no such artifact in the registry"):
        fetched(f"localhost:{registry_port}/tests/nothing:1.0", insecure=True)


# ---- TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A registry with a certificate that vouches for itself, and that certificate."""
    folder = tmp_path_factory.mktemp("tls")
    files = certificate(folder)
    with registry(folder / "registry", tls=files) as port:
        yield port, files[0]


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, tls: tuple[int, Path]) -> None:
    error = failing(with_files(tmp_path, {}), f"localhost:{tls[0]}/{NAME}", insecure=False)
    assert "certificate is not trusted" in error.message
    assert "SSL_CERT_FILE" in error.hint


def test_a_certificate_is_trusted_when_its_authority_is_named(
    tmp_path: Path, tls: tuple[int, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tls[1]))
    assert push_project(with_files(tmp_path, {}), f"localhost:{tls[0]}/{NAME}").sent


def test_insecure_takes_any_certificate(tmp_path: Path, tls: tuple[int, Path]) -> None:
    where = f"localhost:{tls[0]}/insecure:1.0"
    made = push_project(with_files(tmp_path, {}), where, insecure=True)
    assert fetched(where, insecure=True).digest == made.digest


def test_a_certificate_that_has_expired_is_refused_in_words(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("expired")
    cert, key = certificate(folder)
    words = f"openssl x509 -in {cert} -signkey {key} -days 1 -set_serial 2 -out {folder}/old.pem".split()
    if subprocess.run([*words, "-not_after", "20200101000000Z"], capture_output=True).returncode:  # before OpenSSL 3.4
        (folder / "serial").write_text("01")
        (folder / "index.txt").write_text("")
        (folder / "ca.cnf").write_text(CA.format(folder=folder))
        subprocess.run(f"openssl x509 -x509toreq -in {cert} -signkey {key} -out {folder}/csr.pem".split(), check=True)
        sign = f"openssl ca -batch -config {folder}/ca.cnf -selfsign -keyfile {key} -in {folder}/csr.pem"
        sign += f" -startdate 190101000000Z -enddate 200101000000Z -notext -out {folder}/old.pem"
        subprocess.run(sign.split(), check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "old.pem"))
    with registry(folder / "registry", tls=(folder / "old.pem", key)) as port:
        error = failing(with_files(tmp_path, {}), f"localhost:{port}/{NAME}", insecure=False)
    assert "expired" in error.message


CA = """
[ca]
default_ca = own
[own]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:localhost
"""


def test_plain_http_is_not_spoken_unasked(tmp_path: Path, registry_port: int) -> None:
    error = failing(with_files(tmp_path, {}), f"localhost:{registry_port}/{NAME}", insecure=False)
    assert "--insecure" in error.hint


# ---- references


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("localhost:5000/Team/App:1.0", "a repository has no capitals"),
        ("localhost:5000/team//app", "is no repository"),
        ("localhost:5000/", "is no repository"),
        ("localhost:5000/team/app:a b", "is no tag"),
        ("localhost:5000/team/app:", "is no tag"),
        ("localhost:5000/team/app:" + "x" * 129, "is no tag"),
        ("localhost:5000/team/app@sha256:12", "is no digest"),
        ("localhost:5000/team/app@", "is no digest"),
        ("http://localhost/team/app", "is no host"),
        ("-x.example.com/app", "is no host"),
    ],
)
def test_what_is_no_reference_is_refused_with_what_to_write(text: str, told: str) -> None:
    with pytest.raises(RegistryError) as caught:
        Reference.parse(text)
    assert told in caught.value.message
    assert caught.value.hint


def test_capitals_are_answered_with_the_reference_in_small_letters() -> None:
    with pytest.raises(RegistryError) as caught:
        Reference.parse("localhost:5000/Team/App:RC1")
    assert caught.value.hint == "write localhost:5000/team/app:RC1"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("app", "docker.io/library/app:latest"),
        ("team/app:1", "docker.io/team/app:1"),
        ("ghcr.io/team/app", "ghcr.io/team/app:latest"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("localhost/app@sha256:" + "a" * 64, "localhost/app@sha256:" + "a" * 64),
    ],
)
def test_what_is_left_out_is_what_docker_and_spin_take_it_for(text: str, meant: str) -> None:
    assert str(Reference.parse(text)) == meant
