"""A hostile page in a real browser: what it may do on Jupyter's own origin, and what on the listener's."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest

from spinlab.http import Request
from spinlab.server import find_jupyter
from tests.server.guests import Running, Serve, answer
from tests.server.lab import BASE, TOKEN, Lab

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")]

# What a page would do to take over Jupyter: each way says what it got, or how it failed.
ATTACK = """<!doctype html><title>attack</title><script>
const base = BASE;
const tries = {
  async cookie() { return document.cookie; },
  async storage() { localStorage.setItem("a", "1"); return localStorage.getItem("a"); },
  async read() {
    const answer = await fetch(base + "api/contents", {credentials: "include"});
    return answer.status + " " + (await answer.text()).slice(0, 40);
  },
  async write() {
    const xsrf = document.cookie.match(/_xsrf=([^;]*)/)[1];
    const answer = await fetch(base + "api/contents/stolen.txt", {
      method: "PUT", credentials: "include",
      headers: {"X-XSRFToken": xsrf, "Content-Type": "application/json"},
      body: JSON.stringify({type: "file", format: "text", content: "owned"}),
    });
    return answer.status;
  },
  async blind() {
    await fetch(base + "api/contents", {
      method: "POST", credentials: "include", mode: "no-cors", body: JSON.stringify({type: "file", ext: ".blind"}),
    });
    return "sent";
  },
  async parent() { return parent === window ? "none" : parent.document.title + " " + parent.secret; },
  async worker() { return (await navigator.serviceWorker.register("worker.js", {scope: base})).scope; },
  async frame() {
    const frame = document.createElement("iframe");
    frame.src = base + "api/status";
    document.body.append(frame);
    await new Promise(done => frame.onload = done);
    return frame.contentDocument.body.textContent.slice(0, 40);
  },
};
addEventListener("load", async () => {
  const got = {};
  for (const [name, attempt] of Object.entries(tries)) {
    try { got[name] = "got: " + await attempt(); } catch (error) { got[name] = "failed: " + error; }
  }
  const shown = document.createElement("pre");
  shown.id = "result";
  shown.textContent = JSON.stringify(got);
  document.body.append(shown);
});
</script><body>hello</body>"""


def attacker(request: Request, sink: object, call: Running) -> None:
    if request.path.endswith("worker.js"):
        headers = [("content-type", "text/javascript"), ("service-worker-allowed", "/")]
        answer(sink, b"addEventListener('fetch', () => {})", headers=headers)
        return
    cookies = [("set-cookie", "_xsrf=mine; Path=/"), ("set-cookie", "planted=1; Path=/")]
    page = ATTACK.replace("BASE", json.dumps(BASE)).encode()
    answer(sink, page, headers=[("content-type", "text/html"), *cookies])


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        rebound = "--host-resolver-rules=MAP evil.example 127.0.0.1"
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", rebound])
        yield launched
        launched.close()


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    """A page of a browser that is logged in to Jupyter, as after opening its link with the token."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{lab.url}api/status?token={TOKEN}")
    page.goto(f"{lab.url}login")
    names = {cookie["name"] for cookie in context.cookies()}
    assert f"username-localhost-{lab.port}" in names
    assert "_xsrf" in names
    yield page
    context.close()


def result(frame: Any) -> dict[str, str]:
    return dict(json.loads(frame.wait_for_selector("#result", state="attached", timeout=30_000).text_content()))


def files(lab: Lab) -> set[str]:
    listing = httpx.get(lab.url + "api/contents", headers={"Authorization": f"token {TOKEN}"}).json()
    names = {entry["name"] for entry in listing["content"]}
    for name in names:
        httpx.delete(lab.url + f"api/contents/{name}", headers={"Authorization": f"token {TOKEN}"})
    return names


def in_a_frame(page: Any, lab: Lab, address: str) -> Any:
    """Open `address` in a frame of a page on Jupyter's origin."""
    page.goto(f"{lab.url}nowhere")
    page.evaluate(
        """address => {
            document.title = "Jupyter"; window.secret = "the user's notebook";
            const frame = document.createElement("iframe"); frame.name = "guest"; frame.src = address;
            document.body.append(frame);
        }""",
        address,
    )
    frame = page.wait_for_selector("iframe", state="attached").content_frame()
    assert frame is not None
    return frame


def test_without_the_sandbox_a_proxied_page_takes_over_jupyter(serve: Serve, lab: Lab, page: Any) -> None:
    # the proof that the attack works, so that the next test can fail
    server, _ = serve(attacker, jupyter=find_jupyter(lab.environ), trusted_pages=True)
    got = result(in_a_frame(page, lab, lab.proxy(server.port, "/")))
    assert "_xsrf=" in got["cookie"]
    assert got["read"].startswith("got: 200 ")
    assert got["write"] == "got: 201"
    assert got["parent"] == "got: Jupyter the user's notebook"
    assert got["storage"] == "got: 1"
    assert "stolen.txt" in files(lab)


@pytest.mark.parametrize("kind", ["proxy", "proxy/absolute"])
@pytest.mark.parametrize("framed", [True, False])
def test_a_proxied_page_reaches_nothing_of_jupyters(serve: Serve, lab: Lab, page: Any, kind: str, framed: bool) -> None:
    files(lab)
    server, _ = serve(attacker, jupyter=find_jupyter(lab.environ))
    address = f"{lab.url}{kind}/{server.port}/"
    if framed:
        got = result(in_a_frame(page, lab, address))
        assert got["parent"].startswith("failed: SecurityError")
    else:
        page.goto(address)
        got = result(page)
    for attempt in ("cookie", "storage", "read", "write", "worker", "frame"):
        assert got[attempt].startswith("failed: "), got
    assert files(lab) == set()
    assert "planted" not in {cookie["name"] for cookie in page.context.cookies()}
    assert "mine" not in {cookie["value"] for cookie in page.context.cookies()}
    assert httpx.get(lab.url + "api/status", headers={"Authorization": f"token {TOKEN}"}).status_code == 200


def test_a_direct_page_has_an_origin_of_its_own_and_sees_no_login(serve: Serve, lab: Lab, page: Any) -> None:
    files(lab)
    server, app = serve(attacker, jupyter=find_jupyter(lab.environ))
    page.goto(f"http://localhost:{server.port}/")  # the name that Jupyter's cookies are for
    got = result(page)
    assert got["storage"] == "got: 1"
    assert "planted=1" in got["cookie"]
    assert files(lab) == set()
    sent = [value for request in app.requests for name, value in request.headers if name == "cookie"]
    assert not [value for value in sent if "username-" in value or "_xsrf" in value]
    assert "mine" not in {cookie["value"] for cookie in page.context.cookies()}


def test_a_form_of_a_sandboxed_page_can_ask_but_not_change(serve: Serve, lab: Lab, page: Any) -> None:
    def form(request: Request, sink: object, call: Running) -> None:
        text = f"<p id=seen>{request.method} {request.query}</p>"
        text += "<form id=f><input name=a value=1><button id=get>get</button>"
        text += "<button id=post formmethod=post>post</button></form>"
        answer(sink, text.encode(), headers=[("content-type", "text/html")])

    server, app = serve(form, jupyter=find_jupyter(lab.environ))
    page.goto(lab.proxy(server.port, "/"))
    page.click("#get")
    page.wait_for_function("document.querySelector('#seen').textContent == 'GET a=1'")
    with page.expect_response(lambda response: response.request.method == "POST") as posted:
        page.click("#post")
    assert posted.value.status == 403
    assert {request.method for request in app.requests} == {"GET"}


def test_a_page_of_another_site_can_not_post_to_a_function(serve: Serve, page: Any) -> None:
    server, app = serve(attacker)
    form = f"<form method=post action=http://localhost:{server.port}/><button>win</button></form>"
    page.route("http://evil.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    page.goto("http://evil.example/")
    with page.expect_response(lambda response: response.request.method == "POST") as posted:
        page.click("button")
    assert posted.value.status == 403
    assert not app.requests
    assert "http://evil.example" in server.refusals[0].text


class Evil(BaseHTTPRequestHandler):
    """The attacker's own server."""

    def do_GET(self) -> None:
        page = b"<title>evil</title>"
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.send_header("content-length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        pass


def test_a_rebound_name_reaches_no_function(serve: Serve, lab: Lab, page: Any) -> None:
    with HTTPServer(("127.0.0.1", 0), Evil) as evil:
        thread = threading.Thread(target=evil.serve_forever)
        thread.start()
        port = evil.server_port
        page.goto(f"http://evil.example:{port}/")
        evil.shutdown()
        thread.join()
    assert page.title() == "evil"
    # from now on the attacker's name leads to the listener
    server, app = serve(attacker, jupyter=find_jupyter(lab.environ), port=port, find_free_port=False)
    for context in (f"{BASE}proxy/{port}", "/"):
        status = page.evaluate(
            """async context => {
                const headers = {"X-Forwarded-Context": context, "X-Forwarded-Proto": "https"};
                return (await fetch("/x", {method: "POST", headers})).status;
            }""",
            context,
        )
        assert status == 421
    assert not app.requests
    assert "evil.example" in server.refusals[0].text
