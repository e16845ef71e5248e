"""A report as JUnit's XML, which every CI reads: a suite for each place, a case for each test."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from spinlab.secrets import mask
from spinlab.testing.requests.report import Outcome, Report

_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(report: Report) -> bytes:
    """The XML."""
    suites = Element("testsuites", name=_text(report.app))
    for place in report.places:
        mine = [one for one in report.outcomes if one.place == place]
        suite = SubElement(
            suites,
            "testsuite",
            name=_text(place),
            tests=str(len(mine)),
            failures=str(sum(1 for one in mine if not one.passed and one.response is not None)),
            errors=str(sum(1 for one in mine if one.response is None and not one.skipped)),
            skipped=str(sum(1 for one in mine if one.skipped)),
            time=f"{sum(one.seconds for one in mine):.3f}",
        )
        for one in mine:
            _case(suite, report.app, one)
    indent(suites)
    return bytes(tostring(suites, encoding="utf-8", xml_declaration=True)) + b"\n"


def _case(suite: Element, app: str, outcome: Outcome) -> None:
    case = SubElement(
        suite, "testcase", classname=_text(app), name=_text(outcome.test.name), time=f"{outcome.seconds:.3f}"
    )
    if outcome.skipped:
        SubElement(case, "skipped", message=_text(outcome.skipped))
    if outcome.passed:
        return
    kind = "error" if outcome.response is None else "failure"
    told = SubElement(case, kind, message=_text(outcome.wrong[0].partition("\n")[0]))
    sent = f"{outcome.test.method} {outcome.test.path}"
    told.text = _text("\n".join([sent, *outcome.wrong, f"came back: {outcome.came}"]))


def _text(text: str) -> str:
    """What XML can hold, without secrets."""
    return _UNWRITABLE.sub("\ufffd", mask(text))
