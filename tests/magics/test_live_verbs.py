"""The verbs that show something live, in a real kernel: console, open, interact."""

from __future__ import annotations

import pytest

from tests.magics.conftest import Kernel

ADD = """\
%%spin add --route /add/:a/:b
def handle(request):
    a, b = int(request.params["a"]), int(request.params["b"])
    scale = dict(x.split("=") for x in request.uri.partition("?")[2].split("&") if x).get("scale", "1")
    return {"sum": (a + b) * int(scale)}"""


@pytest.fixture(autouse=True)
def adding(kernel: Kernel, empty_session: None) -> None:
    kernel.run(ADD).ok()


def test_a_console_is_driven_and_observed_from_python(kernel: Kernel) -> None:
    shown = kernel.run("%spin console /add/20/22").ok()
    assert shown.text.strip().startswith("GET /add/20/22  (not sent yet)")
    assert "/add/:a/:b" in shown.html
    code = """
console = _
seen = []
console.observe(lambda change: seen.append(change["new"].status), "response")
first = console.send()
console.path = "/add/x/1"
console.method = "POST"
console.send()
print(first.json(), seen, [(h["method"], h["path"], h["status"]) for h in console.history])"""
    told = kernel.run(code).ok().stdout
    assert told.strip() == "{'sum': 42} [200, 500] [('POST', '/add/x/1', 500), ('GET', '/add/20/22', 200)]"
    twin = kernel.run("console").ok()
    assert "POST /add/x/1" in twin.text
    assert "ValueError" in twin.text


def test_a_console_may_send_at_once(kernel: Kernel) -> None:
    shown = kernel.run("%spin console /add/1/2?scale=3 --send").ok()
    assert shown.text.strip().startswith("GET /add/1/2?scale=3\n200 OK  add")
    assert '"sum": 9' in shown.text


def test_a_path_begins_with_a_slash(kernel: Kernel) -> None:
    failed = kernel.run("%spin console add").error("OptionError")
    assert "%spin console /add/a/b" in failed.traceback


def test_an_open_page_has_its_content_as_twin(kernel: Kernel) -> None:
    kernel.run("%%spin html page --route /page\n<h1>hello</h1>").ok()
    for line in ("%spin open /page", "%spin open page"):
        shown = kernel.run(line).ok()
        assert "GET /page" in shown.text
        assert "<h1>hello</h1>" in shown.text
        assert 'sandbox=""' in shown.html
    assert "no function is called 'nosuch'" in kernel.run("%spin open nosuch").error("OptionError").traceback


def test_a_page_opens_in_a_tab_when_told(kernel: Kernel) -> None:
    kernel.run("import webbrowser; opened = []; webbrowser.open = lambda url: opened.append(url) or True").ok()
    shown = kernel.run("%spin open /add/1/2 --browser").ok()
    address = shown.text.strip() or kernel.run("print(opened[0])").stdout.strip()
    assert address.startswith("http")
    assert address.endswith("/add/1/2")


def test_sliders_of_a_route(kernel: Kernel) -> None:
    shown = kernel.run("%spin interact /add/:a/:b?scale=1 --set a=0:10 -s b=1,2,3").ok()
    assert "GET /add/5/1?scale=1" in shown.text
    assert '"sum": 6' in shown.text
    made = kernel.run("[type(x).__name__ for x in _.controls.values()]").ok()
    assert made.text.strip() == "['IntSlider', 'Dropdown', 'IntSlider']"
    kernel.run("%spin interact add").ok()
    assert "a pattern starts with /" in kernel.run("%spin interact nosuch").error("OptionError").traceback
    assert "NAME=VALUES" in kernel.run("%spin interact /add/:a/:b --set a").error("OptionError").traceback


def test_nothing_heavy_is_imported_before_the_first_widget(kernel: Kernel) -> None:
    code = "import subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'import spinlab, sys; "
    code += 'from spinlab.magics.verbs import VERBS; print("anywidget" in sys.modules, len(VERBS) > 30)\'], '
    code += "capture_output=True, text=True).stdout)"
    assert kernel.run(code).stdout.strip() == "False True"
