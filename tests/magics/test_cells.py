"""Cells in a real kernel: a function, its edits, its limits, and interrupts."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import FOREVER, TEAPOT, cell, register

pytestmark = pytest.mark.usefixtures("empty_session")


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
        "--route /a --route '/b/...' --allow https://example.com --kv default --sqlite default --var token --env A=b=c "
        "--timeout 1m30s --memory 64MiB --max-response 1MiB --max-log 2k --max-request 3k "
        "--reuse 2 --description 'Tea.'"
    )
    kernel.run(cell("teapot", options=options)).ok()
    code = """
import spinlab
f = spinlab.current_app()["teapot"].function
assert f.routes == ("/a", "/b/..."), f.routes
assert f.allowed_outbound_hosts == ("https://example.com",)
assert f.key_value_stores == ("default",) and f.sqlite_databases == ("default",)
assert f.variables == {"token": "{{ token }}"} and f.environment == {"A": "b=c"}
l = f.limits
assert (l.timeout, l.memory, l.response, l.log, l.request) == (90, 64 << 20, 1 << 20, 2 << 10, 3 << 10), l
assert f.reuse == 2 and f.description == "Tea."
assert f.first_line == 2 and f.origin.startswith("Cell In["), f.origin
"""
    kernel.run(code).ok()


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


def test_a_cell_is_called_by_the_number_that_the_front_end_shows(kernel: Kernel) -> None:
    number = kernel.client.execute("1", reply=True, timeout=30)["content"]["execution_count"]
    assert f"Cell In[{number + 1}]" in kernel.run("%spin show nothing").error("OptionError").traceback
    register(kernel)
    ran = kernel.run("import spinlab; print(spinlab.current_app()['teapot'].function.origin)")
    assert ran.stdout.strip() == f"Cell In[{number + 2}]"
