"""The page of a function, passed on by a hub's Jupyter server, against that server in a browser that is logged in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Frame, Page

from benchmarks.classroom import BASE, Kernel, Student

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("attack.html")
# The response tries to loosen what is put around it, and to speak for the whole origin.
FUNCTION = """\
%%spin evil --route /...
from short import Response

PAGE = {page!r}
LOOSE = {{"content-security-policy": "sandbox allow-scripts allow-same-origin allow-popups",
    "set-cookie": "_xsrf=mine; Path=/", "access-control-allow-origin": "null", "clear-site-data": '"*"'}}

def handle(request):
    if request.path.endswith("worker.js"):
        return Response(b"addEventListener('fetch', () => {{}})", headers={{
            "content-type": "text/javascript", "service-worker-allowed": "/"}})
    loose = LOOSE if request.path == "/loose" else {{}}
    return Response(PAGE.encode(), headers={{"content-type": "text/html", **loose}})"""
SECRET = "stolen = 0"
NEVER = ("write blindly", "post a form", "beacon", "move the top", "move the opener", "see the opener")
"""Ways that say nothing of themselves, or that need what is not here; what they did is looked for on the server."""


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Student]:
    with Student(tmp_path_factory.mktemp("attack") / "student") as made:
        yield made


@pytest.fixture
def kernel(student: Student) -> Iterator[Kernel]:
    with student.kernel("attacked.ipynb") as made:
        made.run("%load_ext spinlab")
        made.run(SECRET)
        made.run(FUNCTION.format(page=PAGE.read_text().replace("BASE", BASE)))
        yield made


@pytest.fixture
def context(browser: Browser, student: Student) -> Iterator[BrowserContext]:
    """A browser that is logged in, with JupyterLab in its first tab."""
    made = browser.new_context()
    lab = made.new_page()
    lab.goto(f"{student.url}lab?token={student.token}")
    lab.wait_for_selector(".jp-Launcher, .jp-DirListing", timeout=60_000)
    names = {cookie["name"] for cookie in made.cookies()}
    assert f"username-localhost-{student.port}" in names
    assert "_xsrf" in names
    yield made
    made.close()


def address(student: Student, kernel: Kernel, path: str) -> str:
    """Where the card's link leads, with what a lucky attacker knows already."""
    port = kernel.run("from spinlab.session import session; print(session.ensure_server().port)").strip()
    return f"http://localhost:{student.port}{BASE}proxy/{port}{path}?kernel={kernel.id}"


def result(page: Page | Frame) -> dict[str, str]:
    shown = page.wait_for_selector("#result", state="attached", timeout=120_000)
    assert shown
    return dict(json.loads(shown.text_content() or ""))


def state(student: Student, kernel: Kernel) -> dict[str, Any]:
    """What an attacker could have changed."""
    return {
        "files": sorted(entry["name"] for entry in student.ask("GET", "api/contents").json()["content"]),
        "kernels": [one["id"] for one in student.ask("GET", "api/kernels").json()],
        "sessions": [one["id"] for one in student.ask("GET", "api/sessions").json()],
        "terminals": student.ask("GET", "api/terminals").json(),
        "variable": kernel.run("stolen"),
    }


def framed(lab: Page, where: str) -> Frame:
    """The page in a frame of JupyterLab's own document."""
    lab.evaluate(
        """where => {
            const frame = document.createElement("iframe")
            frame.src = where
            document.body.append(frame)
        }""",
        where,
    )
    frame = lab.wait_for_selector(f"iframe[src='{where}']", state="attached").content_frame()
    assert frame
    return frame


def attack(context: BrowserContext, where: str, how: str) -> dict[str, str]:
    """Open the page in one of the ways that a user would, and let it try everything."""
    lab = context.pages[0]
    if how == "a tab":
        page = context.new_page()
        page.goto(where)
        return result(page)
    if how == "a frame":
        return result(framed(lab, where))
    with context.expect_page() as opened:
        lab.evaluate("where => { window.open(where) }", where)
    return result(opened.value)


def test_a_trusted_page_takes_over_jupyter(context: BrowserContext, student: Student, kernel: Kernel) -> None:
    # the proof that the attack works where nothing stops it, so that the next test can fail
    kernel.run("%config Spin.trusted_pages = True")
    before = state(student, kernel)
    got = attack(context, address(student, kernel, "/") + "&stay", "a frame")
    reached = {name for name, what in got.items() if what.startswith("got: ")}
    wanted = {"cookies", "storage", "read contents", "read kernels", "write a file", "start a kernel", "see the parent"}
    assert wanted | {"talk to a kernel", "stop the kernel"} <= reached, got
    after = state(student, kernel)
    assert "stolen.txt" in after["files"]
    assert len(after["kernels"]) > len(before["kernels"])
    assert after["variable"] == "1"
    student.ask("DELETE", "api/contents/stolen.txt")
    for one in set(after["kernels"]) - set(before["kernels"]):
        student.ask("DELETE", f"api/kernels/{one}")
    for one in after["terminals"]:
        student.ask("DELETE", f"api/terminals/{one['name']}")


@pytest.mark.parametrize("how", ["a tab", "a frame", "a window with an opener"])
def test_the_page_of_a_function_reaches_nothing(
    context: BrowserContext, student: Student, kernel: Kernel, how: str
) -> None:
    before, cookies = state(student, kernel), context.cookies()
    got = attack(context, address(student, kernel, "/loose"), how)
    assert len(got) > 20
    reached = {name: what for name, what in got.items() if what.startswith("got: ") and name not in NEVER}
    assert not reached
    assert state(student, kernel) == before
    names = {(cookie["name"], cookie["value"]) for cookie in context.cookies()}
    assert names == {(cookie["name"], cookie["value"]) for cookie in cookies}
    lab = context.pages[0]
    assert lab.url.startswith(f"{student.url}lab")  # neither moved nor logged out
    assert lab.evaluate("base => fetch(base + 'api/contents').then(answer => answer.status)", BASE) == 200
    assert lab.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.map(one => one.scope))") == []


def test_the_function_is_told_nothing_of_the_login(context: BrowserContext, student: Student, kernel: Kernel) -> None:
    kernel.run("%%spin spy --route /spy\ndef handle(request):\n    return dict(request.headers)")
    page = context.new_page()
    told = page.goto(address(student, kernel, "/spy"))
    assert told
    headers = told.json()
    assert not {"authorization", "x-xsrftoken"} & set(headers)
    assert "username-" not in headers.get("cookie", "")
    assert "_xsrf" not in headers.get("cookie", "")
    assert student.token not in told.text()
