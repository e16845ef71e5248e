"""Python cells in a real kernel: what people write first, and what goes wrong with it."""

from __future__ import annotations

import re
import threading
import time
import urllib.request

import pytest

from tests.magics.conftest import Kernel

pytestmark = pytest.mark.usefixtures("empty_session")

HELLO = """%%spin hello --route /hello/:name
def handle(request):
    print("called by", request.params["name"])
    return f"Hello, {request.params['name']}!"
"""


def test_the_answer_comes_with_the_lines_that_were_printed(kernel: Kernel) -> None:
    ran = kernel.run(HELLO).ok()
    assert "hello · Python · WASI 0.2 · revision 1" in ran.text
    ran = kernel.run("%spin get /hello/ada").ok()
    assert "Hello, ada!" in ran.text
    assert "called by ada" in ran.text


def test_braces_and_dollars_are_the_functions_own(kernel: Kernel) -> None:
    kernel.run("name = 'kernel'").ok()
    kernel.run("%%spin f --route /f\ndef handle(request):\n    name = 'cell'\n    return f'{name} $name {{x}}'\n").ok()
    assert "cell $name {x}" in kernel.run("%spin get /f").ok().text
    kernel.run("%%spin echo --route /echo\ndef handle(request):\n    return request.body\n").ok()
    assert "{name} $name" in kernel.run("%spin post /echo -d '{name} $name'").ok().text


def test_a_body_goes_out_as_text_json_or_a_file(kernel: Kernel) -> None:
    kernel.run(
        "%%spin echo --route /echo\ndef handle(request):\n"
        "    return [request.method, request.headers.get('content-type'), request.headers.get('x-a'), request.text]\n"
    ).ok()
    code = "r = %spin {}\nprint(r.json())"
    assert kernel.run(code.format("put /echo -d 'a b' -H 'X-A: 1'")).ok().stdout == "['PUT', None, '1', 'a b']\n"
    sent = kernel.run(code.format("post /echo --json '{\"a\": 1}'")).ok().stdout
    assert sent == "['POST', 'application/json', None, '{\"a\": 1}']\n"
    kernel.run("open('body.txt', 'w').write('from a file')").ok()
    assert "'from a file'" in kernel.run(code.format("patch /echo -d @body.txt")).ok().stdout
    kernel.run("import os; os.remove('body.txt')").ok()


def test_a_traceback_names_the_line_of_the_cell(kernel: Kernel) -> None:
    kernel.run("%%spin f --route /f\ndef handle(request):\n    x = 1\n    return x / 0\n").ok()
    text = kernel.run("%spin get /f").ok().text
    assert "500" in text
    assert "ZeroDivisionError" in text
    assert "line 4, in handle" in text
    assert "Cell In[" in text
    assert "Cell In[" in kernel.run("%spin logs f").ok().text


def test_a_syntax_error_is_pointed_at_and_the_old_version_serves_on(kernel: Kernel) -> None:
    kernel.run(HELLO).ok()
    ran = kernel.run("%%spin hello --route /hello/:name\ndef handle(request):\n    retrun 1\n").error("SourceError")
    assert "line 3:" in ran.traceback
    assert "hello still answers with revision 1" in ran.traceback
    assert "Hello, ada!" in kernel.run("%spin get /hello/ada").ok().text


def test_a_name_of_the_notebook_is_told_from_a_misspelt_one(kernel: Kernel) -> None:
    kernel.run("def clean(x):\n    return x").ok()
    ran = kernel.run("%%spin f --route /f\ndef handle(request):\n    return clean(request.text)\n").error("SourceError")
    assert "clean" in ran.traceback
    assert "line 3:" in ran.traceback
    assert "notebook" in ran.traceback


def test_a_module_is_imported_by_name_and_changes_its_users(kernel: Kernel) -> None:
    assert "import util" in kernel.run("%%spin util --module\nword = 'one'\n").ok().text
    kernel.run("%%spin f --route /f\nimport util\ndef handle(request):\n    return util.word\n").ok()
    assert "one" in kernel.run("%spin get /f").ok().text
    kernel.run("%%spin util --module\nword = 'two'\n").ok()
    assert "two" in kernel.run("%spin get /f").ok().text
    assert "util" in kernel.run("%spin").ok().text
    kernel.run("%spin remove util").error("OptionError")


def test_a_denial_is_named_and_the_option_is_taken(kernel: Kernel) -> None:
    source = (
        "from spin_sdk.http import Request, send\ndef handle(request):\n"
        "    return send(Request('GET', 'https://example.com/', {}, None)).body\n"
    )
    kernel.run(f"%%spin f --route /f\n{source}").ok()
    text = kernel.run("%spin get /f").ok().text
    assert "denied: outbound HTTP https://example.com" in text
    option = text.split("grant it with ")[1].splitlines()[0].strip()
    ran = kernel.run(f"%%spin f --route /f {option}\n{source}").ok()
    assert "outbound https://example.com" in ran.text


def test_json_html_and_images_are_shown_as_what_they_are(kernel: Kernel) -> None:
    kernel.run("%%spin f --route /f/:kind\n" + SHOWS).ok()
    assert "<details" in kernel.run("%spin get /f/json").ok().html
    html = kernel.run("%spin get /f/html").ok().html
    assert '<iframe srcdoc="' in html
    assert 'sandbox=""' in html
    assert "<script" not in html
    assert 'src="data:image/svg+xml;base64,' in kernel.run("%spin get /f/image").ok().html
    assert "00000000  00 01" in kernel.run("%spin get /f/bytes").ok().text


SHOWS = """
def handle(request):
    kind = request.params["kind"]
    if kind == "json":
        return {"a": [1, 2]}
    if kind == "html":
        return 200, "<h1>hi</h1><script>1</script>", {"content-type": "text/html"}
    if kind == "image":
        return 200, "<svg xmlns='http://www.w3.org/2000/svg'/>", {"content-type": "image/svg+xml"}
    return b"\\x00\\x01"
"""


def test_what_a_guest_prints_never_lands_in_a_strangers_cell(kernel: Kernel) -> None:
    kernel.run(HELLO).ok()
    address = kernel.run("print(get_ipython().run_line_magic('spin', 'url hello'))").ok()
    seen: list[bytes] = []

    def outside() -> None:
        time.sleep(0.5)
        with urllib.request.urlopen(address.stdout.strip(), timeout=30) as answer:
            seen.append(answer.read())

    client = threading.Thread(target=outside)
    client.start()
    ran = kernel.run("import time; time.sleep(2)").ok()
    client.join()
    assert seen == [b"Hello, name!"]
    assert ran.stdout == ""
    assert ran.outputs == []
    assert "called by name" in kernel.run("%spin logs hello").ok().text


def test_two_kernels_serve_side_by_side(kernel: Kernel) -> None:
    kernel.run(HELLO).ok()
    other = Kernel()
    try:
        other.run("%load_ext spinlab").ok()
        other.run(HELLO.replace("Hello", "Hej")).ok()
        urls = [
            k.run("print(get_ipython().run_line_magic('spin', 'url hello'))").ok().stdout.strip()
            for k in (kernel, other)
        ]
        assert urls[0] != urls[1]
        answers = [urllib.request.urlopen(u, timeout=30).read() for u in urls]
        assert answers == [b"Hello, name!", b"Hej, name!"]
    finally:
        other.close()


def test_a_decorated_function_shows_the_same_card(kernel: Kernel) -> None:
    code = """
import spinlab
@spinlab.function("greet", route="/greet")
def greet(request):
    return "hi"
greet
"""
    assert "greet · Python" in kernel.run(code).ok().text
    assert "hi" in kernel.run("%spin get /greet").ok().text
    assert "greet" in kernel.run("spinlab.current_app()").ok().text


def test_an_exception_at_import_has_the_lines_of_the_cell(kernel: Kernel) -> None:
    ran = kernel.run("%%spin f --route /f\nimport json\n\nx = json.loads('{')\n\ndef handle(request):\n    return x\n")
    text = ran.traceback or kernel.run("%spin get /f").ok().text
    assert re.search(r"Cell In\[\d+\], line 4", text)
    assert "x = json.loads('{')" in text
    assert "JSONDecodeError" in text
    assert "f.py" not in text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("x = 1\n", "handle"),
        ("def handle(request):\n    return object()\n", ""),
        ("def handle(request):\n    breakpoint()\n", "breakpoint"),
        ("import numpy\ndef handle(request):\n    return 1\n", "numpy"),
    ],
)
def test_habits_that_can_not_work_fail_when_the_cell_is_registered(kernel: Kernel, body: str, said: str) -> None:
    ran = kernel.run(f"%%spin f --route /f\n{body}")
    if said:
        ran.error("SourceError")
        assert said in ran.traceback
        assert "hint:" in ran.traceback
    else:
        assert "TypeError" in kernel.run("%spin get /f").ok().text


def test_a_cell_that_ran_again_unchanged_is_named_by_its_new_number(kernel: Kernel) -> None:
    code = "%%spin f --route /f\ndef handle(request):\n    return 1 / 0\n"
    kernel.run(code).ok()
    kernel.run("1").ok()
    assert "(unchanged)" in kernel.run(code).ok().text
    number = kernel.client.execute("1", reply=True, timeout=30)["content"]["execution_count"] - 1
    assert f"Cell In[{number}], line 3" in kernel.run("%spin get /f").ok().text
