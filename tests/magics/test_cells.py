"""Cells and verbs in a real kernel, with functions in WebAssembly text: no toolchain is needed for any of this."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .conftest import Kernel, Ran

TEAPOT = (Path(__file__).parent / "teapot.wat").read_text()
FOREVER = TEAPOT.replace("(call $drop (local.get $request))", "(loop $again (br $again))")


def answering(status: int) -> str:
    return TEAPOT.replace("418", str(status))


def cell(name: str, body: str = TEAPOT, options: str = "") -> str:
    return f"%%spin wat {name} {options}\n{body}"


@pytest.fixture(autouse=True)
def _empty_app(kernel: Kernel) -> None:
    kernel.run("from spinlab.session import session as _session; _session.reset()").ok()


def register(kernel: Kernel, name: str = "teapot", status: int = 418, options: str = "") -> Ran:
    return kernel.run(cell(name, answering(status), options)).ok()


def test_a_cell_becomes_a_function_with_a_card(kernel: Kernel) -> None:
    ran = register(kernel)
    assert "teapot · WebAssembly text · WASI 0.2 · revision 1" in ran.text
    assert "may touch  nothing" in ran.text
    assert "/teapot/..." in ran.text
    assert ran.stdout == ""
    assert [o["kind"] for o in ran.outputs][-1] == "execute_result"
    assert "application/vnd.spinlab.function.v1+json" in ran.outputs[-1]


def test_a_call_shows_status_and_time(kernel: Kernel) -> None:
    register(kernel)
    assert "418 I'm a Teapot" in kernel.run("%spin get /teapot").ok().text
    assert "404 Not Found" in kernel.run("%spin get /nowhere").ok().text


def test_a_call_gives_a_response(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("r = %spin get /teapot\n(r.status, r.body, r.ok, r.function)").ok()
    assert "(418, b'', False, 'teapot')" in ran.text
    assert len(ran.outputs) == 1


def test_the_listener_answers_other_programs_the_same(kernel: Kernel) -> None:
    register(kernel, options="--route /tea")
    address = kernel.run("print(get_ipython().run_line_magic('spin', 'url teapot'))").ok().stdout.strip()
    assert address.endswith("/tea")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, timeout=20)
    assert caught.value.code == 418


def test_an_edit_is_live_at_once(kernel: Kernel) -> None:
    register(kernel)
    assert "revision 2" in register(kernel, status=202).text
    assert "202 Accepted" in kernel.run("%spin get /teapot").ok().text


def test_an_unchanged_cell_stays_the_same_revision(kernel: Kernel) -> None:
    register(kernel)
    assert "revision 1 (unchanged)" in register(kernel).text


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


def test_an_error_points_at_the_cells_line_and_the_old_version_serves_on(kernel: Kernel) -> None:
    register(kernel)
    broken = TEAPOT.replace("(core module $memory", "(core modle $memory")
    line = broken[: broken.index("(core modle")].count("\n") + 2
    ran = kernel.run(cell("teapot", broken)).error("SourceError")
    assert f"line {line}:" in ran.traceback
    assert f"> {line} |" in ran.traceback
    assert "^" in ran.traceback
    assert "teapot still answers with revision 1" in ran.traceback
    assert "run_cell_magic" not in ran.traceback
    assert "418" in kernel.run("%spin get /teapot").ok().text


def test_blank_lines_above_the_magic_count_as_lines_of_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("\n\n%%spin wat teapot\n(component\n  (nonsense))\n").error("SourceError")
    assert "line 5:" in ran.traceback


@pytest.mark.parametrize(
    ("code", "name", "said"),
    [
        ("%%spin wat 2fast\nx", "NameRefused", "2fast"),
        ("%%spin wat my__f\nx", "NameRefused", "my__f"),
        ("%%spin wat\nx", "OptionError", "name is missing"),
        ("%%spin wat python\nx", "NameRefused", "name of a language"),
        ("%%spin\nx", "OptionError", "needs a NAME"),
        ("%%spin watt hello\nx", "OptionError", "did you mean wat?"),
        ("%%spin wat hello --rout /x\nx", "OptionError", "did you mean --route?"),
        ("%%spin wat hello --timeout soon\nx", "OptionError", "10s, 500ms"),
        ("%%spin wat hello --route\nx", "OptionError", "needs a value"),
        ("%%spin wat hello --route '/x\nx", "OptionError", "quote is not closed"),
        ("%%spin wat hello --module --route /x\nx", "OptionError", "exclude each other"),
        ("%%spin wat hello --var Name\nx", "OptionError", "Name"),
        ("%%spin wat hello --file no-such-file\nx", "OptionError", "no file"),
        ("%%spin wat hello\n", "SourceError", "the cell is empty"),
        ("%%spin wat hello", "SourceError", "the cell is empty"),
        ("%%spin wat hello\n  \n\t\n", "SourceError", "the cell is empty"),
        ("%%spin get /hello\nx", "OptionError", "%spin get /hello"),
        ("%spin gett /x", "OptionError", "did you mean %spin get?"),
        ("%spin /x", "OptionError", "%spin get /x"),
        ("%spin wat hello", "OptionError", "%%spin wat NAME"),
        ("%spin rm", "OptionError", "did you mean %spin remove?"),
        ("%spin get", "OptionError", "needs a PATH"),
        ("%spin get /x --jsn 1", "OptionError", "did you mean --json?"),
        ("%spin post /x --json {", "OptionError", "not JSON"),
        ("%spin post /x -d @no-such-file", "OptionError", "no-such-file"),
        ("%spin get /x -H broken", "OptionError", "Name: value"),
        ("%spin show nothing", "OptionError", "no function is called"),
        ("%spin up --listen 0.0.0.0:80", "OptionError", "this machine only"),
        ("%spin undo nothing", "OptionError", "no function is called"),
        ("%spin help nothing", "OptionError", "no verb"),
    ],
)
def test_wrong_words_are_pointed_at_with_what_is_right(kernel: Kernel, code: str, name: str, said: str) -> None:
    ran = kernel.run(code).error(name)
    assert said in ran.traceback
    assert "Cell In[" in ran.traceback
    assert "spinlab/magics" not in ran.traceback


@pytest.mark.parametrize("route", ["/a/*name", "/a/.../b", "/:"])
def test_a_wrong_route_is_pointed_at(kernel: Kernel, route: str) -> None:
    ran = kernel.run(cell("teapot", options=f"--route {route}")).error("RouteError")
    assert "line 1:27" in ran.traceback
    assert "^" * len(route) in ran.traceback


def test_a_route_of_another_function_is_refused(kernel: Kernel) -> None:
    register(kernel, options="--route /tea")
    ran = kernel.run(cell("pot", options="--route /tea")).error("RouteError")
    assert "teapot" in ran.traceback
    assert "^^^^" in ran.traceback


def test_two_names_that_are_one_in_a_manifest_are_refused(kernel: Kernel) -> None:
    register(kernel, "tea_pot")
    ran = kernel.run(cell("tea-pot")).error("NameRefused")
    assert "tea_pot" in ran.traceback
    assert "^^^^^^^" in ran.traceback


def test_delete_of_a_name_says_how_to_remove_and_how_to_call(kernel: Kernel) -> None:
    register(kernel)
    ran = kernel.run("%spin delete teapot").error("OptionError")
    assert "a path starts with /" in ran.traceback
    assert "to remove the function: %spin remove teapot" in ran.traceback
    assert "%spin get /teapot" in kernel.run("%spin get teapot").error("OptionError").traceback


def test_a_magic_inside_a_cell_is_pointed_at_where_it_stands(kernel: Kernel) -> None:
    ran = kernel.run("x = 1\nif x:\n    %spin show nothing").error("OptionError")
    assert "line 3:16" in ran.traceback


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


def test_an_endless_guest_is_stopped_at_its_limit_and_the_option_is_named(kernel: Kernel) -> None:
    kernel.run(cell("slow", FOREVER, "--timeout 300ms")).ok()
    ran = kernel.run("%spin get /slow").ok()
    assert "504" in ran.text
    assert "--timeout" in ran.text


def test_an_interrupt_ends_a_call_and_the_kernel_goes_on(kernel: Kernel) -> None:
    kernel.run(cell("slow", FOREVER, "--timeout 1m")).ok()
    register(kernel)
    kernel.run("%spin get /slow", timeout=30, interrupt_after=1).error("KeyboardInterrupt")
    assert "418" in kernel.run("%spin get /teapot", timeout=30).ok().text


def test_bodies_are_taken_byte_for_byte(kernel: Kernel) -> None:
    body = TEAPOT + ";; {x} $y {{z}} \\n \"q\" 'p' äß 😀\n  (;\n>>> no prompt\n... nor this\n;)\n"
    kernel.run(cell("teapot", body)).ok()
    ran = kernel.run("import spinlab; print(ascii(spinlab.current_app()['teapot'].function.source), end='')").ok()
    assert ran.stdout == ascii(body)


def test_options_reach_the_function(kernel: Kernel) -> None:
    options = (
        "--route /a --route '/b/...' --allow https://example.com --kv default --sqlite main --var token --env A=b=c "
        "--timeout 1m30s --memory 64MiB --max-response 1MiB --max-log 2k --max-request 3k "
        "--reuse 2 --description 'Tea.'"
    )
    ran = kernel.run(cell("teapot", options=options)).ok()
    assert "recorded for the export, not served in the notebook yet: outbound hosts" in ran.text
    code = """
import spinlab
f = spinlab.current_app()["teapot"].function
assert f.routes == ("/a", "/b/..."), f.routes
assert f.allowed_outbound_hosts == ("https://example.com",)
assert f.key_value_stores == ("default",) and f.sqlite_databases == ("main",)
assert f.variables == {"token": "{{ token }}"} and f.environment == {"A": "b=c"}
l = f.limits
assert (l.timeout, l.memory, l.response, l.log, l.request) == (90, 64 << 20, 1 << 20, 2 << 10, 3 << 10), l
assert f.reuse == 2 and f.description == "Tea."
assert f.first_line == 2 and f.origin.startswith("Cell In["), f.origin
"""
    kernel.run(code).ok()


def test_help_prints_and_makes_nothing(kernel: Kernel) -> None:
    assert "--allowed-outbound-host" in kernel.run("%%spin --help").ok().stdout
    assert "--fail" in kernel.run("%spin get --help").ok().stdout
    text = kernel.run("%spin help").ok().text
    assert all(f"  {verb} " in text for verb in ("get", "bench", "routes", "undo", "export", "doctor"))
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


@pytest.mark.parametrize(
    ("code", "offered", "replaced"),
    [
        ("%spin re", {"remove"}, "re"),
        ("%spin show te", {"teapot"}, "te"),
        ("%spin get /t", {"/tea/kind"}, "/t"),
        ("x = %spin get /t", {"/tea/kind"}, "/t"),
        ("%spin get /tea --f", {"--fail"}, "--f"),
        ("%%spin w", {"wat", "wasm"}, "w"),
        ("%%spin wat te", {"teapot"}, "te"),
        ("%%spin wat x --all", {"--allow", "--allowed-outbound-host"}, "--all"),
        ("%%spin wat x --wasi ", {"0.2", "0.3"}, ""),
        ("%%spin wat x --abs", {"--abs"}, "--abs"),
        ("%spin export d --components sh", {"shared"}, "sh"),
        ("%spin remove teapot te", {"teapot"}, "te"),
        ("%spin help ben", {"bench"}, "ben"),
    ],
)
def test_completion_offers_our_words_and_no_python_names(
    kernel: Kernel, code: str, offered: set[str], replaced: str
) -> None:
    register(kernel, options="--route /tea/:kind")
    matches, fragment = kernel.complete(code)
    assert set(matches) == offered
    assert fragment == replaced


def test_completion_of_python_is_left_alone(kernel: Kernel) -> None:
    assert "enumerate" in kernel.complete("enumer")[0]
    assert "enumerate" in kernel.complete("%%spin wat x\nenumer")[0]


def test_run_all_twice_and_after_a_restart_gives_the_same(kernel: Kernel) -> None:
    def run_all() -> list[str]:
        kernel.run("%load_ext spinlab").ok()
        register(kernel, status=201)
        register(kernel, "pot", 202, "--route /pot")
        return [kernel.run(f"r = %spin get {p}\nprint(r.status)").ok().stdout for p in ("/teapot", "/pot")]

    first = run_all()
    assert run_all() == first
    kernel.client.stop_channels()
    kernel.manager.restart_kernel(now=True)
    kernel.client = kernel.manager.client()
    kernel.client.start_channels()
    kernel.client.wait_for_ready(timeout=60)
    assert run_all() == first


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


def test_an_interrupt_ends_a_compilation_and_the_next_cell_works(kernel: Kernel) -> None:
    code = f"""
adds = "(i32.add (local.get 0) " * 40
many = " ".join(f"(func (param i32) (result i32) {{adds}} (i32.const {{i}}) {{')' * 40}})" for i in range(20_000))
large = {TEAPOT!r}.replace("(core module $memory", f"(core module $large {{many}}) (core module $memory")
get_ipython().run_cell_magic("spin", "wat large", large)
"""
    ran = kernel.run(code, timeout=60, interrupt_on="compiling").error("KeyboardInterrupt")
    assert "interrupted" in ran.outputs[-1]["text/plain"]
    register(kernel)
    assert "418" in kernel.run("%spin get /teapot", timeout=60).ok().text
    assert "large" not in kernel.run("%spin").ok().text
