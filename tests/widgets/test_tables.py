from __future__ import annotations

from spinlab.bench import Bench
from spinlab.doctor import Check
from spinlab.function import Function
from spinlab.http import LogLine
from spinlab.live import Logged, RouteInfo
from spinlab.server import Refusal
from spinlab.widgets import tables

HOSTILE = "<script>alert(1)</script>"


def test_routes_are_links_and_problems_are_said() -> None:
    shown = tables.routes([RouteInfo("/a/:x", "f", "duplicate")], "http://127.0.0.1:3000")
    assert 'href="http://127.0.0.1:3000/a/x"' in shown.html
    assert "duplicate" in shown.text


def test_no_routes_are_said() -> None:
    assert tables.routes([]).text == "no routes yet"


def test_log_lines_name_their_function_and_stay_text() -> None:
    shown = tables.log([Logged("f", LogLine("stdout", HOSTILE))], {})
    assert shown.text == f"f  {HOSTILE}"
    assert "<script" not in shown.html


def test_what_was_refused_comes_last_in_the_log_and_stays_text() -> None:
    refusals = [Refusal(421, f"{n} {HOSTILE}\x1b[2J" + 500 * "x") for n in range(7)]
    shown = tables.log([Logged("f", LogLine("stdout", "hi"))], {}, refusals)
    assert shown.text.startswith("f  hi\nlistener  refused with 421: 2 <script>")
    assert len(shown.text.splitlines()) == 6
    assert shown.text.endswith("x...")
    assert "\x1b" not in shown.text
    assert "<script" not in shown.html


def test_a_diff_shows_source_and_options() -> None:
    before = Function("f", "a\nb\n", routes=("/f",))
    after = Function("f", "a\nc\n", routes=("/f",), allowed_outbound_hosts=("https://x",))
    text = tables.diff(before, after, ("f revision 1", "f revision 2")).text
    assert "-b" in text
    assert "+c" in text
    assert "+# outbound https://x" in text
    assert tables.diff(before, before, ("1", "2")).text == "no difference"


def test_the_doctors_report_has_the_remedy() -> None:
    shown = tables.doctor([Check("proxy", "missing", "not installed", "pip install x"), Check("Python", "ok", HOSTILE)])
    assert "-> pip install x" in shown.text
    assert "<script" not in shown.html


def test_a_benchmark_shows_rate_and_percentiles() -> None:
    result = Bench("GET /x", 2, 2.0, tuple(i / 1000 for i in range(1, 101)), {200: 99, 500: 1})
    shown = tables.bench(result)
    assert "50 requests/s" in shown.text
    assert result.percentile(50) == 0.05
    assert result.percentile(99) == 0.099
    assert result.percentile(100) == 0.1
    assert "200: 99, 500: 1" in shown.text
