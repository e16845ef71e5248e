"""A page's comm to a real kernel: commands, events, and what closes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import spinlab
from tests.magics.conftest import Kernel
from tests.magics.page import Page

HELLO = """\
%%spin hello --route /hello/:name
def handle(request):
    return "hello " + request.params["name"]"""


@pytest.fixture(scope="module")
def page(kernel: Kernel) -> Iterator[Page]:
    """A page that has said hello, in front of a kernel with a function."""
    made = Page(kernel)
    made.hello()
    kernel.run(HELLO).ok()
    yield made
    made.close()


@pytest.fixture
def own() -> Iterator[Kernel]:
    made = Kernel()
    yield made
    made.close()


def run(kernel: Kernel, code: str, cell: str) -> None:
    """Run a cell that has an id, as a notebook's cells have."""
    message = kernel.client.session.msg("execute_request", {"code": code, "silent": False, "store_history": True})
    message["metadata"]["cellId"] = cell
    kernel.client.shell_channel.send(message)
    kernel.finish(message["header"]["msg_id"])


def test_hello_tells_the_version_and_that_nothing_was_made_yet(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    page = Page(own)
    answer = page.hello()
    assert answer["value"] == {"version": spinlab.__version__, "protocol": 1, "app": "", "begun": False}
    loaded = own.run("import sys\n'spinlab.session' in sys.modules, 'wasmtime' in sys.modules").ok().text
    assert loaded.strip() == "(False, False)"  # a page that is open makes no engine
    page.close()


def test_another_protocol_is_refused_in_words(page: Page) -> None:
    answer = page.hello(protocol=99, version="9.9")
    assert not answer["ok"]
    assert "is 9.9, the kernel's spinlab is" in answer["error"]["message"]
    assert "restart the kernel" in answer["error"]["hint"]


def test_the_app_is_told_once_it_is_there_and_its_cells_are_known(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    page = Page(own)
    page.hello()
    run(own, HELLO, "cell-of-hello")
    assert "functions" in page.event("changed")["what"]
    (function,) = page.value("overview")["functions"]
    assert (function["name"], function["cell"]) == ("hello", "cell-of-hello")
    assert page.value("cells") == {"hello": "cell-of-hello"}
    page.close()


def test_a_page_that_does_not_ask_is_told_once(kernel: Kernel, page: Page) -> None:
    page.value("cells")
    for number in range(3):
        kernel.run(f"%spin get /hello/{number}").ok()
        page.look(0.5)
    while page.told:
        page.told.clear()
        page.look(0.5)
    kernel.run("%spin get /hello/again").ok()
    page.look(1)
    assert page.told == []
    page.value("cells")
    assert page.event("changed")["what"] == ["requests"]


def test_an_error_is_told_in_the_lines_of_its_cell_and_cleared(kernel: Kernel, page: Page) -> None:
    run(kernel, "%%spin hello\ndef handle(request)\n    return 1", "broken")
    error = page.event("error")
    assert (error["cell"], error["line"], error["kind"]) == ("broken", 2, "SourceError")
    assert error["column"] is not None
    assert error in page.value("errors")
    run(kernel, "1 + 1\n%spin nosuch", "broken-line")
    assert page.event("error")["line"] == 2
    run(kernel, HELLO, "broken")
    assert page.event("cleared") == {"cell": "broken"}
    assert [x["cell"] for x in page.value("errors")] == ["broken-line"]


def test_a_statement_of_sql_that_fails_has_its_place(kernel: Kernel, page: Page) -> None:
    run(kernel, "%%spinsql\nselect 1;\nselect nosuch;", "sql")
    error = page.event("error")
    assert (error["cell"], error["line"]) == ("sql", 3)


def test_commands_are_answered_while_a_cell_runs(kernel: Kernel, page: Page) -> None:
    running = kernel.send("import time\nwhile True: time.sleep(0.1)")
    for _ in range(3):  # what the kernel tells in between changes nothing
        assert page.value("request", method="GET", target="/hello/busy", headers=[])["status"] == 200
        page.event("changed")
        assert page.value("cells") is not None
    kernel.manager.interrupt_kernel()
    kernel.finish(running).error("KeyboardInterrupt")


def test_what_a_click_does_is_done(kernel: Kernel, page: Page, tmp_path: object) -> None:
    kernel.run(HELLO).ok()
    kernel.run(HELLO.replace('"hello ', '"goodbye ')).ok()
    assert "goodbye" in kernel.run("%spin get /hello/x").ok().text
    page.value("undo", name="hello")
    assert "hello x" in kernel.run("%spin get /hello/x").ok().text
    assert page.value("remove", name="hello") == {"name": "hello", "back": True}
    assert page.value("overview")["removed"] == ["hello"]
    assert "404" in kernel.run("%spin get /hello/x").ok().text
    page.value("undo", name="hello")
    assert "def handle" in page.value("source", name="hello")["source"]
    assert page.value("stop") == {"stopped": True}
    assert kernel.run("%spin stop").ok().text.startswith("no listener")
    assert page.value("up")["url"].startswith("http://")
    written = page.value("export", directory=f"{tmp_path}/out")
    assert written["files"] > 1
    assert written["command"] == f"spin up -f {tmp_path}/out"


def test_an_export_without_a_folder_is_refused(page: Page) -> None:
    answer = page.ask("export", directory=" ")
    assert "needs the name of a folder" in answer["error"]["message"]


def test_only_comms_that_are_there_are_alive(kernel: Kernel, page: Page) -> None:
    kernel.run("from ipywidgets import IntSlider\nslider = IntSlider()").ok()
    model = kernel.run("print(slider.model_id)").ok().stdout.strip()
    assert page.value("alive", ids=[model, "nosuch"]) == [model]


def test_the_browser_is_where_it_says(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    page = Page(own)
    page.hello(base_url="/user/ada/", host="notebooks.example.org")
    url = own.run(HELLO).ok().text
    assert "/user/ada/proxy/" in url
    page.hello(base_url="javascript:alert(1)", host="x y")  # nonsense changes nothing
    assert "/user/ada/proxy/" in own.run(HELLO).ok().text
    page.close()


def test_another_app_is_told(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    page = Page(own)
    page.hello()
    own.run(HELLO).ok()
    page.event("changed")
    assert page.value("overview")["app"] == "notebook"
    own.run("%spin app second").ok()
    page.event("changed")
    assert page.value("overview")["app"] == "second"
    page.close()


def test_the_page_that_was_silent_for_longest_gives_its_place(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    pages = [Page(own) for _ in range(9)]
    for page in pages[1:]:
        assert page.hello()["ok"]
    pages[0].until_closed()
    for page in pages:
        page.close()


def test_unloading_closes_the_comm_and_takes_no_new_one(own: Kernel) -> None:
    own.run("%load_ext spinlab").ok()
    page = Page(own)
    page.hello()
    own.run("%unload_ext spinlab").ok()
    page.until_closed()
    late = Page(own)
    late.until_closed()
    own.run("%load_ext spinlab").ok()
    again = Page(own)
    assert again.hello()["ok"]
    for one in (page, late, again):
        one.close()


def test_a_kernel_without_spinlab_closes_the_comm_at_once(bare: Kernel) -> None:
    page = Page(bare)
    page.until_closed()
    page.close()
