"""Resources of a pod, from requests that are measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from spinlab import App, Function
from spinlab.errors import ExportError
from spinlab.export.kube.amounts import MIB
from spinlab.export.kube.asked import of_app, options
from spinlab.export.kube.measured import RUNTIME, Measured, Proposal, propose
from spinlab.export.kube.scaffold import scaffold
from spinlab.traits.guests import holds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the memory map is Linux's")


@pytest.fixture
def app() -> Iterator[App]:
    with App("measured") as made:
        yield made


def test_the_memory_of_a_request_is_what_its_function_grew_to(app: App) -> None:
    app.add_all([holds(3), holds(20)])
    found = {one.function: one.memory / MIB for one in propose(app).measured}
    assert list(found) == list(app.functions)
    small, large = found.values()
    assert 3 <= small < 6
    assert 20 <= large < 23


def test_the_app_itself_is_left_alone(app: App) -> None:
    app.add(Function("f", "(func $handle (call $respond (i32.const 200) (call $text (i32.const 1))))", "wat", ("/f",)))
    before = len(app.traces())
    propose(app)
    assert len(app.traces()) == before
    assert app.get("/f").text == "1"


def test_a_proposal_says_how_it_was_reckoned() -> None:
    made = Proposal((Measured("a", "/a", 200, 20 * MIB), Measured("b", "/b", 200, 8 * MIB)), 10 * MIB, 5)
    assert made.limit == "144Mi"  # 32 + 10 + 5 x 20, in whole 16 MiB
    assert made.request == "64Mi"
    assert RUNTIME == 32 * MIB
    text = "\n".join(made.reasons())
    assert "20.0 MiB  a: /a -> 200" in text
    assert "limit 144Mi = 32 MiB for Spin (assumed) + 10.0 MiB of compiled code + 20.0 MiB x 5 requests" in text


def test_a_scaffold_has_the_proposal_and_its_reasoning_in_a_comment(app: App) -> None:
    app.add(holds(3))
    route = next(iter(app.functions.values())).function.routes[0]
    given = {"from": "r.example.com/app:1", "measure": [route], "concurrency": 4, "cpu_limit": "1", "autoscaler": "hpa"}
    made = scaffold(options(given, of_app(app)))
    resources = made.resources[0]["spec"]["resources"]
    assert resources["limits"]["memory"].endswith("Mi")
    assert f"# limit {resources['limits']['memory']} = 32 MiB for Spin (assumed)" in made.text
    assert "x 4 requests at once" in made.text.partition("apiVersion")[0]


def test_what_can_not_be_measured_says_so(app: App) -> None:
    with pytest.raises(ExportError, match="no function with a route"):
        propose(app)
    app.add(holds(3))
    with pytest.raises(ExportError, match="nothing that is deployed answers /none"):
        propose(app, ["/none"])
    with pytest.raises(ExportError, match="can't answer 0 requests"):
        propose(app, concurrency=0)
