from __future__ import annotations

import json

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

MEASURE = """
import json, sys, threading, time
threads = threading.active_count()
began = time.perf_counter()
get_ipython().run_line_magic("load_ext", "spinlab")
took = time.perf_counter() - began
print(json.dumps([took, threading.active_count() - threads, "wasmtime" in sys.modules, "uvicorn" in sys.modules]))
"""


def test_loading_is_quick_prints_nothing_and_starts_nothing(bare: Kernel) -> None:
    ran = bare.run(MEASURE).ok()
    took, threads, wasmtime, uvicorn = json.loads(ran.stdout)
    print(f"%load_ext: {took * 1000:.0f} ms")
    assert took < 1  # a bound against a gross mistake; the budget of 0.2 s is measured by benchmarks/
    assert threads == 0
    assert not wasmtime
    assert not uvicorn
    assert len(ran.outputs) == 0


def test_loading_twice_changes_nothing(bare: Kernel) -> None:
    code = """
ip = get_ipython()
from spinlab import load_ipython_extension, unload_ipython_extension
load_ipython_extension(ip)
count = lambda: (len(ip.configurables), len(ip.Completer.custom_matchers), len(ip.input_transformers_cleanup))
before = count()
load_ipython_extension(ip)
assert count() == before
unload_ipython_extension(ip)
unload_ipython_extension(ip)
assert "spin" not in ip.magics_manager.magics["line"] and "spin" not in ip.magics_manager.magics["cell"]
assert [a - b for a, b in zip(before, count())] == [1, 1, 1]
load_ipython_extension(ip)
assert count() == before
"""
    bare.run(code).ok()


def test_the_configuration_shows_under_its_name(bare: Kernel) -> None:
    bare.run("%load_ext spinlab")
    assert "Spin.listen" in bare.run("%config Spin").ok().text
    bare.run("%config Spin.serve = False").ok()
    bare.run("assert get_ipython().spinlab_extension.spin.serve is False").ok()


def test_under_a_hub_the_card_links_through_the_proxy() -> None:
    hub = Kernel({"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"})
    try:
        hub.run("%load_ext spinlab").ok()
        ran = register(hub, options="--route /tea")
        port = hub.run("from spinlab.session import session; print(session.server.port)").ok().stdout.strip()
        assert f'href="/user/ada/proxy/{port}/tea"' in ran.html
        assert f"Serving http://127.0.0.1:{port}" in hub.run("%spin up").ok().stdout
    finally:
        hub.close()
