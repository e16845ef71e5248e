"""Through a real Jupyter server with jupyter-server-proxy, and what the environment tells of others."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from jupyter_client.blocking import BlockingKernelClient

from spinlab.errors import ListenError
from spinlab.http import Request
from spinlab.page import Page, page_of
from spinlab.server import Jupyter, Server, find_jupyter, jupyter_urls, proxy_package_present
from spinlab.server.pages import SANDBOX
from spinlab.server.shared import socket_file
from tests.server.guests import App, Running, Serve, answer, mirror
from tests.server.lab import BASE, TOKEN, Lab

AUTHORIZED = {"Authorization": f"token {TOKEN}"}


def chatty(request: Request, sink: object, call: Running) -> None:
    headers = [
        ("content-type", "text/html"),
        ("set-cookie", "a=1"),
        ("set-cookie", "_xsrf=stolen"),
        ("service-worker-allowed", "/"),
        ("clear-site-data", '"*"'),
        ("x-own", "1"),
    ]
    answer(sink, b"<h1>hi</h1>", headers=headers)


class TestProxied:
    def test_a_request_reaches_the_guest_without_jupyters_credentials(self, serve: Serve, lab: Lab) -> None:
        server, _ = serve(mirror, jupyter=find_jupyter(lab.environ))
        with httpx.Client(headers=AUTHORIZED) as client:
            client.get(lab.url + "api/status", params={"token": TOKEN})
            client.cookies.set("_xsrf", "2|abc", domain="localhost.local")
            client.cookies.set("mine", "1", domain="localhost.local")
            target = "/hello?x=1&token=" + TOKEN
            asked = client.post(lab.proxy(server.port, target), content=b"body", headers={"X-XSRFToken": "2|abc"})
        assert asked.status_code == 200, asked.text
        told = asked.json()
        assert (told["method"], told["target"], told["body"]) == ("POST", "/hello?x=1", "body")
        headers = dict(told["headers"])
        assert "authorization" not in headers
        assert "x-xsrftoken" not in headers
        assert headers["cookie"] == "mine=1"
        assert headers["host"] == f"localhost:{lab.port}"
        assert headers["x-forwarded-prefix"] == f"{BASE}proxy/{server.port}"
        assert TOKEN not in asked.text

    def test_another_app_is_named_by_the_path(self, lab: Lab) -> None:
        apps = {"": App(mirror), "calc": App(mirror)}
        server = Server(apps.get, port=0, jupyter=find_jupyter(lab.environ))
        server.start()
        try:
            asked = httpx.get(lab.proxy(server.port, "/.app/calc/add?x=1"), headers=AUTHORIZED)
            assert asked.json()["target"] == "/add?x=1"
            assert dict(asked.json()["headers"])["x-forwarded-prefix"] == f"{BASE}proxy/{server.port}/.app/calc"
            assert SANDBOX in asked.headers.get_list("content-security-policy")
            assert (len(apps[""].requests), len(apps["calc"].requests)) == (0, 1)
            missing = httpx.get(lab.proxy(server.port, "/.app/other/"), headers=AUTHORIZED)
            assert (missing.status_code, "'other'" in missing.text) == (404, True)
        finally:
            server.stop()

    def test_the_login_cookie_stays_behind_and_the_functions_bearer_token_passes(self, serve: Serve, lab: Lab) -> None:
        server, _ = serve(mirror, jupyter=find_jupyter(lab.environ))
        with httpx.Client() as client:
            client.get(lab.url + "api/status", params={"token": TOKEN})
            assert any(name.startswith("username-") for name in client.cookies)
            own = {"Authorization": "Bearer of-the-function"}
            told = client.get(lab.proxy(server.port, "/"), headers=own).json()
        headers = dict(told["headers"])
        assert headers["authorization"] == "Bearer of-the-function"
        assert "cookie" not in headers

    @pytest.mark.parametrize("kind", ["proxy", "proxy/absolute"])
    def test_the_response_is_sandboxed_and_sets_nothing_for_the_origin(self, serve: Serve, lab: Lab, kind: str) -> None:
        server, _ = serve(chatty, jupyter=find_jupyter(lab.environ))
        answered = httpx.get(f"{lab.url}{kind}/{server.port}/", headers=AUTHORIZED)
        assert answered.text == "<h1>hi</h1>"
        assert SANDBOX in answered.headers.get_list("content-security-policy")
        assert not [c for c in answered.headers.get_list("set-cookie") if c.startswith(("a=", "_xsrf=stolen"))]
        assert "service-worker-allowed" not in answered.headers
        assert "clear-site-data" not in answered.headers
        assert answered.headers["x-own"] == "1"
        direct = httpx.get(server.url)
        assert "content-security-policy" not in direct.headers
        assert direct.headers.get_list("set-cookie") == ["a=1"]

    def test_pages_that_the_user_trusts_are_not_sandboxed(self, serve: Serve, lab: Lab) -> None:
        server, _ = serve(chatty, jupyter=find_jupyter(lab.environ), trusted_pages=True)
        answered = httpx.get(lab.proxy(server.port), headers=AUTHORIZED)
        assert SANDBOX not in answered.headers.get_list("content-security-policy")
        assert "_xsrf=stolen" not in " ".join(answered.headers.get_list("set-cookie"))

    def test_another_site_can_not_make_a_logged_in_browser_post(self, serve: Serve, lab: Lab) -> None:
        server, app = serve(mirror, jupyter=find_jupyter(lab.environ))
        with httpx.Client() as client:
            client.get(lab.url + "api/status", params={"token": TOKEN})
            for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
                assert client.post(lab.proxy(server.port), headers=headers).status_code == 403
            same = {"Sec-Fetch-Site": "same-origin", "Origin": f"http://localhost:{lab.port}"}
            assert client.post(lab.proxy(server.port), headers=same).status_code == 200
        assert len(app.requests) == 1

    def test_who_is_not_logged_in_does_not_get_through(self, serve: Serve, lab: Lab) -> None:
        server, app = serve(mirror, jupyter=find_jupyter(lab.environ))
        assert httpx.get(lab.proxy(server.port)).status_code in (302, 403)
        assert not app.requests

    def test_a_stranger_can_not_use_the_name_of_another_jupyter(self, serve: Serve, lab: Lab) -> None:
        server, app = serve(mirror, jupyter=find_jupyter(lab.environ))
        headers = {"Host": f"evil.example:{lab.port}", "X-Forwarded-Context": f"{BASE}proxy/1"}
        asked = httpx.get(server.url, headers=headers)
        assert asked.status_code == 421
        assert not app.requests

    def test_the_access_token_becomes_a_cookie_for_the_proxied_path_only(self, serve: Serve, lab: Lab) -> None:
        server, _ = serve(mirror, jupyter=find_jupyter(lab.environ), token="s3cret-s3cret")
        assert httpx.get(lab.proxy(server.port), headers=AUTHORIZED).status_code == 401
        first = httpx.get(lab.proxy(server.port, "/?spinlab-token=s3cret-s3cret"), headers=AUTHORIZED)
        cookies = [c for c in first.headers.get_list("set-cookie") if c.startswith("spinlab-")]
        assert len(cookies) == 1
        assert f"Path={BASE}proxy/{server.port}/" in cookies[0]


class TestSocketFile:
    def test_it_is_reached_through_jupyter_and_by_its_owner_only(self, serve: Serve, lab: Lab) -> None:
        path = socket_file(lab.environ)
        jupyter = find_jupyter(lab.environ)
        server, app = serve(mirror, jupyter=jupyter, socket_file=path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        address = jupyter_urls(server.url, lab.environ).browser
        assert address == f"{BASE}spinlab"
        answered = httpx.get(f"http://localhost:{lab.port}{address}/a?x=1", headers=AUTHORIZED)
        assert answered.status_code == 200, answered.text
        assert answered.json()["target"] == "/a?x=1"
        assert "authorization" not in dict(answered.json()["headers"])
        assert SANDBOX in answered.headers.get_list("content-security-policy")
        assert httpx.get(f"http://localhost:{lab.port}{address}/").status_code in (302, 403)
        assert len(app.requests) == 1

    def test_without_jupyter_there_is_a_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("spinlab.server.shared.runtime_folder", lambda environ: None)
        with pytest.raises(ListenError, match="runtime folder is not known"):
            socket_file()


class TestWhichJupyter:
    def test_it_is_the_one_that_started_this_kernel(self, lab: Lab) -> None:
        found = find_jupyter(lab.environ)
        assert f"localhost:{lab.port}" in found.hosts
        assert f"127.0.0.1:{lab.port}" in found.hosts
        assert found.base_urls == (BASE,)
        assert found.tokens == {TOKEN}
        assert not found.open
        assert TOKEN not in repr(found)

    def test_another_server_of_the_user_is_not_ours_but_its_token_is_secret_too(self, lab: Lab) -> None:
        found = find_jupyter({**lab.environ, "JPY_PARENT_PID": str(os.getpid())})
        assert not found.here
        assert found.hosts == frozenset()
        assert found.tokens == {TOKEN}

    def test_a_kernel_finds_its_own_server(self, lab: Lab) -> None:
        with httpx.Client(base_url=lab.url, headers=AUTHORIZED, timeout=60) as api:
            kernel = api.post("api/kernels", json={"name": "python3"}).json()
            try:
                connection = lab.folder / "runtime" / f"kernel-{kernel['id']}.json"
                client = BlockingKernelClient(connection_file=str(connection))
                client.load_connection_file()
                client.start_channels()
                client.kernel_info(reply=True, timeout=60)
                said: list[str] = []
                client.execute_interactive(
                    f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
                    "from spinlab.server import find_jupyter\n"
                    "found = find_jupyter(); print(sorted(found.hosts), found.base_urls, len(found.tokens))",
                    output_hook=lambda message: said.append(json.dumps(message["content"])),
                    timeout=60,
                )
                client.stop_channels()
            finally:
                api.delete(f"api/kernels/{kernel['id']}")
        assert f"localhost:{lab.port}" in "".join(said)
        assert f"('{BASE}',) 1" in "".join(said)

    def test_broken_and_dead_descriptions_are_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / "jpserver-1.json").write_text("{")
        (tmp_path / "jpserver-2.json").write_text("[]")
        (tmp_path / "jpserver-3.json").write_text(json.dumps({"pid": 2**22 + 1, "token": "x", "port": 1}))
        (tmp_path / "jpserver-4.json").write_text(json.dumps({"token": "x"}))
        assert find_jupyter({"JUPYTER_RUNTIME_DIR": str(tmp_path)}) == Jupyter()
        assert find_jupyter({"JUPYTER_RUNTIME_DIR": str(tmp_path / "nowhere")}) == Jupyter()

    def test_a_server_without_token_or_password_is_open(self, tmp_path: Path) -> None:
        info = {
            "pid": os.getppid(),
            "token": "",
            "password": False,
            "port": 8888,
            "hostname": "0.0.0.0",
            "base_url": "/",
        }
        (tmp_path / "jpserver-1.json").write_text(json.dumps(info))
        found = find_jupyter({"JUPYTER_RUNTIME_DIR": str(tmp_path)})
        assert found.open
        assert f"{socket.gethostname().lower()}:8888" in found.hosts

    def test_a_hub_is_known_from_the_environment(self, tmp_path: Path) -> None:
        found = find_jupyter(
            {
                "JUPYTER_RUNTIME_DIR": str(tmp_path),
                "JUPYTERHUB_SERVICE_PREFIX": "/user/ada/",
                "JUPYTERHUB_API_TOKEN": "hub-token",
                "JUPYTERHUB_PUBLIC_URL": "https://hub.example.org/user/ada/",
            }
        )
        assert found.hub
        assert found.here
        assert found.tokens == {"hub-token"}
        assert found.hosts == {"hub.example.org"}


class TestAddresses:
    listener = "http://127.0.0.1:3000"

    def test_on_the_users_machine_it_is_the_listeners_own(self) -> None:
        assert jupyter_urls(self.listener, {}, jupyter=Jupyter()).browser == self.listener

    def test_it_avoids_the_name_that_jupyter_is_used_under(self) -> None:
        # cookies know a name but no port: a page under the same name would share them with Jupyter
        there = Jupyter(url="http://127.0.0.1:8888/")
        assert jupyter_urls(self.listener, {}, jupyter=there).browser == "http://localhost:3000"

    def test_under_a_hub_it_is_a_path_of_jupyters(self) -> None:
        found = jupyter_urls(self.listener, {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"})
        assert (found.browser, found.place, found.problem) == ("/user/ada/proxy/3000", "hub", "")

    @pytest.mark.parametrize(
        ("host", "browser"),
        [
            ("127.0.0.1:8888", "http://localhost:3000"),  # this machine, under the name that it was opened with
            ("localhost:8888", "http://127.0.0.1:3000"),
            ("localhost:9999", "/lab/base/proxy/3000"),  # a tunnel
            ("notebooks.example.org", "/lab/base/proxy/3000"),
        ],
    )
    def test_a_page_knows_best_where_the_browser_is(self, host: str, browser: str) -> None:
        there = Jupyter(hosts=frozenset({"127.0.0.1:8888", "localhost:8888"}), url="http://127.0.0.1:8888/")
        found = jupyter_urls(self.listener, {}, jupyter=there, page=Page("/lab/base/", host))
        assert (found.browser, found.problem) == (browser, "")

    def test_a_page_knows_the_path_under_a_hub_best(self) -> None:
        environ = {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}
        page = Page("/behind/user/ada/", "hub.example.org")
        assert jupyter_urls(self.listener, environ, page=page).browser == "/behind/user/ada/proxy/3000"
        assert jupyter_urls("unix:/tmp/socket", environ, page=page).browser == "/behind/user/ada/spinlab"

    @pytest.mark.parametrize(("base", "host"), [("javascript:x", "a"), ("//evil/", "a"), ("/", "a b"), ("/", 1)])
    def test_what_is_no_address_of_a_page_is_none(self, base: object, host: object) -> None:
        assert page_of(base, host) is None

    def test_a_missing_proxy_is_named_with_its_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("spinlab.server.addresses.find_spec", lambda name: None)
        found = jupyter_urls(self.listener, {"JUPYTERHUB_SERVICE_PREFIX": "/user/ada/"}, jupyter=Jupyter())
        assert "jupyter-server-proxy is not installed" in found.problem
        assert "pip install jupyter-server-proxy" in found.remedy

    @pytest.mark.parametrize(
        ("environ", "browser"),
        [
            ({"CODESPACE_NAME": "fluffy"}, "https://fluffy-3000.app.github.dev"),
            ({"VSCODE_PROXY_URI": "https://code.example/proxy/{{port}}/"}, "https://code.example/proxy/3000"),
            ({"VSCODE_PID": "1"}, "http://127.0.0.1:3000"),
        ],
    )
    def test_editors_forward_ports_in_their_own_ways(self, environ: dict[str, str], browser: str) -> None:
        assert jupyter_urls(self.listener, environ).browser == browser

    def test_the_jupyter_server_is_asked_for_a_proxy_that_is_not_in_this_environment(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("spinlab.server.addresses.find_spec", lambda name: None)
        assert proxy_package_present(find_jupyter(lab.environ))
        elsewhere = replace(find_jupyter(lab.environ), base_urls=(BASE + "nowhere/",))
        assert not proxy_package_present(elsewhere)
        assert not proxy_package_present(Jupyter())

    def test_an_editor_that_shares_its_origin_is_treated_like_jupyter(self) -> None:
        elsewhere = {"JUPYTER_RUNTIME_DIR": "/nowhere"}
        shared = find_jupyter({"VSCODE_PROXY_URI": "https://code.example/proxy/{{port}}/", **elsewhere})
        assert shared.hosts == {"code.example"}
        own = find_jupyter({"VSCODE_PROXY_URI": "https://{{port}}.code.example/", **elsewhere})
        assert own.hosts == frozenset()
        assert own.forwarded == (".code.example",)


def test_finding_jupyter_imports_none_of_its_servers() -> None:
    code = (
        "import sys; from spinlab.server.jupyter import find_jupyter; find_jupyter()\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('jupyter_server', 'notebook', 'jupyterlab')])\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"
