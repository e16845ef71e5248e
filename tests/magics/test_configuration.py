"""%config Spin in a real kernel, and the notebook's port over restarts of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.magics.conftest import Kernel
from tests.magics.teapots import register

STORES = (
    "%%spin stores --kv default\nfrom spin_sdk import key_value\ndef handle(request):\n"
    "    with key_value.open_default() as store:\n        store.set('name', b'ada')\n    return 'kept'\n"
)
URL = "from spinlab.session import session; print(session.server.url)"


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Kernel]:
    made = Kernel({"JPY_SESSION_NAME": str(tmp_path / "a.ipynb"), "IPYTHONDIR": str(tmp_path / "ipython")})
    made.run("%load_ext spinlab").ok()
    yield made
    made.close()


def test_every_option_of_the_listener_is_there_with_its_help(kernel: Kernel) -> None:
    text = kernel.run("%config Spin").ok().text
    for name in ("listen", "serve", "socket_file", "token", "hosts", "origins", "trusted_pages", "trace", "proxies"):
        assert f"Spin.{name}" in text
    assert "Further Host headers" in text


def test_calls_of_functions_are_recorded_unless_that_is_switched_off(own: Kernel) -> None:
    own.run(STORES).ok()
    assert "key-value store" in own.run("%spin get /stores\n%spin trace").ok().text
    own.run("%config Spin.trace = False").ok()
    own.run("%spin get /stores").ok()
    shown = own.run("%spin trace --lines 1").ok().text
    assert "%config Spin.trace = True" in shown
    assert "key-value store" not in shown
    own.run("%spin app other").ok()
    assert "False" in own.run("import spinlab; spinlab.current_app().tracing").ok().text
    own.run("%config Spin.trace = True").ok()
    assert "True" in own.run("spinlab.current_app().tracing").ok().text


def test_proxies_of_the_environment_are_used_when_that_is_said(own: Kernel) -> None:
    show = "[a.proxies for a in __import__('spinlab.session').session.session.apps.values()]"
    own.run("%config Spin.proxies = True").ok()  # before there is a session
    own.run("import spinlab; spinlab.current_app()\n%spin app other").ok()
    assert "True" in own.run("spinlab.current_app().proxies").ok().text
    own.run("%config Spin.proxies = False").ok()
    assert "True" not in own.run(show).ok().text


@pytest.mark.usefixtures("empty_session")
def test_hosts_and_origins_hold_from_the_next_request_on(kernel: Kernel) -> None:
    register(kernel)
    url = kernel.run(URL).ok().stdout.strip() + "/teapot"
    assert httpx.get(url, headers={"Host": "lab.example.org"}).status_code == 421
    kernel.run("%config Spin.hosts = ['lab.example.org']").ok()
    assert httpx.get(url, headers={"Host": "lab.example.org"}).status_code == 418
    foreign = {"Origin": "https://a.example", "Sec-Fetch-Site": "cross-site"}
    refused = httpx.post(url, headers=foreign)
    assert refused.status_code == 403
    assert "%config Spin.origins = ['https://a.example']" in refused.text
    kernel.run("%config Spin.origins = ['https://a.example']").ok()
    assert httpx.post(url, headers=foreign).status_code == 418
    assert "is not an origin" in kernel.run("%config Spin.origins = ['a.example']").text
    kernel.run("%config Spin.hosts = []\n%config Spin.origins = []").ok()
    assert httpx.get(url, headers={"Host": "lab.example.org"}).status_code == 421


@pytest.mark.usefixtures("empty_session")
def test_a_token_is_asked_for_and_only_url_and_open_show_it(kernel: Kernel) -> None:
    kernel.run("%config Spin.token = 'letmeinplease'").ok()
    try:
        card = register(kernel)
        assert "letmeinplease" not in card.text + card.html
        assert "%spin url" in card.text
        url = kernel.run("print(get_ipython().run_line_magic('spin', 'url teapot'))").ok().stdout.strip()
        assert url.endswith("/teapot?spinlab-token=letmeinplease")
        assert httpx.get(url).status_code == 418
        assert httpx.get(url.partition("?")[0]).status_code == 401
    finally:
        kernel.run("%config Spin.token = ''").ok()


@pytest.mark.usefixtures("empty_session")
def test_a_socket_file_takes_the_place_of_the_port(kernel: Kernel, tmp_path: Path) -> None:
    register(kernel)
    before = kernel.run(URL).ok().stdout.strip()
    kernel.run(f"%config Spin.socket_file = {str(tmp_path / 's')!r}").ok()
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(tmp_path / "s"))) as client:
        assert client.get("http://localhost/teapot").status_code == 418
    kernel.run("%config Spin.socket_file = ''").ok()
    assert kernel.run(URL).ok().stdout.strip() == before


def test_a_configuration_file_says_it_before_the_first_function(own: Kernel, tmp_path: Path) -> None:
    profile = tmp_path / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("c.Spin.hosts = ['lab.example.org']\n")
    own.manager.restart_kernel(now=True)
    own.client.wait_for_ready(timeout=60)
    own.run("%load_ext spinlab").ok()
    own.run("import sys; assert 'spinlab.session' not in sys.modules").ok()
    register(own)
    url = own.run(URL).ok().stdout.strip()
    assert httpx.get(url + "/teapot", headers={"Host": "lab.example.org"}).status_code == 418


def test_a_restarted_kernel_answers_on_the_same_port(own: Kernel) -> None:
    register(own)
    first = own.run(URL).ok().stdout
    other = Kernel({"JPY_SESSION_NAME": "/nowhere/b.ipynb"})
    try:
        own.manager.restart_kernel(now=True)
        own.client.wait_for_ready(timeout=60)
        other.run("%load_ext spinlab").ok()
        own.run("%load_ext spinlab").ok()
        register(own)
        assert own.run(URL).ok().stdout == first
        register(other)
        assert other.run(URL).ok().stdout != first
    finally:
        other.close()


@pytest.mark.usefixtures("empty_session")
def test_a_request_is_answered_while_a_cell_runs_a_pure_python_loop(kernel: Kernel) -> None:
    register(kernel)
    url = kernel.run(URL).ok().stdout.strip() + "/teapot"
    running = kernel.send("print('begun', flush=True)\nwhile True:\n    pass")
    while "begun" not in str((kernel.client.get_iopub_msg(timeout=60))["content"]):
        pass
    try:
        with httpx.Client(timeout=60) as client:
            assert [client.get(url).status_code for _ in range(20)] == [418] * 20
    finally:
        kernel.manager.interrupt_kernel()
        kernel.finish(running)
    kernel.run("%spin get /teapot").ok()
