from __future__ import annotations

import threading
from dataclasses import replace

from spinlab import App, Headers, Request
from spinlab.pulse import NAMES, Pulse
from tests.commands.line import FrontEnd
from tests.conftest import wat

HOST = Headers([("host", "localhost")])


def test_it_tells_what_the_app_is_made_of(app: App) -> None:
    app.add(wat(description="says hello"))
    app.add(wat("other", "/other/:id/...", key_value_stores=("default",)))
    found = FrontEnd(app).value("overview")
    assert found["app"] == "tests"
    assert found["names"] == ["hello", "other"]
    assert found["removed"] == []
    first, second = found["functions"]
    assert (first["name"], first["title"], first["revision"]) == ("hello", "WebAssembly text", 1)
    assert first["description"] == "says hello"
    assert first["sizes"]["component"] > 0
    assert second["touches"] == ["key-value store default"]
    assert [route["pattern"] for route in found["routes"]] == ["/hello", "/other/:id/..."]


def test_only_what_changed_comes_again(app: App) -> None:
    for index in range(5):
        app.add(wat(f"f{index}", f"/f{index}"))
    front = FrontEnd(app)
    stamp = front.value("overview")["stamp"]
    again = front.value("overview", since=stamp)
    assert again["functions"] == []
    assert again["routes"] is None
    assert again["names"] == [f"f{index}" for index in range(5)]
    app.handle(Request("GET", "/f3", HOST))
    app.grant("f1", key_value_stores=["default"])
    app.remove("f0")
    later = front.value("overview", since=stamp)
    assert [one["name"] for one in later["functions"]] == ["f1", "f3"]
    assert len(later["routes"]) == 4
    assert later["functions"][0]["changed"] == ["+ --kv default"]
    assert later["functions"][1]["requests"] == 1
    assert later["removed"] == ["f0"]
    assert [one["name"] for one in front.value("overview", since=stamp)["functions"]] == ["f1", "f3"]
    assert front.value("overview", since=later["stamp"])["functions"] == []


def test_a_stamp_of_another_kernel_gives_everything(app: App) -> None:
    app.add(wat())
    assert len(FrontEnd(app).value("overview", since=1000)["functions"]) == 1


def test_a_function_that_was_removed_and_came_back_comes_again(app: App) -> None:
    app.add(wat())
    front = FrontEnd(app)
    app.remove("hello")
    stamp = front.value("overview")["stamp"]
    app.undo("hello")
    found = front.value("overview", since=stamp)
    assert [one["name"] for one in found["functions"]] == ["hello"]
    assert found["removed"] == []


def test_revisions_are_listed_oldest_first(app: App) -> None:
    app.add(wat())
    app.add(wat(text="another text"))
    (one,) = FrontEnd(app).value("overview")["functions"]
    assert [x["revision"] for x in one["revisions"]] == [1, 2]


def test_five_hundred_functions_are_one_message(app: App) -> None:
    made = wat()
    app.add_all([replace(made, name=f"f{i:03}", routes=(f"/f{i:03}",)) for i in range(500)])
    front = FrontEnd(app)
    found = front.value("overview")
    assert len(found["functions"]) == 500
    app.handle(Request("GET", "/f250", HOST))
    assert [one["name"] for one in front.value("overview", since=found["stamp"])["functions"]] == ["f250"]


def test_the_pulse_counts_requests_and_errors(app: App) -> None:
    app.add(wat())
    for _ in range(3):
        app.handle(Request("GET", "/hello", HOST))
    app.handle(Request("GET", "/nothing", HOST))
    found = FrontEnd(app).value("pulse", names=["hello", "nosuch"])
    assert found["app"]["sum"][:2] == [3, 0]
    assert found["sums"]["hello"] == found["app"]["sum"]
    assert sum(second[1] for second in found["series"]["hello"]) == 3
    assert found["series"]["nosuch"] == []
    assert 0 < found["sums"]["hello"][3] <= found["sums"]["hello"][2]


def test_names_that_are_no_texts_are_refused(app: App) -> None:
    assert "names" in FrontEnd(app).error("pulse", names=[1])["message"]


def test_the_pulse_is_bounded_and_forgets_nothing_of_the_app() -> None:
    pulse = Pulse()
    for index in range(NAMES + 50):
        pulse.add(f"f{index}", 0.5, failed=index % 2 == 0)
    minute = pulse.minute()
    assert minute[""].requests == NAMES + 50
    assert minute[""].errors == (NAMES + 50) // 2
    assert minute[""].mean == 0.5
    assert max(len(beats) for beats in pulse.lately().values()) <= NAMES + 1


def test_the_pulse_may_be_fed_by_several_threads() -> None:
    pulse = Pulse()

    def work() -> None:
        for _ in range(500):
            pulse.add("x", 0.001, failed=False)
            pulse.lately()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pulse.minute()["x"].requests == 2000


def test_the_manifest_follows_the_app(app: App) -> None:
    app.add(wat())
    front = FrontEnd(app)
    assert 'route = "/hello"' in front.value("manifest")["text"]
    app.remove("hello")
    assert 'route = "/hello"' not in front.value("manifest")["text"]
