"""Controls for the parameters of a route: what they are made of, and what their changes send."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import ipywidgets
import pytest

import spinlab
from spinlab import App, Function
from spinlab.errors import OptionError
from spinlab.widgets.live.interact import Interaction, Sending, parsed

ADD = """\
def handle(request):
    a, b = int(request.params["a"]), int(request.params["b"])
    scale = dict(x.split("=") for x in request.uri.partition("?")[2].split("&") if x).get("scale", "1")
    return {"sum": (a + b) * int(scale), "body": (request.body or b"").decode(), "method": request.method}"""


@pytest.fixture(scope="module")
def adding() -> Iterator[App]:
    made = App("tests")
    made.add(Function("add", ADD, routes=("/add/:a/:b",)))
    made.add(Function("rest", "def handle(r):\n    return r.uri", routes=("/files/...",)))
    yield made
    made.close()


def answered(made: Interaction, wanted: Callable[[], bool]) -> None:
    for _ in range(1000):
        if wanted():
            return
        time.sleep(0.01)
    raise AssertionError(f"not answered: {made.response}")


def test_numbers_of_a_function_are_sliders_and_the_first_answer_is_there(adding: App) -> None:
    made = spinlab.interact("/add/:a/:b", app=adding)
    assert [type(x) for x in made.controls.values()] == [ipywidgets.IntSlider, ipywidgets.IntSlider]
    assert made.path == "/add/50/50"
    assert made.response is not None
    assert made.response.json()["sum"] == 100


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ((0, 10), ipywidgets.IntSlider),
        ((0.0, 1.0, 0.1), ipywidgets.FloatSlider),
        (["x", "y"], ipywidgets.Dropdown),
        ("text", ipywidgets.Text),
        (True, ipywidgets.Checkbox),
        (3, ipywidgets.IntSlider),
    ],
)
def test_a_control_is_made_of_what_is_given(adding: App, value: object, kind: type) -> None:
    made = spinlab.interact("/add/:a/:b", app=adding, a=value)
    assert type(made.controls["a"]) is kind
    assert made.controls["a"].description == "a"


def test_a_change_sends_and_the_answer_can_be_observed(adding: App) -> None:
    made = spinlab.interact("/add/:a/:b?scale=2", app=adding, a=(0, 10), b=(0, 10))
    seen: list[int] = []
    made.observe(lambda change: seen.append(change["new"].json()["sum"]), "response")
    made.controls["a"].value = 7
    made.controls["scale"].value = 3
    answered(made, lambda: bool(seen) and seen[-1] == (7 + 5) * 3)
    assert made.path == "/add/7/5?scale=3"
    shown = made.children[-1].outputs[0]["data"]["text/plain"]
    assert f'"sum": {(7 + 5) * 3}' in shown


def test_many_changes_are_few_requests_and_the_latest_wins(adding: App) -> None:
    made = spinlab.interact("/add/:a/:b", app=adding, a=(0, 1000), b=(0, 10))
    before = len(adding.traces("add"))
    for value in range(300):
        made.controls["a"].value = value
    answered(made, lambda: made.response is not None and made.response.json()["sum"] == 299 + 5)
    assert len(adding.traces("add")) - before < 30


def test_what_is_under_way_for_an_older_change_is_told_to_stop() -> None:
    stopped: list[str] = []
    began = threading.Event()

    def work(why: Callable[[], str]) -> None:
        began.set()
        for _ in range(1000):
            if why() or sending._wanted == 2:
                break
            time.sleep(0.005)
        stopped.append(why())

    sending = Sending(work, every=0)
    sending.begin()
    assert began.wait(20)
    sending.begin()
    for _ in range(1000):
        if len(stopped) == 2:
            break
        time.sleep(0.01)
    assert stopped == ["a newer one follows", ""]


def test_a_text_becomes_part_of_a_path_and_a_wildcard_has_a_field(adding: App) -> None:
    made = spinlab.interact("/files/...", app=adding, path="a b/c?d")
    assert made.path == "/files/a%20b/c%3Fd"
    assert made.response is not None
    assert made.response.text == "/files/a%20b/c%3Fd"


def test_a_body_has_a_field_and_waits_for_a_change(adding: App) -> None:
    made = spinlab.interact("/add/:a/:b", app=adding, method="post", body={"x": 1})
    assert made.response is None
    made.controls["body"].value = '{"x": 2}'
    answered(made, lambda: made.response is not None)
    assert made.response is not None
    assert made.response.json()["body"] == '{"x": 2}'
    assert made.response.json()["method"] == "POST"


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        ({"aa": 1}, "/add/:a/:b has no 'aa'", "did you mean a?"),
        ({"a": object()}, "makes no control", "a=(0, 10)"),
        ({"a": (10, 0)}, "makes no control", "a=(0, 10)"),
    ],
)
def test_what_makes_no_control_is_refused(adding: App, options: dict[str, object], message: str, hint: str) -> None:
    with pytest.raises(OptionError) as caught:
        spinlab.interact("/add/:a/:b", app=adding, **options)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_name_of_the_route_is_none_of_the_query(adding: App) -> None:
    with pytest.raises(OptionError, match="of the route and of the query"):
        spinlab.interact("/add/:a/:b?a=1", app=adding)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0:10", (0, 10)),
        ("0:1:0.1", (0, 1, 0.1)),
        ("x,y", ["x", "y"]),
        ("true", True),
        ("2", 2),
        ("2.5", 2.5),
        ("word", "word"),
        ("", ""),
    ],
)
def test_words_of_a_line_say_what_a_control_is_made_of(text: str, value: object) -> None:
    assert parsed(text) == value
    assert type(parsed(text)) is type(value)


def test_its_twin_is_the_last_answer(adding: App) -> None:
    made = spinlab.interact("/add/:a/:b", app=adding, a=(0, 2), b=(0, 2))
    bundle, _ = made._repr_mimebundle_()
    assert bundle["text/plain"].startswith("GET /add/1/1\n200 OK  add")
