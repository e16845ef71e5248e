"""Check everything about the Binder on this machine, without a container: `python -m binder.check`.

The files follow their rules; the environment is built in a fresh folder; its Jupyter server answers under a base path
with a token as behind a hub, and passes a browser on to a function; every lesson runs in it within a gigabyte.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import httpx

from benchmarks.classroom import BASE, Run, Student, lessons
from benchmarks.memory import MB, proportional
from binder.building import Built, build
from binder.rules import problems, python_version
from spinlab.folders import cache_dir

HERE = Path(__file__).resolve().parent
LIMIT = 1_000_000_000
"""Bytes that a session on a Binder is sure of."""
PAGE = """\
%load_ext spinlab
%%spin html index --route /
<!doctype html><title>from the notebook</title><p id="hello">Hello from a function</p>"""
FUNCTION = """\
%%spin hello --route /hello/:name
def handle(request):
    return {"hello": request.params["name"], "headers": dict(request.headers)}"""
ADDRESSES = """\
import json, spinlab
from spinlab.session import session
from spinlab.server import jupyter_urls
server = session.ensure_server()
shown = jupyter_urls(server.url)
print(json.dumps([server.port, shown.browser, shown.place, shown.problem]))"""


class Refused(Exception):
    """Something is not as it should be; the text says what."""


def require(holds: bool, otherwise: str) -> None:
    """Raise unless it holds."""
    if not holds:
        raise Refused(otherwise)


@contextmanager
def session(built: Built, folder: Path) -> Iterator[Student]:
    """A session of the image: a server that was started through ``start``."""
    with Student(folder, python=built.python, environ=built.environ, before=[str(built.start)]) as student:
        yield student


def proxied(student: Student) -> list[str]:
    """Try the way from a browser to a function, and who can't take it; what was tried.

    Raises:
        Refused: Something answered otherwise than it must.
    """
    import json

    with student.kernel("proxy.ipynb") as kernel:
        load, page = PAGE.split("\n", 1)
        card = "".join(map(kernel.run, (load, page, FUNCTION)))
        port, browser, place, problem = json.loads(kernel.run(ADDRESSES).splitlines()[-1])
        require(not problem, f"the kernel finds no way for a browser: {problem}")
        require((browser, place) == (f"{BASE}proxy/{port}", "hub"), f"the links lead to {browser} ({place})")
        require(f"proxy/{port}" in card, f"the card does not link to the proxied address:\n{card}")
        root = f"http://localhost:{student.port}{browser}"
        with httpx.Client(timeout=60) as client:
            stranger = client.get(f"{root}/")
            require(stranger.status_code in (302, 403), f"without the token the page answers {stranger.status_code}")
            client.get(f"{student.url}api/status", params={"token": student.token}).raise_for_status()
            shown = client.get(f"{root}/")
            require("Hello from a function" in shown.text, f"the page is {shown.status_code} {shown.text[:200]!r}")
            policies = " ".join(shown.headers.get_list("content-security-policy"))
            require("sandbox" in policies, f"the page has Jupyter's origin: {policies!r}")
            answer = client.get(f"{root}/hello/ada?x=1")
            require(answer.status_code == 200, f"the function answers {answer.status_code} {answer.text[:200]!r}")
            told = answer.json()
            require(told["hello"] == "ada", f"the function was asked for {told['hello']}")
            require(student.token not in answer.text, "the function was told Jupyter's token")
            cookies = told["headers"].get("cookie", "")
            require("username-" not in cookies and "_xsrf" not in cookies, f"the function was told {cookies}")
            require(told["headers"].get("x-forwarded-prefix") == browser, "the function does not know its prefix")
            elsewhere = client.post(f"{root}/hello/ada", headers={"Sec-Fetch-Site": "cross-site"})
            require(elsewhere.status_code == 403, f"another site may post: {elsewhere.status_code}")
        with httpx.Client(timeout=60, headers={"Authorization": f"token {student.token}"}) as client:
            require(client.get(f"{root}/hello/bob").json()["hello"] == "bob", "a program with the token is not let in")
    return ["a page and its link through the proxy", "strangers, other sites and credentials stay out"]


def lab(student: Student) -> list[str]:
    """Try what a student sees besides the notebook: the extension, the memory that is shown, the address of a badge.

    Raises:
        Refused: Something is not there.
    """
    require(student.ask("GET", "lab/tree/notebooks").status_code == 200, "JupyterLab does not answer")
    text = student.ask("GET", "lab").text
    require('"spinlab"' in text, "JupyterLab does not load the extension spinlab")
    shown = student.ask("GET", "api/metrics/v1").json()
    require(shown.get("pss", shown["rss"]) > 0, f"the memory is not shown: {shown}")
    return ["JupyterLab with the extension", "the memory is shown"]


def within(run: Run) -> Run:
    """The same, when it stayed below the limit.

    Raises:
        Refused: It did not.
    """
    parts = ", ".join(f"{name} {size / MB:.0f} MB" for name, size in run.parts.items())
    require(run.memory < LIMIT, f"{run.name} took {run.memory / MB:.0f} MB: {parts}")
    return run


def show(run: Run) -> None:
    """A line about a lesson."""
    parts = "  ".join(f"{name} {size / MB:4.0f}" for name, size in run.parts.items())
    print(f"{run.name:<16} {run.seconds:6.1f} s  {run.processor:6.1f} s of CPU  {run.memory / MB:5.0f} MB  ({parts})")


def main() -> int:
    """Check all of it; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", action="store_true", help="only the rules of the files")
    parser.add_argument("--wheel", type=Path, help="of spinlab; built from the checkout by default")
    parser.add_argument("--warmed", action="store_true", help="begin with what this user's cache holds")
    options = parser.parse_args()
    broken = problems(HERE)
    print("\n".join(broken) or "the files follow their rules")
    if options.rules:
        return 1 if broken else 0
    with tempfile.TemporaryDirectory(prefix="spinlab-binder-") as folder:
        began = perf_counter()
        wheel = options.wheel and options.wheel.absolute()
        warmed = cache_dir() if options.warmed else None
        built = build(Path(folder) / "image", python_version(HERE), wheel=wheel, warmed=warmed)
        print(f"built for Python {built.version} in {perf_counter() - began:.0f} s")
        try:
            with session(built, Path(folder) / "session") as student:
                print(f"server {proportional(student.pid) / MB:.0f} MB")
                print("\n".join((*lab(student), *proxied(student))))
                for notebook in lessons():
                    show(within(student.run(notebook)))
        except Refused as refused:
            print(refused)
            return 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
