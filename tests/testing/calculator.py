"""An app that the tests of requests ask, and tests of it that pass."""

from __future__ import annotations

from spinlab import App, Function

SOURCE = """\
def handle(request):
    if request.method == "POST":
        return 201, request.body, {"x-kind": request.headers.get("content-type", "none")}
    a, b = request.params["a"], request.params["b"]
    if not (a.isdigit() and b.isdigit()):
        return 400, "numbers only"
    return {"sum": int(a) + int(b)}
"""

TESTS = """\
["adds two numbers"]
request = "GET /add/1/2"
expect.status = 200
expect.json = '{"sum": 3}'
expect.headers.content-type = "application/json"

["refuses words"]
request = "GET /add/one/2"
expect.status = 400
expect.text = "numbers only"

[echoes]
request = "POST /add/1/2"
json = { a = 1 }
expect.status = 201
expect.headers.x-kind = "application/json"
expect.contains = ["a"]
"""


def calculator(name: str = "calculator") -> App:
    """The app, with its tests."""
    app = App(name)
    app.add(Function("add", SOURCE, routes=("/add/:a/:b",)))
    app.tests.loads(TESTS)
    return app
