"""The table of tests: a row a test, a column a place; below it what is wrong, and answers that differ side by side."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from spinlab.widgets.display import Display
from spinlab.widgets.markup import Child, join, tag
from spinlab.widgets.plain import columns, seconds, visible
from spinlab.widgets.style import BAD, GOOD, WARN, box, code, coloured, facts, folded, muted, strong, table

if TYPE_CHECKING:
    from spinlab.testing.requests.kept import RequestTest
    from spinlab.testing.requests.report import Outcome, Report

DIFFERENT = "answered differently"


def report(shown: Report) -> Display:
    """The table of a report."""
    tests = list(shown.tests())
    apart = shown.differing()
    mark, colour = ("✓", GOOD) if shown.passed else ("✗", BAD)
    rows: list[tuple[Child, ...]] = []
    for outcomes in tests:
        note = coloured(DIFFERENT, WARN) if outcomes in apart else ""
        rows.append((outcomes[0].test.name, code(_sent(outcomes[0].test)), *map(_cell, outcomes), note))
    heading = ("test", "request", *shown.places, "")
    html = box(
        tag("div", coloured(strong(f"{mark} {shown.summary}"), colour), "  ", muted(shown.app)),
        table(heading, rows),
        *(_wrong(one) for one in shown.failed),
        *(_side_by_side(one) for one in apart),
    )
    plain = [
        heading,
        *((o[0].test.name, _sent(o[0].test), *map(_word, o), DIFFERENT if o in apart else "") for o in tests),
    ]
    lines = [f"{mark} {shown.summary}", columns(plain, indent=2)]
    lines += [line for one in shown.failed for line in _wrong_lines(one)]
    lines += [line for one in apart for line in _apart_lines(one)]
    return Display(visible("\n".join(lines)), html)


def kept(tests: Iterable[RequestTest]) -> Display:
    """The tests of an app, with what they expect."""
    rows = [(test.name, _sent(test), _expects(test)) for test in tests]
    heading = ("test", "request", "expects")
    if not rows:
        none = "no tests yet; %spin get /path --expect 200 --keep NAME keeps one"
        return Display(none, box(none))
    cells: list[tuple[Child, ...]] = [(name, code(sent), wants) for name, sent, wants in rows]
    return Display(visible(columns([heading, *rows])), box(table(heading, cells)))


def _expects(test: RequestTest) -> str:
    from spinlab.testing.requests.running import expectations

    wanted = "; ".join(one.words for one in expectations(test.expected)) or "an answer"
    return f"{wanted}; sees what was recorded" if test.recording is not None else wanted


def _sent(test: RequestTest) -> str:
    return f"{test.method} {test.path}"


def _word(outcome: Outcome) -> str:
    if outcome.skipped:
        return "not asked"
    if outcome.passed:
        return f"✓ passed, {seconds(outcome.seconds)}"
    return "✗ no answer" if outcome.response is None else f"✗ failed, {outcome.response.status}"


def _cell(outcome: Outcome) -> Child:
    return coloured(_word(outcome), GOOD if outcome.passed else BAD)


def _wrong(outcome: Outcome) -> Child:
    rows: list[tuple[str, Child]] = [(outcome.place, join(*(tag("div", code(line)) for line in outcome.wrong)))]
    if outcome.response is not None:
        rows.append(("came back", code(outcome.came)))
    return folded(join("✗ ", strong(outcome.test.name), " failed"), facts(rows), open_=True)


def _side_by_side(outcomes: tuple[Outcome, ...]) -> Child:
    rows: list[tuple[Child, ...]] = [tuple(code(one.came) for one in outcomes)]
    heading = tuple(one.place for one in outcomes)
    return folded(join(strong(outcomes[0].test.name), f" was {DIFFERENT}"), table(heading, rows), open_=True)


def _wrong_lines(outcome: Outcome) -> list[str]:
    lines = ["", f"✗ {outcome.test.name} failed at {outcome.place}: {_sent(outcome.test)}"]
    lines += [f"    {line}" for wrong in outcome.wrong for line in wrong.splitlines()]
    return [*lines, f"    came back {outcome.came}"] if outcome.response is not None else lines


def _apart_lines(outcomes: tuple[Outcome, ...]) -> list[str]:
    answers = columns([(one.place, one.came.replace("\n", " ")) for one in outcomes], indent=4)
    return ["", f"{outcomes[0].test.name} was {DIFFERENT}:", answers]
