"""The preview in a real JupyterLab: pages of the app that work there and reach nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.conftest import TOKEN
from tests.browser.widgets import LOAD, Notebook, picture

pytestmark = pytest.mark.browser

SITE = '''\
import spinlab
from spinlab import Function

LOGO = "<svg xmlns='http://www.w3.org/2000/svg' width='8' height='8'><rect width='8' height='8'/></svg>"
PAGES = {
    "": ("text/html", """<!doctype html><html lang="en"><head><title>Home</title>
<link rel="stylesheet" href="css/site.css"><script src="js/site.js" defer></script></head>
<body><h1>Home</h1><img id="logo" src="logo.svg" alt="logo"><p id="said"></p>
<button id="ask">ask</button> <button id="old">ask as before</button>
<a href="two?x=1">the second page</a>
<form action="sent" method="post"><input name="word" value="hé llo" aria-label="word"><button>send</button></form>
</body></html>"""),
    "css/site.css": ("text/css", "@import 'more.css'; h1 { color: rgb(1, 2, 3) }"),
    "css/more.css": ("text/css", "h1 { background: url(../logo.svg) }"),
    "js/site.js": ("text/javascript", """
const said = (text) => { document.querySelector("#said").textContent = text };
document.querySelector("#ask").addEventListener("click", async () => {
  const answer = await fetch("/api/echo?from=fetch", { method: "POST", headers: { "x-mine": "1" }, body: "héllo" });
  said(answer.status + " " + await answer.text() + " " + new URL(answer.url).pathname);
});
document.querySelector("#old").addEventListener("click", () => {
  const asked = new XMLHttpRequest();
  asked.onload = () => said(asked.status + " " + asked.response.query);
  asked.open("GET", "api/echo?from=xhr");
  asked.responseType = "json";
  asked.send();
});
said("ready");"""),
    "logo.svg": ("image/svg+xml", LOGO),
    "two": ("text/html", "<h1>Second</h1><a href='./'>home</a>"),
}
SOURCE = "PAGES = " + repr(PAGES) + """
from spin_sdk.http import Response
def handle(request):
    path, _, query = request.uri.partition("?")
    path = path.strip("/")
    if path == "api/echo":
        body = (request.body or b"").decode()
        fields = dict(request.headers)
        return {"query": query, "body": body, "mine": fields.get("x-mine", ""), "cookie": fields.get("cookie", "")}
    if path == "sent":
        location = "/echoed?" + request.body.decode()
        return Response(303, {"location": location, "set-cookie": "seen=yes; Path=/"}, b"")
    if path == "echoed":
        return Response(200, {"content-type": "text/html"}, ("<h1>Echoed</h1><p>" + query + "</p>").encode())
    kind, text = PAGES.get(path, ("text/plain", "none"))
    return Response(200 if path in PAGES else 404, {"content-type": kind}, text.encode())
"""
_ = spinlab.current_app().add(Function("site", SOURCE, routes=("/...",)))
'''
OPEN = "from spinlab.widgets import Preview\npreview = Preview()\npreview"


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """Another host: its address, and what came there."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(self.path)
            self.send_response(200)
            self.send_header("access-control-allow-origin", "*")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", came
    server.shutdown()
    server.server_close()


def shown(page: Page) -> FrameLocator:
    """The page in the preview."""
    return page.frame_locator(".sl-preview iframe").frame_locator("iframe")


def serving(html: str, name: str = "site") -> str:
    """A cell that serves a page on every path."""
    source = (
        "def handle(request):\n    from spin_sdk.http import Response\n"
        f"    return Response(200, {{'content-type': 'text/html'}}, {html!r}.encode())"
    )
    return (
        "import spinlab\nfrom spinlab import Function\n"
        f"_ = spinlab.current_app().add(Function({name!r}, {source!r}, routes=('/...',)))"
    )


def test_a_page_works_with_its_scripts_styles_fetch_links_and_forms(page: Page, lab: tuple[str, Path]) -> None:
    tell = "last = preview.requests[-1]\nprint(last['method'], last['target'], last['status'], preview.path)"
    notebook = Notebook(page, lab, "preview.ipynb", LOAD, SITE, OPEN, tell)
    for index in range(3):
        notebook.run(index)
    inner, bar = shown(page), page.get_by_label("address in the app")
    expect(inner.locator("#said")).to_have_text("ready", timeout=120_000)
    expect(inner.locator("h1")).to_have_css("color", "rgb(1, 2, 3)")
    assert "data:image/svg+xml" in inner.locator("h1").evaluate("e => getComputedStyle(e).backgroundImage")
    assert inner.locator("#logo").evaluate("e => e.naturalWidth") == 8
    inner.get_by_role("button", name="ask", exact=True).click()
    expect(inner.locator("#said")).to_have_text(
        '200 {"query": "from=fetch", "body": "héllo", "mine": "1", "cookie": ""} /api/echo'
    )
    inner.get_by_role("button", name="ask as before").click()
    expect(inner.locator("#said")).to_have_text("200 from=xhr")
    inner.locator("a").click()
    expect(inner.locator("h1")).to_have_text("Second")
    expect(bar).to_have_value("/two?x=1")
    page.get_by_role("button", name="back", exact=True).click()
    expect(inner.locator("#said")).to_have_text("ready")
    inner.get_by_role("button", name="send").click()
    expect(inner.locator("p")).to_have_text("word=h%C3%A9+llo")
    expect(bar).to_have_value("/echoed?word=h%C3%A9+llo")
    bar.fill("/api/echo?x=1")
    bar.press("Enter")
    expect(page.locator(".sl-plain")).to_contain_text("seen=yes")  # the cookie that the form's answer set
    assert notebook.prints(3) == "GET /api/echo?x=1 200 /api/echo?x=1"
    page.get_by_role("button", name="back", exact=True).click()
    expect(inner.locator("p")).to_have_text("word=h%C3%A9+llo")
    page.locator(".sl-preview summary").last.click()
    expect(page.locator(".sl-requests")).to_contain_text("POST /sent")
    assert_accessible(page, ".sl-preview")


HOSTILE = """<!doctype html><title><img src=x onerror="top.pwned=1"></title><p id="said"></p>
<img src="OUT/img"><link rel="stylesheet" href="OUT/css"><script src="OUT/js"></script>
<style>body { background: url(OUT/bg) }</style><meta http-equiv="refresh" content="0;url=OUT/refresh">
<iframe src="OUT/frame"></iframe><object data="OUT/object"></object><base target="_top">
<form id="f" action="OUT/form" method="post"><input name="a"></form>
<script>
const results = {};
const attempt = async (name, work) => {
  try { results[name] = String(await work()) } catch (error) { results[name] = "refused" }
};
(async () => {
  await attempt("parent", () => parent.parent.document.title);
  await attempt("top", () => top.location.href);
  await attempt("cookie", () => document.cookie);
  await attempt("storage", () => localStorage.length);
  await attempt("fetch", () => fetch("OUT/fetch"));
  await attempt("jupyter", () => fetch("JUPYTER/api/contents?token=TOKEN").then((r) => r.status));
  await attempt("absolute", () => fetch("//OTHER/fetch"));
  await attempt("module", () => import("OUT/module.js"));
  await attempt("worker", () => new Promise((yes, no) => {
    const code = "fetch('OUT/worker').then(() => postMessage('out'), () => postMessage('refused'))";
    const worker = new Worker(URL.createObjectURL(new Blob([code])));
    worker.onmessage = ({ data }) => (data === "refused" ? no() : yes(data));
    worker.onerror = no;
  }));
  await attempt("socket", () => new Promise((yes, no) => {
    const socket = new WebSocket("ws://OTHER/socket");
    socket.onopen = yes; socket.onerror = no;
  }));
  await attempt("rtc", () => new RTCPeerConnection());
  await attempt("popup", () => window.open("OUT/window").closed);
  navigator.sendBeacon("OUT/beacon");
  top.postMessage({ command: "request", kind: "request", page: "<script>parent.pwned=1<\\/script>" }, "*");
  parent.postMessage({ page: "<script>top.pwned=1<\\/script>" }, "*");
  const image = new Image(); image.src = "OUT/image"; document.body.append(image);
  document.body.insertAdjacentHTML("beforeend", "<img src='OUT/late'>");
  const frame = document.createElement("iframe"); frame.srcdoc = "<img src='OUT/nested'>"; document.body.append(frame);
  document.querySelector("#f").submit();
  document.querySelector("#said").textContent = JSON.stringify(results);
})();
</script>"""


def test_a_hostile_page_reaches_neither_jupyter_nor_other_hosts(
    page: Page, lab: tuple[str, Path], elsewhere: tuple[str, list[str]]
) -> None:
    url, came = elsewhere
    html = HOSTILE.replace("OUT", url).replace("OTHER", url[7:]).replace("JUPYTER", lab[0]).replace("TOKEN", TOKEN)
    notebook = Notebook(page, lab, "hostile.ipynb", LOAD, serving(html), OPEN)
    for index in range(3):
        notebook.run(index)
    said = shown(page).locator("#said")
    expect(said).to_contain_text("popup", timeout=120_000)
    results = json.loads(said.text_content() or "")
    assert results == dict.fromkeys(results, "refused")
    assert set(results) >= {"parent", "top", "cookie", "fetch", "jupyter", "worker", "socket", "rtc"}
    page.wait_for_timeout(1000)
    assert came == []
    assert page.evaluate("window.pwned") is None
    assert page.url.startswith(lab[0])
    page.locator(".sl-preview summary").last.click()
    expect(page.locator(".sl-requests")).to_contain_text("blocked")


def test_a_page_that_goes_elsewhere_by_itself_is_held_back(
    page: Page, lab: tuple[str, Path], elsewhere: tuple[str, list[str]]
) -> None:
    url, came = elsewhere
    html = f"<p>here</p><script>setTimeout(() => {{ location.href = '{url}/leak' }}, 300)</script>"
    notebook = Notebook(page, lab, "leaves.ipynb", LOAD, serving(html), OPEN)
    for index in range(3):
        notebook.run(index)
    expect(page.locator(".sl-preview")).to_contain_text("was held back", timeout=120_000)
    assert came == []


def test_a_link_to_another_host_is_told_and_an_edited_page_is_loaded_again(
    page: Page, lab: tuple[str, Path], elsewhere: tuple[str, list[str]]
) -> None:
    url, came = elsewhere
    cell = f"%%spin html page --route /page\n<h1>first</h1><a href='{url}/link'>out</a>"
    notebook = Notebook(page, lab, "edited.ipynb", LOAD, cell, "%spin open /page", cell.replace("first", "second"))
    for index in range(3):
        notebook.run(index)
    heading = shown(page).locator("h1")
    expect(heading).to_have_text("first", timeout=120_000)
    shown(page).locator("a").click()
    outside = page.locator(".sl-preview .sl-notes a")
    expect(outside).to_have_attribute("href", f"{url}/link")
    expect(outside).to_have_attribute("rel", "noopener noreferrer")
    assert came == []
    notebook.run(3)
    expect(heading).to_have_text("second", timeout=120_000)


def test_the_calculators_page_works_without_a_port(page: Page, lab: tuple[str, Path]) -> None:
    book = nbformat.read(Path(__file__).resolve().parents[2] / "notebooks" / "02-calculator.ipynb", as_version=4)
    page_cell = next(cell.source for cell in book.cells if cell.source.startswith("%%spin html"))
    add = (
        "%%spin add --route /add/:a/:b\ndef handle(request):\n"
        "    a, b = int(request.params['a']), int(request.params['b'])\n    return f'{a} + {b} = {a + b}\\n'"
    )
    off = LOAD + "\n%config Spin.serve = False"
    told = "from spinlab.session import session\nprint('listener:', session.server)"
    notebook = Notebook(page, lab, "offline.ipynb", off, add, page_cell, "%spin open /", told)
    for index in range(5):
        notebook.run(index)
    expect(page.locator(".jp-Cell").last).to_contain_text("listener: None")
    inner = shown(page)
    inner.get_by_role("button", name="+").click(timeout=300_000)
    expect(inner.locator("output")).to_have_text("84 + 2 = 86")
    picture(page.locator(".sl-preview"), "preview.png")
