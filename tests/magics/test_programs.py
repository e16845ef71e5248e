"""CGI programs and components by URL in a notebook: %%spin --executor wagi and %spin add, in a real kernel."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from spinlab.engine import wat_to_wasm
from tests import guests
from tests.magics.conftest import Kernel
from tests.magics.teapots import TEAPOT
from tests.wagi import programs

pytestmark = pytest.mark.usefixtures("empty_session")

ADDRESS = "127.0.0.1"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    """A server with a component, a program, something that is neither, and a file that never ends."""

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = FILES.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("content-length", str(1 << 40 if self.path == "/endless" else len(body or b"")))
            self.end_headers()
            try:
                self.wfile.write(body or b"")
                while self.path == "/endless" and not over.wait(0.05):
                    self.wfile.write(bytes(100))
            except OSError:
                pass

        def log_message(self, *_arguments: object) -> None: ...

    over = threading.Event()
    with ThreadingHTTPServer((ADDRESS, 0), Server) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://{ADDRESS}:{running.server_address[1]}"
        over.set()
        running.shutdown()
        thread.join()


FILES = {
    "/pot.wasm": wat_to_wasm(TEAPOT),
    "/echo.wasm?v=2": programs.module(programs.ECHO),
    "/page": b"<html>not what was meant",
    "/endless": b"",
}


# ---- cells


def test_a_cell_with_a_program_answers_and_says_what_it_is(kernel: Kernel) -> None:
    card = kernel.run(f"%%spin wat cgi --executor wagi --argv 'prog ${{ARGS}}'\n{programs.ARGUMENTS}").ok()
    assert "a CGI program (wagi), started for each request with the arguments prog ${ARGS}" in card.text
    assert "core module" in card.text
    assert (
        kernel.run("import spinlab; print(spinlab.current_app().get('/cgi?a&b').body)").ok().stdout.strip()
        == r"b'prog\x00a\x00b\x00'"
    )
    assert "core module" in kernel.run(f"%%spin wat cgi --executor wagi\n{programs.HELLO}").ok().text
    assert "hello" in kernel.run("%spin get /cgi").ok().text
    kernel.run("%spin undo cgi").ok()
    assert "prog" in kernel.run("%spin get /cgi").ok().text


def test_a_program_without_its_executor_is_told_of_it(kernel: Kernel) -> None:
    ran = kernel.run(f"%%spin wat cgi\n{programs.HELLO}")
    assert ran.status == "error"
    assert "--executor wagi" in ran.traceback


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--executor cgi", "--executor can't be 'cgi'"),
        ("--argv x", "write --executor wagi as well"),
        ("--executor wagi --module", "leave out --executor or --module"),
        ("--executor wagi --reuse 3", "runs once for each request"),
    ],
)
def test_options_that_do_not_go_together_are_pointed_at(kernel: Kernel, options: str, told: str) -> None:
    ran = kernel.run(f"%%spin wat cgi {options}\n{programs.HELLO}").error("OptionError")
    assert told in ran.traceback
    assert "^" in ran.traceback


def test_a_python_cell_is_no_program(kernel: Kernel) -> None:
    ran = kernel.run("%%spin hello --executor wagi\ndef handle(request):\n    return 'hi'").error("HandlerError")
    assert "leave out --executor wagi" in ran.traceback


def test_the_executors_are_completed(kernel: Kernel) -> None:
    matches, _ = kernel.complete("%%spin wat cgi --executor ")
    assert set(matches) == {"http", "wagi"}


# ---- files


def test_a_program_of_a_file_answers(kernel: Kernel, tmp_path: Path) -> None:
    path = tmp_path / "echo.wasm"
    path.write_bytes(programs.module(programs.ECHO))
    ran = kernel.run(f"%spin add echo --source {path}").error("ComponentError")
    assert "run it as CGI: --executor wagi" in ran.traceback
    assert "^^^" in ran.traceback
    kernel.run(f"%spin add echo --source {path} --executor wagi --digest {digest(path.read_bytes())}").ok()
    assert "the body" in kernel.run("%spin post /echo --data 'the body'").ok().text


def test_a_component_for_wasi_0_3_is_added_as_well(kernel: Kernel) -> None:
    path = guests.folder() / "echo3.wasm"
    assert "WASI 0.3" in kernel.run(f"%spin add echo --source {path}").ok().text
    assert kernel.run("import spinlab; print(spinlab.current_app().get('/echo/x').status)").ok().stdout.strip() == "200"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("sha256:" + "0" * 64, "has another digest: sha256:"),
        ("md5:0", "must start with 'sha256:'"),
        ("sha256:0", "64 digits"),
    ],
)
def test_a_file_with_another_digest_is_refused(kernel: Kernel, tmp_path: Path, given: str, told: str) -> None:
    path = tmp_path / "pot.wasm"
    path.write_bytes(FILES["/pot.wasm"])
    ran = kernel.run(f"%spin add pot --source {path} --digest {given}").error("OptionError")
    assert told in ran.traceback
    assert "^^^" in ran.traceback


def test_a_file_of_200_mb_is_refused_for_what_is_wrong_with_it(kernel: Kernel, tmp_path: Path) -> None:
    foreign, damaged, huge = tmp_path / "foreign.wasm", tmp_path / "damaged.wasm", tmp_path / "huge.wasm"
    for path, head, size in (
        (foreign, b"", 200 << 20),
        (damaged, FILES["/pot.wasm"][:-1], 200 << 20),
        (huge, FILES["/pot.wasm"], 300 << 20),
    ):
        path.write_bytes(head)
        with path.open("r+b") as file:
            file.truncate(size)
    assert (
        "not a WebAssembly component" in kernel.run(f"%spin add x --source {foreign}").error("ComponentError").traceback
    )
    assert "hint:" in kernel.run(f"%spin add x --source {damaged}").error("ComponentError").traceback
    assert "at most 256 MiB" in kernel.run(f"%spin add x --source {huge}").error("OptionError").traceback


# ---- URLs


def test_a_component_of_a_url_answers(kernel: Kernel, web: str) -> None:
    card = kernel.run(f"%spin add pot --source {web}/pot.wasm --digest {digest(FILES['/pot.wasm'])}").ok()
    assert "WebAssembly" in card.text
    assert "418" in kernel.run("%spin get /pot").ok().text
    program = f"{web}/echo.wasm?v=2"
    kernel.run(f"%spin add echo --source {program} --digest {digest(FILES['/echo.wasm?v=2'])} --executor wagi").ok()
    assert "the body" in kernel.run("%spin post /echo --data 'the body'").ok().text


@pytest.mark.parametrize(
    ("path", "options", "error", "told"),
    [
        ("/pot.wasm", "", "OptionError", "a URL needs the digest"),
        ("/pot.wasm", "--digest sha256:" + "0" * 64, "OptionError", "invalid content digest; expected sha256:000"),
        ("/pot.wasm", "--digest crc:1", "OptionError", "must start with 'sha256:'"),
        ("/nowhere", "--digest " + digest(b"absent"), "OptionError", "404"),
        ("/page", "--digest " + digest(FILES["/page"]), "ComponentError", "perhaps an error page"),
    ],
)
def test_a_url_that_does_not_give_it_is_named(
    kernel: Kernel, web: str, path: str, options: str, error: str, told: str
) -> None:
    ran = kernel.run(f"%spin add x --source {web}{path} {options}").error(error)
    assert told in ran.traceback
    assert "hint:" in ran.traceback
    assert "^^^" in ran.traceback


def test_an_address_without_a_web_is_refused(kernel: Kernel) -> None:
    ran = kernel.run(f"%spin add x --source ftp://example.com/x.wasm --digest {digest(b'')}").error("OptionError")
    assert "not http or https" in ran.traceback


def test_a_download_that_does_not_end_is_interrupted(kernel: Kernel, web: str) -> None:
    ran = kernel.run(
        f"%spin add x --source {web}/endless --digest {digest(b'endless')}", interrupt_on="fetching", timeout=60
    )
    assert ran.ename == "KeyboardInterrupt"
    assert kernel.run("1 + 1").ok().text.strip() == "2"
