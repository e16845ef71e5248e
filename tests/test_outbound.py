"""Functions that reach out: Python cells on both versions of WASI and Rust guests, through an app."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from spinlab import App, Function
from spinlab.function import Limits
from spinlab.host.runtime_config import RuntimeConfig
from spinlab.http import Headers, Request, Response
from tests.guests import component
from tests.host.web import MIB, Site, head, scripted, server

PYTHON = """\
from spin_sdk.http import Request, send

def handle(request):
    url = request.headers["x-url"]
    try:
        answer = send(Request(request.method, url, {"x-test": "1"}, request.body or None))
    except Exception as error:
        return type(error).__name__ + " " + repr(getattr(error, "value", ""))
    return f"{answer.status} {answer.body.decode()}"
"""
PYTHON3 = """\
from spin_sdk.http import Request, send

async def handle(request):
    url = request.headers["x-url"]
    try:
        answer = await send(Request(request.method, url, {"x-test": "1"}, request.body or None))
    except Exception as error:
        return type(error).__name__ + " " + repr(getattr(error, "value", ""))
    return f"{answer.status} {(answer.body or b'').decode()}"
"""


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with server() as found:
        yield found


@pytest.fixture
def app() -> Iterator[App]:
    found = App("outbound")
    yield found
    found.close()


def rust(name: str, *allowed: str, limits: Limits = Limits(), routes: tuple[str, ...] = ("/...",)) -> Function:  # noqa: B008
    return Function(
        name, component(name), language="wasm", routes=routes, allowed_outbound_hosts=allowed, limits=limits
    )


def python(name: str, *allowed: str, wasi: str = "0.2", **options: object) -> Function:
    source = PYTHON if wasi == "0.2" else PYTHON3
    routes = () if options.get("private") else (f"/{name}/...",)
    return Function(name, source, routes=routes, allowed_outbound_hosts=allowed, wasi=wasi, **options)  # type: ignore[arg-type]


def ask(app: App, name: str, url: str, method: str = "GET", body: bytes | None = None) -> Response:
    return app.request(method, f"/{name}/", headers={"x-url": url}, body=body)


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_a_python_cell_fetches_what_it_is_granted(app: App, site: Site, wasi: str) -> None:
    app.add(python("fetcher", site.url, wasi=wasi))
    answer = ask(app, "fetcher", f"{site.url}/x?secret=1")
    assert answer.text == "200 hello from /x"
    (call,) = answer.calls
    assert (call.capability, call.operation, call.target, call.outcome) == ("outbound HTTP", "GET", site.url, "ok")
    assert call.received == len("hello from /x")
    assert ask(app, "fetcher", f"{site.url}/talk", "POST", b"said").text == "200 said"
    assert ask(app, "fetcher", f"{site.url}/count", "POST", b"x" * 3 * MIB).text == f"200 {3 * MIB}"


@pytest.mark.parametrize("wasi", ["0.2", "0.3"])
def test_without_the_grant_the_guest_is_refused_and_the_user_told_how_to_grant_it(
    app: App, site: Site, wasi: str
) -> None:
    app.add(python("fetcher", "https://example.com", wasi=wasi))
    answer = ask(app, "fetcher", f"{site.url}/x?secret=1")
    assert "HttpRequestDenied" in answer.text
    assert [denied.option for denied in answer.denied] == [f"--allow {site.url}"]
    assert any("add 'allowed_outbound_hosts" in line.text for line in answer.logs)
    assert "secret" not in repr((answer.calls, answer.logs, answer.denied))


def test_a_response_that_breaks_off_is_told_as_what_it_was(app: App) -> None:
    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n" + b"x" * 1000)

    with scripted(answer) as port:
        app.add(python("fetcher", f"http://127.0.0.1:{port}"))
        (call,) = ask(app, "fetcher", f"http://127.0.0.1:{port}/").calls
    assert (call.outcome, call.received) == ("HTTP-response-incomplete", 1000)


def test_a_grant_that_is_given_later_holds_for_the_next_request(app: App, site: Site) -> None:
    app.add(python("fetcher"))
    assert "HttpRequestDenied" in ask(app, "fetcher", f"{site.url}/x").text
    app.grant("fetcher", allowed_outbound_hosts=[site.url])
    assert ask(app, "fetcher", f"{site.url}/x").text == "200 hello from /x"


def test_rust_guests_of_both_versions_fetch_and_stream(app: App, site: Site) -> None:
    app.add(rust("outbound2", site.url, routes=("/two/...",)))
    app.add(rust("effects3", site.url))
    assert app.get(f"/two/get?url={site.url}/x").status == 200
    assert app.get(f"/fetch?{site.url}/x").text == "200 hello from /x Ok(None)\n"
    assert app.post(f"/proxy?{site.url}/talk", b"y" * 3 * MIB).body == b"y" * 3 * MIB
    posted = app.get(f"/post?{site.url}/talk")
    assert posted.text == "posted Ok(None)\n"
    assert [line.text for line in posted.logs] == ["sent Ok(())"]


@pytest.fixture
def two(app: App, site: Site) -> App:
    """An app with the 0.2 guest that may reach the site and scripted servers."""
    app.add(rust("outbound2", site.url, "http://127.0.0.1:*", limits=Limits(timeout=20)))
    return app


def test_a_guest_talks_with_a_server_line_by_line(two: App, site: Site) -> None:
    assert two.get(f"/talk?url={site.url}/talk&n=4").text == "0 1 2 3 "


def test_a_guest_has_several_requests_under_way_at_once(two: App, site: Site) -> None:
    came, milliseconds = two.get(f"/many?url={site.url}/slow?ms=200&n=8").text.split(" ")
    assert came == "8"
    assert int(milliseconds) < 8 * 200


def test_a_guest_may_send_more_requests_than_it_may_have_under_way(app: App, site: Site) -> None:
    app.add(rust("outbound2", site.url, limits=Limits(timeout=60, effects=10)))
    assert app.get(f"/series?url={site.url}/x&n=30").text == "30"
    answer = app.get(f"/many?url={site.url}/slow&n=30")
    assert answer.error is None
    assert "ConnectionLimitReached" in answer.text


CROWD = """\
from spin_sdk.wit.imports import outgoing_handler
from spin_sdk.wit.imports.types import Fields, OutgoingRequest, Scheme_Http

def handle(request):
    begun, refused = [], []
    for _ in range(1000):
        asked = OutgoingRequest(Fields())
        asked.set_scheme(Scheme_Http())
        asked.set_authority(request.headers["x-authority"])
        asked.set_path_with_query("/slow?ms=300")
        try:
            begun.append(outgoing_handler.handle(asked, None))
        except Exception as error:
            refused.append(error)
    for one in begun:
        one.subscribe().block()
        try:
            found = one.get()
            if not hasattr(found.value.value, "status"):
                refused.append(found.value)
        except Exception as error:
            refused.append(error)
    kinds = {type(getattr(error, "value", error)).__name__ for error in refused}
    return f"{len(begun)} {len(refused)} {sorted(kinds)}"
"""


def test_a_cell_that_asks_for_a_thousand_answers_at_once_gets_the_interfaces_own_error(app: App, site: Site) -> None:
    app.add(Function("crowd", CROWD, routes=("/crowd",), allowed_outbound_hosts=(site.url,), limits=Limits(timeout=60)))
    answer = app.get("/crowd", headers={"x-authority": site.url.partition("://")[2]})
    assert answer.error is None
    assert "['ErrorCode_ConnectionLimitReached']" in answer.text
    assert int(answer.text.split()[1]) >= 500


def test_a_gibibyte_for_a_guest_that_reads_a_bit_of_it_stays_outside(two: App) -> None:
    sent, gone = [0], threading.Event()

    def answer(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1073741824\r\n\r\n")
        try:
            for _ in range(1024):
                connection.sendall(b"x" * MIB)
                sent[0] += MIB
        except OSError:
            gone.set()

    with scripted(answer) as port:
        assert two.get(f"/part?url=http://127.0.0.1:{port}/&n=1000").text == "200 1000"
        assert gone.wait(20)
    assert sent[0] < 64 * MIB


def test_a_host_that_hangs_meets_the_deadline_and_is_let_go(app: App, site: Site) -> None:
    app.add(rust("outbound2", site.url, limits=Limits(timeout=0.3)))
    site.seen.gone.clear()
    assert app.get(f"/get?url={site.url}/hang").status == 504
    assert site.seen.gone.wait(20)
    _until(lambda: len(app.services.network.connections) == 0)


def test_a_client_that_leaves_ends_what_its_function_asked_for(two: App, site: Site) -> None:
    site.seen.gone.clear()
    site.seen.paths.clear()
    sink = _Sink()
    call = two.submit(Request("GET", f"/get?url={site.url}/hang", Headers([("host", "x")])), sink)
    assert call
    _until(lambda: site.seen.paths[-1:] == ["/hang"])
    call.cancel("left")
    assert call.done.wait(10)
    assert site.seen.gone.wait(20)


class _Sink:
    def begin(self, status: int, headers: object) -> None:
        pass

    def write(self, data: bytes) -> bool:
        return True

    def end(self, outcome: object) -> None:
        pass


def test_errors_reach_the_guest_by_their_names(two: App, site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    assert two.get(f"/get?url=http://127.0.0.1:{closed}/").text == "error ErrorCode::ConnectionRefused"
    assert two.get(f"/timed?url={site.url}/hang&first=50").text == "error ErrorCode::ConnectionReadTimeout"
    assert two.get(f"/timed?url={site.url}/stall&between=50").text == "error ErrorCode::ConnectionReadTimeout"
    assert two.get("/get?url=https://forbidden.test/").text == "error ErrorCode::HttpRequestDenied"

    def cut(connection: socket.socket) -> None:
        head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")

    with scripted(cut) as port:
        assert two.get(f"/get?url=http://127.0.0.1:{port}/").text == "error ErrorCode::HttpResponseIncomplete"


def test_a_redirect_to_a_forbidden_host_is_not_followed_and_not_granted(two: App, site: Site) -> None:
    got = two.get(f"/get?url={site.url}/away?to=http://forbidden.test/")
    assert got.text == "302 elsewhere"
    assert two.get("/get?url=http://forbidden.test/").text == "error ErrorCode::HttpRequestDenied"


def test_a_blocked_network_is_blocked_whatever_the_grant_says(site: Site) -> None:
    app = App("blocked", runtime=RuntimeConfig(block_networks=("private",)))
    app.add(rust("outbound2", "*://*:*"))
    answer = app.get(f"/get?url={site.url}/x")
    assert answer.text == "error ErrorCode::DestinationIpProhibited"
    assert answer.calls[0].outcome == "destination-IP-prohibited"
    app.close()


def test_a_guest_that_opens_a_thousand_connections_and_reads_none_leaves_the_others_alone(two: App, site: Site) -> None:
    files, threads = _descriptors(site), threading.active_count()
    assert two.get(f"/unread?url={site.url}/hang&n=900").text.isdigit()
    assert two.get(f"/get?url={site.url}/x").text == "200 hello from /x"
    _until(lambda: len(two.services.network.connections) <= 1)
    _until(lambda: _descriptors(site) <= files + 8)
    _until(lambda: threading.active_count() <= threads + 4)


def test_a_thousand_requests_leave_no_thread_and_no_descriptor(two: App, site: Site) -> None:
    assert two.get(f"/get?url={site.url}/x").status == 200
    two.get(f"/unread?url={site.url}/hang&n=2")
    _until(lambda: len(two.services.network.connections) <= 1)
    threads, files = threading.active_count(), _descriptors(site)
    for number in range(1000):
        path = f"/unread?url={site.url}/hang&n=2" if number % 50 == 0 else f"/get?url={site.url}/x"
        assert two.get(path).status == 200
    _until(lambda: len(two.services.network.connections) <= 1)
    _until(lambda: threading.active_count() <= threads + 1)
    _until(lambda: _descriptors(site) <= files + 2)


def test_sixty_four_requests_that_wait_outside_overlap(two: App) -> None:
    everyone = threading.Barrier(65)

    def answer(connection: socket.socket) -> None:
        head(connection)
        everyone.wait(20)  # nobody is answered before all have asked
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")

    with scripted(answer) as port, ThreadPoolExecutor(64) as pool:
        asked = [pool.submit(two.get, f"/get?url=http://127.0.0.1:{port}/") for _ in range(64)]
        everyone.wait(20)
        assert {answer.result().text for answer in asked} == {"200 ok"}


# To the app itself.


def test_a_function_calls_another_component_without_a_route(app: App) -> None:
    app.add(
        Function("hidden", "def handle(request):\n    return 'hidden ' + str(dict(request.headers))\n", private=True)
    )
    app.add(python("caller", "http://hidden.spin.internal"))
    answer = ask(app, "caller", "http://hidden.spin.internal/a/b?c=d")
    assert answer.text.startswith("200 hidden")
    for field in ("'spin-path-info': '/a/b'", "'spin-full-url': 'http://localhost/a/b?c=d'", "'x-test': '1'"):
        assert field in answer.text
    assert "'host'" not in answer.text
    assert app.get("/hidden/").status == 404
    assert [call.target for call in answer.calls] == ["http://hidden.spin.internal:80"]


def test_every_component_and_no_other_is_behind_the_wildcard(app: App) -> None:
    app.add(Function("hidden", "def handle(request):\n    return 'hidden'\n", private=True))
    app.add(python("caller", "http://*.spin.internal"))
    assert ask(app, "caller", "http://hidden.spin.internal/").text == "200 hidden"
    assert "HttpRequestDenied" in ask(app, "caller", "http://nobody.spin.internal/").text


@pytest.mark.parametrize("url", ["/callee/x", "http://self.alt/callee/x"])
def test_a_function_calls_its_own_app_by_its_routes(app: App, url: str) -> None:
    app.add(Function("callee", "def handle(request):\n    return 'at ' + request.path\n", routes=("/callee/...",)))
    app.add(python("caller", "http://self"))
    assert ask(app, "caller", url).text == "200 at /callee/x"
    app.add(python("caller", "http://callee.spin.internal"))
    assert "HttpRequestDenied" in ask(app, "caller", url).text


def test_a_private_function_is_not_reached_through_the_app(app: App) -> None:
    app.add(Function("hidden", "def handle(request):\n    return 'hidden'\n", private=True))
    app.add(python("caller", "http://self"))
    assert ask(app, "caller", "/hidden/").text == "404 "


def test_a_chained_component_streams_both_ways(app: App) -> None:
    app.add(rust("outbound2", "http://*.spin.internal", "http://self"))
    app.add(rust("echo2", routes=()))
    assert app.get("/upload?url=http://echo2.spin.internal/&n=5").text == "200 " + "x" * 5 * MIB


def test_a_chained_component_that_fails_is_a_500_and_one_that_breaks_off_an_error(app: App) -> None:
    app.add(Function("fails", "def handle(request):\n    raise ValueError('no')\n", private=True))
    app.add(rust("outbound2", "http://*.spin.internal"))
    assert app.get("/get?url=http://fails.spin.internal/").text == "500 "
    app.add(Function("stops", "def handle(request):\n    while True: pass\n", private=True, limits=Limits(timeout=0.3)))
    assert app.get("/get?url=http://stops.spin.internal/").text == "504 "


def test_the_callers_deadline_ends_the_callee(app: App) -> None:
    app.add(Function("slow", "import time\ndef handle(request):\n    time.sleep(60)\n", private=True))
    app.add(python("caller", "http://slow.spin.internal", limits=Limits(timeout=0.5)))
    began = time.monotonic()
    assert ask(app, "caller", "http://slow.spin.internal/").status == 504
    _until(lambda: any(traced.function == "slow" for traced in app.traces()))
    assert time.monotonic() - began < 9


def test_functions_that_call_each_other_without_end_end(app: App) -> None:
    app.add(rust("outbound2", "http://*.spin.internal", routes=("/...",), limits=Limits(timeout=30)))
    deep = "http://outbound2.spin.internal/get?url=" * 40
    answer = app.get(f"/get?url={deep}http://outbound2.spin.internal/")
    assert answer.text.endswith("error ErrorCode::LoopDetected")
    assert any("deep" in line.line.text for line in app.logs("outbound2"))


def test_under_load_functions_that_call_each_other_do_not_hold_each_other_up(app: App) -> None:
    app.add(rust("outbound2", "http://*.spin.internal", routes=("/...",), limits=Limits(timeout=30)))
    url = "/get?url=" + "http://outbound2.spin.internal/get?url=" * 12 + "http://nobody.test/"
    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(lambda _: app.get(url), range(60)))
    assert {answer.status for answer in answers} <= {200, 503}
    assert sum("HttpRequestDenied" in answer.text for answer in answers) > 0
    assert app.get("/get?url=http://nobody.test/").text.endswith("HttpRequestDenied")


def _descriptors(site: Site) -> int:
    """Those of the process without the server's, which keeps some for a while after their clients are gone."""
    served = [c for c in psutil.Process().net_connections("tcp") if c.laddr.port == site.port]
    return len(list(Path("/proc/self/fd").iterdir())) - len(served)


def _until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)
