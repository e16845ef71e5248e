"""The verbs of %spin in a real kernel."""

from __future__ import annotations

import re
import socket

import httpx
import pytest

from tests.magics.conftest import Kernel, Ran
from tests.magics.teapots import cell, register

pytestmark = pytest.mark.usefixtures("empty_session")


def test_undo_brings_the_last_version_back(kernel: Kernel) -> None:
    register(kernel, status=201)
    register(kernel, status=202)
    assert "revision 1" in kernel.run("%spin undo teapot").ok().text
    assert "201 Created" in kernel.run("%spin get /teapot").ok().text
    kernel.run("%spin undo teapot").error("OptionError")


def test_diff_shows_what_changed(kernel: Kernel) -> None:
    register(kernel, status=201)
    kernel.run("%spin diff teapot").error("OptionError")
    register(kernel, status=202, options="--route /x")
    text = kernel.run("%spin diff teapot").ok().text
    assert "-      (drop (call $status (local.get $response) (i32.const 201)))" in text
    assert "+# route /x" in text


def test_remove_takes_away_and_undo_brings_back(kernel: Kernel) -> None:
    register(kernel)
    assert "%spin undo teapot" in kernel.run("%spin remove teapot").ok().stdout
    assert "404" in kernel.run("%spin get /teapot").ok().text
    kernel.run("%spin undo teapot").ok()
    assert "418" in kernel.run("%spin get /teapot").ok().text


def test_fail_raises_after_showing_the_response(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("%spin get /teapot --fail").error("CallError")
    assert "answered 418" in ran.traceback
    assert "418 I'm a Teapot" in ran.text
    register(kernel, status=204)
    kernel.run("%spin get /teapot --fail").ok()


def test_help_prints_and_makes_nothing(kernel: Kernel) -> None:
    assert "--allowed-outbound-host" in kernel.run("%%spin --help").ok().stdout
    assert "--fail" in kernel.run("%spin get --help").ok().stdout
    text = kernel.run("%spin help").ok().text
    assert all(f"  {verb} " in text for verb in ("get", "bench", "routes", "undo", "export", "doctor"))
    for word in ("%%spintest", "%%spinsql", "deploy", "registry", "kube", "targets", "test", "replay", "send", "run"):
        assert re.search(rf"^ *{word} ", text, re.MULTILINE), word
    assert "expect.status" in kernel.run("%spin help %%spintest").ok().text
    assert "percentiles" in kernel.run("%spin help bench").ok().text


def test_the_app_and_its_routes_are_tables(kernel: Kernel) -> None:
    assert "no functions yet" in kernel.run("%spin").ok().text
    register(kernel)
    register(kernel, "pot", options="--route /pot/:size")
    text = kernel.run("%spin").ok().text
    assert "teapot" in text
    assert "/pot/:size" in text
    assert "/pot/size" in kernel.run("%spin routes").ok().html


def test_up_prints_what_spin_prints(kernel: Kernel) -> None:
    register(kernel, options="--description 'A pot.'")
    lines = kernel.run("%spin up").ok().stdout.splitlines()
    assert lines[0].startswith("Serving http://127.0.0.1:")
    assert lines[1] == "Available Routes:"
    assert lines[2].startswith("  teapot: http://127.0.0.1:")
    assert lines[2].endswith("/teapot (wildcard)")
    assert lines[3] == "    A pot."
    assert "stopped" in kernel.run("%spin stop").ok().stdout
    assert "418" in kernel.run("%spin get /teapot").ok().text


def test_apps_have_functions_of_their_own(kernel: Kernel) -> None:
    register(kernel)
    kernel.run("%spin app shop").ok()
    assert "404" in kernel.run("%spin get /teapot").ok().text
    register(kernel, "till", 201)
    assert "shop.localhost" in kernel.run("%spin url till").ok().text
    kernel.run("%spin app notebook").ok()
    assert "418" in kernel.run("%spin get /teapot").ok().text
    assert "* notebook" in kernel.run("%spin app").ok().text


def test_show_manifest_build_and_doctor_have_something_to_say(kernel: Kernel) -> None:
    register(kernel)
    assert "(component" in kernel.run("%spin show teapot").ok().text
    assert "spin_manifest_version = 2" in kernel.run("%spin manifest").ok().text
    assert "1 functions are ready" in kernel.run("%spin build").ok().text
    assert "Python" in kernel.run("%spin doctor").ok().text
    assert "no log lines" in kernel.run("%spin logs teapot").ok().text


def test_a_path_without_a_route_is_answered_with_advice_that_no_client_sees(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("%spin get '/teapots?x=1'").ok()
    said = "no route matches /teapots (the closest is /teapot/...); a catch-all (/...) route would answer it"
    assert said in ran.text
    assert said in ran.html
    address = kernel.run("print(get_ipython().run_line_magic('spin', 'url teapot'))").ok().stdout.strip()
    answered = httpx.get(address + "s")
    assert (answered.status_code, answered.content) == (404, b"")
    assert "catch-all" not in str(answered.headers)
    shown = kernel.run("%spin logs").ok().text
    assert shown.count("matched no pattern") == 1
    assert "app  Request to /teapots matched no pattern, and received a generic 404 response. To serve" in shown


def test_refused_requests_are_seen_in_the_log_and_by_the_doctor(kernel: Kernel) -> None:
    register(kernel)
    assert "refused" not in kernel.run("%spin doctor").ok().text
    address = kernel.run("print(get_ipython().run_line_magic('spin', 'url teapot'))").ok().stdout.strip()
    for host in ("evil.example", "evil.example"):
        assert httpx.get(address, headers={"host": host}).status_code == 421
    assert httpx.post(address, headers={"origin": "https://evil.example"}).status_code == 403
    shown = kernel.run("%spin logs").ok().text
    assert "\nlistener  refused with 421: evil.example is not an address of this listener" in shown
    assert shown.rstrip().endswith("%config Spin.origins = ['https://evil.example'] in the notebook.")
    assert "refused" not in kernel.run("%spin logs teapot").ok().text
    doctor = kernel.run("%spin doctor").ok().text
    assert "3 requests were refused: 403, POST from a page of https://evil.example is refused; 421, evil" in doctor
    assert "if that was you: %config Spin.origins = ['https://evil.example']" in doctor


def test_bench_shows_percentiles(kernel: Kernel) -> None:
    register(kernel)
    text = kernel.run("%spin bench /teapot -n 50 -c 2").ok().text
    assert "50 requests, 2 at once" in text
    assert "p99" in text
    assert "418: 50" in text


def test_following_the_log_ends_with_an_interrupt(kernel: Kernel) -> None:
    register(kernel)
    kernel.run("%spin logs -f", timeout=30, interrupt_after=0.7).ok()


def test_a_cell_that_changes_its_name_leaves_an_orphan_that_prune_removes(kernel: Kernel) -> None:
    def run_in_cell(code: str, cell_id: str) -> Ran:
        message = kernel.client.session.msg("execute_request", {"code": code, "silent": False, "store_history": True})
        message["metadata"]["cellId"] = cell_id
        kernel.client.shell_channel.send(message)
        return kernel.finish(message["header"]["msg_id"])

    run_in_cell(cell("old"), "a").ok()
    run_in_cell(cell("other"), "b").ok()
    run_in_cell(cell("new"), "a").ok()
    assert "old (orphan)" in kernel.run("%spin").ok().text
    assert "removed for good: old" in kernel.run("%spin prune").ok().stdout
    text = kernel.run("%spin").ok().text
    assert "old" not in text
    assert "other" in text


def test_an_address_that_is_taken_leaves_the_listener_where_it_is(kernel: Kernel) -> None:
    register(kernel)
    url = "print(get_ipython().run_line_magic('spin', 'url teapot'))"
    before = kernel.run(url).ok().stdout
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = kernel.run(f"%spin up --listen 127.0.0.1:{port}").error("ListenError")
        assert str(port) in ran.traceback
    assert kernel.run(url).ok().stdout == before
    kernel.run(f"%spin up --listen 127.0.0.1:{port}").ok()
    assert f":{port}/" in kernel.run(url).ok().stdout
    assert "this machine only" in kernel.run("%config Spin.listen = 'everywhere:80'").text
    kernel.run("%config Spin.listen = ''").ok()
